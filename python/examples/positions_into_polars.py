"""What an account holds as a data frame: columns are typed, also when it holds nothing."""

import asyncio

import polars as pl

import aioibkr as ib
from aioibkr.testing import MockGateway


async def exposure(client: ib.Client) -> pl.DataFrame:
    """Value of what is held, by currency: the code under test."""
    held = ib.to_frame(await client.positions(), ib.Position, library="polars")
    return held.group_by("contract_currency").agg(pl.col("market_value").sum())


async def test_values_are_summed_by_currency() -> None:
    """Two positions in dollars, one of them short."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=99.0, ask=101.0, last=100.0)
        gateway.set_price("MSFT", bid=399.0, ask=401.0, last=400.0)
        gateway.set_position("DU1234567", "AAPL", quantity=10, average_cost=90.0)
        gateway.set_position("DU1234567", "MSFT", quantity=-1, average_cost=410.0)
        async with ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client:
            frame = await exposure(client)

    assert frame.rows() == [("USD", 600.0)]


if __name__ == "__main__":
    asyncio.run(test_values_are_summed_by_currency())
