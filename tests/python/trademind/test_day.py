"""TradeMind's day: no gateway, a gateway, orders, a gateway that stops, dies and comes back.

Whatever the application is told is compared with what the gateway itself says: its orders and
executions, read in its own process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from python.broker.wishes import PAPER
from python.trademind.gateway import Gateway, free_port, gateway_at
from python.trademind.service import create_service

SETTINGS = """\
ibkr_enabled: true
ibkr_host: ""
ibkr_port: {port}
ibkr_client_id: 7
ibkr_account: ""
ibkr_max_order_value: ""
ibkr_connect_timeout: 0.5
ibkr_order_timeout: 1.0
ibkr_market_data_timeout: 2.0
"""
PATIENCE = 15.0


async def eventually(claim: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until a claim holds, also where another process is slow."""
    async with asyncio.timeout(PATIENCE):
        while not await claim():  # noqa: ASYNC110 - the other side of a socket sets no event
            await asyncio.sleep(0.01)


@dataclass
class Day:
    """A running application and its gateway, if there is one."""

    web: httpx.AsyncClient
    port: int
    database: str
    stack: AsyncExitStack
    gateways: list[Gateway] = field(default_factory=list)

    @property
    def gateway(self) -> Gateway:
        """The present gateway."""
        return self.gateways[-1]

    async def open_gateway(self) -> None:
        """Start a gateway in a process of its own, with a price."""
        self.gateways.append(await self.stack.enter_async_context(gateway_at(self.port)))
        await self.gateway.ask("set_price", "AAPL", bid=189.9, ask=190.1, last=190.0)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The body of a route."""
        return (await self.web.get(f"/api/ibkr/{path}")).json()

    async def becomes(self, ready: int, *, connected: bool) -> None:
        """Wait until readiness and status say so; nothing else is asked of the service."""

        async def told() -> bool:
            readiness = await self.web.get("/api/ibkr/health?probe=readiness")
            status = await self.get("status")
            return readiness.status_code == ready and status["connected"] is connected

        await eventually(told)

    async def order(self, key: str, quantity: int, limit: float | None = None) -> httpx.Response:
        """Ask for shares under a key."""
        body = {"symbol": "AAPL", "side": "buy", "quantity": quantity, "price": limit}
        body["order_type"] = "market" if limit is None else "limit"
        headers = {"Idempotency-Key": key}
        return await self.web.post("/api/ibkr/orders", json=body, headers=headers)

    async def order_is(self, order_id: str, status: str) -> None:
        """Wait until an order is told as this."""

        async def told() -> bool:
            return bool((await self.get(f"orders/{order_id}")).get("status") == status)

        await eventually(told)

    async def gateway_s_orders(self) -> list[tuple[str, str, float]]:
        """Key, status and filled quantity of each order that the gateway knows."""
        orders = await self.gateway.ask("orders")
        return sorted(
            (order["order_ref"].rpartition("|")[2], order["status"], order["filled"])
            for order in orders
        )

    async def held(self) -> float:
        """Shares that the gateway says were bought."""
        return float(sum(each["quantity"] for each in await self.gateway.ask("executions")))

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What the application's database holds."""
        with create_engine(self.database).connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    """The application, started before there is any gateway, and closed at the end."""
    port = free_port()
    file, database = tmp_path / "settings.yaml", f"sqlite:///{tmp_path / 'trademind.db'}"
    file.write_text(SETTINGS.format(port=port))
    app = create_service(file, database)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=PATIENCE
        )
        yield Day(await stack.enter_async_context(client), port, database, stack)


async def nothing_works_without_a_gateway(day: Day) -> None:
    """Before the gateway is there everything says so, and nothing is lost or written."""
    await day.becomes(503, connected=False)
    status = await day.get("status")
    answers = [await day.web.get(f"/api/ibkr/{path}") for path in ("account", "positions")]
    answers += [await day.order("too early", 1), await day.web.post("/api/ibkr/sync")]

    assert (status["enabled"], status["mode"]) == (True, "paper")
    assert str(day.port) in status["reason"]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert day.rows("SELECT * FROM holdings") == []


async def orders_are_placed_and_told(day: Day) -> tuple[str, str]:
    """A bought order and one that works; the application's own route buys as well."""
    filled = (await day.order("morning", 10)).json()["order_id"]
    working = (await day.order("patient", 5, limit=100.0)).json()["order_id"]
    repeated = (await day.order("morning", 10)).json()["order_id"]
    signal = {"symbol": "AAPL", "side": "BUY", "shares": 2}
    own = (await day.web.post("/signals", json=signal)).json()["order_id"]

    assert repeated == filled
    for order_id in (filled, own):
        await day.order_is(order_id, "FILLED")
    await day.order_is(working, "SUBMITTED")
    assert [row["order_id"] for row in await day.get("orders")] == [working]
    assert await day.held() == 12
    assert len(await day.gateway_s_orders()) == 3
    return filled, working


async def a_stopped_gateway_is_noticed(day: Day) -> None:
    """A gateway that is held answers nothing; what is ordered meanwhile is placed exactly once."""
    await day.gateway.stop()
    # The limit order is written at once; the market order too, where its price is fresh enough.
    wishes = {"limit": (2, 191.0), "market": (3, None)}
    asked = await asyncio.gather(*(day.order(key, *wish) for key, wish in wishes.items()))
    await day.becomes(503, connected=False)

    assert asked[0].status_code == 504
    assert asked[1].status_code in {503, 504}
    for key, answer in zip(wishes, asked, strict=True):
        if answer.status_code == 504:
            assert (answer.json()["key"], answer.json()["status"]) == (key, "unknown")

    day.gateway.go_on()
    await day.becomes(200, connected=True)
    for key, wish in wishes.items():
        told = await day.order(key, *wish)
        assert told.status_code == 200, told.text
        await day.order_is(told.json()["order_id"], "FILLED")
    found = [row for row in await day.gateway_s_orders() if row[0] in wishes]
    assert found == [("limit", "Filled", 2), ("market", "Filled", 3)]
    assert await day.held() == 17


async def the_working_order_is_cancelled(day: Day, working: str) -> None:
    """What is cancelled is told so, on both sides."""
    answer = await day.web.delete(f"/api/ibkr/orders/{working}")

    assert answer.status_code == 200
    assert await day.get("orders") == []
    assert ("patient", "Cancelled", 0) in await day.gateway_s_orders()


async def a_killed_gateway_is_noticed(day: Day) -> None:
    """Statuses turn with the gateway, and the database stays as it was."""
    await day.gateway.kill()
    await day.becomes(503, connected=False)
    sync = await day.web.post("/api/ibkr/sync")

    assert sync.status_code == 503
    assert day.rows("SELECT * FROM holdings") == []


async def another_gateway_takes_over(day: Day, filled: str) -> None:
    """A new process with permIds of its own: old orders are known, new ones are placed once."""
    before = await day.get("status")
    await day.open_gateway()
    await day.gateway.ask("set_position", PAPER, "AAPL", quantity=17, average_cost=190.1)
    await day.becomes(200, connected=True)

    assert not before["connected"]
    assert (await day.get(f"orders/{filled}"))["status"] == "FILLED"
    assert (await day.order("morning", 10)).json()["order_id"] == filled
    placed = (await day.order("evening", 4)).json()["order_id"]
    assert placed != filled
    await day.order_is(placed, "FILLED")
    assert await day.gateway_s_orders() == [("evening", "Filled", 4)]
    assert await day.held() == 4


async def the_portfolio_is_written(day: Day) -> None:
    """The tables say what the gateway holds."""

    async def held() -> bool:
        rows = [(row["symbol"], row["quantity"]) for row in await day.get("positions")]
        return rows == [("AAPL", 21)]

    await eventually(held)
    answer = (await day.web.post("/api/ibkr/sync")).json()

    assert (answer["status"], answer["positions_count"]) == ("success", 1)
    assert day.rows("SELECT symbol, quantity FROM holdings") == [("AAPL", 21)]
    assert len(day.rows("SELECT * FROM portfolio_snapshots")) == 1


async def test_day_of_the_application(day: Day) -> None:
    await nothing_works_without_a_gateway(day)
    await day.open_gateway()
    await day.becomes(200, connected=True)
    filled, working = await orders_are_placed_and_told(day)
    await a_stopped_gateway_is_noticed(day)
    await the_working_order_is_cancelled(day, working)
    await a_killed_gateway_is_noticed(day)
    await another_gateway_takes_over(day, filled)
    await the_portfolio_is_written(day)


async def test_application_that_is_closed_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "settings.yaml"
    file.write_text(SETTINGS.format(port=port))
    app = create_service(file, f"sqlite:///{tmp_path / 'trademind.db'}")

    async with gateway_at(port) as gateway:
        async with app.router.lifespan_context(app):
            await app.state.integration.broker.connect()
            assert await gateway.ask("clients") == [7]
        tasks = [task.get_name() for task in asyncio.all_tasks()]

        async def alone() -> bool:
            return not await gateway.ask("clients")

        await eventually(alone)

    assert not app.state.integration.is_connected
    assert "aioibkr-keeper" not in tasks
