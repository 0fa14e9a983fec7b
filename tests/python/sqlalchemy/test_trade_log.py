"""The trade log: what happens is written once, whatever the gateway and the database do."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import (
    LoggedCommission,
    LoggedExecution,
    LoggedOrder,
    Sessions,
    TradeLog,
    TradeLogBase,
)
from aioibkr.testing import MockGateway
from python.client.arrivals import until
from python.client.hearing import connecting
from python.sqlalchemy.conftest import Database


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    """The shipped tables, empty."""
    TradeLogBase.metadata.create_all(database.engine)


@pytest.fixture
async def client(mock_gateway: MockGateway) -> AsyncIterator[ib.Client]:
    """A client that reopens its links at once."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with connecting(mock_gateway, client_id=7) as client:
        yield client


async def filled(client: ib.Client, quantity: int = 10) -> ib.Trade:
    """Buys at the market, and waits for fill and commission."""
    trade = await client.place(ib.Stock("AAPL"), ib.MarketOrder("BUY", quantity))
    trade = await trade.done(timeout=20)
    await until(lambda: is_charged(client, trade))
    return trade


def is_charged(client: ib.Client, trade: ib.Trade) -> bool:
    """Whether the commission of an order is known."""
    known = client.trade(trade.order_id)
    return known is not None and known.commission is not None


async def test_orders_executions_and_commissions_are_written(
    database: Database, sessions: Sessions, client: ib.Client
) -> None:
    async with TradeLog(client, sessions) as log:
        bought = await filled(client)
        waits = await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 5, 100.0), key="mine")
        await log.caught_up()
        orders = {row["perm_id"]: row for row in database.rows(LoggedOrder)}

    (execution,) = database.rows(LoggedExecution)
    (commission,) = database.rows(LoggedCommission)
    assert orders.keys() == {bought.perm_id, waits.perm_id}
    order = orders[bought.perm_id]
    assert (order["status"], order["filled"], order["remaining"]) == ("Filled", 10, 0)
    assert order["commission"] == commission["amount"] != 0
    assert (execution["perm_id"], execution["quantity"]) == (bought.perm_id, 10)
    assert execution["execution_id"] == commission["execution_id"]
    assert execution["price"] == Decimal("190.1")
    assert orders[waits.perm_id]["key"] == "mine"
    assert orders[waits.perm_id]["status"] == "Submitted"
    assert (log.waiting, log.refused, log.last_error) == (0, (), None)


async def test_a_refused_order_is_written(
    database: Database, mock_gateway: MockGateway, client: ib.Client
) -> None:
    mock_gateway.set_permission("AAPL", trading=False)

    async with TradeLog(client, database.awaited):
        with pytest.raises(ib.OrderRejected) as rejected:
            await client.place(ib.Stock("AAPL"), ib.MarketOrder("BUY", 1), key="no")

    (order,) = database.rows(LoggedOrder)
    assert (order["key"], order["reject_code"]) == ("no", rejected.value.code)
    assert order["reject_reason"]


async def test_what_happened_without_a_log_is_caught_up_once(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, client: ib.Client
) -> None:
    await filled(client)
    for _ in range(2):
        async with TradeLog(client, sessions) as log:
            await log.caught_up()

    async with TradeLog(client, sessions) as log:
        await filled(client, 3)
        mock_gateway.drop_connections()
        await until(lambda: client.generation == 2)
        await client.wait_ready(timeout=20)
        await filled(client, 4)
        await log.catch_up()

    quantities = {row["quantity"] for row in database.rows(LoggedExecution)}
    assert quantities == {3, 4, 10}
    assert len(database.rows(LoggedOrder)) == len(database.rows(LoggedCommission)) == 3


async def test_a_correction_supersedes_and_a_bust_is_marked(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, client: ib.Client
) -> None:
    async with TradeLog(client, sessions) as log:
        for quantity in (1, 2, 3):
            await filled(client, quantity)
        await log.caught_up()
        first, second, third = (one.exec_id for one in mock_gateway.executions())
        mock_gateway.correct_execution(second, price=150.0)
        mock_gateway.bust_execution(third)
        await until(lambda: len(client.trades()[1].fills) == 1)
        await log.catch_up()

    rows = {row["execution_id"]: row for row in database.rows(LoggedExecution)}
    corrected = next(name for name in rows if name not in {first, second, third})
    assert rows[second]["superseded_by"] == corrected
    assert (rows[corrected]["price"], rows[corrected]["superseded_by"]) == (150, None)
    assert rows[third]["busted_at"] is not None
    assert [name for name, row in rows.items() if row["busted_at"]] == [third]


async def test_a_database_that_is_away_loses_nothing(
    database: Database, sessions: Sessions, client: ib.Client
) -> None:
    TradeLogBase.metadata.drop_all(database.engine)

    async with TradeLog(client, sessions) as log:
        await filled(client)
        await until(lambda: log.last_error is not None)
        kept = log.waiting
        TradeLogBase.metadata.create_all(database.engine)
        await log.caught_up()
        error = log.last_error

    assert kept > 0
    assert error is None
    assert [len(database.rows(table)) for table in (LoggedOrder, LoggedExecution)] == [1, 1]


async def test_a_log_that_cannot_write_ends_in_time_and_says_so(
    database: Database, client: ib.Client
) -> None:
    TradeLogBase.metadata.drop_all(database.engine)
    log = TradeLog(client, database.awaited)
    await log.__aenter__()
    await filled(client)
    await until(lambda: log.last_error is not None)

    with pytest.raises(ib.DatabaseError, match=r"ends with \d+ rows"):
        await log.close(timeout=0.2)

    assert client.is_connected
    assert not any("trade log" in task.get_name() for task in asyncio.all_tasks())
