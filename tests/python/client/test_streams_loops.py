"""Streams from several event loops and threads, and what a flood leaves for others on a loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import all_served, sizes_through, the_burst, until

AAPL = ib.Stock("AAPL")
COUNT = 100_000
pytestmark = pytest.mark.anyio


def elsewhere(work: Callable[[], Coroutine[None, None, None]]) -> threading.Thread:
    """Run something in an event loop of another thread."""
    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    return thread


async def test_loops_of_two_threads_each_have_streams_of_one_client(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    received: dict[str, list[float]] = {}
    ready = threading.Barrier(2)

    async def read(name: str) -> None:
        async with ib_client.ticks(AAPL) as stream:
            await all_served(ib_client)
            await asyncio.to_thread(ready.wait, 10)
            if name == "there":
                mock_gateway.flood("AAPL", count=COUNT)
            received[name] = (await sizes_through(stream.batches(), COUNT))[-COUNT:]

    thread = elsewhere(lambda: read("there"))
    await read("here")
    await asyncio.to_thread(thread.join)

    expected = [float(number) for number in range(1, COUNT + 1)]
    assert received == {"here": expected, "there": expected}


async def test_one_stream_read_from_two_loops_hands_over_each_tick_once(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    received: list[list[float]] = [[], []]
    async with ib_client.ticks(AAPL) as stream:
        await the_burst(stream.batches())

        async def read(into: list[float]) -> None:
            async for batch in stream.batches():
                into += batch.size.tolist()

        thread = elsewhere(lambda: read(received[0]))
        here = asyncio.create_task(read(received[1]))
        mock_gateway.flood("AAPL", count=COUNT)
        await until(lambda: sum(map(len, received)) >= COUNT)
    await here
    await asyncio.to_thread(thread.join)

    assert sorted(received[0] + received[1]) == [float(n) for n in range(1, COUNT + 1)]


async def test_a_task_that_always_finds_a_tick_leaves_turns_to_others(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with ib_client.ticks(AAPL) as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=COUNT)
        await asyncio.to_thread(mock_gateway.wait_floods)
        task = asyncio.create_task(others())
        async for tick in stream:
            if tick.size == COUNT:
                break
        task.cancel()

    assert turns >= 3


async def test_a_timeout_ends_a_loop_over_a_stream_that_never_runs_dry(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL) as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=1_000_000)
        seen = 0

        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                async for _ in stream:
                    seen += 1

    assert 0 < seen < 1_000_000
