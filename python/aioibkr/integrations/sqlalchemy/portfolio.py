"""Writes the portfolio of a client or broker into an application's own tables.

Everything is read from the gateway before the transaction begins and written in one: a gateway or
a database that fails leaves the tables as they were. Syncs of the same tables wait for each other;
one that would write older figures over newer ones reads again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from aioibkr import Client, IBKRBroker
from aioibkr.errors import ConfigError, DatabaseError
from aioibkr.integrations.sqlalchemy.figures import Figures, gather
from aioibkr.integrations.sqlalchemy.holdings import HoldingRows, HoldingsTable, SummedPosition
from aioibkr.integrations.sqlalchemy.mapped import Row
from aioibkr.integrations.sqlalchemy.snapshots import SnapshotsTable
from aioibkr.integrations.sqlalchemy.statements import open_and_ask, replace_holdings
from aioibkr.integrations.sqlalchemy.transactions import Sessions, is_conflict, transact

__all__ = ["PortfolioTables", "SyncResult", "sync_portfolio"]

ATTEMPTS = 4


@dataclass(frozen=True)
class SyncResult:
    """What a sync wrote.

    `cash_balance` and `portfolio_value` are those of all `accounts` in `currency`;
    `positions_count` counts open positions at IB, `written` and `removed` rows of holdings.
    `summed` names rows that stand for several positions, `unpriced` the symbols that IB has no
    price for: NULL, or the average cost where the column may not be NULL.
    """

    as_of: datetime
    accounts: tuple[str, ...]
    currency: str
    cash_balance: Decimal
    portfolio_value: Decimal
    positions_count: int
    written: int
    removed: int
    summed: tuple[SummedPosition, ...]
    unpriced: tuple[str, ...]


@dataclass(frozen=True)
class PortfolioTables:
    """An application's mapped classes, read once; raises `ConfigError` naming what they lack."""

    holdings: HoldingsTable
    snapshots: SnapshotsTable | None

    @classmethod
    def of(cls, holdings: type[object], snapshots: type[object] | None) -> PortfolioTables:
        """Read the classes; without snapshots none are written."""
        kept = None if snapshots is None else SnapshotsTable.of(snapshots)
        return cls(HoldingsTable.of(holdings), kept)

    async def sync(
        self,
        session: Sessions,
        source: Client | IBKRBroker,
        *,
        accounts: Sequence[str] | None = None,
        timeout: float = 30.0,
    ) -> SyncResult:
        """As `sync_portfolio`."""
        until = asyncio.get_running_loop().time() + timeout
        for attempt in range(1, ATTEMPTS + 1):
            figures = await gather(source, accounts, timeout=_left(until))
            sync = _Sync.of(self, figures, _left(until), is_last=attempt == ATTEMPTS)
            try:
                mapper = self.holdings.mapped.mapper
                return await transact(session, mapper, sync.write, timeout=_left(until))
            except _OvertakenError:
                continue
            except DatabaseError as error:
                if sync.is_last or not is_conflict(error.__cause__):
                    raise
        raise AssertionError("the last attempt returns or raises")


async def sync_portfolio(
    session: Sessions,
    client_or_broker: Client | IBKRBroker,
    holdings: type[object],
    snapshots: type[object] | None,
    *,
    accounts: Sequence[str] | None = None,
    timeout: float = 30.0,
) -> SyncResult:
    """Write open positions and one snapshot into the caller's mapped classes, in one transaction.

    Positions are inserted or brought up to date by the class's key, closed ones removed; columns
    that are not ours keep what they hold. See ``docs/sql.md`` for the names of the columns.

    Args:
        session: An `AsyncSession` or a `Session`, or a maker of either; outside an event loop
            `asyncio.run` this with a `Session`.
        client_or_broker: Whose portfolio: of a client all accounts of the login, of a broker the
            one it acts for.
        holdings: The mapped class of positions.
        snapshots: The mapped class of snapshots; None writes none.
        accounts: The accounts to write instead.
        timeout: Seconds for reading and writing together.

    Raises:
        ConfigError: A class lacks a column; a value does not fit its column (both named); rows
            made by hand that contradict each other.
        StateUnknown: A part of the portfolio, or an exchange rate that a sum needs, is not known.
        DatabaseError: The database refused, was busy or did not answer.
        IBKRConnectionError: There is no link.

    Whatever it raises, also when cancelled, the tables are as they were.
    """
    tables = PortfolioTables.of(holdings, snapshots)
    return await tables.sync(session, client_or_broker, accounts=accounts, timeout=timeout)


class _OvertakenError(Exception):
    """Newer figures were written while these waited."""


@dataclass(frozen=True)
class _Sync:
    """One attempt to write what was gathered."""

    tables: PortfolioTables
    figures: Figures
    told: HoldingRows
    timeout: float
    is_last: bool

    @classmethod
    def of(
        cls, tables: PortfolioTables, figures: Figures, timeout: float, *, is_last: bool
    ) -> _Sync:
        """Make the rows of what was gathered, before there is a transaction."""
        return cls(tables, figures, tables.holdings.rows_of(figures), timeout, is_last)

    def write(self, session: Session) -> SyncResult:
        """Write within the session's transaction."""
        session.flush()
        connection = self._connection(session)
        snapshots = self._snapshots(connection)
        accounts = [account.account for account in self.figures.accounts]
        changed = replace_holdings(connection, self.tables.holdings, self.told.rows, accounts)
        if snapshots and self.tables.snapshots is not None:
            connection.execute(sa.insert(self.tables.snapshots.mapped.table), snapshots)
        return SyncResult(
            as_of=self.figures.as_of,
            accounts=tuple(accounts),
            currency=self.figures.currency,
            cash_balance=self._total("cash_balance"),
            portfolio_value=self._total("total_value"),
            positions_count=len(self.figures.positions),
            written=changed.written,
            removed=changed.removed,
            summed=self.told.summed,
            unpriced=self.told.unpriced,
        )

    def _connection(self, session: Session) -> sa.Connection:
        """The one connection of both tables."""
        mappers = [self.tables.holdings.mapped.mapper]
        if self.tables.snapshots is not None:
            mappers.append(self.tables.snapshots.mapped.mapper)
        found = [session.connection(bind_arguments={"mapper": mapper}) for mapper in mappers]
        if found[0] is not found[-1]:
            raise ConfigError("holdings and snapshots are in different databases: give one session")
        return found[0]

    def _snapshots(self, connection: sa.Connection) -> list[Row]:
        """Take the lock, and make the rows to add of what the table holds already."""
        table = self.tables.snapshots
        scopes = [] if table is None else table.scopes(self.figures)
        questions = [] if table is None else table.questions(scopes)
        answers = open_and_ask(
            connection, self.tables.holdings.mapped.table, questions, timeout=self.timeout
        )
        if table is None:
            return []
        before = table.before(scopes, answers)
        if before.latest is not None and before.latest > self.figures.as_of and not self.is_last:
            raise _OvertakenError
        return table.rows_of(self.figures, before)

    def _total(self, name: str) -> Decimal:
        amounts = (
            getattr(account, name) * self.figures.rate(account.currency)
            for account in self.figures.accounts
        )
        return sum(amounts, Decimal(0))


def _left(until: float) -> float:
    return max(until - asyncio.get_running_loop().time(), 0.001)
