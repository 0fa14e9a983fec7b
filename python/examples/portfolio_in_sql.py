"""SQL: the portfolio in an application's own tables, and every order in a trade log."""

import asyncio
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Integer, Numeric, String, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import (
    LoggedExecution,
    TradeLog,
    TradeLogBase,
    sync_portfolio,
)
from aioibkr.testing import MockGateway


class Base(DeclarativeBase):
    """The application's."""


class Holding(Base):
    """A position; `stop_loss_pct` is the application's own and is never written."""

    __tablename__ = "holdings"

    symbol: Mapped[str] = mapped_column(String(10), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    avg_cost: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    current_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    market_value: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    unrealized_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    updated_at: Mapped[datetime]
    stop_loss_pct: Mapped[Decimal] = mapped_column(Numeric(5, 4), default=Decimal("0.05"))


class PortfolioSnapshot(Base):
    """The portfolio at one moment."""

    __tablename__ = "portfolio_snapshots"

    id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime]
    total_value: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    cash_balance: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    daily_pnl: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    total_return_pct: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))


engine = create_async_engine("sqlite+aiosqlite://")
sessions = async_sessionmaker(engine)


async def write_portfolio(client: ib.Client) -> None:
    """Brings both tables up to date, or raises and changes nothing."""
    async with sessions() as session:
        result = await sync_portfolio(
            session, client, holdings=Holding, snapshots=PortfolioSnapshot
        )
    for row in result.summed:
        print(f"{row.symbol}: one row for {len(row.positions)} positions, in {row.currency}")


async def buy(client: ib.Client) -> None:
    """Places an order while everything that happens is written down."""
    async with TradeLog(client, sessions) as log:
        trade = await client.place(ib.Stock("AAPL"), ib.MarketOrder("BUY", 5), key="first")
        await trade.done(timeout=10)
        await log.caught_up()


async def make_tables() -> None:
    """What a migration does in an application."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(TradeLogBase.metadata.create_all)


async def main() -> None:
    """An order, then the portfolio that it made."""
    await make_tables()
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        async with ib.connect(host=gateway.host, port=gateway.port) as client:
            await buy(client)
            while not await client.positions():  # noqa: ASYNC110 - the first may take a moment
                await asyncio.sleep(0.01)
            await write_portfolio(client)

    async with sessions() as session:
        (holding,) = (await session.scalars(select(Holding))).all()
        (execution,) = (await session.scalars(select(LoggedExecution))).all()
    assert (holding.symbol, holding.quantity) == ("AAPL", 5)
    assert (execution.quantity, execution.price) == (Decimal(5), Decimal("190.1"))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
