"""Answers that are problems: what they say, and that the API description knows them (T11)."""

import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from aioibkr import Settings
from aioibkr.integrations.fastapi import IBKRSettings, application, lifespan, router
from aioibkr.integrations.fastapi.problems import MEDIA_TYPE
from aioibkr.testing import MockGateway

ORDERS = "/api/ibkr/orders"
ORDER = '{"symbol": %s, "quantity": %s, "side": "buy", "order_type": "market"}'
JSON = {"Content-Type": "application/json"}
MEMBERS = {"type", "title", "status", "detail"}


@pytest.fixture
async def service(mock_gateway: MockGateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application."""
    app = application(Settings(ibkr_enabled=True, ibkr_port=mock_gateway.port))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


BODIES = {
    "no json": ("{", 400),
    "half json": ('{"symbol": "AAPL"', 400),
    "not utf-8": (b'{"symbol": "\xff"}', 400),
    "lone surrogate": (ORDER % (r'"\ud800"', 1), 400),
    "nul": (ORDER % (r'"AA\u0000PL"', 1), 400),
    "newline": (ORDER % (r'"AA\nPL"', 1), 400),
    "nothing": ("", 422),
    "a list": ("[]", 422),
    "null": ("null", 422),
    "deep": ("[" * 100_000, 400),
    "no number": (ORDER % ('"AAPL"', "NaN"), 422),
    "infinite": (ORDER % ('"AAPL"', "1e999"), 422),
    "huge": (ORDER % ('"AAPL"', "1e308"), 400),
    "many digits": (ORDER % ('"AAPL"', "9" * 5000), 400),
    "tiny": (ORDER % ('"AAPL"', "1e-300"), 400),
    "unknown symbol": (ORDER % ('"NOSUCH"', 1), 400),
    "long symbol": (ORDER % ('"' + "A" * 21 + '"', 1), 422),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
async def test_body_that_cannot_be_meant_is_a_problem(
    service: httpx.AsyncClient, mock_gateway: MockGateway, body: str | bytes, status: int
) -> None:
    answer = await service.post(ORDERS, content=body, headers=JSON)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json().keys() >= MEMBERS
    assert answer.json()["status"] == status
    assert len(answer.content) < 2000
    assert mock_gateway.orders() == []
    assert (await service.get(ORDERS)).status_code == 200


async def test_objections_name_their_fields(service: httpx.AsyncClient) -> None:
    answer = await service.post(ORDERS, json={"symbol": "AAPL", "quantity": 0, "side": "hold"})

    body = answer.json()
    assert {tuple(each["loc"]) for each in body["errors"]} == {
        ("body", "quantity"),
        ("body", "side"),
        ("body", "order_type"),
    }
    assert "quantity: Input should be greater than 0" in body["detail"]


PATHS = {
    "nul in a symbol": ("GET", "/api/ibkr/quote/A%00", 400),
    "bytes that are no text": ("GET", "/api/ibkr/quote/%ff%fe", 400),
    "unknown symbol": ("GET", "/api/ibkr/quote/NOSUCH", 404),
    "blank symbol": ("GET", "/api/ibkr/quote/%20", 422),
    "order id that is no number": ("GET", f"{ORDERS}/x", 400),
    "order id beyond every number": ("GET", f"{ORDERS}/{'9' * 400}", 404),
    "digits of another script": ("DELETE", f"{ORDERS}/%D9%A1", 400),
    "path": ("GET", "/api/ibkr/nothing", 404),
    "slash at the end": ("GET", "/api/ibkr/status/", 404),
    "method": ("PUT", ORDERS, 405),
    "probe": ("GET", "/api/ibkr/health?probe=x", 422),
}


@pytest.mark.parametrize(("method", "path", "status"), PATHS.values(), ids=PATHS)
async def test_path_that_names_nothing_is_a_problem(
    service: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await service.request(method, path)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json().keys() >= MEMBERS


KEYS = {"bar": "a|b", "long": "k" * 39, "not ascii": "schlüssel"}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
async def test_key_that_cannot_be_sent_is_400(
    service: httpx.AsyncClient, mock_gateway: MockGateway, key: str
) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1"), b"Content-Type": b"application/json"}

    answer = await service.post(ORDERS, content=ORDER % ('"AAPL"', 1), headers=headers)

    assert answer.status_code == 400
    assert "38" in answer.json()["detail"]
    assert mock_gateway.orders() == []


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


async def test_503_says_why(closed_port: int) -> None:
    app = FastAPI()
    app.include_router(router())
    wanted = IBKRSettings(ibkr_enabled=True, ibkr_port=closed_port, ibkr_connect_timeout=0.3)
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(wanted)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        told = [
            await client.get("/api/ibkr/account"),
            await client.post(ORDERS, content=ORDER % ('"AAPL"', 1), headers=JSON),
            await client.post("/api/ibkr/connect"),
        ]

    assert [answer.status_code for answer in told] == [503] * 3
    for answer in told:
        assert f"127.0.0.1:{closed_port}" in answer.json()["detail"]


async def test_fault_of_ours_is_told_without_its_inside(
    service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("aioibkr.IBKRBroker.get_metrics", broken)

    answer = await service.get("/api/ibkr/metrics")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "secret" not in answer.text


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and described answers of every route."""
    for path, item in application(Settings()).openapi()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation["responses"]


ALWAYS = {"200", "403", "408", "413", "421", "503"}
MORE = {
    ("POST", ORDERS): {"400", "401", "422", "504"},
    ("GET", f"{ORDERS}/{{order_id}}"): {"400", "401", "404", "422"},
    ("DELETE", f"{ORDERS}/{{order_id}}"): {"400", "401", "422", "504"},
    ("GET", "/api/ibkr/quote/{symbol}"): {"400", "401", "404", "422"},
    ("GET", "/api/ibkr/health"): {"422"},
}


def test_t11_every_status_is_described_with_an_example() -> None:
    for method, path, answers in operations():
        assert set(answers) == ALWAYS | MORE.get((method, path), {"401"}), path
        for status, answer in answers.items():
            if status == "200":
                continue
            problem = answer["content"][MEDIA_TYPE]
            assert problem["schema"], path
            for example in problem["examples"].values():
                assert example["value"].keys() >= MEMBERS, path
