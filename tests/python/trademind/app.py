"""A small TradeMind: a FastAPI application with its own order and enums, on `IBKRBroker`.

Nothing here knows the package but for one import; it is what the application keeps when it deletes
its threads and queues.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Literal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from aioibkr import IBKRBroker


class OrderStatus(Enum):
    """The application's own."""

    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"


class OrderType(str, Enum):  # noqa: UP042 - the application is older than StrEnum
    """The application's own."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class OrderSide(Enum):
    """The application's own."""

    BUY = "BUY"
    SELL = "SELL"


@dataclass
class Order:
    """The application's own."""

    order_id: str
    symbol: str
    side: OrderSide
    order_type: OrderType
    quantity: int
    price: float | None = None
    stop_price: float | None = None
    status: OrderStatus = OrderStatus.PENDING
    filled_quantity: int = 0
    avg_fill_price: float | None = None
    commission: float | None = None
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    metadata: dict[str, object] = field(default_factory=dict)


class Signal(BaseModel):
    """What a strategy wishes."""

    symbol: str
    side: Literal["BUY", "SELL"]
    shares: int
    limit: float | None = None


OPEN = {OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.PARTIAL}


def create_app(broker: IBKRBroker) -> FastAPI:
    """The application on a broker."""
    app = FastAPI()
    add_routes(app, lambda: broker)
    return app


def add_routes(app: FastAPI, broker_of: Callable[[], IBKRBroker]) -> None:
    """The application's own routes."""

    @app.post("/signals")
    async def trade(signal: Signal) -> dict[str, object]:
        order, broker = order_for(signal), broker_of()
        valid, message = await broker.validate_order(order)
        if not valid:
            raise HTTPException(400, message)
        await broker.place_order(order)
        return {"order_id": order.order_id, "open": order.status in OPEN}

    @app.get("/orders/{order_id}/filled")
    async def filled(order_id: str) -> bool:
        return await broker_of().get_order_status(order_id) == OrderStatus.FILLED

    @app.get("/portfolio")
    async def portfolio() -> dict[str, object]:
        account = await broker_of().get_account()
        held = {position.symbol: position.quantity for position in account.positions}
        return {"cash": account.cash_balance, "held": held}


def order_for(signal: Signal) -> Order:
    """The order that a signal asks for."""
    return Order(
        order_id="",
        symbol=signal.symbol,
        side=OrderSide(signal.side),
        order_type=OrderType.MARKET if signal.limit is None else OrderType.LIMIT,
        quantity=signal.shares,
        price=signal.limit,
    )
