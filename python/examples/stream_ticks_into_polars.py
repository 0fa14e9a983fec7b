"""Every tick of a stock, batch by batch, as a data frame without a copy."""

import asyncio

import polars as pl

import aioibkr as ib
from aioibkr.testing import MockGateway


async def vwap_of(client: ib.Client, contract: ib.Contract, trades: int) -> float:
    """Volume-weighted average of the next trades: the code under test."""
    seen: list[pl.DataFrame] = []
    async with client.ticks(contract, "AllLast") as stream:
        async for batch in stream.batches(linger=0.05):
            if batch.is_gap:
                raise ConnectionError("the link was lost: this average would have a hole")
            seen.append(pl.DataFrame(batch))
            if sum(map(len, seen)) >= trades:
                break
    price, size = pl.col("price"), pl.col("size")
    frame = pl.concat(frame.select("price", "size") for frame in seen)
    return float(frame.select((price * size).sum() / size.sum()).item())


async def test_trades_are_averaged_by_volume() -> None:
    """Trades are printed until the average is there."""
    async with (
        MockGateway() as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
    ):
        average = asyncio.create_task(vwap_of(client, ib.Stock("AAPL"), trades=10))
        while not average.done():
            gateway.trade("AAPL", price=100.0, size=1)
            gateway.trade("AAPL", price=103.0, size=2)
            await asyncio.sleep(0.01)

        assert 101.0 < average.result() < 103.0


if __name__ == "__main__":
    asyncio.run(test_trades_are_averaged_by_volume())
