"""The portfolio in an application's own tables: what is written, kept, removed and said."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import Sessions, sync_portfolio
from aioibkr.testing import MockGateway
from python.sqlalchemy.conftest import Database
from python.sqlalchemy.models import AccountSnapshot, Holding, Lot, PortfolioSnapshot

ACCOUNT, OTHER = "DU1234567", "DU7654321"


@pytest.fixture
def mock_gateway() -> Iterator[MockGateway]:
    """A gateway whose login has two accounts."""
    with MockGateway(accounts=[ACCOUNT, OTHER]) as gateway:
        yield gateway


def hold(gateway: MockGateway, symbol: str, quantity: float, *, account: str = ACCOUNT) -> None:
    """Put a position in place that cost 100 a unit."""
    gateway.set_position(account, symbol, quantity=quantity, average_cost=100.0)


async def updates(client: ib.Client) -> AsyncIterator[None]:
    """Now, and each time something kept has changed."""
    news: asyncio.Queue[None] = asyncio.Queue()
    with client.on("update", lambda _: news.put_nowait(None)):
        while True:
            yield
            await news.get()


async def held(client: ib.Client, count: int) -> None:
    """Wait until the client knows so many positions, all of them priced."""
    async with asyncio.timeout(20):
        async for _ in updates(client):
            for account in client.accounts:
                await client.account_summary(account)
            known = await client.positions()
            if len(known) == count and all(position.market_price for position in known):
                return


async def test_positions_and_a_snapshot_are_written(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_pnl(ACCOUNT, daily=12.5, unrealized=-80.25, realized=7.0)
    hold(mock_gateway, "AAPL", 10)
    hold(mock_gateway, "MSFT", -4)
    await held(ib_client, 2)

    result = await sync_portfolio(
        sessions, ib_client, holdings=Holding, snapshots=PortfolioSnapshot, accounts=[ACCOUNT]
    )

    apple, microsoft = database.rows(Holding)
    assert (apple["quantity"], microsoft["quantity"]) == (10, -4)
    assert (apple["avg_cost"], apple["current_price"]) == (Decimal(100), Decimal(190))
    assert (apple["market_value"], apple["unrealized_pnl"]) == (Decimal(1900), Decimal(900))
    assert isinstance(microsoft["market_value"], Decimal)
    assert microsoft["market_value"] < 0
    assert apple["stop_loss_pct"] == Decimal("0.05")
    assert apple["updated_at"] == result.as_of.replace(tzinfo=None)
    assert result.written == result.positions_count == 2
    (snapshot,) = database.rows(PortfolioSnapshot)
    assert snapshot["timestamp"] == apple["updated_at"]
    assert (snapshot["total_value"], snapshot["cash_balance"]) == (
        round(result.portfolio_value, 2),
        round(result.cash_balance, 2),
    )
    told = [snapshot[name] for name in ("daily_pnl", "unrealized_pnl", "realized_pnl")]
    assert told == [Decimal("12.5"), Decimal("-80.25"), Decimal(7)]
    assert snapshot["invested_value"] == round(result.portfolio_value - result.cash_balance, 2)


async def test_a_second_sync_keeps_the_users_columns_and_removes_what_is_closed(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    database.add(
        Holding(
            symbol="AAPL", quantity=1, avg_cost=1, updated_at=datetime(2020, 1, 1),  # noqa: DTZ001
            stop_loss_pct=Decimal("0.11"), stop_price=Decimal(150), sector="Technology",
        ),
        Holding(
            symbol="GONE", quantity=9, avg_cost=1, updated_at=datetime(2020, 1, 1),  # noqa: DTZ001
        ),
    )  # fmt: skip
    hold(mock_gateway, "AAPL", 10)
    await held(ib_client, 1)

    result = await sync_portfolio(sessions, ib_client, Holding, PortfolioSnapshot)

    (apple,) = database.rows(Holding)
    assert (apple["quantity"], apple["avg_cost"]) == (10, Decimal(100))
    assert (apple["stop_loss_pct"], apple["stop_price"]) == (Decimal("0.11"), Decimal(150))
    assert apple["sector"] == "Technology"
    assert (result.written, result.removed) == (1, 1)


async def test_an_empty_portfolio_empties_the_table(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    hold(mock_gateway, "AAPL", 10)
    await held(ib_client, 1)
    await sync_portfolio(sessions, ib_client, Holding, PortfolioSnapshot)
    hold(mock_gateway, "AAPL", 0)
    await held(ib_client, 0)

    result = await sync_portfolio(sessions, ib_client, Holding, PortfolioSnapshot)

    assert database.rows(Holding) == []
    assert (result.positions_count, result.removed) == (0, 1)
    assert len(database.rows(PortfolioSnapshot)) == 2


async def test_what_the_key_tells_apart_is_apart(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.add_instrument("AAPL", con_id=900_001, price=50.0, security_type="CFD")
    hold(mock_gateway, "AAPL", 10)
    hold(mock_gateway, "AAPL", -3, account=OTHER)
    await held(ib_client, 4)

    result = await sync_portfolio(sessions, ib_client, Lot, AccountSnapshot)

    lots = {(row["account"], row["sec_type"]): row["quantity"] for row in database.rows(Lot)}
    assert lots == {
        (ACCOUNT, "STK"): 10,
        (ACCOUNT, "CFD"): 10,
        (OTHER, "STK"): -3,
        (OTHER, "CFD"): -3,
    }
    assert result.summed == ()
    counts = {row["account"]: row["positions_count"] for row in database.rows(AccountSnapshot)}
    assert counts == {ACCOUNT: 2, OTHER: 2}


async def test_a_sync_of_one_account_leaves_the_rows_of_others(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    hold(mock_gateway, "AAPL", 10)
    hold(mock_gateway, "AAPL", 3, account=OTHER)
    await held(ib_client, 2)
    await sync_portfolio(sessions, ib_client, Lot, AccountSnapshot)
    hold(mock_gateway, "AAPL", 0)
    hold(mock_gateway, "AAPL", 0, account=OTHER)
    await held(ib_client, 0)

    result = await sync_portfolio(sessions, ib_client, Lot, AccountSnapshot, accounts=[ACCOUNT])

    assert [row["account"] for row in database.rows(Lot)] == [OTHER]
    assert result.removed == 1


async def test_what_the_key_cannot_tell_apart_is_summed_and_said(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(ACCOUNT, "AAPL", quantity=30, average_cost=100.0)
    mock_gateway.set_position(OTHER, "AAPL", quantity=-10, average_cost=160.0)
    await held(ib_client, 2)

    result = await sync_portfolio(sessions, ib_client, Holding, PortfolioSnapshot)

    (apple,) = database.rows(Holding)
    assert (apple["quantity"], apple["avg_cost"]) == (20, Decimal(70))
    assert (apple["market_value"], apple["current_price"]) == (Decimal(3800), Decimal(190))
    assert apple["unrealized_pnl"] == Decimal(3800) - 20 * Decimal(70)
    (summed,) = result.summed
    assert (summed.symbol, summed.currency) == ("AAPL", "USD")
    assert {position.account for position in summed.positions} == {ACCOUNT, OTHER}


async def test_a_broker_writes_the_account_it_acts_for(
    database: Database, sessions: Sessions, mock_gateway: MockGateway
) -> None:
    broker = ib.IBKRBroker(host=mock_gateway.host, port=mock_gateway.port, account=OTHER)
    hold(mock_gateway, "AAPL", 10)
    hold(mock_gateway, "MSFT", 3, account=OTHER)
    await held(await broker_client(broker), 2)

    result = await sync_portfolio(sessions, broker, Holding, PortfolioSnapshot)
    await broker.disconnect()

    assert [row["symbol"] for row in database.rows(Holding)] == ["MSFT"]
    assert result.accounts == (OTHER,)


async def broker_client(broker: ib.IBKRBroker) -> ib.Client:
    """The client of a broker, connected."""
    await broker.connect()
    return await broker.client()


async def test_total_return_counts_from_the_first_snapshot(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=90)
    figures = {"total_value": 800_000, "cash_balance": 0, "invested_value": 0}
    database.add(PortfolioSnapshot(timestamp=long_ago, **figures))
    mock_gateway.set_account_value(ACCOUNT, "NetLiquidation", 1_000_000.0)

    async with asyncio.timeout(20):
        async for _ in updates(ib_client):
            if (await ib_client.account_summary()).number("NetLiquidation") == 1_000_000.0:
                break
    await sync_portfolio(sessions, ib_client, Holding, PortfolioSnapshot, accounts=[ACCOUNT])

    assert [row["total_return_pct"] for row in database.rows(PortfolioSnapshot)] == [None, 25]


async def test_a_sync_joins_the_transaction_of_the_application(
    database: Database, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    hold(mock_gateway, "AAPL", 10)
    await held(ib_client, 1)

    async with database.awaited() as session, session.begin() as transaction:
        await sync_portfolio(session, ib_client, Holding, PortfolioSnapshot)
        seen = len((await session.scalars(select(Holding))).all())
        await transaction.rollback()

    assert seen == 1
    assert database.rows(Holding) == database.rows(PortfolioSnapshot) == []


async def test_a_session_that_has_read_is_committed(
    database: Database, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    hold(mock_gateway, "AAPL", 10)
    await held(ib_client, 1)

    async with database.awaited() as session:
        before = (await session.scalars(select(Holding))).all()
        await sync_portfolio(session, ib_client, Holding, PortfolioSnapshot)

    assert before == []
    assert len(database.rows(Holding)) == 1


async def test_postgresql_takes_one_statement_for_each_table(
    database: Database, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    hold(mock_gateway, "AAPL", 10)
    await held(ib_client, 1)
    told: list[str] = []

    @event.listens_for(database.async_engine.sync_engine, "before_cursor_execute")
    def note(*of: object) -> None:
        told.append(str(of[2]))

    await sync_portfolio(database.awaited, ib_client, Holding, PortfolioSnapshot)

    statements = {
        name: sum(f"INTO {name}" in one or f"FROM {name}" in one for one in told[1:])
        for name in ("holdings", "portfolio_snapshots")
    }
    if database.kind == "postgresql":
        assert statements == {"holdings": 1, "portfolio_snapshots": 1}
        assert len(told) == 3
