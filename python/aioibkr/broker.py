"""The broker of an application and its values.

They are named as the applications name them; IB's own `Order` and `Position` are in the package
root. `IBKRInsyncBroker` and `IBKRThreadedBroker` are older names of `IBKRBroker`.
"""

from aioibkr._broker import IBKRBroker
from aioibkr._broker_models import (
    Account,
    MarketPrice,
    Order,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    PriceSource,
)
from aioibkr._broker_orders import ApplicationOrder
from aioibkr._integration import IBKRIntegration, get_ibkr_integration
from aioibkr._risk_manager import PortfolioRisk, RiskManager

__all__ = [
    "Account",
    "ApplicationOrder",
    "IBKRBroker",
    "IBKRInsyncBroker",
    "IBKRIntegration",
    "IBKRThreadedBroker",
    "MarketPrice",
    "Order",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "PortfolioRisk",
    "Position",
    "PriceSource",
    "RiskManager",
    "get_ibkr_integration",
]

IBKRInsyncBroker = IBKRBroker
IBKRThreadedBroker = IBKRBroker
