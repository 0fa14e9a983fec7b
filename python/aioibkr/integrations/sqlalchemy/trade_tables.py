"""The three tables of the trade log, as mapped classes of a base of their own and as mixins.

An application that wants them beside its own tables mixes the columns into classes of its base.
Their metadata names every constraint, as Alembic needs it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Numeric, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aioibkr.integrations.sqlalchemy.fitting import Kind

__all__ = [
    "COMMISSIONS",
    "EXECUTIONS",
    "ORDERS",
    "CommissionColumns",
    "ExecutionColumns",
    "LoggedCommission",
    "LoggedExecution",
    "LoggedOrder",
    "OrderColumns",
    "TradeLogBase",
]

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
QUANTITY = Numeric(28, 12)
PRICE = Numeric(28, 12)
MONEY = Numeric(24, 6)
MOMENT = DateTime(timezone=True)


class TradeLogBase(DeclarativeBase):
    """The base of the classes that are shipped; its `metadata` is what Alembic compares."""

    metadata = MetaData(naming_convention=NAMES)


class ContractColumns:
    """What was traded, and where it was booked."""

    account: Mapped[str | None] = mapped_column(String(40))
    con_id: Mapped[int | None] = mapped_column(BigInteger)
    symbol: Mapped[str] = mapped_column(String(64))
    sec_type: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(8))
    local_symbol: Mapped[str] = mapped_column(String(64))
    exchange: Mapped[str] = mapped_column(String(32))


class OrderColumns(ContractColumns):
    """An order as it stands; `uid` names it by its permId, by our key before IB has given one."""

    uid: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str | None] = mapped_column(String(40))
    order_ref: Mapped[str] = mapped_column(String(80))
    perm_id: Mapped[int | None] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(Integer)
    client_id: Mapped[int | None] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(8))
    order_type: Mapped[str] = mapped_column(String(32))
    quantity: Mapped[Decimal] = mapped_column(QUANTITY)
    limit_price: Mapped[Decimal | None] = mapped_column(PRICE)
    stop_price: Mapped[Decimal | None] = mapped_column(PRICE)
    time_in_force: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(20))
    filled: Mapped[Decimal] = mapped_column(QUANTITY)
    remaining: Mapped[Decimal] = mapped_column(QUANTITY)
    average_price: Mapped[Decimal | None] = mapped_column(PRICE)
    commission: Mapped[Decimal | None] = mapped_column(MONEY)
    reject_code: Mapped[int | None] = mapped_column(Integer)
    reject_reason: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime | None] = mapped_column(MOMENT)
    filled_at: Mapped[datetime | None] = mapped_column(MOMENT)
    updated_at: Mapped[datetime] = mapped_column(MOMENT)


class ExecutionColumns(ContractColumns):
    """One execution. It counts while `superseded_by` and `busted_at` are both NULL."""

    execution_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    execution_base: Mapped[str] = mapped_column(String(64), index=True)
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    busted_at: Mapped[datetime | None] = mapped_column(MOMENT)
    perm_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    order_id: Mapped[int | None] = mapped_column(Integer)
    client_id: Mapped[int | None] = mapped_column(Integer)
    order_ref: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(8))
    quantity: Mapped[Decimal] = mapped_column(QUANTITY)
    price: Mapped[Decimal] = mapped_column(PRICE)
    time: Mapped[datetime | None] = mapped_column(MOMENT)
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)


class CommissionColumns:
    """What one execution cost; negative for a rebate. It may come before its execution."""

    execution_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    amount: Mapped[Decimal | None] = mapped_column(MONEY)
    currency: Mapped[str] = mapped_column(String(8))
    realized_pnl: Mapped[Decimal | None] = mapped_column(MONEY)
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)


class LoggedOrder(OrderColumns, TradeLogBase):
    """An order of the trade log."""

    __tablename__ = "ib_orders"


class LoggedExecution(ExecutionColumns, TradeLogBase):
    """An execution of the trade log."""

    __tablename__ = "ib_executions"


class LoggedCommission(CommissionColumns, TradeLogBase):
    """A commission of the trade log."""

    __tablename__ = "ib_commissions"


TEXT, WHOLE, TIME = Kind.TEXT, Kind.WHOLE, Kind.TIME
CONTRACT = {
    "account": TEXT, "con_id": WHOLE, "symbol": TEXT, "sec_type": TEXT, "currency": TEXT,
    "local_symbol": TEXT, "exchange": TEXT,
}  # fmt: skip
IDS = {"perm_id": WHOLE, "order_id": WHOLE, "client_id": WHOLE, "order_ref": TEXT, "action": TEXT}
ORDERS = CONTRACT | IDS | {
    "uid": TEXT, "key": TEXT, "order_type": TEXT, "quantity": Kind.QUANTITY,
    "limit_price": Kind.MONEY, "stop_price": Kind.MONEY, "time_in_force": TEXT, "status": TEXT,
    "filled": Kind.QUANTITY, "remaining": Kind.QUANTITY, "average_price": Kind.MONEY,
    "commission": Kind.MONEY, "reject_code": WHOLE, "reject_reason": TEXT, "submitted_at": TIME,
    "filled_at": TIME, "updated_at": TIME,
}  # fmt: skip
EXECUTIONS = CONTRACT | IDS | {
    "execution_id": TEXT, "execution_base": TEXT, "superseded_by": TEXT, "busted_at": TIME,
    "quantity": Kind.QUANTITY, "price": Kind.MONEY, "time": TIME, "recorded_at": TIME,
}  # fmt: skip
COMMISSIONS = {
    "execution_id": TEXT, "amount": Kind.MONEY, "currency": TEXT, "realized_pnl": Kind.MONEY,
    "recorded_at": TIME,
}  # fmt: skip
