"""The protocol without sockets: what is a command, what a reader has not seen, what it costs."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aioibkr.errors import ConfigError
from aioibkr.integrations.fastapi.websocket import SocketLimits
from aioibkr.integrations.fastapi.websocket.channels import Latest, Trail
from aioibkr.integrations.fastapi.websocket.commands import (
    Ping,
    Pong,
    Refused,
    Resume,
    Subscribe,
    Topic,
    Unsubscribe,
    parse,
)
from aioibkr.integrations.fastapi.websocket.limits import Allowance
from aioibkr.integrations.fastapi.websocket.messages import Row
from aioibkr.integrations.fastapi.websocket.subscriptions import Subscriptions

AAPL, MSFT = Topic("quotes", "AAPL"), Topic("quotes", "MSFT")
BAR, TICK = Topic("bars", "A", "1 min"), Topic("ticks", "A", "Last")
GIVEN = settings(derandomize=True, deadline=None, max_examples=200)
AT = "2026-01-02T03:04:05+00:00"

COMMANDS = [
    ({"action": "ping"}, Ping()),
    ({"action": "ping", "id": 7}, Ping(7)),
    ({"action": "pong"}, Pong()),
    (
        {"action": "subscribe", "channel": "quotes", "symbols": ["aapl ", "MSFT", "AAPL"]},
        Subscribe("quotes", (AAPL, MSFT)),
    ),
    ({"action": "subscribe", "channel": "bars", "symbols": ["A"]}, Subscribe("bars", (BAR,))),
    (
        {"action": "subscribe", "channel": "ticks", "symbols": ["A"], "kind": "Last"},
        Subscribe("ticks", (TICK,)),
    ),
    ({"action": "subscribe", "channel": "orders"}, Subscribe("orders", (Topic("orders"),))),
    ({"action": "unsubscribe", "channel": "quotes"}, Unsubscribe("quotes", ())),
    ({"action": "resume", "channel": "orders", "after": 0, "id": "r"}, Resume(0, "r")),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["subscribe", "unsubscribe", "resume", "ping"]) | JSON,
        "channel": st.sampled_from(["quotes", "orders", "bars"]) | JSON,
        "symbols": st.lists(st.text(max_size=25), max_size=3) | JSON,
        "after": JSON,
        "id": JSON,
        "bar_size": JSON,
        "kind": JSON,
    },
)


@pytest.mark.parametrize(("fields", "command"), COMMANDS)
def test_a_command_is_understood(fields: dict[str, object], command: object) -> None:
    assert parse(json.dumps(fields)) == command


@GIVEN
@given(st.text() | JSON.map(json.dumps) | FIELDS.map(json.dumps))
def test_anything_is_a_command_or_refused_with_words(text: str) -> None:
    assert refusal_of(text) != ""


def refusal_of(text: str) -> str | None:
    """Why a message is no command; None if it is one. Nothing else may be raised."""
    try:
        parse(text)
    except Refused as refused:
        json.dumps(refused.id)
        return refused.detail
    return None


def row(text: object) -> Row:
    """A row of a text."""
    return Row(str(text))


@GIVEN
@given(
    st.lists(st.tuples(st.sampled_from([AAPL, MSFT]), st.booleans()), max_size=60),
    st.integers(1, 10),
    st.integers(1, 10),
)
def test_a_trail_tells_everything_in_order_or_that_there_is_a_hole(
    steps: list[tuple[Topic, bool]], capacity: int, most: int
) -> None:
    trail, seen, heard, lost = Trail(capacity=capacity, most=most), 0, [], False
    followed = frozenset({AAPL, MSFT})
    for number, (topic, reads) in enumerate(steps, start=1):
        trail.put(topic, row(number))
        if reads:
            news = trail.since(followed, seen)
            lost |= bool(news.lost)
            heard += [int(text) for part in news.parts for text in part.rows.split(",")]
            seen = news.seen
    while seen < trail.newest:
        news = trail.since(followed, seen)
        lost |= bool(news.lost)
        heard += [int(text) for part in news.parts for text in part.rows.split(",")]
        seen = news.seen

    assert all(before < after for before, after in pairwise(heard))
    assert lost or heard == list(range(1, len(steps) + 1))


def test_what_is_resumed_is_whole_or_refused() -> None:
    trail = Trail(capacity=3, first=100, is_single=True)
    topic = Topic("orders")
    reached_at_first = trail.reaches(topic, 100)
    for number in range(101, 106):
        trail.put(topic, row(number))

    reached = [after for after in range(95, 110) if trail.reaches(topic, after)]

    assert reached_at_first
    assert reached == [102, 103, 104, 105]
    assert [part.number for part in trail.since(frozenset({topic}), 102).parts] == [103, 104, 105]


def test_a_row_is_made_once_for_all_who_want_it() -> None:
    made: list[int] = []
    latest = Latest()

    def make() -> Row:
        made.append(1)
        return row("a")

    latest.put(AAPL, make)
    latest.put(MSFT, lambda: row("m"))

    first = latest.since(frozenset({AAPL}), 0)
    again = latest.since(frozenset({AAPL}), 0)
    both = latest.since(frozenset({AAPL, MSFT}), 0)

    assert first is again
    assert made == [1]
    assert sorted(both.parts[0].rows.split(",")) == ["a", "m"]
    assert latest.since(frozenset({AAPL, MSFT}), both.seen).parts == ()


def test_a_topic_that_joins_begins_with_its_snapshot_and_the_others_go_on() -> None:
    latest, mine = Latest(), Subscriptions(SocketLimits())
    latest.put(AAPL, lambda: row('"a1"'))
    mine.add([AAPL])
    mine.collect({"quotes": latest}, AT, missed=0)
    latest.put(AAPL, lambda: row('"a2"'))
    latest.put(MSFT, lambda: row('"m1"'))
    mine.add([MSFT])

    told = [json.loads(text) for text in mine.collect({"quotes": latest}, AT, missed=0)]

    assert [(message["type"], message["data"], message["seq"]) for message in told] == [
        ("update", ["a2"], 2),
        ("snapshot", ["m1"], 3),
    ]
    assert mine.collect({"quotes": latest}, AT, missed=0) == []


def test_an_allowance_comes_back_with_time_and_never_exceeds_its_burst() -> None:
    allowance = Allowance(per_second=2.0, burst=3, now=0.0)

    spent = [allowance.spend(1, now=0.0) for _ in range(4)]
    later = [allowance.spend(1, now=100.0) for _ in range(4)]

    assert spent == later == [True, True, True, False]


@pytest.mark.parametrize("name", SocketLimits.__slots__)
def test_a_limit_that_cannot_be_meant_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        SocketLimits(**{name: 0})
