"""Waiting for what a stream brings: every wait has a limit, none has a sleep that hopes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import aioibkr as ib
from aioibkr.models import TickBatch

PATIENCE = 20.0
BURST = 11
T = TypeVar("T")


async def the_next(items: AsyncIterator[T]) -> T:
    """One item or batch."""
    async with asyncio.timeout(PATIENCE):
        return await anext(items)


async def the_burst(batches: AsyncIterator[TickBatch]) -> None:
    """Everything the mock gateway tells a new subscriber of one stock."""
    told = 0
    while told < BURST:
        told += len(await the_next(batches))


async def all_served(client: ib.Client) -> None:
    """The gateway has served what the feed asked so far: it serves a link's requests in order."""
    async with client.quotes(ib.Stock("MSFT")) as quotes:
        await the_next(aiter(quotes))


async def first_where(items: AsyncIterator[T], claim: Callable[[T], bool]) -> T:
    """The first item for which a claim holds."""
    async with asyncio.timeout(PATIENCE):
        async for item in items:
            if claim(item):
                return item
    message = "the stream ended before that"
    raise AssertionError(message)


async def sizes_through(
    batches: AsyncIterator[TickBatch], last: int, sizes: list[float] | None = None
) -> list[float]:
    """Sizes in order of arrival, up to the tick numbered ``last``; kept in ``sizes`` if given."""
    sizes = [] if sizes is None else sizes
    async with asyncio.timeout(PATIENCE):
        async for batch in batches:
            sizes += batch.size.tolist()
            if sizes and sizes[-1] == last:
                break
    return sizes


async def until(claim: Callable[[], bool]) -> None:
    """Wait until a claim holds about something that tells nobody when it changes."""
    async with asyncio.timeout(PATIENCE):
        while not claim():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)
