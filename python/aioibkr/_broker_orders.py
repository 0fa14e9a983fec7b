"""Orders between an application and the client: its order read, our trade told back.

An application's order may be any object with the attributes of `Order`; its enums may be its own
or plain words. Only the shape is judged here; every rule about money is the core's.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import NamedTuple, Protocol, TypeVar

from aioibkr._broker_models import Order, OrderSide, OrderStatus, OrderType
from aioibkr._client import Client
from aioibkr.errors import ConfigError, OrderRefused
from aioibkr.models import Order as Ticket
from aioibkr.models import Trade

__all__ = [
    "ApplicationOrder",
    "Wish",
    "key_of",
    "mark_placed",
    "order_of",
    "plain_number",
    "sentence",
    "status_of",
    "statuses_named",
    "trade_of",
    "trades_of",
    "wish_of",
]

_T = TypeVar("_T")
_W = TypeVar("_W", OrderSide, OrderType)
KEY = "idempotency_key"
LAST_ORDER_ID = 2**31 - 1
WORKING = frozenset({OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.PARTIAL})
STATUS = {
    "PendingSubmit": OrderStatus.PENDING,
    "PreSubmitted": OrderStatus.SUBMITTED,
    "Submitted": OrderStatus.SUBMITTED,
    "PendingCancel": OrderStatus.SUBMITTED,
    "ApiCancelled": OrderStatus.CANCELLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Filled": OrderStatus.FILLED,
    "Inactive": OrderStatus.REJECTED,
    "Unknown": OrderStatus.UNKNOWN,
}
WIRE_TYPES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
}
TYPES = {name: order_type for order_type, name in WIRE_TYPES.items()}


PRICES: dict[OrderType, tuple[str, ...]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("price", "stop_price"),
}


class ApplicationOrder(Protocol):
    """What an order of any application must have; `price` and `stop_price` where its type asks.

    `metadata["idempotency_key"]`, where there is one, is the order's key. Nothing else of the
    metadata is read.
    """

    @property
    def symbol(self) -> str:
        """Symbol of a US stock."""

    @property
    def side(self) -> object:
        """A word or an enum with the value `BUY` or `SELL`, in any case."""

    @property
    def order_type(self) -> object:
        """A word or an enum with the value `MARKET`, `LIMIT`, `STOP` or `STOP_LIMIT`."""

    @property
    def quantity(self) -> object:
        """Units, a number more than 0."""


class Wish(NamedTuple):
    """What an application's order asks for, in the client's words."""

    symbol: str
    ticket: Ticket


def wish_of(order: ApplicationOrder) -> Wish:
    """Read an application's order into what the client places.

    Raises `OrderRefused` that tells of every attribute that cannot be read; whether what was read
    may be ordered is the client's to say.
    """
    reading = _Reading()
    symbol = reading.take(lambda: _symbol(order))
    side = reading.take(lambda: _word(order, "side", OrderSide))
    order_type = reading.take(lambda: _word(order, "order_type", OrderType))
    quantity = reading.take(lambda: _quantity(order))
    price = reading.take(lambda: _price(order, order_type, "price", "price"))
    stop_price = reading.take(lambda: _price(order, order_type, "stop_price", "stop"))
    if symbol is None or side is None or order_type is None or quantity is None:
        raise reading.refusal()
    reading.check()
    return Wish(symbol, _ticket(side, order_type, quantity, price, stop_price))


class _Reading:
    """Attributes read one by one; what cannot be read is kept for one refusal."""

    def __init__(self) -> None:
        self._refused: list[OrderRefused] = []

    def take(self, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except OrderRefused as refused:
            self._refused.append(refused)
            return None

    def check(self) -> None:
        if self._refused:
            raise self.refusal()

    def refusal(self) -> OrderRefused:
        rules = [refused.rule for refused in self._refused]
        message = "; ".join(refused.message for refused in self._refused)
        return OrderRefused(message, {"rule": rules[0], "rules": ",".join(rules)})


def key_of(order: ApplicationOrder) -> str | None:
    """The idempotency key in the order's metadata, if there is one."""
    metadata = getattr(order, "metadata", None)
    key = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    return str(key) if key else None


def _ticket(
    side: OrderSide,
    order_type: OrderType,
    quantity: Decimal,
    price: float | None,
    stop_price: float | None,
) -> Ticket:
    try:
        return Ticket(
            action=side.value,
            quantity=quantity,
            order_type=WIRE_TYPES[order_type],
            limit_price=price,
            stop_price=stop_price,
        )
    except ConfigError as error:
        raise _refused("quantity", error.message) from error


def _symbol(order: object) -> str:
    symbol = getattr(order, "symbol", None)
    if not isinstance(symbol, str) or not symbol.strip():
        raise _refused("symbol", f"an order needs a symbol, not {symbol!r}")
    return symbol.strip().upper()


def _word(order: object, name: str, words: type[_W]) -> _W:
    given = getattr(order, name, None)
    word = getattr(given, "value", given)
    try:
        return words(str(word).strip().upper())
    except ValueError:
        allowed = ", ".join(words)
        raise _refused(name, f"{name} {word!r} is not one of {allowed}") from None


def _quantity(order: object) -> Decimal:
    quantity = _number(order, "quantity", "quantity")
    if not quantity.is_finite():
        raise _refused("quantity", f"quantity {quantity} is not finite")
    return quantity


def _price(order: object, of: OrderType | None, name: str, rule: str) -> float | None:
    """A price as given, where the type has one; whether it can be meant is a rule of the core."""
    given = getattr(order, name, None) if of and name in PRICES[of] else None
    return None if given is None else float(_number(order, name, rule))


def _number(order: object, name: str, rule: str) -> Decimal:
    """A number of the order by its shortest decimal form, so that 0.1 stays 0.1."""
    given = getattr(order, name, None)
    if isinstance(given, bool) or not isinstance(given, Real | Decimal):
        raise _refused(rule, f"{name} {given!r} is not a number")
    try:
        return given if isinstance(given, Decimal) else _decimal(given)
    except OverflowError:
        raise _refused(rule, f"{name} {given!r} is out of range") from None


def _decimal(number: Real) -> Decimal:
    if isinstance(number, Integral):
        return Decimal(int(number))
    value = float(number)
    return Decimal(int(value)) if value.is_integer() else Decimal(repr(value))


def _refused(rule: str, message: str) -> OrderRefused:
    return OrderRefused(message, {"rule": rule})


def mark_placed(order: object, placed: Order) -> None:
    """Write id and status into the object that was placed, where it lets us.

    Our own `Order` is frozen for everybody else; placing it is the one event that completes it.
    """
    write = object.__setattr__ if isinstance(order, Order) else setattr
    try:
        write(order, "order_id", placed.order_id)
        write(order, "status", placed.status)
    except (AttributeError, TypeError, ValueError):
        return  # the application's object is closed to writing, and the id is returned anyway


async def trade_of(client: Client, order_id: str) -> Trade | None:
    """The order of this session with that id; None for an unknown one and for what is no id.

    An order is unknown once the link has listed its orders. Raises `StateUnknown` before that.
    """
    if (number := number_of(order_id)) is None:
        return None
    if (trade := client.trade(number)) is None:
        await client.open_orders()
        trade = client.trade(number)
    return trade


def number_of(order_id: str) -> int | None:
    """The number of an order id; None for what is none."""
    text = str(order_id).strip()
    numeric = text.isascii() and text.isdigit() and len(text) <= len(str(LAST_ORDER_ID))
    return int(text) if numeric and int(text) <= LAST_ORDER_ID else None


async def trades_of(client: Client) -> list[Trade]:
    """The orders of this session, once the link has listed them; `StateUnknown` before that."""
    await client.open_orders()
    return client.trades()


def order_of(trade: Trade, as_of: datetime | None = None) -> Order:
    """Tell a trade as an order of the application, and as of when where it is kept.

    The trade goes on while it is read: the status first, then what came with or after it.
    """
    told, filled, ticket = trade.status, trade.filled, trade.order
    return Order(
        order_id=str(trade.order_id),
        symbol=trade.contract.symbol,
        side=OrderSide.BUY if ticket.action == "BUY" else OrderSide.SELL,
        order_type=TYPES.get(ticket.order_type) or _nearest_type(ticket),
        quantity=plain_number(ticket.quantity),
        price=ticket.limit_price,
        stop_price=ticket.stop_price,
        status=_status(trade, told, filled),
        filled_quantity=plain_number(filled),
        avg_fill_price=trade.average_price,
        commission=trade.commission,
        timestamp=_seen_at(trade),
        metadata={KEY: trade.key} if trade.key else {},
        submitted_at=trade.submitted_at,
        filled_at=trade.filled_at,
        as_of=as_of,
    )


def _nearest_type(ticket: Ticket) -> OrderType:
    """The type with the same prices, for orders that another program placed under our client id."""
    if ticket.limit_price is None:
        return OrderType.MARKET if ticket.stop_price is None else OrderType.STOP
    return OrderType.LIMIT if ticket.stop_price is None else OrderType.STOP_LIMIT


def _seen_at(trade: Trade) -> datetime:
    """When the order was sent, else when it was first heard of."""
    if trade.submitted_at is not None:
        return trade.submitted_at
    return trade.log[0].time if trade.log else datetime.now(UTC)


def status_of(trade: Trade) -> OrderStatus:
    """An order that works with units filled is `PARTIAL`; a refused one is `REJECTED`.

    A cancel that was asked for and not confirmed changes nothing: the order can still fill.
    """
    return _status(trade, trade.status, trade.filled)


def _status(trade: Trade, told: str, filled: Decimal) -> OrderStatus:
    status = STATUS[told]
    if status in WORKING and filled > 0:
        return OrderStatus.PARTIAL if filled < trade.order.quantity else OrderStatus.FILLED
    if status is OrderStatus.CANCELLED and trade.rejection and not filled:
        return OrderStatus.REJECTED
    return status


def statuses_named(status: object) -> frozenset[OrderStatus]:
    """The statuses a filter asks for: None for all, `open`, a status word, or any enum of one.

    Raises `ConfigError` for a word that names no status.
    """
    if status is None:
        return frozenset(OrderStatus)
    word = str(getattr(status, "value", status)).strip().upper()
    if word == "OPEN":
        return WORKING
    if word not in OrderStatus.__members__:
        allowed = ", ".join(["open", *OrderStatus])
        raise ConfigError(f"order status {word!r} is not one of {allowed}")
    return frozenset({OrderStatus(word)})


def sentence(message: str) -> str:
    """A message of ours as the applications show it: beginning with a capital."""
    return message[:1].upper() + message[1:]


def plain_number(quantity: Decimal) -> int | float:
    """A quantity as `int` when integral, else `float`; nothing is truncated."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
