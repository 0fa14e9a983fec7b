"""One measurement in a process of its own: prints ``ready``, works, prints one JSON line.

``python worker.py TASK HOST PORT [NUMBER …]`` with the tasks of ``TASKS`` below.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.watching import Stalls, ready

Result = dict[str, float]
Request = Callable[[], Awaitable[object]]

CLIENT_ID = 4101


def import_time(*_: str) -> Result:
    """Import the package; says whether asyncio came with it and a loop was touched."""
    ready()
    start = time.perf_counter()
    import aioibkr  # noqa: F401

    return {"wall_s": time.perf_counter() - start}


async def connect_time(host: str, port: str) -> Result:
    """Open and close links one after the other."""
    import aioibkr

    ready()
    spent: list[float] = []
    for _ in range(20):
        start = time.perf_counter()
        client = await aioibkr.connect(host=host, port=int(port), client_id=CLIENT_ID, pacing=None)
        spent.append(time.perf_counter() - start)
        await client.close()
    return {"p50_s": statistics.median(spent)}


async def requests_bridge(host: str, port: str, sequential: str, concurrent: str) -> Result:
    """Server-time requests through our completion bridge."""
    import aioibkr

    # Without keepalive each question is sent.
    async with aioibkr.connect(
        host=host, port=int(port), client_id=CLIENT_ID, pacing=None, keepalive=None
    ) as client:
        return await _requests(client.server_time, int(sequential), int(concurrent))


async def requests_future(host: str, port: str, sequential: str, concurrent: str) -> Result:
    """The same requests through ``pyo3_async_runtimes::tokio::future_into_py``."""
    import aioibkr
    from aioibkr import _native

    # Without keepalive each question is sent.
    async with aioibkr.connect(
        host=host, port=int(port), client_id=CLIENT_ID, pacing=None, keepalive=None
    ) as client:
        native = client._native

        async def server_time() -> object:
            return await _native._server_time_via_future_into_py(native)

        return await _requests(server_time, int(sequential), int(concurrent))


async def bars(host: str, port: str, days: str) -> Result:
    """A large download of bars: the request, then every bar as an object, then stalls."""
    import aioibkr

    async with aioibkr.connect(
        host=host, port=int(port), client_id=CLIENT_ID, pacing=None
    ) as client:
        contract = await client.qualify(aioibkr.Stock("AAPL"))
        ready()
        async with Stalls() as stalls:
            start = time.perf_counter()
            series = await client.bars(
                contract, duration=f"{days} D", bar_size="1 secs", timeout=60
            )
            fetched = time.perf_counter() - start
        start = time.perf_counter()
        made = list(series)
        return {
            "bars": len(made),
            "fetch_s": fetched,
            "objects_s": time.perf_counter() - start,
            "stall_s": stalls.worst,
        }


async def crowd(host: str, port: str, rounds: str) -> Result:
    """100 tasks at once ask for account, positions and a price; the worst stall of the loop."""
    import aioibkr

    broker = aioibkr.IBKRBroker(host=host, port=int(port), client_id=CLIENT_ID, pacing=None)
    await broker.connect()
    await broker.get_market_price("AAPL")
    ready()

    async def work() -> None:
        for _ in range(int(rounds)):
            await broker.get_account()
            await broker.get_positions()
            await broker.get_market_price("AAPL")

    async with Stalls() as stalls:
        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(100)))
        wall = time.perf_counter() - start
    await broker.disconnect()
    return {"calls_per_s": 300 * int(rounds) / wall, "stall_s": stalls.worst}


async def placing(host: str, port: str, count: str) -> Result:
    """Market orders through the broker, each validated before, beside the same through a client.

    Which of the two comes first alternates. The broker checks every limit that it has.
    """
    import aioibkr
    from aioibkr.broker import Order, OrderSide, OrderType

    limits = aioibkr.RiskLimits(
        max_position_pct=1.0,
        daily_loss_limit=1e9,
        max_open_orders=1_000,
        max_daily_orders=1_000_000,
        allow_short=True,
    )
    broker = aioibkr.IBKRBroker(host, int(port), CLIENT_ID, pacing=None, risk=limits)
    await broker.connect()
    spent: dict[str, list[float]] = {"broker": [], "client": []}

    async with aioibkr.connect(
        host=host, port=int(port), client_id=CLIENT_ID + 1, pacing=None
    ) as client:
        contract = await client.qualify(aioibkr.Stock("AAPL"))

        async def by_broker(side: OrderSide) -> None:
            order = Order("", "AAPL", side, OrderType.MARKET, 1)
            valid, why = await broker.validate_order(order)
            assert valid, why
            start = time.perf_counter()
            await broker.place_order(order)
            spent["broker"].append(time.perf_counter() - start)

        async def by_client(side: OrderSide) -> None:
            order = aioibkr.MarketOrder(side.value, 1)
            start = time.perf_counter()
            await client.place(contract, order)
            spent["client"].append(time.perf_counter() - start)

        ready()
        for number in range(int(count)):
            side = OrderSide.BUY if number // 2 % 2 else OrderSide.SELL
            for place in (by_broker, by_client) if number % 2 else (by_client, by_broker):
                await place(side)
    await broker.disconnect()
    return {f"{name}_p50_s": statistics.median(times) for name, times in spent.items()}


async def _requests(request: Request, sequential: int, concurrent: int) -> Result:
    ready()
    for _ in range(200):
        await request()
    spent: list[float] = []
    for _ in range(sequential):
        start = time.perf_counter()
        await request()
        spent.append(time.perf_counter() - start)

    async def work() -> None:
        for _ in range(concurrent // 100):
            await request()

    async with Stalls() as stalls:
        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(100)))
        wall = time.perf_counter() - start
    return {
        "sequential_p50_s": statistics.median(spent),
        "concurrent_per_s": concurrent / wall,
        "stall_s": stalls.worst,
    }


TASKS: dict[str, Callable[..., Result | Awaitable[Result]]] = {
    "import": import_time,
    "connect": connect_time,
    "requests-bridge": requests_bridge,
    "requests-future": requests_future,
    "bars": bars,
    "crowd": crowd,
    "placing": placing,
}


def main(arguments: list[str]) -> None:
    """Run one task and print its result."""
    outcome = TASKS[arguments[0]](*arguments[1:])
    if not isinstance(outcome, dict):
        outcome = _run(outcome)
    print(json.dumps(outcome))


def _run(task: Awaitable[Result]) -> Result:
    async def awaited() -> Result:
        return await task

    if "--uvloop" in sys.argv:
        import uvloop

        return uvloop.run(awaited())
    return asyncio.run(awaited())


if __name__ == "__main__":
    main([word for word in sys.argv[1:] if word != "--uvloop"])
