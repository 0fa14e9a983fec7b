"""The frozen values of the package, and the short ways to make contracts and orders."""

# The short ways are functions, because what a gateway answers is a `Contract` or an `Order`
# however it was made: no `isinstance` can tell them apart, so none should be written.
# ruff: noqa: N802 - they are written like the classes they make

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, TypedDict, Unpack

from aioibkr._native import (
    AccountSnapshot,
    AccountValue,
    Alert,
    ArrowTable,
    Balance,
    Bar,
    Bars,
    CircuitHealth,
    Commission,
    Contract,
    ContractDetails,
    DepthBook,
    DepthLevel,
    Execution,
    Failure,
    Fill,
    Gap,
    Greeks,
    Health,
    Histogram,
    KeepaliveEvent,
    LineUsage,
    LinkHealth,
    LinkMetrics,
    Metrics,
    Notice,
    Order,
    PacingUsage,
    Pnl,
    Position,
    QueueDepths,
    Quote,
    Readiness,
    RequestMetrics,
    RiskLimits,
    StateChange,
    StreamMetrics,
    Subscription,
    Tick,
    TickBatch,
    TickByTick,
    TickByTickBatch,
    Trade,
    TradeEvent,
    Update,
)
from aioibkr.errors import ConfigError

__all__ = [
    "CFD",
    "AccountSnapshot",
    "AccountValue",
    "Action",
    "Alert",
    "ArrowTable",
    "Balance",
    "Bar",
    "Bars",
    "Bond",
    "CircuitHealth",
    "Commission",
    "Contract",
    "ContractDetails",
    "ContractOptions",
    "Crypto",
    "DepthBook",
    "DepthLevel",
    "Execution",
    "Failure",
    "FailureCategory",
    "Fill",
    "Forex",
    "Fund",
    "Future",
    "FutureOption",
    "Gap",
    "Greeks",
    "Health",
    "Histogram",
    "Index",
    "KeepaliveEvent",
    "KeptAccount",
    "LimitOrder",
    "LineUsage",
    "LinkHealth",
    "LinkMetrics",
    "MarketDataType",
    "MarketOrder",
    "Metrics",
    "Notice",
    "Option",
    "Order",
    "OrderOptions",
    "PacingUsage",
    "Pnl",
    "Position",
    "Quantity",
    "QueueDepths",
    "Quote",
    "QuoteField",
    "Readiness",
    "RequestMetrics",
    "Right",
    "RiskLimits",
    "StateChange",
    "Stock",
    "StopLimitOrder",
    "StopOrder",
    "StreamMetrics",
    "Subscription",
    "Tick",
    "TickBatch",
    "TickByTick",
    "TickByTickBatch",
    "Trade",
    "TradeEvent",
    "Update",
    "Warrant",
]

Quantity = int | float | Decimal | str
"""Units of a contract. A float counts as its shortest decimal form, so ``0.1`` is exactly 0.1."""

Action = Literal["BUY", "SELL", "SSHORT", "SLONG"]
Right = Literal["C", "P", "CALL", "PUT"]
MarketDataType = Literal["live", "frozen", "delayed", "delayed-frozen"]
FailureCategory = Literal[
    "connection",
    "order",
    "market_data",
    "historical_data",
    "socket",
    "authorization",
    "severe",
    "warning",
    "request",
]
"""What failed; see `Client.errors`."""
QuoteField = Literal[
    "bid",
    "ask",
    "last",
    "bid_size",
    "ask_size",
    "last_size",
    "volume",
    "open",
    "high",
    "low",
    "close",
    "mark",
    "bid_exchange",
    "ask_exchange",
    "last_exchange",
    "bid_greeks",
    "ask_greeks",
    "last_greeks",
    "model_greeks",
    "halted",
    "shortable",
    "shortable_shares",
    "last_timestamp",
]
"""What of a quote the market moves; see `Quote.time_of`."""


class KeptAccount(NamedTuple):
    """What is kept of an account while no live link tells it."""

    snapshot: AccountSnapshot
    """Its values."""
    pnl: Pnl | None
    """Profit and loss, if it was told."""
    positions: list[Position]
    """What it holds, with the prices that were known."""
    as_of: datetime
    """When all that was last known to be right, UTC."""


class ContractOptions(TypedDict, total=False):
    """What every kind of contract may say besides; see `Contract`."""

    multiplier: str
    primary_exchange: str
    local_symbol: str
    trading_class: str
    contract_id: int | None
    include_expired: bool
    security_id_type: str
    security_id: str


class OrderOptions(TypedDict, total=False):
    """What every kind of order may say besides; see `Order`."""

    time_in_force: str
    outside_rth: bool
    account: str | None
    order_ref: str


def Stock(
    symbol: str,
    exchange: str = "SMART",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A stock or ETF; ``primary_exchange`` tells listings of the same symbol apart."""
    return Contract(
        security_type="STK", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def Option(
    symbol: str,
    expiry: str,
    strike: float,
    right: Right,
    *,
    exchange: str = "SMART",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """An option on a stock or index. ``expiry`` is ``YYYYMMDD``, or ``YYYYMM`` for a lookup."""
    return Contract(
        security_type="OPT",
        symbol=symbol,
        expiry=expiry,
        strike=strike,
        right=right,
        exchange=exchange,
        currency=currency,
        **options,
    )


def Future(
    symbol: str,
    expiry: str,
    exchange: str,
    *,
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A future. ``expiry`` is ``YYYYMM`` or ``YYYYMMDD``; empty finds every expiry."""
    return Contract(
        security_type="FUT",
        symbol=symbol,
        expiry=expiry,
        exchange=exchange,
        currency=currency,
        **options,
    )


def FutureOption(
    symbol: str,
    expiry: str,
    strike: float,
    right: Right,
    exchange: str,
    *,
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """An option on a future."""
    return Contract(
        security_type="FOP",
        symbol=symbol,
        expiry=expiry,
        strike=strike,
        right=right,
        exchange=exchange,
        currency=currency,
        **options,
    )


def Forex(pair: str, exchange: str = "IDEALPRO", **options: Unpack[ContractOptions]) -> Contract:
    """A currency pair: ``EURUSD``, ``EUR.USD`` or ``EUR/USD``; the second prices the first.

    Raises:
        ConfigError: The pair is not two currencies of three letters.
    """
    letters = pair.replace(".", "").replace("/", "").upper()
    if len(letters) != len("EURUSD") or not letters.isalpha():
        raise ConfigError(f"pair {pair!r}: give two currencies, such as 'EURUSD'")
    return Contract(
        security_type="CASH",
        symbol=letters[:3],
        currency=letters[3:],
        exchange=exchange,
        **options,
    )


def Index(
    symbol: str, exchange: str, currency: str = "USD", **options: Unpack[ContractOptions]
) -> Contract:
    """An index: it has prices and cannot be ordered."""
    return Contract(
        security_type="IND", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def CFD(
    symbol: str,
    exchange: str = "SMART",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A contract for difference."""
    return Contract(
        security_type="CFD", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def Crypto(
    symbol: str,
    exchange: str = "PAXOS",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A crypto-currency."""
    return Contract(
        security_type="CRYPTO", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def Bond(
    symbol: str,
    exchange: str = "SMART",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A bond by its symbol or CUSIP."""
    return Contract(
        security_type="BOND", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def Fund(
    symbol: str,
    exchange: str = "FUNDSERV",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A mutual fund."""
    return Contract(
        security_type="FUND", symbol=symbol, exchange=exchange, currency=currency, **options
    )


def Warrant(
    symbol: str,
    expiry: str,
    strike: float,
    right: Right,
    *,
    exchange: str = "SMART",
    currency: str = "USD",
    **options: Unpack[ContractOptions],
) -> Contract:
    """A warrant."""
    return Contract(
        security_type="WAR",
        symbol=symbol,
        expiry=expiry,
        strike=strike,
        right=right,
        exchange=exchange,
        currency=currency,
        **options,
    )


def MarketOrder(action: Action, quantity: Quantity, **options: Unpack[OrderOptions]) -> Order:
    """An order at the market's price."""
    return Order(action=action, quantity=quantity, order_type="MKT", **options)


def LimitOrder(
    action: Action,
    quantity: Quantity,
    limit_price: float,
    **options: Unpack[OrderOptions],
) -> Order:
    """An order at a price or better."""
    return Order(
        action=action, quantity=quantity, order_type="LMT", limit_price=limit_price, **options
    )


def StopOrder(
    action: Action,
    quantity: Quantity,
    stop_price: float,
    **options: Unpack[OrderOptions],
) -> Order:
    """A market order that waits for the stop price."""
    return Order(
        action=action, quantity=quantity, order_type="STP", stop_price=stop_price, **options
    )


def StopLimitOrder(
    action: Action,
    quantity: Quantity,
    limit_price: float,
    stop_price: float,
    **options: Unpack[OrderOptions],
) -> Order:
    """A limit order that waits for the stop price."""
    return Order(
        action=action,
        quantity=quantity,
        order_type="STP LMT",
        limit_price=limit_price,
        stop_price=stop_price,
        **options,
    )
