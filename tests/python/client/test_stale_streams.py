"""Streams that fall silent with a farm are asked for again after `stale_after` seconds."""

import asyncio

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from python.client.arrivals import first_where

AAPL = ib.Stock("AAPL")
pytestmark = pytest.mark.anyio


async def test_a_silent_stream_is_asked_for_again(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", last=190.0)
    async with (
        ib.connect(port=mock_gateway.port, stale_after=0.1) as client,
        client.quotes(AAPL) as quotes,
    ):
        items = aiter(quotes)
        await first_where(items, lambda quote: quote.last == 190.0)
        mock_gateway.inject(faults.SilentStreams())

        mock_gateway.notice(2103)
        mock_gateway.notice(2104)
        mock_gateway.set_price("AAPL", last=191.0)

        async with asyncio.timeout(10):
            await first_where(items, lambda quote: quote.is_gap)
            await first_where(items, lambda quote: quote.last == 191.0)
        assert ["asked for again" in str(advice) for advice in quotes.advice.values()] == [True]


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
async def test_a_time_that_cannot_be_meant_is_refused(seconds: float) -> None:
    with pytest.raises(ib.ConfigError, match="stale_after"):
        await ib.connect(stale_after=seconds)
