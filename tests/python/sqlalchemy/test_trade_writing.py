"""What the trade log writes, row by row: in any order, again, and with rows that are refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import (
    CommissionColumns,
    ExecutionColumns,
    LoggedCommission,
    LoggedExecution,
    LoggedOrder,
    OrderColumns,
    TradeLog,
    TradeLogBase,
)
from aioibkr.integrations.sqlalchemy.trade_writing import Batch, Listing, TradeTables
from aioibkr.testing import MockGateway
from python.client.arrivals import until
from python.sqlalchemy.conftest import Database

TABLES = TradeTables.of(LoggedOrder, LoggedExecution, LoggedCommission)
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CONTRACT: dict[str, object] = {
    "account": "DU1", "con_id": 1, "symbol": "AAPL", "sec_type": "STK", "currency": "USD",
    "local_symbol": "AAPL", "exchange": "SMART", "client_id": 7, "order_id": 1, "order_ref": "",
    "action": "BUY", "quantity": Decimal(10),
}  # fmt: skip

Write = Callable[[Batch], None]


@pytest.fixture
async def write(database: Database) -> Write:
    """Writes a batch in a transaction of its own."""
    TradeLogBase.metadata.create_all(database.engine)

    def write(batch: Batch) -> None:
        with database.blocking.begin() as session:
            TABLES.write(session, batch)

    return write


def order(uid: str, status: str, filled: int = 0) -> dict[str, object]:
    """The row of an order."""
    return CONTRACT | {
        "uid": uid, "order_type": "LMT", "time_in_force": "DAY", "status": status,
        "filled": Decimal(filled), "remaining": Decimal(10 - filled), "updated_at": NOON,
    }  # fmt: skip


def executed(*names: str, hour: int = 12, recorded: datetime = NOON) -> Batch:
    """Executions at an hour."""
    rows: dict[str, dict[str, object]] = {
        name: CONTRACT
        | {
            "execution_id": name,
            "execution_base": name.rpartition(".")[0],
            "superseded_by": None,
            "busted_at": None,
            "price": Decimal(10),
            "time": NOON.replace(hour=hour),
            "recorded_at": recorded,
        }
        for name in names
    }
    return Batch(executions=rows)


@pytest.mark.parametrize("turn", [["a.01", "a.02", "a.03"], ["a.03", "a.01", "a.02"]])
async def test_corrections_supersede_in_whatever_order_they_come(
    database: Database, write: Write, turn: list[str]
) -> None:
    for name in (*turn, *turn):
        write(executed(name))

    marks = {row["execution_id"]: row["superseded_by"] for row in database.rows(LoggedExecution)}
    assert marks == {"a.01": "a.03", "a.02": "a.03", "a.03": None}


async def test_only_what_an_older_listing_would_hold_is_busted(
    database: Database, write: Write
) -> None:
    later = NOON + timedelta(minutes=5)
    write(executed("before.01", hour=9))
    write(executed("gone.01", "kept.01"))
    write(executed("new.01", recorded=later))

    listed = Listing("DU1", 7, NOON.replace(hour=10), NOON + timedelta(minutes=1), ("kept.01",))
    write(Batch(listings={("DU1", 7): listed}))
    write(Batch(listings={("DU2", 7): Listing("DU2", 7, NOON.replace(hour=1), later, ())}))

    busted = [row["execution_id"] for row in database.rows(LoggedExecution) if row["busted_at"]]
    assert busted == ["gone.01"]


async def test_an_execution_that_is_listed_again_counts_again(
    database: Database, write: Write
) -> None:
    write(executed("a.01"))
    listed = Listing("DU1", 7, NOON.replace(hour=10), NOON + timedelta(minutes=1), ())
    write(Batch(listings={("DU1", 7): listed}))

    write(executed("a.01"))

    (row,) = database.rows(LoggedExecution)
    assert row["busted_at"] is None


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (("Filled", 10), ("Submitted", 10), ("Filled", 10)),
        (("Submitted", 4), ("Submitted", 2), ("Submitted", 4)),
        (("Submitted", 4), ("Cancelled", 4), ("Cancelled", 4)),
        (("Cancelled", 4), ("Filled", 10), ("Filled", 10)),
        (("Inactive", 0), ("Submitted", 0), ("Submitted", 0)),
    ],
)
async def test_an_order_never_goes_back(
    database: Database,
    write: Write,
    before: tuple[str, int],
    after: tuple[str, int],
    kept: tuple[str, int],
) -> None:
    for status, filled in (before, after):
        write(Batch(orders={"perm:1": order("perm:1", status, filled)}))

    (row,) = database.rows(LoggedOrder)
    assert (row["status"], row["filled"]) == kept


async def test_a_provisional_name_becomes_the_permanent_one(
    database: Database, write: Write
) -> None:
    write(Batch(orders={"key:mine": order("key:mine", "PendingSubmit")}))
    permanent = {"perm:1": order("perm:1", "Submitted")}
    provisional = {"key:mine": order("key:mine", "PendingSubmit")}

    for _ in range(2):
        write(Batch(orders=permanent | provisional, promoted={"key:mine": "perm:1"}))

    assert [(row["uid"], row["status"]) for row in database.rows(LoggedOrder)] == [
        ("perm:1", "Submitted")
    ]


class Base(DeclarativeBase):
    """The application's."""


class Order(OrderColumns, Base):
    """An order, of which the application remembers what it thought."""

    __tablename__ = "own_orders"

    thought: Mapped[str] = mapped_column(String(20), default="none")


class Execution(ExecutionColumns, Base):
    """An execution, only small ones."""

    __tablename__ = "own_executions"
    __table_args__ = (CheckConstraint("quantity < 100", name="small"),)


class Commission(CommissionColumns, Base):
    """A commission."""

    __tablename__ = "own_commissions"


async def test_a_row_that_is_refused_for_good_does_not_hold_up_the_others(
    database: Database, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    Base.metadata.create_all(database.engine)
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    stock = ib.Stock("AAPL")

    async with TradeLog(
        ib_client, database.awaited, orders=Order, executions=Execution, commissions=Commission
    ) as log:
        for quantity in (500, 5):
            trade = await ib_client.place(stock, ib.MarketOrder("BUY", quantity))
            await trade.done(timeout=20)
        await until(lambda: len(log.refused) > 0)
        await log.catch_up()
        refused, waiting = log.refused, log.waiting

    assert waiting == 0
    assert "small" in refused[0]
    assert [row["quantity"] for row in database.rows(Execution)] == [5]
    assert [row["thought"] for row in database.rows(Order)] == ["none", "none"]


def test_classes_that_cannot_be_written_to_are_refused_by_name() -> None:
    with pytest.raises(ib.ConfigError, match="'uid'"):
        TradeTables.of(LoggedExecution, LoggedExecution, LoggedCommission)
    with pytest.raises(ib.ConfigError, match="'execution_id'"):
        TradeTables.of(LoggedOrder, LoggedExecution, LoggedOrder)
