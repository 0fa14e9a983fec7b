"""What is known on each channel, and what a reader of it has not seen yet. Pure.

`Latest` keeps one row per topic, so a late reader gets the newest; `Trail` keeps the newest rows
of each topic in order, so a late reader gets all that is kept and learns where a hole is. Rows are
made once for all readers, and readers who are equally late share the joined text as well.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aioibkr.integrations.fastapi.websocket.commands import Topic
from aioibkr.integrations.fastapi.websocket.messages import Kind, Row

__all__ = ["Latest", "News", "Part", "Snapshot", "Trail"]

Snapshot = Callable[[], list[Row] | None]
"""What is known of a topic now; None while that is not known."""

Topics = frozenset[Topic]
MOST_COMPOSED = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that go into one message; `number` is that of the last of them."""

    kind: Kind
    rows: str
    number: int


@dataclass(frozen=True, slots=True)
class News:
    """What a reader has not seen, and how much it will have seen then."""

    parts: tuple[Part, ...]
    seen: int
    lost: Topics = frozenset()
    """Topics of which rows are gone that it never saw."""


class Latest:
    """The newest row of each topic; a row is made when the first reader comes for it."""

    def __init__(self) -> None:
        self._rows: dict[Topic, _Known] = {}
        self._composed: dict[tuple[Topics, int], News] = {}
        self.newest = 0

    def put(self, topic: Topic, make: Callable[[], Row]) -> None:
        """Replace what is known of a topic."""
        self.newest += 1
        self._rows[topic] = _Known(self.newest, make)
        self._composed.clear()

    def forget(self, topic: Topic) -> None:
        """Know nothing of a topic any more."""
        self._rows.pop(topic, None)
        self._composed.clear()

    def snapshot(self, topic: Topic) -> list[Row] | None:
        """What is known of a topic now; None while nothing is."""
        known = self._rows.get(topic)
        return None if known is None or known.row.is_gap else [known.row]

    def since(self, topics: Topics, seen: int) -> News:
        """What changed of these topics since a reader came last."""
        news = self._composed.get((topics, seen))
        if news is None:
            changed = [
                (known.number, known.row)
                for topic in topics
                if (known := self._rows.get(topic)) is not None and known.number > seen
            ]
            news = News(tuple(_parts(changed)), self.newest)
            _keep(self._composed, (topics, seen), news)
        return news


class Trail:
    """The newest rows of each topic, in order, each with a number that grows over all topics."""

    def __init__(
        self,
        *,
        capacity: int,
        most: int = 2000,
        first: int = 0,
        is_single: bool = False,
    ) -> None:
        """Keep `capacity` rows per topic; hand over `most` at a time, `is_single` in a message."""
        self._capacity = capacity
        self._most = most
        self._is_single = is_single
        self._kept: dict[Topic, _Kept] = {}
        self._composed: dict[tuple[Topics, int], News] = {}
        self._snapshots: dict[Topic, Snapshot] = {}
        self.first = self.newest = first

    def put(self, topic: Topic, row: Row, *, key: str = "") -> None:
        """Add a row; in a snapshot it stands in the place of the one with the same key."""
        self.newest += 1
        kept = self._kept.setdefault(topic, _Kept())
        kept.rows.append((self.newest, row))
        if len(kept.rows) > self._capacity:
            kept.gone, _ = kept.rows.popleft()
        if key:
            kept.present[key] = row
            if len(kept.present) > self._capacity:
                del kept.present[next(iter(kept.present))]
        self._composed.clear()

    def lose(self, topic: Topic) -> None:
        """Note that rows are missing here, so that every reader learns of a hole."""
        self.newest += 1
        kept = self._kept.setdefault(topic, _Kept())
        kept.rows.clear()
        kept.gone = self.newest
        self._composed.clear()

    def show(self, topic: Topic, snapshot: Snapshot) -> None:
        """Say how to learn what is known of a topic, where its rows do not tell."""
        self._snapshots[topic] = snapshot

    def forget(self, topic: Topic) -> None:
        """Know nothing of a topic any more."""
        self._kept.pop(topic, None)
        self._snapshots.pop(topic, None)
        self._composed.clear()

    def begin(self, first: int) -> None:
        """Begin anew, with numbers that nobody has seen."""
        self._kept.clear()
        self._composed.clear()
        self.first = self.newest = first

    def snapshot(self, topic: Topic) -> list[Row] | None:
        """What is known of a topic now; None while nothing is."""
        if show := self._snapshots.get(topic):
            return show()
        kept = self._kept.get(topic)
        return list(kept.present.values()) or None if kept else None

    def reaches(self, topic: Topic, seen: int) -> bool:
        """Whether everything after that number is still here."""
        kept = self._kept.get(topic)
        gone = self.first if kept is None else max(self.first, kept.gone)
        return gone <= seen <= self.newest

    def since(self, topics: Topics, seen: int) -> News:
        """What came of these topics after a number, the oldest first, at most so many rows."""
        news = self._composed.get((topics, seen))
        if news is None:
            news = self._since(topics, seen)
            _keep(self._composed, (topics, seen), news)
        return news

    def _since(self, topics: Topics, seen: int) -> News:
        followed = [(topic, kept) for topic in topics if (kept := self._kept.get(topic))]
        missed = [_after(kept.rows, seen) for _, kept in followed]
        rows = list(heapq.merge(*missed, key=lambda numbered: numbered[0]))
        lost = frozenset(topic for topic, kept in followed if kept.gone > seen)
        if len(rows) > self._most:
            rows = rows[: self._most]
            return News(tuple(_parts(rows, is_single=self._is_single)), rows[-1][0], lost)
        return News(tuple(_parts(rows, is_single=self._is_single)), self.newest, lost)


def _keep(composed: dict[tuple[Topics, int], News], key: tuple[Topics, int], news: News) -> None:
    """Keep what was composed for others; on a quiet channel nothing else empties it."""
    if len(composed) >= MOST_COMPOSED:
        composed.clear()
    composed[key] = news


class _Known:
    """A row that is made when it is first read."""

    __slots__ = ("_make", "_row", "number")

    def __init__(self, number: int, make: Callable[[], Row]) -> None:
        self.number = number
        self._make = make
        self._row: Row | None = None

    @property
    def row(self) -> Row:
        if self._row is None:
            self._row = self._make()
        return self._row


@dataclass(slots=True)
class _Kept:
    """Rows of one topic: in order, and by what they stand for."""

    rows: deque[tuple[int, Row]] = field(default_factory=deque)
    present: dict[str, Row] = field(default_factory=dict)
    gone: int = -1
    """Number of the newest row that is no longer kept."""


def _after(rows: deque[tuple[int, Row]], seen: int) -> list[tuple[int, Row]]:
    """The rows after a number: looked for from the end, where readers are as a rule."""
    found = []
    for numbered in reversed(rows):
        if numbered[0] <= seen:
            break
        found.append(numbered)
    found.reverse()
    return found


def _parts(rows: Iterable[tuple[int, Row]], *, is_single: bool = False) -> list[Part]:
    """Messages' worth of rows: as many as follow each other and are of one kind."""
    parts: list[Part] = []
    run: list[str] = []
    kind: Kind = "update"
    last = 0
    for number, row in rows:
        its_kind: Kind = "gap" if row.is_gap else "update"
        if run and (is_single or its_kind != kind):
            parts.append(Part(kind, ",".join(run), last))
            run = []
        kind, last = its_kind, number
        run.append(row.text)
    if run:
        parts.append(Part(kind, ",".join(run), last))
    return parts
