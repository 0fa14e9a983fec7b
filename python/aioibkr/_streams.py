"""Streams of market data as users hold them: async context managers and iterators.

Nothing is decided here. A stream is opened by ``async with``; its lines are released when the
block is left, or when nobody holds the stream any more. All streams run on the feed link, a
connection of its own that a client opens with its first stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from aioibkr import _native
from aioibkr.errors import ConfigError, IBKRError
from aioibkr.models import (
    Bar,
    Contract,
    DepthBook,
    Gap,
    Quote,
    Tick,
    TickBatch,
    TickByTick,
    TickByTickBatch,
)

__all__ = [
    "BarStream",
    "DepthStream",
    "QuoteStream",
    "Stream",
    "TickByTickStream",
    "TickStream",
]

Item_co = TypeVar("Item_co", covariant=True)
Batch_co = TypeVar("Batch_co", covariant=True)


class Stream(Generic[Item_co, Batch_co]):
    """What every stream of market data does.

    ``async for item in stream`` and ``await anext(stream)`` hand over item by item, `batches` many
    at a time; what is there already is handed over without suspending, though the loop gets a turn
    every two milliseconds. A cancelled wait loses nothing: an item leaves the stream only when it
    is handed over. Several tasks, of several event loops too, may read one stream; each item goes
    to one of them.

    Iteration ends when the stream is closed. It raises ``ContractNotFound``, ``NotEntitled``,
    ``LineLimit`` or ``MarketDataError`` once no contract of the stream can bring data any more
    (see `failures`), ``NotConnected`` when the feed link is given up, and ``StreamLagged`` under
    ``policy="fail"``. A lost link does not end a stream: a gap is told, the lines are asked for
    again on the next link, and data goes on with a higher ``generation``.
    """

    def __init__(
        self,
        opening: Callable[[], Awaitable[_native._Stream[Item_co, Batch_co]]],
        client: _native.Client,
    ) -> None:
        self._opening = opening
        self._client = client
        self._native: _native._Stream[Item_co, Batch_co] | None = None
        self._is_entered = False
        self._reader: AsyncIterator[Item_co] | None = None

    async def __aenter__(self) -> Self:
        if self._is_entered:
            message = "this stream was opened already: make another"
            raise ConfigError(message)
        self._is_entered = True
        try:
            self._native = await self._opening()
        except BaseException:
            self._is_entered = False  # nothing was opened, so it may be tried again
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Item_co]:
        return self._open.items()

    def __anext__(self) -> Awaitable[Item_co]:
        if self._reader is None:
            self._reader = self._open.items()
        return anext(self._reader)

    def batches(self, *, linger: float | None = None) -> AsyncIterator[Batch_co]:
        """Read many items at a time.

        Args:
            linger: Seconds, above 0, that the first item after a quiet time may wait for others
                to come along; default: not at all. A reader that is busy meanwhile waits no
                longer. It holds for all readers of the stream, until `batches` is called again.

        Raises:
            ConfigError: ``linger`` cannot be meant, or the stream is not open.
        """
        return self._open.batches(linger=linger)

    def close(self) -> None:
        """Release the lines; what is queued can still be read. Closing twice does nothing."""
        if self._native is not None:
            self._native.close()

    @property
    def contracts(self) -> list[Contract]:
        """The qualified contracts, in the order they were named."""
        return self._open.contracts

    @property
    def lost(self) -> int:
        """How many items nobody will ever see, because newer ones took their place."""
        return self._open.lost

    @property
    def generation(self) -> int:
        """Number of the present or last feed link."""
        feed = self._client.health().feed
        return 0 if feed is None else feed.generation

    @property
    def failures(self) -> dict[Contract, IBKRError]:
        """Contracts that bring no data any more, and why."""
        contracts = self.contracts
        return {contracts[number]: error for number, error in self._open.failures().items()}

    @property
    def advice(self) -> dict[Contract, IBKRError]:
        """What the gateway said last about contracts whose line lives."""
        contracts = self.contracts
        return {contracts[number]: error for number, error in self._open.advice().items()}

    @property
    def _open(self) -> _native._Stream[Item_co, Batch_co]:
        if self._native is None:
            message = "the stream is not open: enter it with 'async with'"
            raise ConfigError(message)
        return self._native


class QuoteStream(Stream[Quote, list[Quote]]):
    """The latest quote of each contract, conflated; from `Client.quotes`.

    Items are the contracts' quotes in the order they changed; a quote that was not read is
    replaced by the newer one, so a slow reader is late by one quote per contract at most.
    Batches are lists of everything that changed. A gap is a quote with ``is_gap`` and no values.
    """

    def __init__(
        self,
        opening: Callable[[], Awaitable[_native._Stream[Quote, list[Quote]]]],
        client: _native.Client,
        named: list[Contract],
    ) -> None:
        super().__init__(opening, client)
        self._named = named
        self._numbers: dict[Contract, int] = {}

    def latest(self, contract: Contract) -> Quote | None:
        """Look at a contract's quote as it is now, read or not; None before the first.

        Args:
            contract: One of `contracts`, or as it was named when the stream was made.

        Raises:
            ConfigError: It is neither, or the stream was never opened.
        """
        if not self._numbers:
            # The first of equals wins, and what was found wins over what was named.
            known = [*enumerate(self._named), *enumerate(self._open.contracts)]
            self._numbers = {contract: number for number, contract in reversed(known)}
        number = self._numbers.get(contract)
        if number is None:
            message = f"{contract} is not one of the stream's contracts"
            raise ConfigError(message)
        return self._open.latest(number)


class DepthStream(Stream[DepthBook, list[DepthBook]]):
    """The book of a contract, conflated; from `Client.depth`.

    Items are the book as it is by then, so a slow reader misses states of it and never falls
    behind; batches are lists of a book or two. A gap is a book with ``is_gap`` and no
    rows: the link was lost, or the gateway begins the book again.
    """

    def latest(self) -> DepthBook | None:
        """Look at the book as it is now, read or not; None before the first row."""
        return self._open.latest(0)


class TickStream(Stream[Tick, TickBatch]):
    """Every change of market data, in order; from `Client.ticks`.

    Batches are columns and cost nothing per tick; a batch never spans two links. A gap is a tick
    with ``is_gap`` for each contract, or an empty batch with ``is_gap``. What happens to ticks
    that a slow reader leaves is the stream's ``policy``.
    """


class TickByTickStream(Stream[TickByTick, TickByTickBatch]):
    """Trades, quotes or midpoints one by one, in order; from `Client.ticks` with a kind.

    Batches and gaps as of `TickStream`.
    """


class BarStream(Stream[Bar | Gap, list[Bar | Gap]]):
    """Bars as they form; from `Client.realtime_bars` and `Client.bars_stream`.

    A `Gap` among them tells that what came before is not continued. The bars that were missed
    follow it, marked ``is_backfill``, before any new one; a gap with ``missing_since`` tells what
    could not be had. Batches are lists. What happens to bars that a slow reader leaves is the
    stream's ``policy``.
    """
