"""ib_async at the same work, in an environment of its own; imports nothing of ours but watching.

``python ib_async_peer.py TASK HOST PORT [NUMBER …]`` with the tasks of ``TASKS`` below.
"""

# The foreign interface is not installed where types are checked.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ASYNC110

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ib_async import IB, Stock
from watching import Meter, ready, resident_mb

CLIENT_ID = 4301
QUIET = 0.5
LAST = 4


async def _subscribed(host, port, lines):
    """A connected client with lines open, after their first burst; pacing off."""
    ib = IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync(host, int(port), clientId=CLIENT_ID, timeout=30)
    stocks = [Stock(f"S{number:05}", "SMART", "USD") for number in range(1, lines + 1)]
    await ib.qualifyContractsAsync(*stocks)
    tickers = [ib.reqMktData(stock) for stock in stocks]
    while not all(ticker.ticks or ticker.hasBidAsk() for ticker in tickers):
        await asyncio.sleep(0.01)
    await asyncio.sleep(QUIET)
    return ib


async def ticks(host, port, lines, count):
    """Every tick of every batch, as the library tells them."""
    lines, count = int(lines), int(count)
    total = count // lines * lines
    ib = await _subscribed(host, port, lines)
    done = asyncio.get_running_loop().create_future()
    state = {"seen": 0, "checksum": 0.0, "meter": None}

    def on_tickers(tickers):
        checksum, seen = 0.0, 0
        for ticker in tickers:
            for tick in ticker.ticks:
                checksum += tick.price
                seen += 1
        state["seen"] += seen
        state["checksum"] += checksum
        if state["meter"] is None:
            state["meter"] = Meter(state["seen"])
        elif state["seen"] >= total and not done.done():
            done.set_result(state["meter"].stop(state["seen"]))

    ib.pendingTickersEvent += on_tickers
    ready()
    return await done | {"checksum": state["checksum"]}


async def latency(host, port):
    """The time from a trade to its tick; the size of a trade is the microsecond it was made at."""
    ib = await _subscribed(host, port, 1)
    spent, done = [], asyncio.Event()

    def on_tickers(tickers):
        for ticker in tickers:
            spent.extend(_age(tick) for tick in ticker.ticks if tick.tickType == LAST)
        if len(spent) >= 300:
            done.set()

    ib.pendingTickersEvent += on_tickers
    ready()
    await done.wait()
    cuts = statistics.quantiles(spent, n=100)
    return {"p50_s": cuts[49], "p99_s": cuts[98]}


def _age(tick):
    return time.perf_counter_ns() / 1e9 - tick.size / 1e6


async def memory(host, port, lines):
    """What the process holds with so many lines open."""
    await _subscribed(host, port, int(lines))
    ready()
    return {"rss_mb": resident_mb()}


TASKS = {"ticks": ticks, "latency": latency, "memory": memory}


async def main(task, *words):
    """Run one task and print its result."""
    print(json.dumps(await TASKS[task](*words)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
