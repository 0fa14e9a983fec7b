"""Streams and what they hand over: what strict checking lets pass, and what it refuses."""

from collections.abc import AsyncIterator

import polars as pl

import aioibkr as ib


def report(*_: object) -> None: ...


async def right(client: ib.Client, aapl: ib.Contract) -> None:
    async with client.quotes(aapl, aapl, generic_ticks=[236]) as quotes:
        async for quote in quotes:
            bid: float | None = quote.bid
        latest: ib.Quote | None = quotes.latest(aapl)
        changed: list[ib.Quote] = await anext(quotes.batches(linger=0.1))
        refused: dict[ib.Contract, ib.IBKRError] = quotes.failures
        report(bid, latest, changed, refused)
    async with client.ticks([aapl], policy="block", capacity=1000) as ticks:
        batch: ib.TickBatch = await anext(ticks.batches())
        prices: memoryview[float] = batch.price
        frame = pl.DataFrame(batch)
        report(prices, frame, batch.to_pandas(), batch.to_list()[0].field)
    async with client.ticks(aapl, "BidAsk") as by_tick:
        items: AsyncIterator[ib.TickByTick] = aiter(by_tick)
        report((await anext(items)).ask_size, (await anext(by_tick.batches())).exchange_time)
    async with client.depth(aapl, rows=5, smart=False) as depth:
        book: ib.DepthBook | None = depth.latest()
        report(book, (await anext(aiter(depth))).bids[0].market_maker)
    async with client.realtime_bars(aapl) as bars, client.bars_stream(aapl) as forming:
        bar: ib.Bar | ib.Gap = await anext(aiter(bars))
        more: list[ib.Bar | ib.Gap] = await anext(forming.batches())
        report(bar, more, pl.DataFrame(await client.bars(aapl)))
    stream: ib.Stream[ib.Quote, list[ib.Quote]] = client.quotes(aapl)
    report(stream.lost, stream.generation, client.health().lines[0].limit)


async def wrong(client: ib.Client, aapl: ib.Contract) -> None:
    client.quotes("AAPL")  # E: arg-type
    client.quotes(aapl, generic_ticks="236")  # E: arg-type
    client.ticks(aapl, "First")  # E: call-overload
    client.ticks(aapl, "Last", generic_ticks=[233])  # E: call-overload
    client.ticks(aapl, policy="wait")  # E: call-overload
    client.depth([aapl])  # E: arg-type
    client.depth(aapl, 5)  # E: call-arg
    client.realtime_bars(aapl, capacity=1.5)  # E: arg-type
    async with client.ticks(aapl) as ticks:
        ticks.latest(aapl)  # E: attr-defined
        ticks.batches(0.1)  # E: call-arg
        async for tick in ticks:
            tick.price + 1.0  # E: operator
            tick.price = 1.0  # E: misc
    async with client.bars_stream(aapl) as bars:
        async for bar in bars:
            report(bar.close)  # E: union-attr
    with client.quotes(aapl):  # E: attr-defined
        pass
