"""One measurement of the feed in a process of its own: prints ``ready``, works, prints a JSON line.

``python feed_worker.py TASK HOST PORT [NUMBER …]`` with the tasks of ``TASKS`` below.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import aioibkr

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.watching import Meter, Stalls, ready, resident_mb

Result = dict[str, float]
CLIENT_ID = 4201
QUIET = 0.3
Reading = Callable[[aioibkr.TickStream, int], Awaitable[Result]]


@asynccontextmanager
async def _client(host: str, port: str) -> AsyncIterator[aioibkr.Client]:
    lines = {"market_data": 10_000}
    async with aioibkr.connect(
        host=host, port=int(port), client_id=CLIENT_ID, lines=lines, pacing=None
    ) as client:
        yield client


def _stocks(lines: int) -> list[aioibkr.Contract]:
    return [aioibkr.Stock(f"S{number:05}") for number in range(1, lines + 1)]


@asynccontextmanager
async def _ticks(
    client: aioibkr.Client,
    lines: int,
    *,
    policy: Literal["conflate", "block"] = "block",
    capacity: int | None = None,
) -> AsyncIterator[aioibkr.TickStream]:
    """A stream whose first bursts are read already."""
    stocks = _stocks(lines)
    async with client.ticks(stocks, policy=policy, capacity=capacity, timeout=60) as stream:
        batches = stream.batches()
        try:
            while True:
                await asyncio.wait_for(anext(batches), QUIET)
        except TimeoutError:
            yield stream


async def columnar(stream: aioibkr.TickStream, total: int) -> Result:
    """Whole columns, added up by numpy."""
    import numpy as np

    batches = stream.batches()
    meter = Meter(len(await anext(batches)))
    checksum, seen = 0.0, meter.start
    while seen < total:
        batch = await anext(batches)
        seen += len(batch)
        checksum += float(np.asarray(batch.price).sum())
    return meter.stop(seen) | {"checksum": checksum}


async def lists(stream: aioibkr.TickStream, total: int) -> Result:
    """Batches as lists of ticks."""
    batches = stream.batches()
    meter = Meter(len(await anext(batches)))
    checksum, seen = 0.0, meter.start
    while seen < total:
        ticks = (await anext(batches)).to_list()
        seen += len(ticks)
        for tick in ticks:
            checksum += tick.price or 0.0
    return meter.stop(seen) | {"checksum": checksum}


async def async_for(stream: aioibkr.TickStream, total: int) -> Result:
    """Tick by tick."""
    items = aiter(stream)
    await anext(items)
    meter = Meter(1)
    checksum, seen = 0.0, 1
    async for tick in items:
        checksum += tick.price or 0.0
        seen += 1
        if seen == total:
            break
    return meter.stop(seen) | {"checksum": checksum}


def _reads(reading: Reading) -> Callable[..., Awaitable[Result]]:
    async def read(host: str, port: str, lines: str, ticks: str) -> Result:
        async with _client(host, port) as client, _ticks(client, int(lines)) as stream:
            ready()
            async with Stalls() as stalls:
                figures = await reading(stream, int(ticks) // int(lines) * int(lines))
            return figures | {"stall_s": stalls.worst}

    return read


async def latency(host: str, port: str) -> Result:
    """The time from a trade to its tick; the size of a trade is the microsecond it was made at."""
    spent: list[float] = []
    async with _client(host, port) as client, _ticks(client, 1) as stream:
        ready()
        async for tick in stream:
            if tick.field == "last":
                spent.append(time.perf_counter_ns() / 1e9 - (tick.size or 0.0) / 1e6)
                if len(spent) == 300:
                    break
    return _quantiles(spent)


async def orders(host: str, port: str, count: str, beside: str) -> Result:
    """Limit orders, each acknowledged and cancelled.

    Beside ``idle`` the client has a line on which nothing comes, beside ``flood`` it reads one, and
    ``beside`` another program's flood it has none.
    """
    async with _client(host, port) as client:
        if beside == "beside":
            return await _acknowledged(client, int(count))
        async with _ticks(client, 1) as stream:
            reader = asyncio.create_task(_read(stream))
            try:
                return await _acknowledged(client, int(count))
            finally:
                reader.cancel()


async def _acknowledged(client: aioibkr.Client, count: int) -> Result:
    stock, order = await client.qualify(aioibkr.Stock("AAPL")), aioibkr.LimitOrder("BUY", 1, 50.0)
    await client.cancel(await client.place(stock, order))
    ready()
    await asyncio.sleep(QUIET)
    spent: list[float] = []
    for _ in range(count):
        start = time.perf_counter()
        trade = await client.place(stock, order)
        spent.append(time.perf_counter() - start)
        await client.cancel(trade)
    return _quantiles(spent)


async def _read(stream: aioibkr.TickStream) -> None:
    import numpy as np

    async for batch in stream.batches():
        np.asarray(batch.price).sum()


async def slow(host: str, port: str, ticks: str, pause_ms: str) -> Result:
    """A reader that takes a rest after each batch: what it missed, and what it was told of that."""
    import numpy as np

    total, missed, last, waits = int(ticks), 0, 0, int(pause_ms) / 1e3
    async with (
        _client(host, port) as client,
        _ticks(client, 1, policy="conflate", capacity=20_000) as stream,
    ):
        ready()
        async for batch in stream.batches():
            numbers = np.asarray(batch.size).astype(int)
            missed += int((np.diff(numbers, prepend=last) - 1).sum())
            last = int(numbers[-1])
            if last >= total:
                break
            await asyncio.sleep(waits)
        return {"missed": missed, "lost": stream.lost, "unreported": missed - stream.lost}


async def control(_host: str, _port: str) -> Result:
    """A loop that never works longer than two milliseconds and has nothing of ours in it."""
    ready()
    async with Stalls() as stalls:
        end = time.perf_counter() + 1.5
        while time.perf_counter() < end:
            until = time.perf_counter() + 0.002
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)
    return {"stall_s": stalls.worst}


async def memory(host: str, port: str, lines: str) -> Result:
    """What the process holds with so many lines open."""
    async with (
        _client(host, port) as client,
        client.quotes(*_stocks(int(lines)), timeout=60) as stream,
    ):
        seen = set()
        async for quote in stream:
            seen.add(quote.contract)
            if len(seen) == int(lines):
                break
        await asyncio.sleep(QUIET)
        ready()
        return {"rss_mb": resident_mb()}


def _quantiles(spent: list[float]) -> Result:
    cuts = statistics.quantiles(spent, n=100)
    return {"p50_s": cuts[49], "p99_s": cuts[98]}


TASKS: dict[str, Callable[..., Awaitable[Result]]] = {
    "columnar": _reads(columnar),
    "lists": _reads(lists),
    "async for": _reads(async_for),
    "latency": latency,
    "orders": orders,
    "slow": slow,
    "control": control,
    "memory": memory,
}


async def main(task: str, *words: str) -> None:
    """Run one task and print its result."""
    if task != "memory":
        # Here, because an import stalls the loop; not at the top, because it takes memory.
        import numpy as np  # noqa: F401
    print(json.dumps(await TASKS[task](*words)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
