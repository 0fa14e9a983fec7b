"""Where all sockets of one integration meet: what they want is read once and told at one beat.

A topic has one feed, however many sockets want it: begun with the first, ended with the last; only
the feed of orders goes on, because its history can be resumed. A feed whose client cannot be had
is begun again until it can; readers are told a gap and, later, a snapshot. Nothing is queued per
socket: at each beat a socket that is ready to send takes what it has not seen.
"""

import asyncio
import logging
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from weakref import WeakKeyDictionary, ref

from aioibkr import Client, IBKRBroker, IBKRIntegration
from aioibkr.errors import (
    ConfigError,
    IBKRConnectionError,
    IBKRError,
    MarketDataError,
    NotConnected,
    PacingViolation,
    RequestError,
    StreamLagged,
)
from aioibkr.integrations.fastapi.websocket import messages
from aioibkr.integrations.fastapi.websocket.channels import Latest, Snapshot, Trail
from aioibkr.integrations.fastapi.websocket.commands import CHANNELS, Channel, Topic
from aioibkr.integrations.fastapi.websocket.feeds import FEEDS
from aioibkr.integrations.fastapi.websocket.messages import Row

__all__ = ["BEAT", "KEPT_ORDER_EVENTS", "Channels", "Hub", "Reader", "close_sockets", "hub_of"]

BEAT = 0.04
"""Seconds between two messages of a channel to one socket, at least; the first comes at once."""
KEPT_ORDER_EVENTS = 10_000
KEPT_ROWS = 2000
"""Ticks and bars kept per symbol for sockets that are late."""
PAUSE = 0.5
"""Seconds before a feed that could not go on looks again whether it can."""
RETRY = 5.0
"""Seconds between two tries to connect for the feeds; an application tries in its own time."""
PATIENCE = 2.0
"""Seconds for sockets and feeds to end."""

_log = logging.getLogger("aioibkr.websocket")

Channels = dict[Channel, Latest | Trail]


class Reader(Protocol):
    """What the hub knows of a socket."""

    def collect(self, channels: Channels, at: str) -> None:
        """Take what is new, if it is ready to send; `at` is the time of the beat."""

    def interrupt(self, topic: Topic, reason: str) -> None:
        """Hear that a topic is not known for now, and begin with a snapshot again."""

    def fail(self, topic: Topic, error: IBKRError) -> None:
        """Hear that a topic cannot be served, and subscribe to it no more."""

    def close(self, code: int, reason: str) -> None:
        """End the socket."""

    async def closed(self) -> None:
        """Wait until it has ended."""


class _Feed:
    """A topic that is read: the task, who wants it, and why it is not known if it is not."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.readers: set[Reader] = set()
        self.reason = ""


@dataclass(frozen=True, slots=True)
class _Failed:
    """A connect that failed, and until when it is not tried again from here."""

    broker: IBKRBroker
    error: IBKRError
    until: float

    def is_of(self, broker: IBKRBroker) -> bool:
        """Whether that is still how things stand: others may have connected meanwhile."""
        return self.broker is broker and not broker.is_connected


class Hub:
    """All sockets of one integration on one event loop."""

    def __init__(self, integration: IBKRIntegration) -> None:
        self._integration = ref(integration)  # who holds the hub by it
        self._loop = asyncio.get_running_loop()
        self._channels = _channels()
        self._feeds: dict[Topic, _Feed] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._readers: set[Reader] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._last_beat = 0.0
        self._beaten = asyncio.Event()
        self._connecting = asyncio.Lock()
        self._failed: _Failed | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it belongs to the loop that runs."""
        return self._loop is asyncio.get_running_loop()

    @property
    def sockets(self) -> int:
        """How many there are."""
        return len(self._readers)

    @property
    def topics(self) -> frozenset[Topic]:
        """What is read at present."""
        return frozenset(self._feeds)

    def join(self, reader: Reader) -> None:
        """Let a socket take part."""
        self._readers.add(reader)

    def leave(self, reader: Reader) -> None:
        """Let it go, with all it wanted."""
        self._readers.discard(reader)
        for topic in [topic for topic, feed in self._feeds.items() if reader in feed.readers]:
            self.unsubscribe(reader, topic)

    def subscribe(self, reader: Reader, topic: Topic) -> None:
        """Tell a socket of a topic from now on, beginning with what is known."""
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._begin(topic)
        feed.readers.add(reader)
        if feed.reason and topic.channel != "session":
            reader.interrupt(topic, feed.reason)
        self.wake()

    def unsubscribe(self, reader: Reader, topic: Topic) -> None:
        """Tell it no more; the feed ends with its last reader, except that of orders."""
        feed = self._feeds.get(topic)
        if feed is None:
            return
        feed.readers.discard(reader)
        if not feed.readers and topic.channel != "orders":
            self._end(topic)

    def newest(self, channel: Channel) -> int:
        """The number of what a channel knows last."""
        return self._channels[channel].newest

    def can_resume(self, topic: Topic, after: int) -> bool:
        """Whether every event after that number is still kept here."""
        trail = self._channels[topic.channel]
        return topic in self._feeds and isinstance(trail, Trail) and trail.reaches(topic, after)

    def wake(self) -> None:
        """Let the next beat come: at once after a quiet time, else when its time is there."""
        if self._timer is None:
            wait = max(0.0, self._last_beat + BEAT - self._loop.time())
            self._timer = self._loop.call_later(wait, self._beat)

    async def beat(self) -> None:
        """Wait for the next beat."""
        self.wake()
        await self._beaten.wait()

    def tell(self, topic: Topic, make: Callable[[], Row]) -> None:
        """Replace what is known of a topic."""
        channel = self._channels[topic.channel]
        if isinstance(channel, Latest):
            self._known(topic)
            channel.put(topic, make)
            self.wake()

    def append(self, topic: Topic, row: Row, *, key: str = "") -> None:
        """Add a row to a topic's trail."""
        channel = self._channels[topic.channel]
        if isinstance(channel, Trail):
            self._known(topic)
            channel.put(topic, row, key=key)
            self.wake()

    def lose(self, topic: Topic) -> None:
        """Note that rows of a topic are missing."""
        channel = self._channels[topic.channel]
        if isinstance(channel, Trail):
            channel.lose(topic)

    def show(self, topic: Topic, snapshot: Snapshot) -> None:
        """Say how to learn what is known of a topic."""
        channel = self._channels[topic.channel]
        if isinstance(channel, Trail):
            self._known(topic)
            channel.show(topic, snapshot)

    async def close(self, code: int = 1001, reason: str = "the server ends") -> None:
        """End all sockets and feeds; within some two seconds, whatever a peer does."""
        readers = list(self._readers)
        for reader in readers:
            reader.close(code, reason)
        ends = [self._loop.create_task(reader.closed()) for reader in readers]
        await _ended(ends)
        for topic in list(self._feeds):
            self._end(topic)
        await _ended(list(self._ending))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, topic: Topic) -> _Feed:
        """Begin to read a topic; what happened to orders before is not known."""
        self._begin_history(topic)
        task = self._loop.create_task(self._run(topic), name=f"aioibkr websocket {topic}")
        feed = self._feeds[topic] = _Feed(task)
        return feed

    def _begin_history(self, topic: Topic) -> None:
        channel = self._channels[topic.channel]
        if topic.channel == "orders" and isinstance(channel, Trail):
            channel.begin(_epoch())

    def _beat(self) -> None:
        self._timer = None
        at = datetime.now(UTC).isoformat()
        for reader in tuple(self._readers):
            try:
                reader.collect(self._channels, at)
            except Exception:  # noqa: BLE001 - logged; it is one socket's end, not that of all
                _log.exception("a socket could not be told what is new")
                reader.close(1011, "an error of the server: its log says which")
        self._last_beat = self._loop.time()
        self._beaten.set()
        self._beaten.clear()

    def _known(self, topic: Topic) -> None:
        if feed := self._feeds.get(topic):
            feed.reason = ""

    def _end(self, topic: Topic) -> None:
        feed = self._feeds.pop(topic)
        self._channels[topic.channel].forget(topic)
        self._ending.add(feed.task)
        feed.task.add_done_callback(self._ending.discard)
        feed.task.cancel()

    async def _run(self, topic: Topic) -> None:
        """Read a topic until nobody wants it, or it cannot be served."""
        if topic.channel == "session":
            self.tell(topic, lambda: messages.away("connecting", ""))
        while True:
            try:
                await self._read(topic)
            except IBKRError as error:
                if _is_final(error):
                    self._fail(topic, error)
                    return
                self._interrupt(topic, _reason(error))
            except Exception:  # noqa: BLE001 - logged; the readers are told, and it is tried again
                _log.exception("the feed of %s failed", topic)
                self._interrupt(topic, "an error of the server: its log says which")
            await asyncio.sleep(PAUSE)

    async def _read(self, topic: Topic) -> None:
        """Read a topic until the client is closed, which is an error to the readers."""
        await FEEDS[topic.channel](await self._client(), topic, self)
        raise NotConnected("the client was closed")

    def _broker(self) -> IBKRBroker:
        integration = self._integration()
        if integration is None:
            raise NotConnected("the integration is gone")
        return integration.enabled_broker()

    async def _client(self) -> Client:
        """The connected client; all feeds together try now and then, not each for itself."""
        async with self._connecting:
            broker = self._broker()
            failed = self._failed
            if failed is not None and failed.is_of(broker) and self._loop.time() < failed.until:
                raise failed.error
            try:
                return await broker.client()
            except IBKRError as error:
                until = self._loop.time() + _patience_after(error)
                self._failed = _Failed(broker, error, until)
                raise

    def _fail(self, topic: Topic, error: IBKRError) -> None:
        feed = self._feeds.pop(topic)
        self._channels[topic.channel].forget(topic)
        for reader in feed.readers:
            reader.fail(topic, error)
        self.wake()

    def _interrupt(self, topic: Topic, reason: str) -> None:
        """Tell once, not at every try, that a topic is not known."""
        feed = self._feeds[topic]
        if feed.reason == reason:
            return
        if topic.channel == "session":
            self.tell(topic, lambda: messages.away("away", reason))
            feed.reason = reason
            return
        feed.reason = reason
        self._channels[topic.channel].forget(topic)
        self._begin_history(topic)
        for reader in feed.readers:
            reader.interrupt(topic, reason)
        self.wake()


def _channels() -> Channels:
    """A trail where every row counts, else what is known now."""
    kept: Channels = {channel: Latest() for channel in CHANNELS}
    kept["ticks"] = Trail(capacity=KEPT_ROWS)
    kept["bars"] = Trail(capacity=KEPT_ROWS)
    kept["orders"] = Trail(capacity=KEPT_ORDER_EVENTS, most=500, first=_epoch(), is_single=True)
    return kept


def _epoch() -> int:
    """A first number that no other process begins with: an epoch, and six digits for its events.

    Within 2**53, so that every JSON reader holds it exactly.
    """
    return secrets.randbelow(9_000_000_000) * 1_000_000


def _is_final(error: IBKRError) -> bool:
    """Whether asking again would be answered in the same way."""
    if isinstance(error, IBKRConnectionError | PacingViolation | StreamLagged):
        return False
    return isinstance(error, RequestError | MarketDataError | ConfigError)


def _patience_after(error: IBKRError) -> float:
    """How long a failed connect holds: for ever where trying again is of no use."""
    if isinstance(error.__cause__, ConfigError):
        return math.inf
    return 0.0 if error.__cause__ is None else RETRY  # without a cause nothing was tried


def _reason(error: IBKRError) -> str:
    """Why something is not known: what is behind "not connected", where that is told."""
    cause = error.__cause__
    return cause.message if isinstance(cause, IBKRError) else error.message


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE)
    for task in tasks:
        task.cancel()


_hubs: WeakKeyDictionary[IBKRIntegration, Hub] = WeakKeyDictionary()


def hub_of(integration: IBKRIntegration) -> Hub:
    """The hub of an integration on the running loop, made on first use."""
    hub = _hubs.get(integration)
    if hub is None or not hub.is_usable:
        hub = _hubs[integration] = Hub(integration)
    return hub


async def close_sockets() -> None:
    """End all WebSockets of the running loop with 1001, within some two seconds.

    `lifespan` does it at shut-down. Servers that end sockets before that, as uvicorn does with
    1012, leave it nothing to do.
    """
    hubs = [hub for hub in _hubs.values() if hub.is_usable]
    await asyncio.gather(*(hub.close() for hub in hubs))
