"""What one socket has subscribed to, and what it is to be sent next. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from weakref import WeakValueDictionary

from aioibkr.integrations.fastapi.websocket import messages
from aioibkr.integrations.fastapi.websocket.channels import Latest, News, Trail
from aioibkr.integrations.fastapi.websocket.commands import CHANNELS, Channel, Refused, Topic
from aioibkr.integrations.fastapi.websocket.limits import SocketLimits

__all__ = ["WITHOUT_SNAPSHOTS", "Behind", "Subscriptions"]

Channels = Mapping[Channel, Latest | Trail]

WITHOUT_SNAPSHOTS = frozenset({"ticks"})
"""Channels on which there is no state to begin with: the next event is the first."""

# One object per set of topics, so that sockets with equal wishes find shared texts at once.
_shared: WeakValueDictionary[frozenset[Topic], frozenset[Topic]] = WeakValueDictionary()


class Behind(Exception):
    """Order events that this reader has not seen are no longer kept."""


class Subscriptions:
    """The topics of one socket by channel: seen so far, fresh ones, and the count of messages."""

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._channels: dict[Channel, _Followed] = {}
        self._replies: deque[str] = deque()
        self.has_more = False
        """Whether there was more to tell than fits into one beat."""

    @property
    def topics(self) -> frozenset[Topic]:
        """Everything subscribed to."""
        return frozenset().union(*(followed.all for followed in self._channels.values()))

    @property
    def waiting(self) -> int:
        """Answers that were not sent yet."""
        return len(self._replies)

    def reply(self, text: str) -> None:
        """Send this first."""
        self._replies.append(text)

    def add(self, topics: Iterable[Topic]) -> list[Topic]:
        """Subscribe, and return those that are new; all or none, `Refused` beyond a limit."""
        known = self.topics
        added = [topic for topic in topics if topic not in known]
        wanted = known.union(added)
        symbols = {topic.symbol for topic in wanted if topic.symbol}
        if len(symbols) > self._limits.symbols:
            raise Refused(f"more than {self._limits.symbols} symbols on this connection")
        if len(wanted) > self._limits.subscriptions:
            raise Refused(
                f"more than {self._limits.subscriptions} subscriptions on this connection"
            )
        for topic in added:
            self._followed(topic.channel).fresh.add(topic)
        return added

    def remove(self, channel: Channel, topics: Iterable[Topic]) -> list[Topic]:
        """Unsubscribe, from all of a channel if no topic is named; return those that were there."""
        followed = self._followed(channel)
        removed = [topic for topic in (tuple(topics) or followed.all) if topic in followed.all]
        followed.fresh.difference_update(removed)
        followed.tell(followed.told.difference(removed))
        return removed

    def resume(self, topic: Topic, after: int) -> None:
        """Go on after a number instead of with a snapshot."""
        followed = self._followed(topic.channel)
        followed.fresh.discard(topic)
        followed.tell(followed.told | {topic})
        followed.seen = after

    def follow(self, topics: Iterable[Topic], newest: int) -> None:
        """Begin without a snapshot, with what comes after a number."""
        for topic in topics:
            followed = self._followed(topic.channel)
            if not followed.told:
                followed.seen = newest
            followed.fresh.discard(topic)
            followed.tell(followed.told | {topic})

    def interrupt(self, topic: Topic, reason: str, at: str) -> None:
        """Tell a gap, and begin again with a snapshot, where there are any."""
        followed = self._followed(topic.channel)
        if topic.channel not in WITHOUT_SNAPSHOTS:
            followed.tell(followed.told - {topic})
            followed.fresh.add(topic)
        row = messages.gap(topic, reason)
        seq = followed.number(followed.seen)
        self.reply(messages.data(topic.channel, "gap", seq, at, row.text))

    def collect(self, channels: Channels, at: str, *, missed: int) -> list[str]:
        """What is to be sent now, after so many beats were missed.

        Raises `Behind`.
        """
        told = list(self._replies)
        self._replies.clear()
        self.has_more = False
        for name in CHANNELS:
            if followed := self._channels.get(name):
                told += followed.collect(channels[name], at, missed)
                self.has_more |= bool(followed.told) and followed.seen < channels[name].newest
        return told

    def _followed(self, channel: Channel) -> "_Followed":
        return self._channels.setdefault(channel, _Followed(channel))


class _Followed:
    """The topics of one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._seq = 0
        self.seen = 0
        self.told: frozenset[Topic] = frozenset()
        """Topics whose snapshot was sent."""
        self.fresh: set[Topic] = set()

    @property
    def all(self) -> frozenset[Topic]:
        """All topics."""
        return self.told.union(self.fresh)

    def tell(self, topics: frozenset[Topic]) -> None:
        """Have sent the snapshots of these topics, and of no others."""
        self.told = _shared.setdefault(topics, topics)

    def next(self) -> int:
        """The number of the next message."""
        self._seq += 1
        return self._seq

    def number(self, number: int) -> int:
        """Orders have the numbers of their events, which can be resumed; others count messages."""
        return number if self._channel == "orders" else self.next()

    def collect(self, channel: Latest | Trail, at: str, missed: int) -> list[str]:
        """Messages of what was not seen, then snapshots of what is fresh."""
        if not (self.told or self.fresh):
            return []
        news = channel.since(self.told, self.seen)
        told = self._slow(channel, news, at, missed) + self._news(news, at)
        self.seen = news.seen
        if self.fresh:
            told += self._snapshots(channel, at)
        return told

    def _slow(self, channel: Latest | Trail, news: News, at: str, missed: int) -> list[str]:
        """That news were folded into newer ones, or that there is a hole."""
        is_late = bool(missed and news.parts and isinstance(channel, Latest))
        if self._channel == "orders" and news.lost:
            raise Behind
        if not (is_late or news.lost):
            return []
        symbols = {topic.symbol for topic in news.lost}
        missed = missed if is_late else 0
        return [messages.slow(self._channel, self.next(), at, missed=missed, symbols=symbols)]

    def _news(self, news: News, at: str) -> list[str]:
        name = self._channel
        return [
            messages.data(name, part.kind, self.number(part.number), at, part.rows)
            for part in news.parts
        ]

    def _snapshots(self, channel: Latest | Trail, at: str) -> list[str]:
        known = {topic: channel.snapshot(topic) for topic in self.fresh}
        begun = [topic for topic, rows in known.items() if rows is not None]
        if not begun:
            return []
        self.fresh.difference_update(begun)
        if not self.told:
            self.seen = channel.newest
        self.tell(self.told.union(begun))
        rows = ",".join(row.text for topic in begun for row in known[topic] or ())
        seq = self.number(self.seen)
        return [messages.data(self._channel, "snapshot", seq, at, rows)]
