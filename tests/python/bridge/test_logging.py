"""Rust logs reach Python's logging under ``aioibkr.*``."""

import asyncio
import logging

import pytest

import aioibkr
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio


async def test_session_logs_arrive_below_the_package_logger(
    mock_gateway: MockGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aioibkr")

    async with aioibkr.connect(port=mock_gateway.port, client_id=13):
        pass

    async with asyncio.timeout(5):
        while not caplog.records:  # noqa: ASYNC110 - logging has no event to wait for
            await asyncio.sleep(0.001)
    assert caplog.records
    assert all(record.name.split(".")[0] == "aioibkr" for record in caplog.records)
