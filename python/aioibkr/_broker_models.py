"""Values of the broker layer, in the words of its applications.

They are what `IBKRBroker` hands out: frozen, finite, and free of IB's own vocabulary. The enums are
equal to the application's own enums of the same class name and value, in both directions, so that
an application keeps its own definitions.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Literal, Self

__all__ = [
    "Account",
    "MarketPrice",
    "Order",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "Position",
    "PriceSource",
]

PriceSource = Literal["mark", "quote", "close", "average_cost"]


class _Word(StrEnum):
    """An enum equal to a foreign enum of the same class name and value, and to the bare word.

    The hash is that of the word, which is also the hash of a foreign member whose value equals its
    name, plain or `str`: both find each other in sets and dictionaries.
    """

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return str.__eq__(self, other)
        if isinstance(other, Enum):
            return type(other).__name__ == type(self).__name__ and other.value == self.value
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(self.value)


class OrderStatus(_Word):
    """Where an order stands. `PARTIAL` works on with some units filled.

    `UNKNOWN` ended, and the gateway does not tell how: look at positions.
    """

    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class OrderType(_Word):
    """How an order is priced."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"


class OrderSide(_Word):
    """Buy or sell."""

    BUY = "BUY"
    SELL = "SELL"


class MarketPrice(float):
    """A market price; `as_of` is when it was right where it was kept, None where it is fresh."""

    as_of: datetime | None

    def __new__(cls, amount: float, as_of: datetime | None = None) -> Self:
        """Tell a price."""
        price = super().__new__(cls, amount)
        price.as_of = as_of
        return price


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Order:
    """An order: a wish when it goes in, a snapshot when it comes out.

    Quantities are `int` when integral, else `float`. Prices are per unit in the contract's
    currency; a price the type does not have is None. `place_order` fills in `order_id` and
    `status` of the object it is given. `metadata["idempotency_key"]` is the order's key. `as_of` is
    when it was last known to be right, where it was answered from what is kept; else None.
    """

    order_id: str | None = field(hash=False)
    symbol: str
    side: OrderSide
    order_type: OrderType
    quantity: int | float
    price: float | None = None
    stop_price: float | None = None
    status: OrderStatus = field(default=OrderStatus.PENDING, hash=False)
    filled_quantity: int | float = 0
    avg_fill_price: float | None = None
    commission: float | None = None
    timestamp: datetime = field(default_factory=_now)
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    submitted_at: datetime | None = None
    filled_at: datetime | None = None
    as_of: datetime | None = field(default=None, hash=False)

    @property
    def remaining_quantity(self) -> int | float:
        """Units not filled yet."""
        return self.quantity - self.filled_quantity


@dataclass(frozen=True)
class Position:
    """Units held of one symbol; negative when short.

    `price_source` says where the price comes from: IB's own mark (`mark`); where IB has none, a
    fresh quote (`quote`), else the last close (`close`), else the average cost (`average_cost`),
    which says nothing of the market: value and P&L are then what was paid and 0. `avg_cost` has the
    contract's multiplier in it, prices have not; `market_value` is signed. `as_of` is when all that
    was last known to be right, where it was answered from what is kept; else None.
    """

    symbol: str
    quantity: int | float
    avg_cost: float
    current_price: float
    market_value: float
    unrealized_pnl: float
    realized_pnl: float = 0.0
    currency: str = "USD"
    price_source: PriceSource = "mark"
    as_of: datetime | None = None

    @property
    def market_price(self) -> float:
        """The same as `current_price`."""
        return self.current_price


@dataclass(frozen=True)
class Account:
    """One account in its base currency. A P&L that IB has not computed is None, never 0.

    `as_of` is when the figures were last known to be right, where they were answered from what is
    kept; else None.
    """

    account_id: str
    cash_balance: float
    portfolio_value: float
    buying_power: float
    margin_available: float
    total_pnl: float | None
    daily_pnl: float | None
    currency: str = "USD"
    positions: list[Position] = field(default_factory=list, hash=False)
    as_of: datetime | None = None
