"""The tables of an application into which its integration writes the portfolio.

SQLAlchemy is an extra: its integration is above this layer and is found by name when classes are
given, never before.
"""

import importlib
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol, cast

from aioibkr._broker import IBKRBroker
from aioibkr.errors import ConfigError, TradingError

__all__ = ["Portfolio", "SyncAnswer"]

EXTRA = "aioibkr.integrations.sqlalchemy"

SyncAnswer = dict[str, bool | float | int | str]


class _Result(Protocol):
    @property
    def cash_balance(self) -> Decimal: ...
    @property
    def portfolio_value(self) -> Decimal: ...
    @property
    def positions_count(self) -> int: ...


class _Tables(Protocol):
    async def sync(self, session: object, source: IBKRBroker) -> _Result: ...


class Portfolio:
    """Mapped classes and sessions, given once and used by every sync."""

    def __init__(self) -> None:
        self._tables: _Tables | None = None
        self._sessions: object = None

    def configure(
        self,
        holdings: type[object] | None,
        snapshots: type[object] | None,
        sessions: object,
    ) -> None:
        """Take what is given and keep the rest.

        Raises `ConfigError` naming a column that a class lacks, `ImportError` naming the extra.
        """
        if snapshots is not None and holdings is None:
            raise ConfigError("snapshots are written together with holdings: give both classes")
        if holdings is not None:
            self._tables = _tables_of(holdings, snapshots)
        if sessions is not None:
            self._sessions = sessions

    async def sync(self, db: object, opened: Callable[[], Awaitable[IBKRBroker]]) -> SyncAnswer:
        """Write the broker's portfolio; a failure is an answer that says why."""
        try:
            session = self._sessions if db is None else db
            if self._tables is None:
                raise ConfigError("no classes to write to: configure(holdings=…, snapshots=…)")
            if session is None:
                raise ConfigError("no session to write with: give db, or configure(sessions=…)")
            result = await self._tables.sync(session, await opened())
        except TradingError as error:
            return {"success": False, "error": error.message}
        return {
            "success": True,
            "cash_balance": float(result.cash_balance),
            "portfolio_value": float(result.portfolio_value),
            "positions_count": result.positions_count,
        }


def _tables_of(holdings: type[object], snapshots: type[object] | None) -> _Tables:
    made = importlib.import_module(EXTRA).PortfolioTables.of(holdings, snapshots)
    return cast("_Tables", made)
