"""Pytest fixtures: a mock gateway, and a client and a broker connected to it.

The async fixtures run under anyio's pytest plugin; each test has a gateway of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

import aioibkr
from aioibkr.testing._gateway import MockGateway


@pytest.fixture
def mock_gateway() -> Iterator[MockGateway]:
    """A mock gateway with one paper account, ``DU1234567``."""
    with MockGateway() as gateway:
        yield gateway


@pytest.fixture
async def ib_client(mock_gateway: MockGateway) -> AsyncIterator[aioibkr.Client]:
    """A client connected to ``mock_gateway`` as client id 7; without pacing, which it needs not."""
    async with aioibkr.connect(
        host=mock_gateway.host, port=mock_gateway.port, client_id=7, pacing=None
    ) as client:
        yield client


@pytest.fixture
async def ib_broker(mock_gateway: MockGateway) -> AsyncIterator[aioibkr.IBKRBroker]:
    """A broker connected to ``mock_gateway`` as client id 8."""
    broker = aioibkr.IBKRBroker(host=mock_gateway.host, port=mock_gateway.port, client_id=8)
    await broker.connect()
    yield broker
    await broker.disconnect()
