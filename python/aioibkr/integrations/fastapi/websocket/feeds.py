"""The loops that read one topic of a client, once for all sockets that want it.

Each goes on while its client is open and returns when that was closed; what cannot go on raises.
They read no faster than the beat, so what comes in between is conflated where it costs nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, cast

from aioibkr import Client, QuoteStream, Stock
from aioibkr.errors import IBKRConnectionError, StateUnknown
from aioibkr.integrations.fastapi.websocket import messages
from aioibkr.integrations.fastapi.websocket.channels import Snapshot
from aioibkr.integrations.fastapi.websocket.commands import BAR_DURATIONS, Channel, Topic
from aioibkr.integrations.fastapi.websocket.messages import Row
from aioibkr.models import DepthBook, Gap, Quote, TickByTick, Update

__all__ = ["FEEDS", "Feed", "Sink"]

TickKind: TypeAlias = Literal["Last", "AllLast", "BidAsk", "MidPoint"]

TICKS_PER_BEAT = 2000
"""Most ticks of a symbol told per beat; of a flood beyond that the newest, and that it was one."""

DEPTH_ROWS = 10


class Sink(Protocol):
    """Where a feed tells what it reads."""

    def tell(self, topic: Topic, make: Callable[[], Row]) -> None:
        """Replace what is known of a topic; the row is made when it is sent."""

    def append(self, topic: Topic, row: Row, *, key: str = "") -> None:
        """Add a row to a topic's trail."""

    def lose(self, topic: Topic) -> None:
        """Note that rows are missing."""

    def show(self, topic: Topic, snapshot: Snapshot) -> None:
        """Say how to learn what is known of a topic."""

    def wake(self) -> None:
        """Look at the next beat what can be told."""

    async def beat(self) -> None:
        """Wait until what was told has been handed to the sockets."""


async def quotes(client: Client, topic: Topic, sink: Sink) -> None:
    """The latest quote, taken at the moment it is sent."""
    async with client.quotes(Stock(topic.symbol)) as stream:
        async for batch in stream.batches():
            sink.tell(topic, partial(_quote, topic, stream, batch[-1]))
            await sink.beat()


def _quote(topic: Topic, stream: QuoteStream, found: Quote) -> Row:
    newest = stream.latest(stream.contracts[0])
    return messages.quote(topic, found if newest is None else newest)


async def depth(client: Client, topic: Topic, sink: Sink) -> None:
    """The book, taken at the moment it is sent."""
    async with client.depth(Stock(topic.symbol), rows=DEPTH_ROWS) as stream:

        def book(found: DepthBook) -> Row:
            return messages.book(topic, stream.latest() or found)

        async for batch in stream.batches():
            sink.tell(topic, partial(book, batch[-1]))
            await sink.beat()


async def ticks(client: Client, topic: Topic, sink: Sink) -> None:
    """Every change of market data; with a kind, every trade, quote or midpoint."""
    if topic.option:
        await _tick_by_tick(client, topic, sink)
        return
    lost = 0
    async with client.ticks(Stock(topic.symbol), capacity=4 * TICKS_PER_BEAT) as stream:
        async for batch in stream.batches():
            rows = [messages.tick(topic, tick) for tick in batch.to_list()[-TICKS_PER_BEAT:]]
            is_whole = len(batch) <= TICKS_PER_BEAT and stream.lost == lost
            _append(topic, sink, rows, is_gap=batch.is_gap, is_whole=is_whole)
            lost = stream.lost
            await sink.beat()


async def _tick_by_tick(client: Client, topic: Topic, sink: Sink) -> None:
    lost = 0
    async with client.ticks(
        Stock(topic.symbol), cast("TickKind", topic.option), capacity=4 * TICKS_PER_BEAT
    ) as stream:
        async for batch in stream.batches():
            found: list[TickByTick] = batch.to_list()[-TICKS_PER_BEAT:]
            rows = [messages.tick_by_tick(topic, tick) for tick in found]
            is_whole = len(batch) <= TICKS_PER_BEAT and stream.lost == lost
            _append(topic, sink, rows, is_gap=batch.is_gap, is_whole=is_whole)
            lost = stream.lost
            await sink.beat()


def _append(topic: Topic, sink: Sink, rows: list[Row], *, is_gap: bool, is_whole: bool) -> None:
    if not is_whole:
        sink.lose(topic)
    if is_gap:
        sink.append(topic, messages.gap(topic, "the link was lost"))
    for row in rows:
        sink.append(topic, row)


async def bars(client: Client, topic: Topic, sink: Sink) -> None:
    """Past bars, then the one that forms."""
    size = topic.option
    async with client.bars_stream(
        Stock(topic.symbol), duration=BAR_DURATIONS[size], bar_size=size
    ) as stream:
        async for batch in stream.batches():
            for item in batch:
                if isinstance(item, Gap):
                    sink.append(topic, messages.gap(topic, item.reason or "the link was lost"))
                else:
                    sink.append(topic, messages.bar(topic, item), key=item.time.isoformat())
            await sink.beat()


async def orders(client: Client, topic: Topic, sink: Sink) -> None:
    """What happens to orders, without loss; known once the client is ready."""

    def working() -> list[Row] | None:
        if not client.ready:
            return None
        return [messages.order_status(trade) for trade in client.trades() if not trade.is_done]

    with (
        client.on("order_status", lambda trade: sink.append(topic, messages.order_status(trade))),
        client.on("execution", lambda fill: sink.append(topic, messages.execution(fill))),
        client.on("commission", lambda fill: sink.append(topic, messages.commission(fill))),
        client.on("ready", lambda _: sink.wake()),
    ):
        sink.show(topic, working)
        sink.wake()
        await _closed(client)


async def pnl(client: Client, topic: Topic, sink: Sink) -> None:
    """Profit and loss and positions, read again when they change."""
    changed = asyncio.Event()
    changed.set()

    def updated(update: Update) -> None:
        if update.what in {"accounts", "positions"}:
            changed.set()

    with (
        client.on("update", updated),
        client.on("ready", lambda _: changed.set()),
        client.on("state", lambda _: changed.set()),
    ):
        while client.state != "closed":
            await changed.wait()
            changed.clear()
            row = await _profit(client, topic)
            sink.tell(topic, lambda row=row: row)  # type: ignore[misc]
            await sink.beat()


async def _profit(client: Client, topic: Topic) -> Row:
    account = client.account
    try:
        found = await client.pnl(wait=False)
        return messages.pnl(account, found, await client.positions(account, wait=False))
    except (StateUnknown, IBKRConnectionError) as error:
        return messages.gap(topic, error.message)


async def session(client: Client, topic: Topic, sink: Sink) -> None:
    """How the links stand."""

    def tell(reason: str) -> None:
        sink.tell(topic, lambda: messages.session(client, reason))

    with (
        client.on("state", lambda change: tell(change.reason or "")),
        client.on("ready", lambda _: tell("")),
    ):
        tell("")
        await _closed(client)


async def _closed(client: Client) -> None:
    async with client.states() as states:
        async for _ in states:
            pass


Feed: TypeAlias = Callable[[Client, Topic, Sink], Awaitable[None]]

FEEDS: Mapping[Channel, Feed] = MappingProxyType(
    {
        "quotes": quotes,
        "ticks": ticks,
        "depth": depth,
        "bars": bars,
        "orders": orders,
        "pnl": pnl,
        "session": session,
    }
)
