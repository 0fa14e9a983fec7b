"""The accounts' figures as rows of the caller's class of snapshots.

A class with a column for the account gets a row for each account, any other one row for all, added
in the base currency. `total_return_pct` counts from the first snapshot in the table; money paid in
or out counts with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

import sqlalchemy as sa

from aioibkr import Position
from aioibkr.integrations.sqlalchemy.figures import AccountFigures, Figures
from aioibkr.integrations.sqlalchemy.fitting import Kind, Value, exact
from aioibkr.integrations.sqlalchemy.mapped import MappedTable, Row

__all__ = ["Before", "SnapshotsTable"]

KINDS = {
    "timestamp": Kind.TIME,
    "account": Kind.TEXT,
    "account_id": Kind.TEXT,
    "currency": Kind.TEXT,
    "total_value": Kind.MONEY,
    "portfolio_value": Kind.MONEY,
    "cash_balance": Kind.MONEY,
    "invested_value": Kind.MONEY,
    "buying_power": Kind.MONEY,
    "margin_used": Kind.MONEY,
    "margin_available": Kind.MONEY,
    "daily_pnl": Kind.MONEY,
    "unrealized_pnl": Kind.MONEY,
    "realized_pnl": Kind.MONEY,
    "total_pnl": Kind.MONEY,
    "total_unrealized_pnl": Kind.MONEY,
    "total_market_value": Kind.MONEY,
    "total_return_pct": Kind.MONEY,
    "cash_percentage": Kind.MONEY,
    "positions_count": Kind.WHOLE,
    "open_positions": Kind.WHOLE,
    "num_positions": Kind.WHOLE,
}
NEEDED = (("timestamp",), ("total_value", "portfolio_value"))
ACCOUNT = ("account", "account_id")
TOTAL = ("total_value", "portfolio_value")
ADDED = (
    "total_value",
    "cash_balance",
    "buying_power",
    "margin_used",
    "margin_available",
    "daily_pnl",
    "unrealized_pnl",
    "realized_pnl",
)


@dataclass(frozen=True)
class Before:
    """What the table held: the first total of each account (of None: of all), the latest time."""

    first: dict[str | None, Decimal | None]
    latest: datetime | None


@dataclass(frozen=True)
class SnapshotsTable:
    """The caller's class of snapshots."""

    mapped: MappedTable

    @classmethod
    def of(cls, snapshots: type[object]) -> SnapshotsTable:
        """Read a class; raises `ConfigError` naming what it lacks."""
        return cls(MappedTable.of(snapshots, KINDS, NEEDED))

    def scopes(self, figures: Figures) -> list[str | None]:
        """The accounts that get a row each; None stands for all together."""
        is_apart = self._account is not None
        return [account.account for account in figures.accounts] if is_apart else [None]

    def questions(self, scopes: Iterable[str | None]) -> list[sa.ColumnElement[object]]:
        """What to select of the table before writing; `before` reads the answers."""
        moment = self.mapped.columns["timestamp"]
        latest = sa.select(sa.func.max(moment)).scalar_subquery()
        return [latest, *(self._first(scope) for scope in scopes)]

    def before(self, scopes: Sequence[str | None], answers: Sequence[object]) -> Before:
        """The answers to `questions`."""
        firsts = [None if answer is None else Decimal(str(answer)) for answer in answers[1:]]
        return Before(dict(zip(scopes, firsts, strict=True)), _moment(answers[0]))

    def rows_of(self, figures: Figures, before: Before) -> list[Row]:
        """The rows to add; raises `ConfigError` for a value that does not fit its column."""
        return [
            self.mapped.row_of(_told(scope, figures, first), lambda _: NONE_OF_IT)
            for scope, first in before.first.items()
        ]

    def _first(self, scope: str | None) -> sa.ScalarSelect[object]:
        total = next(self.mapped.columns[name] for name in TOTAL if name in self.mapped.columns)
        first = sa.select(total).order_by(self.mapped.columns["timestamp"]).limit(1)
        account = self._account
        return (first if account is None else first.where(account == scope)).scalar_subquery()

    @property
    def _account(self) -> sa.Column[object] | None:
        return next((self.mapped.columns[n] for n in ACCOUNT if n in self.mapped.columns), None)


NONE_OF_IT: dict[str, Value] = {
    name: Decimal(0) for name, kind in KINDS.items() if kind is Kind.MONEY
}
"""IB leaves out the part of an account that has none of it."""


def _moment(answer: object) -> datetime | None:
    if isinstance(answer, str):  # where a decorated column has lost its type on the way
        answer = datetime.fromisoformat(answer)
    if isinstance(answer, datetime):
        return answer if answer.tzinfo else answer.replace(tzinfo=UTC)
    return datetime.combine(answer, time.min, UTC) if isinstance(answer, date) else None


def _told(scope: str | None, figures: Figures, first: Decimal | None) -> dict[str, Value]:
    accounts = [account for account in figures.accounts if scope in {None, account.account}]
    held = [position for position in figures.positions if scope in {None, position.account}]
    currency = accounts[0].currency if len(accounts) == 1 else figures.currency
    sums = {name: _added(accounts, figures, currency, name) for name in ADDED}
    total, cash = sums["total_value"] or Decimal(0), sums["cash_balance"] or Decimal(0)
    name = accounts[0].account if len(accounts) == 1 else None
    return sums | {
        "timestamp": figures.as_of,
        "account": name,
        "account_id": name,
        "currency": currency,
        "portfolio_value": total,
        "invested_value": total - cash,
        "total_pnl": _known_sum([sums["unrealized_pnl"], sums["realized_pnl"]]),
        "total_unrealized_pnl": sums["unrealized_pnl"],
        "total_market_value": _market_value(held, figures, currency),
        "total_return_pct": (total / first - 1) * 100 if first else Decimal(0),
        "cash_percentage": cash / total * 100 if total > 0 else Decimal(0),
        "positions_count": len(held),
        "open_positions": len(held),
        "num_positions": len(held),
    }  # fmt: skip


def _added(
    accounts: Sequence[AccountFigures], figures: Figures, currency: str, name: str
) -> Decimal | None:
    """The sum over accounts in one currency; None where nothing of it is known."""
    amounts: list[Decimal | None] = []
    for account in accounts:
        amount = getattr(account, name)
        is_foreign = amount is not None and account.currency != currency
        amounts.append(amount * figures.rate(account.currency) if is_foreign else amount)
    return _known_sum(amounts)


def _known_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _market_value(held: Sequence[Position], figures: Figures, currency: str) -> Decimal | None:
    """The value of all positions; None when that of one, or a rate, is not known."""
    rates = {**figures.rates, figures.currency: Decimal(1)}
    total = Decimal(0)
    for position in held:
        own = position.contract.currency
        factor = Decimal(1) if own == currency else rates.get(own)
        if position.market_value is None or factor is None:
            return None
        total += exact(position.market_value) * factor
    return total
