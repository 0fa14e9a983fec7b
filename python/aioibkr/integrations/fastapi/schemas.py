"""Bodies of requests and answers. Quantities are integers when integral, unknown prices null.

`as_of` is when figures were last known to be right, where they are kept ones; else null.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from aioibkr.broker import (
    Account,
    Order,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    PriceSource,
)
from aioibkr.integrations.fastapi.failures import NOT_TEXT

__all__ = [
    "AccountAnswer",
    "AccountFigures",
    "Cancelled",
    "Connection",
    "Health",
    "Metrics",
    "OrderDetail",
    "OrderReceipt",
    "OrderRequest",
    "OrderRow",
    "PortfolioAccountAnswer",
    "PositionRow",
    "Price",
    "Status",
    "Symbol",
    "Synced",
]

Quantity = int | float
# What a decoder writes in the place of bytes that are no UTF-8.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Metrics = dict[str, int | float | str | None]


def _word(given: object) -> object:
    return given.strip().upper() if isinstance(given, str) else given


def _number(given: object) -> object:
    if isinstance(given, bool):
        raise PydanticCustomError("number", "true and false are not numbers")
    return given


def _readable(given: str) -> str:
    """Refuse what is no text: control characters, and what stands for bytes that were none."""
    if not given.isprintable() or REPLACEMENT in given:
        raise PydanticCustomError(NOT_TEXT, "this is not text: it has characters nobody can read")
    return given


Symbol = Annotated[
    str,
    BeforeValidator(_word),
    Field(min_length=1, max_length=20, examples=["AAPL"]),
    AfterValidator(_readable),
]
Units = Annotated[float, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)]
Money = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


class OrderRequest(BaseModel):
    """An order as a request brings it; words in any case. It reads like an application's order."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "symbol": "AAPL",
                    "quantity": 5,
                    "side": "buy",
                    "order_type": "limit",
                    "price": 189.5,
                }
            ]
        },
    )

    symbol: Symbol
    quantity: Units
    side: Annotated[OrderSide, BeforeValidator(_word)]
    order_type: Annotated[OrderType, BeforeValidator(_word)]
    price: Money | None = None
    stop_price: Money | None = None


class OrderReceipt(BaseModel):
    """The answer to a placed order. `key` makes a repeated request harmless."""

    order_id: str
    symbol: str
    quantity: Quantity
    side: OrderSide
    order_type: OrderType
    price: float | None
    status: OrderStatus
    message: str
    key: str

    @classmethod
    def of(cls, order: Order) -> Self:
        """Tell an order that the gateway acknowledged."""
        return cls(
            order_id=str(order.order_id),
            symbol=order.symbol,
            quantity=order.quantity,
            side=order.side,
            order_type=order.order_type,
            price=order.price,
            status=order.status,
            message=f"Order {order.order_id} is {order.status.lower()}",
            key=str(order.metadata.get("idempotency_key", "")),
        )


class OrderRow(BaseModel):
    """A working order in a list."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    symbol: str
    quantity: Quantity
    side: OrderSide
    order_type: OrderType
    status: OrderStatus
    filled_quantity: Quantity
    remaining_quantity: Quantity
    avg_fill_price: float | None
    as_of: datetime | None = None


class OrderDetail(BaseModel):
    """One order, finished or not; times are in UTC."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    symbol: str
    quantity: Quantity
    side: OrderSide
    order_type: OrderType
    status: OrderStatus
    price: float | None
    submitted_at: datetime | None
    filled_at: datetime | None
    as_of: datetime | None = None


class PositionRow(BaseModel):
    """A position in a list; `price_source` says what its price, value and P&L rest on."""

    model_config = ConfigDict(from_attributes=True)

    symbol: str
    quantity: Quantity
    avg_cost: float
    market_price: float
    market_value: float
    unrealized_pnl: float
    price_source: PriceSource
    as_of: datetime | None = None

    @classmethod
    def of(cls, position: Position) -> Self:
        """Tell a position."""
        return cls.model_validate(position)


class AccountFigures(BaseModel):
    """The main figures of the account in its base currency."""

    model_config = ConfigDict(from_attributes=True)

    account_id: str
    cash_balance: float
    portfolio_value: float
    buying_power: float
    daily_pnl: float | None

    @classmethod
    def of(cls, account: Account) -> Self:
        """Tell an account."""
        return cls.model_validate(account)


class AccountAnswer(BaseModel):
    """The account as `/account` tells it."""

    status: Literal["success"] = "success"
    account: AccountFigures
    as_of: datetime | None = None


class PortfolioAccountAnswer(BaseModel):
    """The account as `/api/portfolio/account` tells it."""

    status: Literal["connected"] = "connected"
    account: AccountFigures
    as_of: datetime | None = None


class Connection(BaseModel):
    """The answer to connecting, disconnecting and cancelling."""

    status: str
    message: str


class Cancelled(Connection):
    """The answer to a confirmed cancel."""

    order_id: str


class Synced(BaseModel):
    """The answer to a portfolio that was written to the application's tables."""

    status: Literal["success"] = "success"
    message: str
    cash_balance: float
    portfolio_value: float
    positions_count: int

    @classmethod
    def of(cls, told: Mapping[str, bool | float | int | str]) -> Self:
        """Tell what was written."""
        count = told["positions_count"]
        return cls.model_validate({**told, "message": f"Wrote {count} positions"})


class Status(BaseModel):
    """Where the integration stands; answered whatever happens. `reason` says why not connected."""

    enabled: bool
    connected: bool
    paper_trading: bool
    mode: Literal["paper", "live"]
    broker_type: str
    metrics: Metrics
    reason: str | None = None


class Price(BaseModel):
    """A market price; `timestamp` is when it was answered, in UTC."""

    symbol: str
    price: float
    timestamp: datetime
    source: Literal["ib_gateway"] = "ib_gateway"
    as_of: datetime | None = None


class Health(BaseModel):
    """Liveness: the process answers. Readiness: the link is up and its state is known."""

    live: Literal[True] = True
    ready: bool
    connected: bool
