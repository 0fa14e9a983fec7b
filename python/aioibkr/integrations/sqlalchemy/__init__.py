"""The portfolio and the trade log in an application's own database, through SQLAlchemy.

::

    async with sessions() as session:
        result = await sync_portfolio(session, broker, holdings=Holding, snapshots=Snapshot)

Needs the extra: ``pip install 'aioibkr[sqlalchemy]'``.
"""

from aioibkr.integrations.sqlalchemy import extra as extra  # isort: skip - first, to name the extra
from aioibkr.integrations.sqlalchemy.holdings import SummedPosition
from aioibkr.integrations.sqlalchemy.portfolio import PortfolioTables, SyncResult, sync_portfolio
from aioibkr.integrations.sqlalchemy.trade_log import TradeLog
from aioibkr.integrations.sqlalchemy.trade_tables import (
    CommissionColumns,
    ExecutionColumns,
    LoggedCommission,
    LoggedExecution,
    LoggedOrder,
    OrderColumns,
    TradeLogBase,
)
from aioibkr.integrations.sqlalchemy.transactions import Sessions

__all__ = [
    "CommissionColumns",
    "ExecutionColumns",
    "LoggedCommission",
    "LoggedExecution",
    "LoggedOrder",
    "OrderColumns",
    "PortfolioTables",
    "Sessions",
    "SummedPosition",
    "SyncResult",
    "TradeLog",
    "TradeLogBase",
    "sync_portfolio",
]
