"""IB's limits: an account with a single market data line."""

import asyncio

import pytest

import aioibkr as ib
from aioibkr.testing import Limits, MockGateway


async def test_a_second_line_is_one_too_many() -> None:
    """The gateway answers with 101 and goes on."""
    async with (
        MockGateway(limits=Limits(market_data_lines=1)) as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
    ):
        aapl = await client.qualify(ib.Stock("AAPL"))
        msft = await client.qualify(ib.Stock("MSFT"))
        await client.subscribe_quote(aapl)

        with pytest.raises(ib.LineLimit) as refusal:
            await client.subscribe_quote(msft)

        assert refusal.value.code == 101


if __name__ == "__main__":
    asyncio.run(test_a_second_line_is_one_too_many())
