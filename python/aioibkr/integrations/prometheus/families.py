"""The table of everything that is told to Prometheus: names, kinds, help texts, labels.

Every family also has the label `integration`, the name under which its client is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["FAMILIES", "Family", "Kind"]

PREFIX = "aioibkr_"


class Kind(Enum):
    """What a number means: one that only grows, one of this moment, or a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Family:
    """One family of samples; `name` is without the `_total` that counters get."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(PREFIX + name, Kind.COUNTER, text, ("integration", *labels))


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(PREFIX + name, Kind.GAUGE, text, ("integration", *labels))


def _histogram(name: str, text: str, *labels: str) -> Family:
    return Family(PREFIX + name, Kind.HISTOGRAM, text, ("integration", *labels))


_TABLE = (
    _gauge("connected", "1 while the link to the gateway is up, else 0."),
    _gauge("ready", "1 while accounts, positions, orders and executions are known, else 0."),
    _gauge("working_orders", "Working orders of the login; absent while not known."),
    _counter("orders_placed", "Orders whose write was completed."),
    _counter("orders_acknowledged", "Orders the gateway acknowledged."),
    _gauge("link_state", "1 for the state the link is in, else 0.", "link", "state"),
    _gauge("link_uptime_seconds", "Seconds since the present link was opened.", "link"),
    _counter("link_live_seconds", "Seconds in state live, over all links.", "link"),
    _counter("link_connections", "Links opened.", "link"),
    _counter("link_connect_failures", "Tries that opened no link.", "link"),
    _counter("link_reconnect_attempts", "Tries to open a link after one was lost.", "link"),
    _counter("link_breaker_trips", "Times the circuit breaker opened.", "link"),
    _counter("link_losses", "Links that ended, by reason.", "link", "reason"),
    _counter(
        "link_reconnects", "Links opened after one that ended, by reason.", "link", "reason"
    ),
    _counter("link_probes", "Questions asked of a silent link.", "link"),
    _histogram(
        "link_round_trip_seconds", "From such a question to the next thing that came.", "link"
    ),
    _counter("link_notices", "Notices of the gateway, by IB's code.", "link", "code"),
    _counter("requests", "Requests by end: ok, failed, cancelled.", "request", "outcome"),
    _histogram("request_duration_seconds", "How long requests took that ended.", "request"),
    _counter("request_errors", "Failures of requests and streams, by IB's code.", "code"),
    _gauge("queue_items", "What waits, by where.", "queue"),
    _gauge("streams_open", "Streams that somebody holds, by kind.", "stream"),
    _gauge("stream_waiting_items", "Items that wait for their readers, by kind.", "stream"),
    _counter("stream_lost_items", "Items no reader got, by kind.", "stream"),
    _gauge("lines_used", "Market-data lines in use, by the limit they count against.", "limit"),
    _gauge("lines_allowed", "Market-data lines the account has, by limit.", "limit"),
    _gauge("pacing_messages_left", "Messages that could be sent to the gateway at once."),
    _gauge("pacing_messages_waiting", "Messages that wait for their turn."),
)  # fmt: skip

FAMILIES: Final[Mapping[str, Family]] = {
    family.name.removeprefix(PREFIX): family for family in _TABLE
}
"""Every family by its name without `aioibkr_`."""
