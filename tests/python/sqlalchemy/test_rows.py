"""Rows made of positions, and values made to fit: pure, so tables of cases and properties."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import aioibkr as ib
from aioibkr.integrations.sqlalchemy.figures import Figures
from aioibkr.integrations.sqlalchemy.fitting import Kind, Value, fit_for
from aioibkr.integrations.sqlalchemy.holdings import HoldingsTable
from aioibkr.integrations.sqlalchemy.snapshots import SnapshotsTable
from python.sqlalchemy.models import Holding, LooseHolding, Lot, PortfolioSnapshot

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
HOLDINGS, LOTS, LOOSE = map(HoldingsTable.of, (Holding, Lot, LooseHolding))


@dataclass(frozen=True)
class Held:
    """A position as the client tells one."""

    quantity: Decimal
    average_cost: float
    market_price: float | None = 10.0
    account: str = "DU1"
    contract: ib.Contract = field(default_factory=lambda: ib.Stock("AAPL", contract_id=1))
    realized_pnl: float | None = None

    @property
    def market_value(self) -> float | None:
        """Signed."""
        return None if self.market_price is None else float(self.quantity) * self.market_price

    @property
    def unrealized_pnl(self) -> float | None:
        """Value less cost."""
        value = self.market_value
        return None if value is None else value - float(self.quantity) * self.average_cost


def figures(*held: Held, rates: dict[str, Decimal] | None = None) -> Figures:
    """What a client knows."""
    return Figures(NOW, "USD", (), cast("tuple[ib.Position, ...]", held), rates or {})


def of(currency: str, contract_id: int) -> ib.Contract:
    """A listing of the same symbol."""
    return ib.Stock("AAPL", currency=currency, contract_id=contract_id)


parts = st.lists(
    st.builds(
        Held,
        quantity=st.integers(-10_000, 10_000).filter(bool).map(Decimal),
        average_cost=st.integers(1, 10**6).map(lambda cents: cents / 100),
        account=st.sampled_from(["DU1", "DU2", "DU3"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(derandomize=True, deadline=None)
@given(parts)
def test_a_sum_keeps_quantity_and_cost(held: list[Held]) -> None:
    (row,) = LOOSE.rows_of(figures(*held)).rows

    quantity = sum(part.quantity for part in held)
    paid = sum(part.quantity * Decimal(repr(part.average_cost)) for part in held)
    assert row["quantity"] == quantity
    if quantity:
        average = cast("Decimal", row["avg_cost"])
        assert abs(average * quantity - paid) <= abs(quantity) * Decimal("0.000001")
    else:
        assert cast("Decimal", row["avg_cost"]) > 0


@settings(derandomize=True, deadline=None)
@given(parts)
def test_rows_of_a_full_key_are_never_summed(held: list[Held]) -> None:
    apart = {part.account: part for part in held}

    rows = LOTS.rows_of(figures(*apart.values()))

    assert rows.summed == ()
    assert {row["account"]: row["quantity"] for row in rows.rows} == {
        account: part.quantity for account, part in apart.items()
    }


def test_sums_of_several_currencies_are_in_the_base_currency() -> None:
    dollars, euros = Held(Decimal(10), 8.0), Held(Decimal(10), 8.0, contract=of("EUR", 2))

    told = HOLDINGS.rows_of(figures(dollars, euros, rates={"EUR": Decimal("1.5")}))

    (row,) = told.rows
    assert (row["quantity"], row["avg_cost"]) == (20, Decimal(10))
    assert (row["market_value"], row["unrealized_pnl"]) == (Decimal(250), Decimal(50))
    assert told.summed[0].currency == "USD"


def test_a_sum_without_its_exchange_rate_is_unknown() -> None:
    held = Held(Decimal(1), 1.0), Held(Decimal(1), 1.0, contract=of("JPY", 3))

    with pytest.raises(ib.StateUnknown, match="JPY"):
        HOLDINGS.rows_of(figures(*held))


def test_what_has_no_price_is_null_or_its_cost_and_said() -> None:
    unpriced = Held(Decimal(-3), 7.5, market_price=None)

    nullable, required = HOLDINGS.rows_of(figures(unpriced)), LOTS.rows_of(figures(unpriced))

    assert nullable.rows[0]["current_price"] is nullable.rows[0]["market_value"] is None
    (lot,) = required.rows
    assert (lot["current_price"], lot["market_value"]) == (Decimal("7.5"), Decimal("-22.5"))
    assert (lot["price_source"], lot["unrealized_pnl"]) == ("average_cost", 0)
    assert nullable.unpriced == required.unpriced == ("AAPL",)


KEPT: dict[str, tuple[sa.types.TypeEngine[Any], Kind, Value, object]] = {
    "a double in decimal": (sa.Numeric(12, 4), Kind.MONEY, Decimal("0.1"), Decimal("0.1")),
    "money to the scale, half to even": (
        sa.Numeric(15, 2), Kind.MONEY, Decimal("-2.345"), Decimal("-2.34"),
    ),
    "money into a float": (sa.Float(), Kind.MONEY, Decimal("1.5"), 1.5),
    "a whole quantity": (sa.Integer(), Kind.QUANTITY, Decimal("10.0"), 10),
    "a fraction that is kept": (sa.Numeric(12, 4), Kind.QUANTITY, Decimal("0.5"), Decimal("0.5")),
    "a long text": (sa.Text(), Kind.TEXT, "x" * 10_000, "x" * 10_000),
    "an aware time": (sa.DateTime(timezone=True), Kind.TIME, NOW, NOW),
    "a naive time, UTC": (sa.DateTime(), Kind.TIME, NOW, NOW.replace(tzinfo=None)),
    "a day": (sa.Date(), Kind.TIME, NOW, NOW.date()),
}  # fmt: skip

REFUSED: dict[str, tuple[sa.types.TypeEngine[Any], Kind, Value]] = {
    "a fraction of a unit": (sa.Integer(), Kind.QUANTITY, Decimal("10.5")),
    "more digits of a quantity": (sa.Numeric(12, 4), Kind.QUANTITY, Decimal("0.00001")),
    "a small integer's end": (sa.SmallInteger(), Kind.QUANTITY, Decimal(40_000)),
    "a contract id": (sa.Integer(), Kind.WHOLE, 2**31),
    "a number that rounds beyond": (sa.Numeric(5, 2), Kind.MONEY, Decimal("999.995")),
    "the largest double": (sa.Numeric(15, 2), Kind.MONEY, Decimal(repr(1.7976931348623157e308))),
    "a text": (sa.String(3), Kind.TEXT, "abcd"),
    "a NUL": (sa.String(3), Kind.TEXT, "a\0"),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT.keys())
def test_a_value_is_kept_as_the_column_keeps_it(
    case: tuple[sa.types.TypeEngine[Any], Kind, Value, object],
) -> None:
    kept, kind, value, expected = case

    found = fit_for("Table.column", sa.Column("column", kept), kind)(value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_value_that_does_not_fit_is_refused(
    case: tuple[sa.types.TypeEngine[Any], Kind, Value],
) -> None:
    kept, kind, value = case

    with pytest.raises(ib.ConfigError, match=r"Table\.column keeps .* does not fit"):
        fit_for("Table.column", sa.Column("column", kept), kind)(value)


class Other(DeclarativeBase):
    """Classes that cannot be written to."""


class Foreign(Other):
    """A key and a column that are not ours to give."""

    __tablename__ = "foreign"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal]
    avg_cost: Mapped[Decimal]
    current_price: Mapped[Decimal]
    market_value: Mapped[Decimal]
    unrealized_pnl: Mapped[Decimal]


class Textual(Other):
    """A snapshot whose total is a text."""

    __tablename__ = "textual"

    id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime]
    total_value: Mapped[str]


def test_a_class_that_cannot_be_filled_is_refused_by_the_name_of_its_column() -> None:
    with pytest.raises(ib.ConfigError, match=r"Foreign\.portfolio_id"):
        HoldingsTable.of(Foreign)
    with pytest.raises(ib.ConfigError, match="Textual has no column 'total_value'"):
        SnapshotsTable.of(Textual)
    assert "note" not in SnapshotsTable.of(PortfolioSnapshot).mapped.columns


def test_the_key_is_found() -> None:
    assert HOLDINGS.key_names == ("symbol",)
    assert set(LOTS.key_names) == {"symbol", "account", "currency", "sec_type", "con_id"}
    assert (HOLDINGS.is_unique, LOTS.is_unique, LOOSE.is_unique) == (True, True, False)
