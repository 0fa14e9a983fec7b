"""Who is let in: hosts, origins, tokens, for requests and WebSockets alike."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from hypothesis import given, settings, strategies
from starlette.types import Scope
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from aioibkr import Settings
from aioibkr.errors import ConfigError
from aioibkr.integrations.fastapi import IBKRSettings, lifespan, protect, router
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.guard import Guard
from aioibkr.integrations.fastapi.routes import admitted
from aioibkr.testing import MockGateway
from python.fastapi.serving import serving

TOKEN = "correct-horse-battery-staple"  # noqa: S105 - of a test
ACCOUNT = "/api/ibkr/account"
ORDERS = "/api/ibkr/orders"
MARKET = {"symbol": "AAPL", "quantity": 1, "side": "BUY", "order_type": "market"}


def scope_of(*headers: tuple[str, str], method: str = "GET", server: str = "127.0.0.1") -> Scope:
    """The head of a request."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "method": method, "headers": raw, "server": (server, 8000)}


def status_for(access: Access, scope: Scope) -> int:
    """The status of the refusal, 200 without one."""
    problem = access.objection(scope) or access.token_objection(scope)
    return 200 if problem is None else problem.status


HOSTS = {
    "localhost": 200,
    "LOCALHOST:8000": 200,
    "localhost.": 200,
    "localhost:9000": 200,
    "127.0.0.1:8000": 200,
    "127.1.2.3": 200,
    "[::1]:8000": 200,
    "192.0.2.7:8000": 200,
    "desk.example": 200,
    "DESK.example:443": 200,
    "192.0.2.8": 421,
    "0.0.0.0:8000": 421,
    "evil.example": 421,
    "localhost.evil.example": 421,
    "evil.example:8000": 421,
    "desk.example.evil.example": 421,
    "user@localhost": 421,
    "localhost:8000@evil.example": 421,
    "localhost/evil": 421,
    "localhost:port": 421,
    "localhost, evil.example": 421,
    "127.0.0.1.evil.example": 421,
    "": 421,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_host_is_loopback_the_address_served_or_allowed(host: str, status: int) -> None:
    access = Access.of(Settings(ibkr_http_allowed_hosts="desk.example, other.example"))

    assert status_for(access, scope_of(("host", host), server="192.0.2.7")) == status


@pytest.mark.parametrize(
    "headers", [(), (("host", "localhost"), ("host", "evil.example"))], ids=["none", "two"]
)
def test_request_names_one_host(headers: tuple[tuple[str, str], ...]) -> None:
    assert status_for(Access(), scope_of(*headers)) == 421


def test_name_that_a_server_repeats_is_no_proof() -> None:
    scope = scope_of(("host", "evil.example"), server="evil.example")

    assert status_for(Access(), scope) == 421


@settings(derandomize=True, max_examples=300)
@given(strategies.from_regex(r"[a-z0-9.\-]{1,40}\.(com|net|example|dev|local)", fullmatch=True))
def test_no_other_name_is_ours(name: str) -> None:
    assert status_for(Access(), scope_of(("host", name))) == 421


ORIGINS = {
    "http://localhost:8000": 200,
    "http://127.0.0.1:8000": 200,
    "http://[::1]:8000": 200,
    "https://desk.example": 200,
    "HTTPS://DESK.example": 200,
    "http://localhost:3000": 403,
    "http://localhost": 403,
    "http://desk.example": 403,
    "https://desk.example:444": 403,
    "https://evil.example": 403,
    "http://localhost.evil.example:8000": 403,
    "http://evil.example:8000": 403,
    "file://localhost:8000": 403,
    "chrome-extension://abcdef": 403,
    "null": 403,
    "": 403,
}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(("origin", "status"), ORIGINS.items())
def test_page_is_our_own_or_allowed(origin: str, status: int, method: str) -> None:
    access = Access.of(
        Settings(ibkr_http_allowed_origins="https://desk.example/, https://b.example")
    )
    scope = scope_of(("host", "localhost:8000"), ("origin", origin), method=method)

    assert status_for(access, scope) == status


def test_page_behind_a_proxy_is_known_by_its_name() -> None:
    access = Access.of(Settings(ibkr_http_allowed_hosts="desk.example"))
    page = ("origin", "https://desk.example")

    assert status_for(access, scope_of(("host", "desk.example"), page)) == 200
    assert status_for(access, scope_of(("host", "desk.example:8000"), page)) == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://desk.example", 200),
        ("https://evil.example", 403),
        ("https://desk.example:444", 403),
    ],
)
def test_any_name_lets_in_no_page_of_another(origin: str, status: int) -> None:
    access = Access.of(Settings(ibkr_http_allowed_hosts="*"))

    assert status_for(access, scope_of(("host", "desk.example"), ("origin", origin))) == status
    assert status_for(access, scope_of(("host", "desk.example"))) == 200


FETCHES = [
    ("same-origin", "cors", "POST", 200),
    ("none", "navigate", "GET", 200),
    ("cross-site", "navigate", "GET", 200),
    ("cross-site", "navigate", "POST", 403),
    ("cross-site", "no-cors", "GET", 403),
    ("same-site", "no-cors", "GET", 403),
    ("same-site", "websocket", "GET", 403),
]


@pytest.mark.parametrize(("site", "mode", "method", "status"), FETCHES)
def test_what_a_foreign_page_loads_without_origin_is_refused(
    site: str, mode: str, method: str, status: int
) -> None:
    told = (("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-mode", mode))

    assert status_for(Access(), scope_of(*told, method=method)) == status


BROUGHT = {
    "bearer": ("authorization", f"Bearer {TOKEN}", 200),
    "bearer in any case": ("authorization", f"bearer  {TOKEN}", 200),
    "key": ("x-api-key", TOKEN, 200),
    "nothing": ("accept", "*/*", 401),
    "another": ("authorization", f"Bearer {TOKEN}x", 401),
    "a part": ("x-api-key", TOKEN[:-1], 401),
    "another scheme": ("authorization", f"Basic {TOKEN}", 401),
    "not ascii": ("x-api-key", "ÿ" * len(TOKEN), 401),
    "empty": ("x-api-key", "", 401),
}


@pytest.mark.parametrize(("name", "value", "status"), BROUGHT.values(), ids=BROUGHT)
def test_token_comes_as_bearer_or_as_key(name: str, value: str, status: int) -> None:
    access = Access.of(Settings(ibkr_http_token=TOKEN))

    assert status_for(access, scope_of(("host", "localhost"), (name, value))) == status


def test_token_is_read_from_a_file_of_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)

    assert Access.of(Settings(ibkr_http_token_file=str(file))).token == TOKEN


def test_token_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600 | stat.S_IRGRP)

    with pytest.raises(ConfigError, match="chmod 600"):
        Access.of(Settings(ibkr_http_token_file=str(file)))


@pytest.mark.parametrize("token", ["short", "with blanks in between", "ünïcödé-ünïcödé-ünïcödé"])
def test_token_that_protects_nothing_is_refused_unseen(token: str) -> None:
    with pytest.raises(ConfigError, match="secrets") as refused:
        Access.of(Settings(ibkr_http_token=token))

    assert token not in str(refused.value)


def test_token_is_shown_nowhere() -> None:
    shown = [
        Settings(ibkr_http_token=TOKEN),
        IBKRSettings(ibkr_http_token=TOKEN),
        Access.of(Settings(ibkr_http_token=TOKEN)),
    ]

    assert [value for value in map(repr, shown) if TOKEN in value] == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_t10_foreign_host_or_page_trades_nothing(
    web: httpx.AsyncClient, mock_gateway: MockGateway, method: str
) -> None:
    rebound = await web.request(method, ORDERS, json=MARKET, headers={"Host": "evil.example"})
    page = {"Origin": "https://evil.example"}
    crossed = await web.request(method, ORDERS, json=MARKET, headers=page)
    parted = await web.post("/api/ibkr/disconnect", headers=page)

    assert [answer.status_code for answer in (rebound, crossed, parted)] == [421, 403, 403]
    assert rebound.headers["content-type"] == "application/problem+json"
    assert rebound.json()["title"] == "Misdirected Request"
    assert "access-control-allow-origin" not in crossed.headers
    assert mock_gateway.orders() == []
    assert (await web.get("/api/ibkr/status")).json()["connected"]


@pytest.fixture
async def locked(mock_gateway: MockGateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token of a service that asks for one."""
    app = FastAPI()
    app.include_router(router())
    wanted = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_http_token=TOKEN)
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(wanted)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def test_without_the_token_only_health_is_told(locked: httpx.AsyncClient) -> None:
    refused = [
        await locked.get(path)
        for path in (ACCOUNT, ORDERS, "/api/ibkr/status", "/api/ibkr/metrics")
    ]
    placed = await locked.post(ORDERS, json=MARKET)
    health = await locked.get("/api/ibkr/health")
    owner = await locked.get(ACCOUNT, headers={"Authorization": f"Bearer {TOKEN}"})

    assert [answer.status_code for answer in (*refused, placed)] == [401] * 5
    assert refused[0].headers["www-authenticate"] == "Bearer"
    assert (health.status_code, owner.status_code) == (200, 200)


async def test_token_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    file = str(tmp_path / "gone")

    with pytest.raises(ConfigError, match="No such file"):
        lifespan(IBKRSettings(ibkr_http_token_file=file))


async def test_token_of_the_environment_that_protects_nothing_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IBKR_HTTP_TOKEN", "feeble")
    app = FastAPI()

    with pytest.raises(ConfigError, match="secrets"):
        async with lifespan(name="of-the-environment")(app):
            pass


async def test_guard_that_cannot_be_made_lets_nobody_in() -> None:
    def broken() -> Access:
        raise ConfigError("token file /gone: No such file or directory")

    transport = httpx.ASGITransport(Guard(echo(), broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/docs")

    assert answer.status_code == 503
    assert "No such file" in answer.json()["detail"]


def echo() -> FastAPI:
    """An application with one guarded and one plain WebSocket."""
    app = FastAPI()

    @app.websocket("/guarded", dependencies=[Depends(admitted)])
    @app.websocket("/plain")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    return app


@pytest.mark.parametrize("path", ["/guarded", "/plain"])
async def test_websocket_of_a_foreign_page_or_host_is_refused(path: str) -> None:
    app = echo()
    served = app if path == "/guarded" else protect(app)
    async with lifespan(IBKRSettings())(app), serving(served) as port:
        own, foreign = Origin(f"http://127.0.0.1:{port}"), Origin("https://evil.example")
        for origin, name in ((foreign, "127.0.0.1"), (own, "evil.example")):
            there = connect(
                f"ws://{name}:{port}{path}", origin=origin, proxy=None, host="127.0.0.1", port=port
            )
            with pytest.raises(InvalidStatus) as refused:
                async with there:
                    pass
            assert refused.value.response.status_code in {403, 421}

        url = f"ws://127.0.0.1:{port}{path}"
        async with connect(url, origin=own, proxy=None) as opened:
            await opened.send("hello")
            assert await opened.recv() == "hello"


async def test_orders_can_be_switched_off(mock_gateway: MockGateway) -> None:
    app = FastAPI()
    app.include_router(router())
    wanted = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_http_orders=False)
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(wanted)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        placed = await client.post(ORDERS, json=MARKET)
        cancelled = await client.delete(f"{ORDERS}/1")
        listed = await client.get(ORDERS)

    assert [answer.status_code for answer in (placed, cancelled, listed)] == [403, 403, 200]
    assert "ibkr_http_orders" in placed.json()["detail"]
    assert mock_gateway.orders() == []


@pytest.mark.parametrize(("allowed", "status"), [(None, 403), (True, 200)])
async def test_orders_on_a_live_account_are_off_unless_enabled(
    allowed: Literal[True] | None, status: int
) -> None:
    with MockGateway(accounts=["U1234567"]) as gateway:
        app = FastAPI()
        app.include_router(router())
        wanted = IBKRSettings(
            ibkr_enabled=True,
            ibkr_port=gateway.port,
            ibkr_paper_trading=False,
            ibkr_http_orders=allowed,
        )
        transport = httpx.ASGITransport(app)
        async with (
            lifespan(wanted)(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            placed = await client.post(ORDERS, json=MARKET)

        assert placed.status_code == status, placed.text
        assert len(gateway.orders()) == (status == 200)
