"""Positions as rows of the caller's class: one for each value of its key, summed where it must be.

Sums are signed and decimal. The average cost of a sum is its total cost by its quantity, so that
quantity times average cost stays what was paid; where quantities cancel out it is weighted by size
alone. Amounts in several currencies are added in the base currency, at IB's rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import sqlalchemy as sa

from aioibkr import Position
from aioibkr.errors import ConfigError
from aioibkr.integrations.sqlalchemy.figures import Figures
from aioibkr.integrations.sqlalchemy.fitting import Kind, Value, exact
from aioibkr.integrations.sqlalchemy.mapped import Facts, MappedTable, Row

__all__ = ["HoldingRows", "HoldingsTable", "SummedPosition"]

IDENTITY = {
    "symbol": Kind.TEXT,
    "account": Kind.TEXT,
    "account_id": Kind.TEXT,
    "currency": Kind.TEXT,
    "sec_type": Kind.TEXT,
    "security_type": Kind.TEXT,
    "con_id": Kind.WHOLE,
    "contract_id": Kind.WHOLE,
    "local_symbol": Kind.TEXT,
}
DESCRIPTION = {
    "exchange": Kind.TEXT,
    "expiry": Kind.TEXT,
    "strike": Kind.MONEY,
    "right": Kind.TEXT,
    "multiplier": Kind.TEXT,
    "trading_class": Kind.TEXT,
}
FIGURES = {
    "quantity": Kind.QUANTITY,
    "avg_cost": Kind.MONEY,
    "average_cost": Kind.MONEY,
    "current_price": Kind.MONEY,
    "market_price": Kind.MONEY,
    "market_value": Kind.MONEY,
    "unrealized_pnl": Kind.MONEY,
    "realized_pnl": Kind.MONEY,
    "price_source": Kind.TEXT,
    "updated_at": Kind.TIME,
}
NEEDED = (
    ("symbol",),
    ("quantity",),
    ("avg_cost", "average_cost"),
    ("current_price", "market_price"),
    ("market_value",),
    ("unrealized_pnl",),
)
PRICES = ("current_price", "market_price")
NOTHING_TO_SAY = {n: "" for n, kind in (IDENTITY | DESCRIPTION).items() if kind is Kind.TEXT}
ACCOUNT = ("account", "account_id")
CONTRACT = ("symbol", "con_id", "contract_id", "local_symbol")


@dataclass(frozen=True)
class SummedPosition:
    """Several positions that the caller's key cannot tell apart, written as one row.

    `currency` is that of the row's amounts: the positions' own, or the base currency when they
    differ.
    """

    symbol: str
    currency: str
    positions: tuple[Position, ...]


@dataclass(frozen=True)
class HoldingRows:
    """What is to be written, and what is to be said about it."""

    rows: list[Row]
    summed: tuple[SummedPosition, ...]
    unpriced: tuple[str, ...]


@dataclass(frozen=True)
class HoldingsTable:
    """The caller's class of holdings.

    `key` are the columns that tell rows apart; `is_unique` says that the database sees to it.
    """

    mapped: MappedTable
    key: tuple[sa.Column[object], ...]
    is_unique: bool

    @classmethod
    def of(cls, holdings: type[object]) -> HoldingsTable:
        """Read a class; raises `ConfigError` naming what it lacks."""
        mapped = MappedTable.of(holdings, IDENTITY | DESCRIPTION | FIGURES, NEEDED)
        identity = {mapped.columns[name] for name in IDENTITY if name in mapped.columns}
        contract = {mapped.columns[name] for name in CONTRACT if name in mapped.columns}
        usable = [
            key
            for key in mapped.unique_keys()
            if identity.issuperset(key) and not contract.isdisjoint(key)
        ]
        if usable:
            return cls(mapped, min(usable, key=len), is_unique=True)
        if identity.intersection(mapped.table.primary_key.columns):
            raise ConfigError(f"{mapped.name} has a primary key that is partly not ours to give")
        return cls(
            mapped,
            tuple(column for column in mapped.written if column in identity),
            is_unique=False,
        )

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's columns."""
        key = set(self.key)
        return tuple(name for name, column in self.mapped.columns.items() if column in key)

    @property
    def account(self) -> sa.Column[object] | None:
        """The column of the key that tells accounts apart."""
        return next((self.mapped.columns[n] for n in ACCOUNT if n in self.key_names), None)

    def rows_of(self, figures: Figures) -> HoldingRows:
        """The rows of all open positions.

        Raises `ConfigError` for a value that does not fit its column, `StateUnknown` when a sum
        needs an exchange rate that IB has not told.
        """
        groups: dict[tuple[object, ...], list[_Part]] = {}
        for position in figures.positions:
            part = _Part(position, _identity(position))
            groups.setdefault(tuple(part.identity[n] for n in self.key_names), []).append(part)
        told = [_told(parts, figures) for parts in groups.values()]
        summed = [_summed(parts, figures) for parts in groups.values() if len(parts) > 1]
        unpriced = [str(facts["symbol"]) for facts in told if facts["current_price"] is None]
        rows = [self._row_of(facts) for facts in told]
        return HoldingRows(rows, tuple(summed), tuple(unpriced))

    def _row_of(self, facts: dict[str, Value]) -> Row:
        columns = [self.mapped.columns.get(name) for name in PRICES]
        must_have_price = any(column is not None and not column.nullable for column in columns)
        if facts["current_price"] is None and must_have_price:
            facts = facts | {"price_source": "average_cost"}
        return self.mapped.row_of(facts, _estimates)


class _Part(NamedTuple):
    """A position, and what it is, by our names."""

    position: Position
    identity: dict[str, Value]


def _identity(position: Position) -> dict[str, Value]:
    contract = position.contract
    return {
        "symbol": contract.symbol,
        "account": position.account,
        "account_id": position.account,
        "currency": contract.currency,
        "sec_type": contract.security_type,
        "security_type": contract.security_type,
        "con_id": contract.contract_id,
        "contract_id": contract.contract_id,
        "local_symbol": contract.local_symbol,
        "exchange": contract.exchange or contract.primary_exchange,
        "expiry": contract.expiry or None,
        "strike": _money(contract.strike),
        "right": contract.right,
        "multiplier": contract.multiplier or None,
        "trading_class": contract.trading_class or None,
    }


def _told(parts: Sequence[_Part], figures: Figures) -> dict[str, Value]:
    """What is known of the positions of one row."""
    if len(parts) == 1:
        identity, amounts = parts[0].identity, _amounts(parts[0].position)
    else:
        positions = [part.position for part in parts]
        identity = _shared([part.identity for part in parts])
        amounts = _summed_amounts(positions, figures)
    price = amounts["current_price"]
    return {
        **identity,
        **amounts,
        "average_cost": amounts["avg_cost"],
        "market_price": price,
        "price_source": None if price is None else "mark",
        "updated_at": figures.as_of,
    }


def _amounts(position: Position) -> dict[str, Decimal | None]:
    return {
        "quantity": position.quantity,
        "avg_cost": exact(position.average_cost),
        "current_price": _money(position.market_price),
        "market_value": _money(position.market_value),
        "unrealized_pnl": _money(position.unrealized_pnl),
        "realized_pnl": _money(position.realized_pnl),
    }


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else exact(amount)


def _summed(parts: Sequence[_Part], figures: Figures) -> SummedPosition:
    positions = tuple(part.position for part in parts)
    return SummedPosition(positions[0].contract.symbol, _currency(positions, figures), positions)


def _shared(identities: Sequence[dict[str, Value]]) -> dict[str, Value]:
    """What all say; None where they differ."""
    return {
        name: value if all(other[name] == value for other in identities) else None
        for name, value in identities[0].items()
    }


def _summed_amounts(parts: Sequence[Position], figures: Figures) -> dict[str, Decimal | None]:
    target = _currency(parts, figures)
    own = [part.contract.currency for part in parts]
    rates = [Decimal(1) if currency == target else figures.rate(currency) for currency in own]
    quantity = sum((part.quantity for part in parts), Decimal(0))
    value = _sum([part.market_value for part in parts], rates)
    return {
        "quantity": quantity,
        "avg_cost": _average_cost(parts, rates, quantity),
        "current_price": _price(parts, value, quantity),
        "market_value": value,
        "unrealized_pnl": _sum([part.unrealized_pnl for part in parts], rates),
        "realized_pnl": _sum([part.realized_pnl for part in parts], rates),
    }


def _currency(parts: Sequence[Position], figures: Figures) -> str:
    """The currency of a row's amounts."""
    currencies = {part.contract.currency for part in parts}
    return currencies.pop() if len(currencies) == 1 else figures.currency


def _sum(amounts: Sequence[float | None], rates: Sequence[Decimal]) -> Decimal | None:
    """The sum, or None when one part is unknown: a smaller sum would be wrong in silence."""
    known = [
        exact(amount) * rate
        for amount, rate in zip(amounts, rates, strict=True)
        if amount is not None
    ]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _average_cost(
    parts: Sequence[Position], rates: Sequence[Decimal], quantity: Decimal
) -> Decimal:
    costs = [exact(part.average_cost) * rate for part, rate in zip(parts, rates, strict=True)]
    weights = [part.quantity if quantity else abs(part.quantity) for part in parts]
    paid = sum((cost * weight for cost, weight in zip(costs, weights, strict=True)), Decimal(0))
    return paid / sum(weights, Decimal(0))


def _price(parts: Sequence[Position], value: Decimal | None, quantity: Decimal) -> Decimal | None:
    """The price of the one contract, or the value of one unit of several."""
    if len({part.contract.contract_id for part in parts}) == 1:
        known = [part.market_price for part in parts if part.market_price is not None]
        return exact(known[0]) if known else None
    return value / quantity if value is not None and quantity else None


def _estimates(facts: Facts) -> dict[str, Value]:
    """What stands for figures that IB has not told, where a column may not be NULL: the cost."""
    quantity, cost = facts["quantity"], facts["avg_cost"]
    if not isinstance(quantity, Decimal) or not isinstance(cost, Decimal):
        return {}
    price = cost / (_multiplier(facts) or 1)
    return NOTHING_TO_SAY | {
        "current_price": price,
        "market_price": price,
        "market_value": quantity * cost,
        "unrealized_pnl": Decimal(0),
        "realized_pnl": Decimal(0),
    }


def _multiplier(facts: Facts) -> Decimal | None:
    try:
        return Decimal(str(facts["multiplier"] or 1))
    except ArithmeticError:
        return None
