"""A collector that asks clients when Prometheus asks it; nothing is counted twice or kept."""

import math
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from aioibkr import Client
from aioibkr.integrations.prometheus.families import FAMILIES, Family, Kind
from aioibkr.models import Health, Histogram, LinkHealth, LinkMetrics, Metrics

__all__ = ["ClientCollector"]

Clients = Callable[[], Mapping[str, Client | None]]
Counts = Mapping[str, int] | Mapping[int, int]
STATES = (
    "idle", "connecting", "handshaking", "live", "suspect", "degraded", "waiting", "tripped",
    "closed",
)  # fmt: skip
BUILDERS = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}


class ClientCollector(Collector):
    """Tells what clients have counted and how they stand.

    Args:
        clients: Asked at each scrape: the clients by name; None for one that has not been made,
            which counts as not connected. Asking must not connect.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def describe(self) -> list[Metric]:
        """Every family without samples, so that registering asks no client."""
        return [_empty(family) for family in FAMILIES.values()]

    def collect(self) -> Iterator[Metric]:
        """Every family with the samples of this moment."""
        families = {name: _empty(family) for name, family in FAMILIES.items()}
        for name, client in self._clients().items():
            _tell(_Samples(families, name), client)
        return iter(families.values())


class _Samples:
    """Adds samples of one client to the families."""

    def __init__(self, families: Mapping[str, Metric], integration: str) -> None:
        self._families, self._integration = families, integration

    def add(self, name: str, value: float | None, *labels: object) -> None:
        """Add one number; what is not known is left out."""
        if value is not None:
            told = [self._integration, *map(str, labels)]
            family = self._families[name]
            if isinstance(family, CounterMetricFamily | GaugeMetricFamily):
                family.add_metric(told, value)

    def add_all(
        self, name: str, values: Mapping[str, int] | Mapping[int, int], *labels: str
    ) -> None:
        """Add a number for each key, which becomes the last label."""
        for key, value in values.items():
            self.add(name, value, *labels, key)

    def add_histogram(self, name: str, histogram: Histogram, *labels: str) -> None:
        """Add a distribution."""
        family = self._families[name]
        if isinstance(family, HistogramMetricFamily):
            buckets = [(_bound(bound), count) for bound, count in histogram.buckets]
            family.add_metric([self._integration, *labels], buckets, histogram.sum)


def _empty(family: Family) -> Metric:
    metric: Metric = BUILDERS[family.kind](family.name, family.help, labels=family.labels)
    return metric


def _bound(seconds: float) -> str:
    """A bucket's upper bound as Prometheus writes it."""
    return "+Inf" if math.isinf(seconds) else repr(seconds)


def _tell(samples: _Samples, client: Client | None) -> None:
    samples.add("connected", client is not None and client.is_connected)
    samples.add("ready", client is not None and client.ready)
    if client is None:
        return
    metrics, health = client.metrics(), client.health()
    _tell_health(samples, health)
    _tell_link(samples, "control", metrics.control, health.control)
    if metrics.feed is not None:
        _tell_link(samples, "feed", metrics.feed, health.feed)
    _tell_requests(samples, metrics)
    _tell_queues(samples, metrics)


def _tell_health(samples: _Samples, health: Health) -> None:
    samples.add("working_orders", health.working_orders)
    for line in health.lines:
        samples.add("lines_used", line.used, line.name)
        samples.add("lines_allowed", line.limit, line.name)
    if health.pacing is not None:
        samples.add("pacing_messages_left", health.pacing.left)
        samples.add("pacing_messages_waiting", health.pacing.waiting)


def _tell_link(samples: _Samples, link: str, told: LinkMetrics, health: LinkHealth | None) -> None:
    for state in STATES:
        samples.add("link_state", health is not None and health.state == state, link, state)
    samples.add("link_uptime_seconds", told.uptime, link)
    samples.add("link_live_seconds", told.live_time, link)
    samples.add("link_connections", told.connections, link)
    samples.add("link_connect_failures", told.failures, link)
    samples.add("link_reconnect_attempts", told.reconnection_attempts, link)
    samples.add("link_breaker_trips", told.circuit_breaker_trips, link)
    samples.add_all("link_losses", told.losses, link)
    samples.add_all("link_reconnects", told.reconnects, link)
    samples.add("link_probes", told.probes, link)
    samples.add_histogram("link_round_trip_seconds", told.round_trips, link)
    samples.add_all("link_notices", told.notices, link)


def _tell_requests(samples: _Samples, metrics: Metrics) -> None:
    samples.add("orders_placed", metrics.orders_placed)
    samples.add("orders_acknowledged", metrics.orders_successful)
    for request, told in metrics.requests.items():
        samples.add("requests", told.count - told.failed, request, "ok")
        samples.add("requests", told.failed, request, "failed")
        samples.add("requests", told.cancelled, request, "cancelled")
        samples.add_histogram("request_duration_seconds", told.latency, request)
    samples.add_all("request_errors", metrics.errors)
    samples.add("request_errors", metrics.errors_with_other_codes, "other")


def _tell_queues(samples: _Samples, metrics: Metrics) -> None:
    queues = metrics.queues
    samples.add("queue_items", queues.commands, "commands")
    samples.add("queue_items", queues.pacing, "pacing")
    samples.add("queue_items", queues.feed_requests, "feed_requests")
    samples.add("queue_items", queues.streams, "streams")
    for stream, told in metrics.streams.items():
        samples.add("streams_open", told.open, stream)
        samples.add("stream_waiting_items", told.waiting, stream)
        samples.add("stream_lost_items", told.lost, stream)
