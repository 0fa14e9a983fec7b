"""An application with the broker's routes on a mock gateway, and a client that calls it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.testing import MockGateway


@pytest.fixture
def settings(mock_gateway: MockGateway) -> IBKRSettings:
    """Settings of an application that trades on the mock gateway."""
    return IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_order_timeout=1.0)


@pytest.fixture
async def web(settings: IBKRSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application."""
    app = FastAPI()
    app.include_router(router())
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(settings)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client
