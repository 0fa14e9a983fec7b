"""An application's own mapped classes: as the contract lists them, and as others differ."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Integer, Numeric, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The application's."""


class Holding(Base):
    """A position: the contract's columns, three of them the user's own."""

    __tablename__ = "holdings"

    symbol: Mapped[str] = mapped_column(String(10), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    avg_cost: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    current_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    market_value: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    unrealized_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    updated_at: Mapped[datetime] = mapped_column(DateTime)
    stop_loss_pct: Mapped[Decimal] = mapped_column(Numeric(5, 4), default=Decimal("0.05"))
    stop_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    sector: Mapped[str | None] = mapped_column(String(50))


class PortfolioSnapshot(Base):
    """The portfolio at one moment."""

    __tablename__ = "portfolio_snapshots"

    id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(DateTime)
    total_value: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    cash_balance: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    invested_value: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    daily_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    unrealized_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    realized_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    total_return_pct: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    note: Mapped[str | None] = mapped_column(String(50))


class Figures:
    """The figures of a position, for classes that differ in their keys."""

    avg_cost: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    current_price: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    market_value: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    unrealized_pnl: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    realized_pnl: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    quantity: Mapped[Decimal] = mapped_column(Numeric(20, 8))
    note: Mapped[str | None] = mapped_column(String(50))


class Lot(Figures, Base):
    """A position told apart by everything, prices never NULL."""

    __tablename__ = "lots"
    __table_args__ = (UniqueConstraint("account", "symbol", "currency", "sec_type", "con_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(20))
    symbol: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    sec_type: Mapped[str] = mapped_column(String(10))
    con_id: Mapped[int] = mapped_column(BigInteger)
    price_source: Mapped[str | None] = mapped_column(String(20))


class LooseHolding(Figures, Base):
    """A position by symbol that nothing keeps unique."""

    __tablename__ = "loose_holdings"

    id: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(String(20))


class AccountSnapshot(Base):
    """One account at one moment."""

    __tablename__ = "account_snapshots"

    id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    account: Mapped[str] = mapped_column(String(20))
    total_value: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    positions_count: Mapped[int]
