"""A reader that always finds something does not keep the event loop to itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

COUNT = 200_000
pytestmark = pytest.mark.anyio


async def _drained(stream: ib.TickStream) -> None:
    """Read the first burst of a line."""
    async for batch in stream.batches():
        if 8 in batch.tick_type:
            return


async def _read(items: AsyncIterator[object], stop: asyncio.Event) -> None:
    async for item in items:
        if isinstance(item, ib.TickBatch):
            sizes = [tick.size for tick in item.to_list()]
        else:
            assert isinstance(item, ib.Tick)
            sizes = [item.size]
        if sizes and sizes[-1] == COUNT:
            stop.set()
            return


@pytest.mark.parametrize("form", ["items", "batches"])
async def test_other_tasks_run_while_everything_is_there(
    mock_gateway: MockGateway, ib_client: ib.Client, form: str
) -> None:
    async with ib_client.ticks(ib.Stock("AAPL")) as stream:
        await _drained(stream)
        mock_gateway.flood("AAPL", count=COUNT)
        await asyncio.to_thread(mock_gateway.wait_floods)
        stop, turns = asyncio.Event(), 0

        reader = asyncio.create_task(
            _read(aiter(stream) if form == "items" else stream.batches(), stop)
        )
        while not stop.is_set():
            await asyncio.sleep(0)
            turns += 1
        await reader

    # Begun, and not once more before the last item, is what a reader that keeps the loop leaves.
    assert turns > 3
