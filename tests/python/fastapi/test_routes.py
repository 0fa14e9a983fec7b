"""The other routes: connection, account, positions, prices, health."""

import httpx
import pytest
from fastapi import FastAPI

from aioibkr import Client, IBKRBroker, get_ibkr_integration
from aioibkr.integrations.fastapi import IBKRSettings, get_broker, get_client, lifespan, router
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import PAPER, until

NEEDS_GATEWAY = ["/api/ibkr/account", "/api/ibkr/positions", "/api/ibkr/orders"]
FIGURES = {"account_id", "cash_balance", "portfolio_value", "buying_power", "daily_pnl"}


async def test_status_tells_where_it_stands(web: httpx.AsyncClient) -> None:
    body = (await web.get("/api/ibkr/status")).json()

    metrics = body.pop("metrics")
    assert body == {
        "enabled": True,
        "connected": True,
        "paper_trading": True,
        "mode": "paper",
        "broker_type": "IBKRBroker",
        "reason": None,
    }
    assert metrics["connections"] == 1
    assert (await web.get("/api/ibkr/metrics")).json().keys() == metrics.keys()


async def test_account_has_its_figures(web: httpx.AsyncClient) -> None:
    body = (await web.get("/api/ibkr/account")).json()
    portfolio = (await web.get("/api/portfolio/account")).json()

    assert body["status"] == "success"
    assert body["account"].keys() == FIGURES
    assert body["account"]["account_id"] == PAPER
    assert portfolio["status"] == "connected"
    assert portfolio["account"]["account_id"] == PAPER


async def test_account_is_told_again_and_follows_each_change(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    told = [(await web.get("/api/ibkr/account")).json() for _ in range(3)]
    assert told[0] == told[1] == told[2]

    for number in range(1, 4):
        mock_gateway.set_account_value(PAPER, "TotalCashValue", 1000.0 * number)
        mock_gateway.set_pnl(PAPER, daily=float(number), unrealized=0.0, realized=0.0)

        async def arrived(cash: float = 1000.0 * number, daily: float = float(number)) -> bool:
            account = (await web.get("/api/ibkr/account")).json()["account"]
            return (account["cash_balance"], account["daily_pnl"]) == (cash, daily)

        await until(arrived)


async def test_positions_are_listed(web: httpx.AsyncClient, mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)

    async def arrived() -> bool:
        return bool((await web.get("/api/ibkr/positions")).json())

    await until(arrived)
    (row,) = (await web.get("/api/ibkr/positions")).json()

    assert row == {
        "symbol": "AAPL",
        "quantity": 10,
        "avg_cost": 180.0,
        "market_price": 190.0,
        "market_value": 1900.0,
        "unrealized_pnl": 100.0,
        "price_source": "mark",
        "as_of": None,
    }


async def test_fault_13_position_without_mark_says_what_its_price_is(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.inject(faults.MissingMarks())
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)

    async def arrived() -> bool:
        return bool((await web.get("/api/ibkr/positions")).json())

    await until(arrived)
    answer = await web.get("/api/ibkr/positions")

    assert answer.status_code == 200
    (row,) = answer.json()
    assert (row["quantity"], row["market_value"]) == (10, 1900.0)
    assert row["price_source"] == "quote"


async def test_quote_is_a_price(web: httpx.AsyncClient, mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    body = (await web.get("/api/ibkr/quote/aapl")).json()

    assert body.pop("timestamp")
    assert body.pop("as_of") is None
    assert body == {"symbol": "AAPL", "price": 190.0, "source": "ib_gateway"}
    assert (await web.get("/api/ibkr/quote/NOSUCH")).status_code == 404


async def test_disconnect_lasts_until_connect(web: httpx.AsyncClient) -> None:
    parted = await web.post("/api/ibkr/disconnect")
    assert parted.json().keys() == {"status", "message"}
    assert [(await web.get(path)).status_code for path in NEEDS_GATEWAY] == [503] * 3
    assert not (await web.get("/api/ibkr/status")).json()["connected"]

    joined = await web.post("/api/ibkr/connect")

    assert joined.status_code == 200
    assert joined.json().keys() == {"status", "message"}
    assert (await web.get("/api/ibkr/account")).status_code == 200


async def test_gateway_that_is_away_is_503_and_found_again(
    web: httpx.AsyncClient, mock_gateway: MockGateway
) -> None:
    mock_gateway.down()

    async def gone() -> bool:
        return not (await web.get("/api/ibkr/status")).json()["connected"]

    await until(gone)
    assert (await web.get("/api/ibkr/health")).json()["live"]
    assert (await web.get("/api/ibkr/health?probe=readiness")).status_code == 503
    mock_gateway.up()

    assert (await web.get("/api/ibkr/account")).status_code == 200
    assert (await web.get("/api/ibkr/status")).json()["connected"]


async def test_health_is_ready_when_the_state_is_known(web: httpx.AsyncClient) -> None:
    await web.get("/api/ibkr/account")

    async def ready() -> bool:
        return (await web.get("/api/ibkr/health?probe=readiness")).status_code == 200

    await until(ready)
    body = (await web.get("/api/ibkr/health")).json()

    assert body == {"live": True, "ready": True, "connected": True}


async def test_disabled_integration_is_503_and_never_connects(mock_gateway: MockGateway) -> None:
    app = FastAPI()
    app.include_router(router(prefix="/broker"))
    settings = IBKRSettings(ibkr_port=mock_gateway.port)

    async with (
        lifespan(settings)(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        status = (await client.get("/broker/status")).json()
        connect = await client.post("/broker/connect")
        account = await client.get("/broker/account")

    assert (status["enabled"], status["connected"]) == (False, False)
    assert (connect.status_code, account.status_code) == (503, 503)
    assert "IBKR_ENABLED" in connect.json()["detail"]
    assert mock_gateway.connect_count == 0


async def test_dependencies_give_the_connected_broker_and_client(web: httpx.AsyncClient) -> None:
    integration = get_ibkr_integration()

    broker = await get_broker(integration)
    client = await get_client(broker)

    assert isinstance(broker, IBKRBroker)
    assert isinstance(client, Client)
    assert client.is_connected
    assert web.base_url == "http://localhost"


async def test_application_stops_with_its_connection(
    settings: IBKRSettings, mock_gateway: MockGateway
) -> None:
    app = FastAPI()

    for _ in range(2):
        async with lifespan(settings)(app):
            assert get_ibkr_integration().is_connected

    assert not get_ibkr_integration().is_connected
    assert mock_gateway.connect_count == 2


async def test_settings_cannot_change_under_a_connection(
    web: httpx.AsyncClient, settings: IBKRSettings
) -> None:
    other = settings.model_copy(update={"ibkr_client_id": 5})

    with pytest.raises(ValueError, match="disconnect first"):
        get_ibkr_integration().configure(other.plain())

    assert (await web.get("/api/ibkr/account")).status_code == 200


@pytest.mark.parametrize(
    "path", [*NEEDS_GATEWAY, "/api/ibkr/status", "/api/ibkr/health", "/metrics"]
)
async def test_no_route_waits_for_a_thread(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def thread(*_: object, **__: object) -> None:
        raise AssertionError("FastAPI runs plain functions that are dependencies in threads")

    monkeypatch.setattr("anyio.to_thread.run_sync", thread)

    assert (await web.get(path)).status_code == 200
