"""`GET /metrics`: what Prometheus reads, and what the dashboard in `docs` asks it for."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

import aioibkr as ib
from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.integrations.prometheus import FAMILIES, ClientCollector
from aioibkr.testing import MockGateway
from python.broker.wishes import until

DASHBOARD = Path(__file__).resolve().parents[3] / "docs" / "grafana-dashboard.json"
ORDER = {"symbol": "AAPL", "quantity": 1, "side": "BUY", "order_type": "limit", "price": 1.5}
# https://prometheus.io/docs/practices/naming/: base units, no unit of another size.
NOT_BASE = re.compile(r"_(ms|milliseconds|minutes|hours|percent|kb)(_|$)")


def families_of(text: str) -> list[Metric]:
    """The families of a scrape."""
    return list(text_string_to_metric_families(text))


def samples_of(text: str) -> dict[tuple[str, ...], float]:
    """The samples of a scrape by name and the values of their labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families_of(text)
        for sample in family.samples
    }


async def scrape(web: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """What is told now."""
    answer = await web.get("/metrics")
    assert answer.status_code == 200
    return samples_of(answer.text)


async def test_scrape_tells_what_the_client_counted(web: httpx.AsyncClient) -> None:
    placed = await web.post("/api/ibkr/orders", json=ORDER)
    assert placed.status_code == 200

    told = await scrape(web)

    assert told["aioibkr_connected", "default"] == 1
    assert told["aioibkr_orders_placed_total", "default"] == 1
    assert told["aioibkr_orders_acknowledged_total", "default"] == 1
    assert told["aioibkr_requests_total", "default", "ok", "place"] == 1
    assert told["aioibkr_link_connections_total", "default", "control"] == 1
    assert told["aioibkr_link_state", "default", "control", "live"] == 1
    assert told["aioibkr_request_duration_seconds_count", "default", "place"] == 1
    assert told["aioibkr_request_duration_seconds_bucket", "default", "+Inf", "place"] == 1


async def test_lost_link_is_told(web: httpx.AsyncClient, mock_gateway: MockGateway) -> None:
    mock_gateway.down()

    async def told() -> bool:
        samples = await scrape(web)
        lost = samples.get(("aioibkr_link_losses_total", "default", "control", "ended"), 0)
        return samples["aioibkr_connected", "default"] == 0 and lost >= 1

    await until(told)


async def test_open_metrics_are_told_to_who_asks(web: httpx.AsyncClient) -> None:
    wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}

    answer = await web.get("/metrics", headers=wanted)

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    told = open_metrics_families(answer.text)  # type: ignore[no-untyped-call]
    names = {family.name for family in told}
    assert names == {family.name for family in FAMILIES.values()}


async def test_names_units_and_labels_are_as_the_conventions_ask(web: httpx.AsyncClient) -> None:
    text = (await web.get("/metrics")).text

    families = families_of(text)

    assert [f.name for f in families if not re.fullmatch(r"aioibkr(_[a-z]+)+", f.name)] == []
    assert [f.name for f in families if NOT_BASE.search(f.name)] == []
    assert [f.name for f in families if not f.documentation.endswith(".")] == []
    counters = [sample.name for f in families if f.type == "counter" for sample in f.samples]
    assert counters
    assert [name for name in counters if not name.endswith(("_total", "_created"))] == []
    assert [f.name for f in families if f.type == "gauge" and f.name.endswith("_total")] == []


@pytest.fixture
async def idle(mock_gateway: MockGateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose broker is switched off."""
    app = FastAPI()
    app.include_router(router())
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(IBKRSettings(ibkr_port=mock_gateway.port))(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def test_scrape_connects_nothing(idle: httpx.AsyncClient, mock_gateway: MockGateway) -> None:
    told = await scrape(idle)

    assert told["aioibkr_connected", "default"] == 0
    assert mock_gateway.connect_count == 0


async def test_application_may_have_metrics_of_its_own(idle: httpx.AsyncClient) -> None:
    app = FastAPI()
    app.include_router(router(metrics=False))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as other:
        assert (await other.get("/metrics")).status_code == 404
    assert (await idle.get("/metrics")).status_code == 200


async def test_collector_serves_registries_of_others(mock_gateway: MockGateway) -> None:
    async with ib.connect(port=mock_gateway.port) as client:
        registries = [CollectorRegistry(), CollectorRegistry()]
        for registry in registries:
            registry.register(ClientCollector(lambda: {"desk": client}))
        told = [samples_of(generate_latest(registry).decode()) for registry in registries]

    assert [samples["aioibkr_connected", "desk"] for samples in told] == [1, 1]


def test_every_metric_of_the_dashboard_exists() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    told = generate_latest(ClientCollector(dict)).decode()
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}

    asked = {name for query in queries for name in re.findall(r"\baioibkr_\w+", query)}

    assert len(asked) > 10
    assert asked - known == set()
