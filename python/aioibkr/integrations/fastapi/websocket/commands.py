"""What a peer may say: text in, one command out, or `Refused` with words for its author.

Pure. A command that is accepted makes sense by itself; whether it fits the limits of its
connection is judged by `connection`.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

__all__ = [
    "ACCOUNT_CHANNELS",
    "BAR_DURATIONS",
    "CHANNELS",
    "Channel",
    "Command",
    "Identity",
    "Ping",
    "Pong",
    "Refused",
    "Resume",
    "Subscribe",
    "Topic",
    "Unsubscribe",
    "parse",
]

Channel: TypeAlias = Literal["quotes", "ticks", "depth", "bars", "orders", "pnl", "session"]
Identity: TypeAlias = str | int | None
"""The peer's own name of a command, echoed in the answer to it."""

CHANNELS: tuple[Channel, ...] = ("quotes", "ticks", "depth", "bars", "orders", "pnl", "session")
ACCOUNT_CHANNELS: frozenset[Channel] = frozenset({"orders", "pnl", "session"})
"""Channels that are about the account or the link; the others are about symbols."""

TICK_KINDS = ("Last", "AllLast", "BidAsk", "MidPoint")
DEFAULT_BAR_SIZE = "1 min"
BAR_DURATIONS = {
    "5 secs": "1800 S",
    "10 secs": "3600 S",
    "15 secs": "3600 S",
    "30 secs": "3600 S",
    "1 min": "1 D",
    "2 mins": "1 D",
    "5 mins": "1 D",
    "15 mins": "2 D",
    "30 mins": "1 W",
    "1 hour": "1 W",
    "1 day": "1 Y",
}
"""How far back the first bars reach, by bar size: some hundreds of bars."""

LONGEST_ID = 64
LARGEST_NUMBER = 2**53  # what every JSON reader holds exactly
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9 ./\-]{0,19}")
FIELDS = {
    "subscribe": {"action", "channel", "symbols", "id", "bar_size", "kind"},
    "unsubscribe": {"action", "channel", "symbols", "id", "bar_size", "kind"},
    "resume": {"action", "channel", "after", "id"},
    "ping": {"action", "id"},
    "pong": {"action", "id"},
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to hear of: a symbol on a channel, or the channel of the account itself."""

    channel: Channel
    symbol: str = ""
    option: str = ""
    """Bar size of bars, kind of tick-by-tick data; else empty."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Hear of these topics, all of one channel."""

    channel: Channel
    topics: tuple[Topic, ...]
    id: Identity = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Hear of them no more; without topics, of none of the channel."""

    channel: Channel
    topics: tuple[Topic, ...]
    id: Identity = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Hear of every order event after the one with this number."""

    after: int
    id: Identity = None
    channel: Literal["orders"] = "orders"


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer, please."""

    id: Identity = None


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to our own question."""


Command: TypeAlias = Subscribe | Unsubscribe | Resume | Ping | Pong


class Refused(Exception):
    """A message that is no command; `detail` says why, and the connection stays up."""

    def __init__(self, detail: str, *, channel: str | None = None, id: Identity = None) -> None:  # noqa: A002 - the protocol's word
        super().__init__(detail)
        self.detail = detail
        self.channel = channel
        self.id = id


def parse(text: str | None) -> Command:
    """Read one message, None if it was not text; raises `Refused`."""
    if text is None:
        raise Refused("a message is text, not binary")
    fields = _object(text)
    identity = _identity(fields)
    try:
        return _command(fields, identity)
    except Refused as refused:
        named = fields.get("channel")
        channel = named if isinstance(named, str) and named in CHANNELS else None
        raise Refused(refused.detail, channel=channel, id=identity) from None


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {_first_words(error)}") from None
    if not isinstance(found, dict):
        raise Refused("a message is a JSON object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _first_words(error: Exception) -> str:
    return "too deep" if isinstance(error, RecursionError) else str(error)[:100]


def _identity(fields: dict[str, object]) -> Identity:
    given = fields.get("id")
    if given is None or (isinstance(given, str) and len(given) <= LONGEST_ID):
        return given
    if type(given) is int and abs(given) <= LARGEST_NUMBER:
        return given
    raise Refused(f"id: a text of at most {LONGEST_ID} characters, or a whole number")


def _command(fields: dict[str, object], identity: Identity) -> Command:
    action = fields.get("action")
    if not isinstance(action, str) or action not in FIELDS:
        raise Refused(f"action: one of {' '.join(FIELDS)}")
    if unknown := sorted(set(fields) - FIELDS[action]):
        raise Refused(f"{action} has no field {unknown[0][:40]!r}")
    if action == "ping":
        return Ping(identity)
    if action == "pong":
        return Pong()
    channel = _channel(fields)
    if action == "resume":
        return Resume(_after(fields, channel), identity)
    topics = _topics(fields, channel, is_all_allowed=action == "unsubscribe")
    kind = Subscribe if action == "subscribe" else Unsubscribe
    return kind(channel, topics, identity)


def _channel(fields: dict[str, object]) -> Channel:
    for channel in CHANNELS:
        if fields.get("channel") == channel:
            return channel
    raise Refused(f"channel: one of {' '.join(CHANNELS)}")


def _after(fields: dict[str, object], channel: Channel) -> int:
    after = fields.get("after")
    if channel != "orders":
        raise Refused("only the channel orders can be resumed")
    if type(after) is not int or not 0 <= after <= LARGEST_NUMBER:
        raise Refused("after: the seq of the last order event that was seen")
    return after


def _topics(
    fields: dict[str, object], channel: Channel, *, is_all_allowed: bool
) -> tuple[Topic, ...]:
    option = _option(fields, channel)
    if channel in ACCOUNT_CHANNELS:
        if "symbols" in fields:
            raise Refused(f"channel {channel} takes no symbols")
        return (Topic(channel),)
    if "symbols" not in fields and is_all_allowed:
        return ()
    symbols = fields.get("symbols")
    if not isinstance(symbols, list) or not symbols:
        raise Refused('symbols: a list such as ["AAPL"]')
    named = dict.fromkeys(map(_plain, symbols))
    return tuple(Topic(channel, _symbol(given), option) for given in named)


def _plain(given: object) -> str:
    return given.strip().upper() if isinstance(given, str) else ""


def _symbol(given: str) -> str:
    if not SYMBOL.fullmatch(given):
        raise Refused(f"symbol {given[:20]!r}: one to twenty letters, digits, spaces, . / or -")
    return given


def _option(fields: dict[str, object], channel: Channel) -> str:
    for name, owner in (("bar_size", "bars"), ("kind", "ticks")):
        if name in fields and channel != owner:
            raise Refused(f"{name} goes with channel {owner}")
    if channel == "bars":
        return _one_of("bar_size", fields.get("bar_size", DEFAULT_BAR_SIZE), tuple(BAR_DURATIONS))
    if channel == "ticks" and "kind" in fields:
        return _one_of("kind", fields["kind"], TICK_KINDS)
    return ""


def _one_of(name: str, given: object, known: tuple[str, ...]) -> str:
    if not isinstance(given, str) or given not in known:
        raise Refused(f"{name}: one of {', '.join(known)}")
    return given
