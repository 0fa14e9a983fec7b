"""A client lives through a scenario: it sees a price move, loses its link and gets another."""

# ruff: noqa: ASYNC110 - what is waited for has no event

import asyncio
from pathlib import Path

import aioibkr as ib
from aioibkr.testing import MockGateway

SCENARIO = Path(__file__).parent / "outage.toml"


async def test_a_restart_costs_a_link_and_no_more() -> None:
    """The client reconnects by itself, though its id is held for a while."""
    async with (
        MockGateway(scenario=SCENARIO) as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
        asyncio.timeout(20),
    ):
        aapl = await client.qualify(ib.Stock("AAPL"))
        await client.subscribe_quote(aapl)

        while (quote := client.latest_quote(aapl)) is None or quote.last != 188.0:
            await asyncio.sleep(0.01)
        while client.generation < 2 or not client.is_connected:
            await asyncio.sleep(0.01)

        assert gateway.connect_count >= 2


if __name__ == "__main__":
    asyncio.run(test_a_restart_costs_a_link_and_no_more())
