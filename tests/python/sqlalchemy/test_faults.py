"""What can go wrong with a sync: each has a typed error, and leaves the tables as they were."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import Sessions, sync_portfolio
from aioibkr.testing import MockGateway, faults
from python.sqlalchemy.conftest import Database
from python.sqlalchemy.models import Base, Holding, LooseHolding, PortfolioSnapshot

ACCOUNT = "DU1234567"
TESTS = Path(__file__).parent.parent.parent


def hold(gateway: MockGateway, symbol: str = "AAPL", *, quantity: float = 10) -> None:
    """Put a position in place."""
    gateway.set_position(ACCOUNT, symbol, quantity=quantity, average_cost=100.0)


async def positions_are(client: ib.Client, count: int) -> None:
    """Wait until the client knows so many."""
    async with asyncio.timeout(20):
        while len(await client.positions()) != count:  # noqa: ASYNC110 - staged outside the loop
            await asyncio.sleep(0.01)


@pytest.fixture
async def held(database: Database, mock_gateway: MockGateway, ib_client: ib.Client) -> ib.Client:
    """A client with one position, which a sync has written and a person has annotated."""
    hold(mock_gateway)
    await positions_are(ib_client, 1)
    await sync_portfolio(database.awaited, ib_client, Holding, PortfolioSnapshot)
    with database.blocking.begin() as session:
        session.get_one(Holding, "AAPL").sector = "Technology"
    return ib_client


def tables(database: Database) -> list[list[dict[str, object]]]:
    """Everything both tables hold."""
    return [database.rows(Holding), database.rows(PortfolioSnapshot)]


TOO_MUCH = {
    "a fraction": ("MSFT", 0.5, "Holding.quantity", "0.5"),
    "more than an integer": ("MSFT", 3e9, "Holding.quantity", "3000000000"),
    "a long symbol": ("AVERYLONGSYMBOL", 1, "Holding.symbol", "AVERYLONGSYMBOL"),
    "a huge value": ("BRK", 2e9, "Holding.market_value", "2000000000000000.0"),
}


@pytest.mark.parametrize("case", TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_a_value_that_does_not_fit_is_named_with_its_column(
    database: Database,
    mock_gateway: MockGateway,
    held: ib.Client,
    case: tuple[str, float, str, str],
) -> None:
    symbol, quantity, column, value = case
    mock_gateway.add_instrument("AVERYLONGSYMBOL", con_id=900_001, price=10.0)
    mock_gateway.add_instrument("BRK", con_id=900_002, price=1e6)
    before = tables(database)
    hold(mock_gateway, symbol, quantity=quantity)
    await positions_are(held, 2)

    with pytest.raises(ib.ConfigError) as refused:
        await sync_portfolio(database.awaited, held, Holding, PortfolioSnapshot)

    assert (refused.value.details["column"], refused.value.details["value"]) == (column, value)
    assert column in refused.value.message
    assert value in refused.value.message
    assert tables(database) == before


async def test_a_broker_that_does_not_know_changes_nothing(
    database: Database, sessions: Sessions, mock_gateway: MockGateway, held: ib.Client
) -> None:
    before = tables(database)
    mock_gateway.inject(faults.Mute("position_end"))
    async with ib.connect(host=mock_gateway.host, port=mock_gateway.port, client_id=9) as client:
        with pytest.raises(ib.StateUnknown):
            await sync_portfolio(sessions, client, Holding, PortfolioSnapshot, timeout=0.5)

    assert held.is_connected
    assert tables(database) == before


def duplicates(*notes: str | None) -> list[LooseHolding]:
    """Rows of one symbol, made by hand."""
    figures = dict.fromkeys(
        ("avg_cost", "current_price", "market_value", "unrealized_pnl", "realized_pnl"), 0
    )
    return [LooseHolding(symbol="AAPL", quantity=1, note=note, **figures) for note in notes]


async def test_duplicate_rows_that_say_the_same_become_one(
    database: Database, sessions: Sessions, held: ib.Client
) -> None:
    database.add(*duplicates("mine", "mine", "mine"))

    result = await sync_portfolio(sessions, held, LooseHolding, None)

    (row,) = database.rows(LooseHolding)
    assert (row["id"], row["quantity"], row["note"]) == (1, 10, "mine")
    assert (result.written, result.removed) == (1, 2)


async def test_duplicate_rows_that_contradict_each_other_are_named_and_kept(
    database: Database, sessions: Sessions, held: ib.Client
) -> None:
    database.add(*duplicates("mine", "yours"))
    before = database.rows(LooseHolding)

    with pytest.raises(ib.ConfigError, match=r"2 rows of AAPL .* \(1,\), \(2,\)"):
        await sync_portfolio(sessions, held, LooseHolding, None)

    assert database.rows(LooseHolding) == before


async def test_syncs_at_once_are_one_after_the_other(
    database: Database, sessions: Sessions, held: ib.Client
) -> None:
    syncs = (sync_portfolio(sessions, held, Holding, PortfolioSnapshot) for _ in range(8))

    await asyncio.gather(*syncs)

    (row,) = database.rows(Holding)
    assert (row["quantity"], row["sector"]) == (10, "Technology")
    assert len(database.rows(PortfolioSnapshot)) == 9


async def test_overtaken_figures_are_read_again_and_in_the_end_written(
    database: Database, held: ib.Client
) -> None:
    future = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    totals = {"total_value": 1, "cash_balance": 0, "invested_value": 1}
    database.add(PortfolioSnapshot(timestamp=future, **totals))
    questions: list[str] = []

    @event.listens_for(database.async_engine.sync_engine, "before_cursor_execute")
    def note(*of: object) -> None:
        questions.append(str(of[2]))

    await sync_portfolio(database.awaited, held, Holding, PortfolioSnapshot)

    assert len(database.rows(PortfolioSnapshot)) == 3
    assert sum("max(portfolio_snapshots" in question for question in questions) == 4


async def test_syncs_of_several_processes_are_safe(
    database: Database, mock_gateway: MockGateway, held: ib.Client
) -> None:
    program = str(Path(__file__).parent / "sync_program.py")
    path = os.pathsep.join([str(TESTS), *sys.path])
    address = [mock_gateway.host, str(mock_gateway.port)]
    commands = [
        [sys.executable, program, *address, client_id, database.url, "3"]
        for client_id in ("21", "22")
    ]

    processes = [
        await asyncio.create_subprocess_exec(*command, env=os.environ | {"PYTHONPATH": path})
        for command in commands
    ]
    async with asyncio.timeout(50):
        statuses = [await process.wait() for process in processes]

    assert statuses == [0, 0]
    assert [row["symbol"] for row in database.rows(Holding)] == ["AAPL"]
    assert len(database.rows(PortfolioSnapshot)) == 1 + 2 * 3 * 3
    assert held.is_connected


async def test_a_cancelled_sync_leaves_nothing_behind(
    database: Database, sessions: Sessions, held: ib.Client
) -> None:
    for steps in range(1, 40, 3):
        before = tables(database)
        sync = asyncio.create_task(sync_portfolio(sessions, held, Holding, PortfolioSnapshot))
        for _ in range(steps):
            await asyncio.sleep(0)
        sync.cancel()
        await asyncio.wait([sync])

        after = tables(database)
        is_whole = len(after[1]) == len(before[1]) + 1
        assert is_whole or after == before

    await sync_portfolio(sessions, held, Holding, PortfolioSnapshot)


async def test_a_table_that_another_holds_is_waited_for_and_not_for_ever(
    database: Database, sessions: Sessions, held: ib.Client
) -> None:
    with database.engine.connect() as other:
        if database.kind == "sqlite":
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.execute(text("LOCK TABLE holdings"))
        waiting = asyncio.create_task(
            sync_portfolio(sessions, held, Holding, PortfolioSnapshot, timeout=20)
        )
        # Had the blocking session held up the loop, nobody could let go of the table.
        await asyncio.sleep(0.05)
        other.rollback()
        await waiting

    assert len(database.rows(PortfolioSnapshot)) == 2


async def test_a_table_that_another_keeps_is_an_error_that_may_be_retried(
    database: Database, held: ib.Client, tmp_path: Path
) -> None:
    before = tables(database)
    impatient: Sessions = database.blocking
    if database.kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.db'}"
        impatient = sessionmaker(create_engine(url, connect_args={"timeout": 0.1}))
    with database.engine.connect() as other:
        if database.kind == "sqlite":
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.execute(text("LOCK TABLE holdings"))

        with pytest.raises(ib.DatabaseError) as busy:
            await sync_portfolio(impatient, held, Holding, PortfolioSnapshot, timeout=0.5)

    assert busy.value.is_retryable
    assert "lock" in busy.value.message
    assert tables(database) == before
    await sync_portfolio(impatient, held, Holding, PortfolioSnapshot)


async def test_a_database_lost_in_mid_sync_leaves_the_tables(
    database: Database, held: ib.Client
) -> None:
    before = tables(database)
    engine = database.async_engine.sync_engine
    begun: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def lose(*of: object) -> None:
        begun.append(str(of[2]))
        if "portfolio_snapshots (" in str(of[2]):
            end_connections(database)

    with pytest.raises(ib.DatabaseError) as lost:
        await sync_portfolio(database.awaited, held, Holding, PortfolioSnapshot)
    event.remove(engine, "before_cursor_execute", lose)

    assert begun
    assert lost.value.__cause__ is not None
    assert tables(database) == before
    await sync_portfolio(database.awaited, held, Holding, PortfolioSnapshot)
    assert len(database.rows(PortfolioSnapshot)) == 2


def end_connections(database: Database) -> None:
    """Take the database away from every other connection; of SQLite by an error of its own."""
    if database.kind == "sqlite":
        raise OSError("the disk is gone")
    with database.engine.connect() as connection:
        ours = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(ours)


async def test_a_database_that_is_away_is_a_typed_error(held: ib.Client, tmp_path: Path) -> None:
    for url in (
        "postgresql+asyncpg://nobody:secret@127.0.0.1:1/none",
        f"sqlite+aiosqlite:///{tmp_path}/no/x.db",
    ):
        engine = create_async_engine(url)
        with pytest.raises(ib.DatabaseError) as away:
            await sync_portfolio(async_sessionmaker(engine), held, Holding, PortfolioSnapshot)
        await engine.dispose()

        assert away.value.is_retryable
        assert "secret" not in str(away.value)


async def test_a_read_only_database_is_a_typed_error(
    database: Database, held: ib.Client, tmp_path: Path
) -> None:
    before = tables(database)
    if database.kind == "sqlite":
        engine = create_async_engine(
            f"sqlite+aiosqlite:///file:{tmp_path}/test.db?mode=ro&uri=true"
        )
    else:
        options = {"server_settings": {"default_transaction_read_only": "on"}}
        engine = create_async_engine(database.url, connect_args=options)

    with pytest.raises(ib.DatabaseError, match=r"read-?only"):
        await sync_portfolio(async_sessionmaker(engine), held, Holding, PortfolioSnapshot)
    await engine.dispose()

    assert tables(database) == before


async def test_a_database_in_memory_is_written_where_it_is(held: ib.Client) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)

    with sessionmaker(engine)() as session:
        await sync_portfolio(session, held, Holding, PortfolioSnapshot)
        symbols = [row.symbol for row in session.query(Holding)]

    assert symbols == ["AAPL"]
    engine.dispose()


def test_a_caller_without_a_loop_runs_it(mock_gateway: MockGateway, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(engine)
    hold(mock_gateway)
    broker = ib.IBKRBroker(host=mock_gateway.host, port=mock_gateway.port)

    with sessionmaker(engine)() as session:
        result = asyncio.run(sync_portfolio(session, broker, Holding, PortfolioSnapshot))
    asyncio.run(broker.disconnect())

    assert result.positions_count == 1
    engine.dispose()
