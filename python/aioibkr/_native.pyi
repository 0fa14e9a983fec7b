"""The extension module: frozen values, the client, the mock gateway.

Users reach all of it through `aioibkr`; what is documented there is not repeated here.
"""

# ruff: noqa: PYI021 - a compiled module has no source, so editors show these docstrings

from asyncio import AbstractEventLoop
from collections.abc import Awaitable as _Answer
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextvars import Context
from datetime import datetime
from decimal import Decimal
from typing import (
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    final,
    overload,
    type_check_only,
)

import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]
import polars as pl  # type: ignore[import-not-found, unused-ignore]

from aioibkr.config import AlertRules, Breaker, Keepalive, Pacing, Reconnect, RestartWindow
from aioibkr.errors import IBKRError

__all__ = [
    "AccountSnapshot",
    "AccountValue",
    "Alert",
    "ArrowTable",
    "Awaitable",
    "Balance",
    "Bar",
    "Bars",
    "CircuitHealth",
    "Client",
    "Commission",
    "Config",
    "Contract",
    "ContractDetails",
    "DepthBook",
    "DepthLevel",
    "Execution",
    "Failure",
    "FaultHandle",
    "Fill",
    "Gap",
    "Greeks",
    "Health",
    "Histogram",
    "KeepaliveEvent",
    "LineUsage",
    "LinkHealth",
    "LinkMetrics",
    "Metrics",
    "MockGateway",
    "Notice",
    "Order",
    "PacingUsage",
    "Pnl",
    "Position",
    "QueueDepths",
    "Quote",
    "Readiness",
    "Recorder",
    "RequestMetrics",
    "RiskLimits",
    "StateChange",
    "StreamMetrics",
    "Subscription",
    "Tick",
    "TickBatch",
    "TickByTick",
    "TickByTickBatch",
    "Trade",
    "TradeEvent",
    "Update",
    "_Events",
    "_Reader",
    "_Stream",
    "_arrow_table",
    "_refresh_log_levels",
    "_server_time_via_future_into_py",
    "run_mock_gateway",
    "run_recorder",
    "stage_bar_interval",
    "stage_bars",
    "stage_bulletin",
    "stage_bust",
    "stage_depth",
    "stage_depth_halt",
    "stage_depth_reset",
    "stage_family_code",
    "stage_headline",
    "stage_instrument",
    "stage_providers",
    "stage_scanner_rows",
    "stage_statistic",
    "stage_trade",
    "stage_white_branding",
]

_Quantity: TypeAlias = int | float | Decimal | str
_MarketDataType: TypeAlias = Literal["live", "frozen", "delayed", "delayed-frozen"]
_QuoteField: TypeAlias = Literal[
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
_OrderStatus: TypeAlias = Literal[
    "PendingSubmit",
    "PreSubmitted",
    "Submitted",
    "PendingCancel",
    "ApiCancelled",
    "Cancelled",
    "Filled",
    "Inactive",
    "Unknown",
]

@type_check_only
class _ContractFields(TypedDict, total=False):
    symbol: str
    security_type: str
    exchange: str
    currency: str
    expiry: str
    strike: float | None
    right: str | None
    multiplier: str
    primary_exchange: str
    local_symbol: str
    trading_class: str
    contract_id: int | None
    include_expired: bool
    security_id_type: str
    security_id: str

@type_check_only
class _OrderFields(TypedDict, total=False):
    action: str
    quantity: _Quantity
    order_type: str
    limit_price: float | None
    stop_price: float | None
    time_in_force: str
    outside_rth: bool
    account: str | None
    order_ref: str

@final
class Contract:
    """A contract, fully named or only as far as a lookup needs; empty text means not given.

    Raises ``ConfigError`` for a strike that is no price, a right that is neither call nor put, or a
    ``contract_id`` that is not positive.
    """

    def __new__(
        cls,
        *,
        symbol: str = "",
        security_type: str = "",
        exchange: str = "",
        currency: str = "",
        expiry: str = "",
        strike: float | None = None,
        right: str | None = None,
        multiplier: str = "",
        primary_exchange: str = "",
        local_symbol: str = "",
        trading_class: str = "",
        contract_id: int | None = None,
        include_expired: bool = False,
        security_id_type: str = "",
        security_id: str = "",
    ) -> Self: ...
    @property
    def contract_id(self) -> int | None:
        """IB's identity (conId); None until qualified."""
    @property
    def symbol(self) -> str:
        """Symbol of the instrument or its underlying."""
    @property
    def security_type(self) -> str:
        """IB's name of the kind: STK OPT FUT FOP CASH IND CFD CRYPTO BOND FUND WAR BAG."""
    @property
    def expiry(self) -> str:
        """YYYYMMDD or YYYYMM of expiring instruments."""
    @property
    def strike(self) -> float | None:
        """Strike price of options."""
    @property
    def right(self) -> Literal["C", "P"] | None:
        """Call or put."""
    @property
    def multiplier(self) -> str:
        """Units per contract, as IB writes it."""
    @property
    def exchange(self) -> str:
        """Routing exchange, such as SMART."""
    @property
    def primary_exchange(self) -> str:
        """Listing exchange."""
    @property
    def currency(self) -> str:
        """Trading currency."""
    @property
    def local_symbol(self) -> str:
        """The exchange's own symbol."""
    @property
    def trading_class(self) -> str:
        """Trading class."""
    @property
    def include_expired(self) -> bool:
        """Also find contracts that have expired."""
    @property
    def security_id_type(self) -> str:
        """Kind of the alternative identifier: ISIN, CUSIP, FIGI."""
    @property
    def security_id(self) -> str:
        """The alternative identifier."""
    def replace(self, **changes: Unpack[_ContractFields]) -> Contract:
        """Make the same contract with other fields changed."""

    def __reduce__(self) -> tuple[Callable[[], Contract], tuple[()]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ContractDetails:
    """What IB knows about one contract."""

    @property
    def contract(self) -> Contract:
        """The contract, with its identity."""
    @property
    def market_name(self) -> str:
        """IB's market name."""
    @property
    def min_tick(self) -> float | None:
        """Smallest price step; None where IB gives none."""
    @property
    def price_magnifier(self) -> int:
        """What prices are divided by to get the currency's unit, 100 for prices in pence."""
    @property
    def long_name(self) -> str:
        """Full name."""
    @property
    def order_types(self) -> list[str]:
        """Order types the contract accepts."""
    @property
    def valid_exchanges(self) -> list[str]:
        """Exchanges it trades on."""
    @property
    def market_rule_ids(self) -> list[int]:
        """Market rules, one per valid exchange."""
    @property
    def industry(self) -> str:
        """Industry classification."""
    @property
    def category(self) -> str:
        """Category below the industry."""
    @property
    def subcategory(self) -> str:
        """Subcategory below the category."""
    @property
    def time_zone(self) -> str:
        """Time zone of the trading hours, IANA or IB's name."""
    @property
    def contract_month(self) -> str:
        """Month the contract is named after, YYYYMM."""
    @property
    def real_expiration_date(self) -> str:
        """Day it really expires, YYYYMMDD."""
    @property
    def last_trade_time(self) -> str:
        """Time of day of the last trade in `time_zone`, as IB writes it."""
    @property
    def settlement_method(self) -> str:
        """How it is settled, as IB names it."""
    @property
    def under_symbol(self) -> str:
        """Symbol of the underlying."""
    @property
    def under_security_type(self) -> str:
        """Security type of the underlying."""
    @property
    def under_contract_id(self) -> int | None:
        """Identity of the underlying."""
    @property
    def trading_hours(self) -> str:
        """Trading hours as IB writes them."""
    @property
    def liquid_hours(self) -> str:
        """Liquid hours as IB writes them."""
    @property
    def stock_type(self) -> str:
        """Kind of stock: COMMON, ETF and so on."""
    @property
    def min_size(self) -> float | None:
        """Smallest order size."""
    @property
    def size_increment(self) -> float | None:
        """Step of order sizes."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Quote:
    """The state of one market at one moment. What is not there is None, never NaN or -1."""

    @property
    def contract(self) -> Contract:
        """The qualified contract."""
    @property
    def bid(self) -> float | None:
        """Best bid."""
    @property
    def ask(self) -> float | None:
        """Best ask."""
    @property
    def last(self) -> float | None:
        """Last trade."""
    @property
    def bid_size(self) -> float | None:
        """Size at the bid."""
    @property
    def ask_size(self) -> float | None:
        """Size at the ask."""
    @property
    def last_size(self) -> float | None:
        """Size of the last trade."""
    @property
    def volume(self) -> float | None:
        """Volume of the day."""
    @property
    def open(self) -> float | None:
        """Opening price."""
    @property
    def high(self) -> float | None:
        """High of the day."""
    @property
    def low(self) -> float | None:
        """Low of the day."""
    @property
    def close(self) -> float | None:
        """Previous close."""
    @property
    def mark(self) -> float | None:
        """Mark price, from which IB computes values of positions."""
    @property
    def bid_exchange(self) -> str | None:
        """Exchanges at the bid, IB's letters."""
    @property
    def ask_exchange(self) -> str | None:
        """Exchanges at the ask, IB's letters."""
    @property
    def last_exchange(self) -> str | None:
        """Exchange of the last trade, IB's letter."""
    @property
    def bid_greeks(self) -> Greeks | None:
        """What the bid of an option implies."""
    @property
    def ask_greeks(self) -> Greeks | None:
        """What the ask of an option implies."""
    @property
    def last_greeks(self) -> Greeks | None:
        """What the last trade of an option implies."""
    @property
    def model_greeks(self) -> Greeks | None:
        """What IB's model price of an option implies."""
    @property
    def halted(self) -> bool | None:
        """Whether trading is halted."""
    @property
    def shortable(self) -> float | None:
        """How easy it is to borrow: above 2.5 a thousand shares, above 1.5 on request, else not."""
    @property
    def shortable_shares(self) -> float | None:
        """Shares that can be borrowed."""
    @property
    def last_timestamp(self) -> datetime | None:
        """When the last trade happened, by the exchange, to the second, UTC."""
    @property
    def min_tick(self) -> float | None:
        """Smallest price step."""
    @property
    def mid(self) -> float | None:
        """Middle of bid and ask, when both are there."""
    @property
    def market_price(self) -> float | None:
        """Last within bid and ask, else the middle, else last, else close."""
    @property
    def market_data_type(self) -> _MarketDataType:
        """Which data this is; said by the gateway."""
    @property
    def is_delayed(self) -> bool:
        """Whether the prices are late."""
    @property
    def received_at(self) -> datetime:
        """When the newest field arrived, UTC; of a gap, when the newest one before it did."""
    @property
    def age(self) -> float:
        """Seconds since then, at this moment."""
    @property
    def generation(self) -> int:
        """The link it came from."""
    @property
    def is_gap(self) -> bool:
        """Whether this tells that what was known before is known no longer; then all is None."""
    def time_of(self, field: _QuoteField) -> datetime | None:
        """When a field was told last, UTC, be it that it is missing; None if it never was.

        Raises ``ConfigError`` for a name that is no field the market moves.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Greeks:
    """What a price of an option implies, as IB computed it. What it did not compute is None."""

    @property
    def implied_volatility(self) -> float | None:
        """Implied volatility as a fraction per year."""
    @property
    def delta(self) -> float | None:
        """Change of the option's price per unit of the underlying."""
    @property
    def gamma(self) -> float | None:
        """Change of delta per unit of the underlying."""
    @property
    def vega(self) -> float | None:
        """Change of the option's price per point of volatility."""
    @property
    def theta(self) -> float | None:
        """Change of the option's price per day."""
    @property
    def option_price(self) -> float | None:
        """Price of the option."""
    @property
    def pv_dividend(self) -> float | None:
        """Present value of the dividends expected of the underlying."""
    @property
    def underlying_price(self) -> float | None:
        """Price of the underlying."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DepthBook:
    """The book of one market at one moment, as the gateway tells it row by row.

    In the middle of a burst a side may be out of order for a moment, or the book crossed; the book
    of many exchanges (SMART) is crossed at times for longer.
    """

    @property
    def contract(self) -> Contract:
        """The qualified contract."""
    @property
    def bids(self) -> tuple[DepthLevel, ...]:
        """Rows of the bids, best first."""
    @property
    def asks(self) -> tuple[DepthLevel, ...]:
        """Rows of the asks, best first."""
    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
    @property
    def anomalies(self) -> int:
        """Updates since the subscription began that did not fit the book and were ignored."""
    @property
    def received_at(self) -> datetime:
        """When the newest row arrived, UTC; of a gap, when the newest one before it did."""
    @property
    def age(self) -> float:
        """Seconds since then, at this moment."""
    @property
    def generation(self) -> int:
        """The link it came from."""
    @property
    def is_gap(self) -> bool:
        """Whether this tells that what was known before is known no longer; then it has no rows."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DepthLevel:
    """One row of one side of a book."""

    @property
    def price(self) -> float:
        """Price of the row."""
    @property
    def size(self) -> float:
        """Size of the row."""
    @property
    def market_maker(self) -> str | None:
        """Market maker or exchange behind it, where the gateway names one."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Bar:
    """One historical bar. Volume, average and count are None where IB gives none."""

    @property
    def time(self) -> datetime:
        """Start of the bar, UTC; day bars at midnight UTC of their date."""
    @property
    def open(self) -> float:
        """First price."""
    @property
    def high(self) -> float:
        """Highest price."""
    @property
    def low(self) -> float:
        """Lowest price."""
    @property
    def close(self) -> float:
        """Last price."""
    @property
    def volume(self) -> float | None:
        """Units traded."""
    @property
    def is_backfill(self) -> bool:
        """Whether a stream missed it and had it from history after that."""
    @property
    def average(self) -> float | None:
        """Volume-weighted average price."""
    @property
    def count(self) -> int | None:
        """Number of trades."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Bars:
    """Historical bars, oldest first: a sequence of `Bar`, and columns as read-only memory.

    A column is a ``memoryview`` without a copy: ``numpy.asarray(bars.close)``. In columns, what IB
    does not give is NaN, in Arrow (``polars.DataFrame(bars)``) null. Slices are `Bars` again.
    """

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int, /) -> Bar: ...
    @overload
    def __getitem__(self, key: slice, /) -> Bars: ...
    def __iter__(self) -> Iterator[Bar]: ...
    @property
    def time(self) -> memoryview[int]:
        """Starts of the bars, nanoseconds since 1970 UTC."""
    @property
    def open(self) -> memoryview[float]:
        """First prices."""
    @property
    def high(self) -> memoryview[float]:
        """Highest prices."""
    @property
    def low(self) -> memoryview[float]:
        """Lowest prices."""
    @property
    def close(self) -> memoryview[float]:
        """Last prices."""
    @property
    def volume(self) -> memoryview[float]:
        """Units traded."""
    @property
    def average(self) -> memoryview[float]:
        """Volume-weighted average prices."""
    @property
    def count(self) -> memoryview[float]:
        """Numbers of trades."""
    def __arrow_c_schema__(self) -> object:
        """Arrow's schema of the columns, as a capsule."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The columns as an Arrow record batch, as capsules; they share this object's memory."""
    def to_pandas(self) -> pd.DataFrame:
        """Make a ``DataFrame`` with a UTC ``DatetimeIndex`` named ``time``; needs pandas."""
    def to_polars(self) -> pl.DataFrame:
        """Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars."""

@final
class AccountValue:
    """One row of an account's values, exactly as IB names it."""

    @property
    def account(self) -> str:
        """The account the row belongs to."""
    @property
    def tag(self) -> str:
        """IB's name of the value, such as NetLiquidation."""
    @property
    def value(self) -> str:
        """The value as IB wrote it; not every value is a number."""
    @property
    def currency(self) -> str:
        """The row's currency, BASE, or empty."""
    @property
    def is_ledger(self) -> bool:
        """Whether it is told as one of a currency's own ledger ($LEDGER-).

        Gateways before 10.47 tell the account's and a currency's alike: it is false for both.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class AccountSnapshot:
    """Everything known about one account at one moment."""

    @property
    def account(self) -> str:
        """The account."""
    @property
    def currency(self) -> str:
        """Its base currency."""
    @property
    def values(self) -> tuple[AccountValue, ...]:
        """All rows, all currencies."""
    @property
    def pnl(self) -> Pnl:
        """Profit and loss."""
    @property
    def updated_at(self) -> datetime:
        """When the last row arrived, UTC."""
    def number(self, tag: str) -> float | None:
        """Find the number under a tag in base currency; None where there is none.

        Rows of BASE or of other currencies are never mixed in.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Pnl:
    """Profit and loss of an account, base currency; None where IB has not computed it."""

    @property
    def daily(self) -> float | None:
        """Since the previous close."""
    @property
    def unrealized(self) -> float | None:
        """Of open positions."""
    @property
    def realized(self) -> float | None:
        """Of positions closed today."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Position:
    """One position. What is not known is None, never 0."""

    @property
    def account(self) -> str:
        """The account that holds it."""
    @property
    def contract(self) -> Contract:
        """What is held."""
    @property
    def quantity(self) -> Decimal:
        """Units held, negative when short."""
    @property
    def average_cost(self) -> float:
        """Average cost per unit, multiplier and commission included."""
    @property
    def market_price(self) -> float | None:
        """Last market price IB sent with the portfolio."""
    @property
    def market_value(self) -> float | None:
        """Signed market value."""
    @property
    def unrealized_pnl(self) -> float | None:
        """Unrealized P&L in the contract's currency."""
    @property
    def realized_pnl(self) -> float | None:
        """Realized P&L of the day."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Order:
    """An order as a caller wishes it. Whether it makes sense is judged when it is placed.

    Raises ``ConfigError`` for an action other than BUY, SELL, SSHORT and SLONG, and for a quantity
    that is not a finite decimal of at most 28 digits.
    """

    def __new__(
        cls,
        *,
        action: str,
        quantity: _Quantity,
        order_type: str = "MKT",
        limit_price: float | None = None,
        stop_price: float | None = None,
        time_in_force: str = "DAY",
        outside_rth: bool = False,
        account: str | None = None,
        order_ref: str = "",
    ) -> Self: ...
    @property
    def action(self) -> Literal["BUY", "SELL", "SSHORT", "SLONG"]:
        """Buy or sell."""
    @property
    def quantity(self) -> Decimal:
        """Units."""
    @property
    def order_type(self) -> str:
        """IB's name of the type: MKT LMT STP STP LMT and so on."""
    @property
    def limit_price(self) -> float | None:
        """Limit price per unit."""
    @property
    def stop_price(self) -> float | None:
        """Stop price per unit."""
    @property
    def time_in_force(self) -> str:
        """How long it works: DAY GTC IOC and so on."""
    @property
    def outside_rth(self) -> bool:
        """Also work outside regular trading hours."""
    @property
    def account(self) -> str | None:
        """The account, where it is not the client's own."""
    @property
    def order_ref(self) -> str:
        """Your own tag."""
    def replace(self, **changes: Unpack[_OrderFields]) -> Order:
        """Make the same order with other fields changed."""

    def __reduce__(self) -> tuple[Callable[[], Order], tuple[()]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RiskLimits:
    """Limits that every order of a client must keep; None switches a single one off.

    What a rule needs and does not know refuses the order. Raises ``ConfigError`` for a limit that
    is negative or not finite.
    """

    def __new__(
        cls,
        *,
        max_order_size: _Quantity | None = 1000,
        max_order_value: float | None = 50000.0,
        max_position_pct: float | None = 0.1,
        daily_loss_limit: float | None = 1000.0,
        max_open_orders: int | None = 10,
        max_daily_orders: int | None = 100,
        allow_short: bool = False,
    ) -> Self: ...
    @property
    def max_order_size(self) -> Decimal | None:
        """Most units per order, by default 1000."""
    @property
    def max_order_value(self) -> float | None:
        """Most money per order, base currency."""
    @property
    def max_position_pct(self) -> float | None:
        """Largest share of net liquidation in one position, 0 to 1."""
    @property
    def daily_loss_limit(self) -> float | None:
        """Loss of the day after which nothing is opened, base currency."""
    @property
    def max_open_orders(self) -> int | None:
        """Most orders working at once."""
    @property
    def max_daily_orders(self) -> int | None:
        """Most orders placed per UTC day."""
    @property
    def allow_short(self) -> bool:
        """Allow sells beyond the held quantity."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Execution:
    """One execution."""

    @property
    def execution_id(self) -> str:
        """IB's identity of the execution."""
    @property
    def perm_id(self) -> int | None:
        """The order's identity in the account."""
    @property
    def order_id(self) -> int | None:
        """The order's transport handle."""
    @property
    def client_id(self) -> int:
        """The client that placed the order."""
    @property
    def account(self) -> str:
        """The account."""
    @property
    def contract(self) -> Contract:
        """What was traded."""
    @property
    def action(self) -> Literal["BUY", "SELL"]:
        """Bought or sold."""
    @property
    def quantity(self) -> Decimal:
        """Units."""
    @property
    def price(self) -> float:
        """Price per unit."""
    @property
    def exchange(self) -> str:
        """Venue."""
    @property
    def time(self) -> datetime | None:
        """When, UTC; None if IB's text could not be read."""
    @property
    def order_ref(self) -> str:
        """The order's reference as sent, our key included."""
    @property
    def cumulative_quantity(self) -> Decimal | None:
        """Units of the order filled so far, this execution included."""
    @property
    def average_price(self) -> float | None:
        """Average price of the order's fills so far, per unit."""
    @property
    def last_liquidity(self) -> int | None:
        """What it did to liquidity: 1 added, 2 removed, 3 routed out."""
    @property
    def is_liquidation(self) -> bool:
        """Whether IB closed the position by force."""
    @property
    def price_revision_pending(self) -> bool:
        """Whether the price may still be revised."""
    @property
    def ev_rule(self) -> str:
        """Rule of the economic value."""
    @property
    def ev_multiplier(self) -> float | None:
        """Multiplier of the economic value."""
    @property
    def model_code(self) -> str:
        """Portfolio model of the order."""
    @property
    def submitter(self) -> str:
        """Who submitted the order."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Commission:
    """The commission of one execution; None where IB has not computed it."""

    @property
    def execution_id(self) -> str:
        """The execution it belongs to."""
    @property
    def amount(self) -> float | None:
        """Amount; negative for rebates."""
    @property
    def currency(self) -> str:
        """Currency of the amount."""
    @property
    def realized_pnl(self) -> float | None:
        """Realized P&L of a closing trade."""
    @property
    def bond_yield(self) -> float | None:
        """Yield of a bond."""
    @property
    def yield_redemption_date(self) -> str:
        """Redemption date the yield is for, as IB writes it; empty where there is none."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Fill:
    """An execution with its commission, once known."""

    @property
    def execution(self) -> Execution:
        """The execution."""
    @property
    def commission(self) -> Commission | None:
        """Its commission."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class TradeEvent:
    """One line of a trade's log."""

    @property
    def time(self) -> datetime:
        """When it was seen, UTC."""
    @property
    def status(self) -> _OrderStatus:
        """The state after it."""
    @property
    def message(self) -> str:
        """What happened, in words."""
    @property
    def code(self) -> int | None:
        """IB's code, for refusals and warnings."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Trade:
    """An order and everything known about it.

    A trade of this client is followed: its properties are those of this moment. Another client's,
    a completed one, and the answers of ``cancel`` and ``done`` are as they were at one moment.
    """

    @property
    def key(self) -> str | None:
        """Our durable name of the order; None on orders of other programs."""
    @property
    def order_id(self) -> int:
        """Transport handle, unique per client id only."""
    @property
    def client_id(self) -> int:
        """The client that owns the order."""
    @property
    def perm_id(self) -> int | None:
        """IB's identity, once acknowledged."""
    @property
    def account(self) -> str | None:
        """The account."""
    @property
    def contract(self) -> Contract:
        """What is traded."""
    @property
    def order(self) -> Order:
        """The order as last wished, or as the gateway echoes it."""
    @property
    def status(self) -> _OrderStatus:
        """IB's state; a partial fill is Submitted with a filled quantity."""
    @property
    def filled(self) -> Decimal:
        """Units filled."""
    @property
    def remaining(self) -> Decimal:
        """Units still open."""
    @property
    def average_price(self) -> float | None:
        """Volume-weighted fill price; None before the first fill."""
    @property
    def fills(self) -> tuple[Fill, ...]:
        """Executions in the order they came."""
    @property
    def commission(self) -> float | None:
        """Sum of the known commissions; None before the first."""
    @property
    def log(self) -> tuple[TradeEvent, ...]:
        """What happened to it."""
    @property
    def why_held(self) -> str:
        """Why IB holds it, such as trigger or locate."""
    @property
    def rejection(self) -> tuple[int, str] | None:
        """IB's code and text, if it was refused."""
    @property
    def submitted_at(self) -> datetime | None:
        """When it was sent, UTC; None for orders found at the gateway."""
    @property
    def filled_at(self) -> datetime | None:
        """When it was filled completely, UTC."""
    @property
    def is_done(self) -> bool:
        """Whether it can no longer fill."""
    @property
    def repeated(self) -> bool:
        """Whether the key returned an earlier trade."""
    def done(self, *, timeout: float | None = None) -> Coroutine[object, object, Trade]:
        """Wait until the order can no longer fill; the answer is the trade at that moment.

        Without a timeout it waits as long as the client is open; a lost link does not end it.
        Raises ``RequestTimeout`` when the time is over, ``NotConnected`` when the client was closed
        first, ``StateUnknown`` for a working order that is not followed, ``OrderOutcomeUnknown``
        for one that has ended and nothing tells how. A cancelled await changes nothing.
        """

@final
class Histogram:
    """How long things took, by size."""

    @property
    def buckets(self) -> list[tuple[float, int]]:
        """Upper bound in seconds, and how many took at most that long; the last is infinite."""
    @property
    def count(self) -> int:
        """How many there were."""
    @property
    def sum(self) -> float:
        """Seconds of all of them together."""
    @property
    def max(self) -> float:
        """Seconds of the longest; 0 without any."""
    def to_dict(self) -> dict[str, object]:
        """The same as a dictionary; buckets by bound as Prometheus has it, ``+Inf`` last."""

@final
class LinkMetrics:
    """What was counted of the control links, or of the feed links, of one client."""

    @property
    def connections(self) -> int:
        """Links opened."""
    @property
    def reconnections(self) -> int:
        """Links opened after the first."""
    @property
    def failures(self) -> int:
        """Tries that opened no link."""
    @property
    def reconnection_attempts(self) -> int:
        """Tries to open a link after the first was lost."""
    @property
    def circuit_breaker_trips(self) -> int:
        """Times the circuit breaker opened."""
    @property
    def losses(self) -> dict[str, int]:
        """Links that ended, by reason: probe deadline refused requested ended."""
    @property
    def reconnects(self) -> dict[str, int]:
        """Links opened after one that ended, by the reason it ended for."""
    @property
    def uptime(self) -> float:
        """Seconds since the present link was opened; 0 without one."""
    @property
    def live_time(self) -> float:
        """Seconds in state ``live``, over all links."""
    @property
    def probes(self) -> int:
        """Questions asked of a silent link."""
    @property
    def round_trips(self) -> Histogram:
        """From such a question to the next thing that arrived."""
    @property
    def notices(self) -> dict[int, int]:
        """The gateway's notices, by code; those beyond 64 distinct codes are left out."""
    def to_dict(self) -> dict[str, object]:
        """The same as a dictionary of plain values."""

@final
class RequestMetrics:
    """What was counted of one kind of request."""

    @property
    def count(self) -> int:
        """Requests that were answered or failed."""
    @property
    def failed(self) -> int:
        """Requests that ended with an error."""
    @property
    def cancelled(self) -> int:
        """Requests whose caller gave up; they are in no other number."""
    @property
    def latency(self) -> Histogram:
        """How long the others took."""
    def to_dict(self) -> dict[str, object]:
        """The same as a dictionary of plain values."""

@final
class StreamMetrics:
    """All streams of one kind."""

    @property
    def open(self) -> int:
        """Streams that somebody holds."""
    @property
    def waiting(self) -> int:
        """Items that wait for their readers."""
    @property
    def lost(self) -> int:
        """Items no reader got, of streams that are gone too.

        They were dropped for lack of room or, of quotes and books, replaced by newer ones.
        """
    def to_dict(self) -> dict[str, object]:
        """The same as a dictionary of plain values."""

@final
class QueueDepths:
    """What waits to be done, at one moment."""

    @property
    def commands(self) -> int:
        """Commands that the order desk has not taken yet."""
    @property
    def pacing(self) -> int:
        """Messages of all clients of this process that wait for their turn at the gateway."""
    @property
    def feed_requests(self) -> int:
        """Requests of this client's feed link that wait for their turn."""
    @property
    def streams(self) -> int:
        """Items that wait for the readers of this client's streams."""
    def to_dict(self) -> dict[str, object]:
        """The same as a dictionary of plain values."""

@final
class Metrics:
    """What a client has counted since it was made."""

    @property
    def connections(self) -> int:
        """Links opened."""
    @property
    def reconnections(self) -> int:
        """Links opened after the first."""
    @property
    def failures(self) -> int:
        """Tries that opened no link."""
    @property
    def orders_placed(self) -> int:
        """Orders whose write was completed."""
    @property
    def orders_successful(self) -> int:
        """Orders the gateway acknowledged."""
    @property
    def avg_connect_time_ms(self) -> float:
        """Mean time to open a link, milliseconds."""
    @property
    def last_connect_time(self) -> datetime | None:
        """When the last link was opened, UTC."""
    @property
    def total_requests(self) -> int:
        """Requests made of this client that were answered or failed."""
    @property
    def requests_failed(self) -> int:
        """Requests that ended with an error."""
    @property
    def avg_latency_ms(self) -> float:
        """Mean time to answer a request, milliseconds."""
    @property
    def circuit_breaker_trips(self) -> int:
        """Times the circuit breaker opened."""
    @property
    def reconnection_attempts(self) -> int:
        """Tries to open a link after the first was lost."""
    @property
    def control(self) -> LinkMetrics:
        """The control link, whose numbers those above are."""
    @property
    def feed(self) -> LinkMetrics | None:
        """The feed link; None for a client without one."""
    @property
    def requests(self) -> dict[str, RequestMetrics]:
        """Requests, by the names of the methods that were called."""
    @property
    def errors(self) -> dict[int, int]:
        """IB's codes with which requests failed, or that came for the line of a stream."""
    @property
    def errors_with_other_codes(self) -> int:
        """Errors with codes beyond the first 64 distinct ones."""
    @property
    def queues(self) -> QueueDepths:
        """What waits to be done."""
    @property
    def streams(self) -> dict[str, StreamMetrics]:
        """Streams, by kind: quotes ticks tick_by_tick depth bars."""
    def to_dict(self) -> dict[str, object]:
        """All of it as a dictionary of plain values, for JSON and logs."""

class _Supervision(TypedDict):
    keepalive: Keepalive | None
    breaker: Breaker | None
    reconnect: Reconnect | None
    pacing: Pacing | None
    stale_after: float | None
    alert_rules: AlertRules
    restart_windows: list[RestartWindow]

@final
class Config:
    """Settings of a connection that could be meant."""

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        client_id: int,
        account: str | None = None,
        timeout: float | None = None,
        wait: bool = False,
        allow_live: bool = False,
        read_only: bool = False,
        market_data_type: str | None = None,
        delayed_fallback: bool = True,
        risk: RiskLimits | None = None,
        deadlines: Mapping[str, float] | None = None,
        feed: bool = True,
        feed_client_id: int | None = None,
        lines: Mapping[str, int] | None = None,
        supervision: _Supervision | None = None,
        client_ids: tuple[int, int] | None = None,
    ) -> Self: ...

@final
class Client:
    """What `aioibkr.Client` stands on: checked arguments in, awaitables out."""

    def __new__(cls, config: Config) -> Self: ...
    @property
    def state(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def is_connected(self) -> bool: ...
    @property
    def ready(self) -> bool: ...
    @property
    def server_version(self) -> int | None: ...
    @property
    def connected_at(self) -> datetime | None: ...
    @property
    def client_id(self) -> int: ...
    @property
    def accounts(self) -> list[str]: ...
    @property
    def account(self) -> str | None: ...
    @property
    def is_paper(self) -> bool | None: ...
    def health(self) -> Health: ...
    def record_failure(self) -> None:
        """Counts a failure for the circuit breaker; returns once it is counted."""
    def forget_failures(self) -> None:
        """Forgets failures; returns once they are forgotten."""
    def subscriptions(self) -> list[Subscription]: ...
    def metrics(self) -> Metrics: ...
    @overload
    def hear(self, topic: Literal["state"], capacity: int) -> _Events[StateChange]: ...
    @overload
    def hear(self, topic: Literal["notice"], capacity: int) -> _Events[Notice]: ...
    @overload
    def hear(self, topic: str, capacity: int) -> _Events[object]: ...
    def failures(self, category: str | None) -> list[Failure]: ...
    def open_quotes(
        self, contracts: list[Contract], generic_ticks: str, stream: _StreamOptions
    ) -> _Answer[_Stream[Quote, list[Quote]]]: ...
    def open_ticks(
        self, contracts: list[Contract], generic_ticks: str, stream: _StreamOptions
    ) -> _Answer[_Stream[Tick, TickBatch]]: ...
    def open_tick_by_tick(
        self, contracts: list[Contract], kind: str, stream: _StreamOptions
    ) -> _Answer[_Stream[TickByTick, TickByTickBatch]]: ...
    def open_depth(
        self, contract: Contract, rows: int, is_smart: bool, stream: _StreamOptions
    ) -> _Answer[_Stream[DepthBook, list[DepthBook]]]: ...
    def open_real_time_bars(
        self, contract: Contract, what_to_show: str, use_rth: bool, stream: _StreamOptions
    ) -> _Answer[_Stream[Bar | Gap, list[Bar | Gap]]]: ...
    def open_bar_stream(
        self,
        contract: Contract,
        duration: str,
        bar_size: str,
        what_to_show: str,
        use_rth: bool,
        stream: _StreamOptions,
    ) -> _Answer[_Stream[Bar | Gap, list[Bar | Gap]]]: ...
    def open(self) -> _Answer[None]: ...
    def close(self) -> _Answer[None]: ...
    def wait_ready(self, *, timeout: float | None = None) -> _Answer[None]: ...
    def server_time(
        self, *, timeout: float | None = None, retry: bool = False
    ) -> _Answer[datetime]: ...
    def managed_accounts(
        self, *, timeout: float | None = None, retry: bool = False
    ) -> _Answer[list[str]]: ...
    def account_snapshot(
        self,
        account: str | None = None,
        *,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> _Answer[AccountSnapshot]: ...
    def account_now(self, account: str | None = None) -> tuple[AccountSnapshot, Pnl] | None: ...
    def kept_account(
        self, account: str | None = None, *, stale_ok: float
    ) -> tuple[AccountSnapshot, Pnl | None, list[Position], datetime] | None: ...
    def kept_orders_as_of(self, *, stale_ok: float) -> datetime | None: ...
    def pnl(
        self,
        account: str | None = None,
        *,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> _Answer[Pnl]: ...
    def positions(
        self,
        account: str | None = None,
        *,
        priced: bool = True,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> _Answer[list[Position]]: ...
    def contract_details(
        self, contract: Contract, *, timeout: float | None = None, retry: bool = False
    ) -> _Answer[list[ContractDetails]]: ...
    def qualify(
        self, contract: Contract, *, timeout: float | None = None, retry: bool = False
    ) -> _Answer[Contract]: ...
    def quote(
        self,
        contract: Contract,
        *,
        max_age: float | None = None,
        timeout: float | None = None,
        retry: bool = False,
    ) -> _Answer[Quote]: ...
    def subscribe_quote(
        self, contract: Contract, *, timeout: float | None = None
    ) -> _Answer[Quote]: ...
    def unsubscribe_quote(self, contract: Contract) -> _Answer[None]: ...
    def latest_quote(self, contract: Contract) -> Quote | None: ...
    def bars(
        self,
        contract: Contract,
        *,
        duration: str,
        bar_size: str,
        what_to_show: str = "TRADES",
        use_rth: bool = True,
        end: datetime | None = None,
        timeout: float | None = None,
        retry: bool = False,
    ) -> _Answer[Bars]: ...
    def place(
        self,
        contract: Contract,
        order: Order,
        *,
        key: str | None = None,
        timeout: float | None = None,
    ) -> _Answer[Trade]: ...
    def check_order(
        self, contract: Contract, order: Order, *, timeout: float | None = None
    ) -> _Answer[None]: ...
    def modify(
        self, trade: Trade | int, order: Order, *, timeout: float | None = None
    ) -> _Answer[Trade]: ...
    def cancel(self, trade: Trade | int, *, timeout: float | None = None) -> _Answer[Trade]: ...
    def cancel_all(self, *, timeout: float | None = None) -> _Answer[int]: ...
    def trade(self, order_id: int) -> Trade | None: ...
    def trades(self) -> list[Trade]: ...
    def open_orders(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> _Answer[list[Trade]]: ...
    def completed_orders(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> _Answer[list[Trade]]: ...
    def executions(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> _Answer[list[Fill]]: ...

@final
class ArrowTable:
    """Values by column, for whatever reads Arrow: ``polars.DataFrame(table)``."""

    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
    def __arrow_c_schema__(self) -> object:
        """Arrow's schema of the columns, as a capsule."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The columns as an Arrow record batch, as capsules; they share this object's memory."""

def _arrow_table(rows: int, columns: Sequence[tuple[str, str, list[object]]]) -> ArrowTable: ...
def _refresh_log_levels() -> None: ...
def _server_time_via_future_into_py(client: Client) -> _Answer[datetime]: ...

@final
class Awaitable:
    """One answer: await it once, in the task that made it."""

    def __await__(self) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Self: ...
    def get_loop(self) -> AbstractEventLoop: ...
    def add_done_callback(
        self, function: Callable[[Awaitable], object], *, context: Context | None = None
    ) -> None: ...
    def cancel(self, msg: object = None) -> bool: ...
    def result(self) -> None: ...
    @property
    def _asyncio_future_blocking(self) -> bool: ...
    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, value: bool, /) -> None: ...

@type_check_only
class _StreamOptions(TypedDict):
    capacity: int | None
    policy: str
    timeout: float | None

_Item_co = TypeVar("_Item_co", covariant=True)
_Batch_co = TypeVar("_Batch_co", covariant=True)

@final
class _Reader(Generic[_Item_co]):
    """An async iterator over a stream's items, or over its batches."""

    def __aiter__(self) -> Self: ...
    def __anext__(self) -> _Answer[_Item_co]: ...

@final
class _Stream(Generic[_Item_co, _Batch_co]):
    """What the streams of `aioibkr` stand on."""

    def items(self) -> _Reader[_Item_co]: ...
    def batches(self, *, linger: float | None = None) -> _Reader[_Batch_co]: ...
    def latest(self, number: int) -> _Item_co | None: ...
    @property
    def contracts(self) -> list[Contract]: ...
    @property
    def lost(self) -> int: ...
    def failures(self) -> dict[int, IBKRError]: ...
    def advice(self) -> dict[int, IBKRError]: ...
    def close(self) -> None: ...

@final
class _Events(Generic[_Item_co]):
    """What `aioibkr` hears of a client with."""

    def items(self) -> _Reader[_Item_co]: ...
    def take(self) -> tuple[_Item_co | None, bool]: ...
    def call_on_news(self, function: Callable[[Awaitable], object]) -> bool: ...
    @property
    def lost(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    def close(self) -> None: ...

@final
class Tick:
    """One change of one field of one market, as IB sent it."""

    @property
    def contract(self) -> Contract:
        """The qualified contract."""
    @property
    def tick_type(self) -> int:
        """IB's tick type; -1 on a gap."""
    @property
    def field(self) -> str:
        """What changed: ``bid``, ``rt_volume`` ...; ``tick_N`` of a type IB added later."""
    @property
    def price(self) -> float | None:
        """The new price, the value of a generic tick, or an option's price of a computation."""
    @property
    def size(self) -> float | None:
        """The new size, where the message carries one."""
    @property
    def text(self) -> str | None:
        """The text of a tick that is one (RTVolume, dividends, exchanges), as IB wrote it."""
    @property
    def attributes(self) -> int:
        """Attribute bits: 1 can auto-execute, 2 past limit, 4 pre-open."""
    @property
    def is_delayed(self) -> bool:
        """Whether the value is late."""
    @property
    def is_gap(self) -> bool:
        """Whether this tells that what came before is no longer current. It has no price."""
    @property
    def received_at(self) -> datetime:
        """When it arrived, UTC; of a gap, 1970."""
    @property
    def generation(self) -> int:
        """The link it came from."""

@final
class TickBatch:
    """Ticks by column, without a copy: ``numpy.asarray(batch.price)``, ``polars.DataFrame(batch)``.

    Columns are read-only ``memoryview`` objects and outlive the batch; a price or size that is not
    there is NaN in them. Arrow sees a record batch over the same memory, with nulls for what is not
    there, a column ``symbol`` besides the number in ``contract``, and in ``text`` the texts of
    ticks that are one.
    """

    def __len__(self) -> int: ...
    @property
    def time(self) -> memoryview[int]:
        """Receive times, nanoseconds since 1970 UTC."""
    @property
    def contract(self) -> memoryview[int]:
        """Numbers of contracts in `contracts`."""
    @property
    def tick_type(self) -> memoryview[int]:
        """IB's tick types."""
    @property
    def price(self) -> memoryview[float]:
        """Prices, or values of generic ticks."""
    @property
    def size(self) -> memoryview[float]:
        """Sizes."""
    @property
    def attributes(self) -> memoryview[int]:
        """Attribute bits of price ticks: 1 can auto-execute, 2 past limit, 4 pre-open."""
    @property
    def text(self) -> list[str | None]:
        """Texts of the ticks that are one, None for the others; made anew at each look."""
    @property
    def contracts(self) -> list[Contract]:
        """The stream's contracts, in the order of their numbers."""
    @property
    def generation(self) -> int:
        """The link the ticks came from."""
    @property
    def is_gap(self) -> bool:
        """Whether this empty batch tells that what came before is no longer current."""
    def to_list(self) -> list[Tick]:
        """One object per tick."""
    def __arrow_c_schema__(self) -> object:
        """Arrow's schema of the columns, as a capsule."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The columns as an Arrow record batch, as capsules; they share this object's memory."""
    def to_pandas(self) -> pd.DataFrame:
        """Make a ``DataFrame`` with a UTC ``DatetimeIndex`` named ``time``; needs pandas."""
    def to_polars(self) -> pl.DataFrame:
        """Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars."""

@final
class TickByTick:
    """One tick of tick-by-tick data: a trade, a change of bid or ask, or of the middle."""

    @property
    def contract(self) -> Contract:
        """The qualified contract."""
    @property
    def time(self) -> datetime | None:
        """The exchange's time, UTC, to the second; None on a gap."""
    @property
    def price(self) -> float | None:
        """Price of the trade, or the middle."""
    @property
    def size(self) -> float | None:
        """Size of the trade."""
    @property
    def bid(self) -> float | None:
        """Best bid of a quote: the same number as `price`."""
    @property
    def bid_size(self) -> float | None:
        """Size at the bid of a quote: the same number as `size`."""
    @property
    def ask(self) -> float | None:
        """Best ask of a quote."""
    @property
    def ask_size(self) -> float | None:
        """Size at the ask of a quote."""
    @property
    def attributes(self) -> int:
        """Trade: 1 past limit, 2 unreported. Quote: 1 bid below low, 2 ask above high."""
    @property
    def exchange(self) -> str:
        """Where it traded; empty for quotes and midpoints."""
    @property
    def conditions(self) -> str:
        """IB's special conditions of a trade."""
    @property
    def received_at(self) -> datetime:
        """When it arrived, UTC; of a gap, 1970."""
    @property
    def generation(self) -> int:
        """The link it came from."""
    @property
    def is_gap(self) -> bool:
        """Whether this tells that what came before is no longer current. It has no prices."""

@final
class TickByTickBatch:
    """Tick-by-tick data by column, without a copy; columns and Arrow as of `TickBatch`.

    In Arrow and data frames, ``exchange`` and ``conditions`` are texts.
    """

    def __len__(self) -> int: ...
    @property
    def time(self) -> memoryview[int]:
        """Receive times, nanoseconds since 1970 UTC."""
    @property
    def exchange_time(self) -> memoryview[int]:
        """The exchange's times, seconds since 1970 UTC."""
    @property
    def contract(self) -> memoryview[int]:
        """Numbers of contracts in `contracts`."""
    @property
    def price(self) -> memoryview[float]:
        """Prices of trades or middles, bids of quotes."""
    @property
    def size(self) -> memoryview[float]:
        """Sizes of trades, or at the bid."""
    @property
    def ask(self) -> memoryview[float]:
        """Asks of quotes."""
    @property
    def ask_size(self) -> memoryview[float]:
        """Sizes at the ask."""
    @property
    def attributes(self) -> memoryview[int]:
        """Attribute bits, as of `TickByTick`."""
    @property
    def exchange(self) -> memoryview[int]:
        """Numbers of exchange names; see `text`."""
    @property
    def conditions(self) -> memoryview[int]:
        """Numbers of special conditions; see `text`."""
    def text(self, number: int) -> str:
        """The text of a number in `exchange` or `conditions`; empty for 0."""
    @property
    def contracts(self) -> list[Contract]:
        """The stream's contracts, in the order of their numbers."""
    @property
    def generation(self) -> int:
        """The link the ticks came from."""
    @property
    def is_gap(self) -> bool:
        """Whether this empty batch tells that what came before is no longer current."""
    def to_list(self) -> list[TickByTick]:
        """One object per tick."""
    def __arrow_c_schema__(self) -> object:
        """Arrow's schema of the columns, as a capsule."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The columns as an Arrow record batch, as capsules; they share this object's memory."""
    def to_pandas(self) -> pd.DataFrame:
        """Make a ``DataFrame`` with a UTC ``DatetimeIndex`` named ``time``; needs pandas."""
    def to_polars(self) -> pl.DataFrame:
        """Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars."""

@final
class Gap:
    """Tells a reader of bars that what came before is not continued.

    The link was lost, or the gateway opened the stream anew. What was missed meanwhile follows,
    as far as IB has it.
    """

    @property
    def generation(self) -> int:
        """The link that ended."""
    @property
    def missing_since(self) -> datetime | None:
        """Start of the last bar before those that could not be had later; None if none are."""
    @property
    def missing_until(self) -> datetime | None:
        """Start of the first bar after them; None if it is not known."""
    @property
    def reason(self) -> str | None:
        """Why they could not be had."""

@final
class Health:
    """How a client stands, at the moment it was asked."""

    @property
    def control(self) -> LinkHealth:
        """The control link: orders, accounts, everything that is not streamed."""
    @property
    def feed(self) -> LinkHealth | None:
        """The feed link; None for a client without one."""
    @property
    def circuit(self) -> CircuitHealth:
        """How the circuit breaker stands."""
    @property
    def ready(self) -> bool:
        """Whether accounts, positions, open and completed orders and executions are known."""
    @property
    def missing(self) -> list[str]:
        """What readiness lacks, by name.

        ``link``, or some of ``account values``, ``positions``, ``open orders``,
        ``completed orders``, ``executions``.
        """
    @property
    def expected_outage_until(self) -> datetime | None:
        """The end of the restart window the present outage goes on in, UTC.

        None without an outage, and where none is expected.
        """
    @property
    def lines(self) -> list[LineUsage]:
        """Lines of the feed, by the limit they count against."""
    @property
    def pacing(self) -> PacingUsage | None:
        """What is left of the message rate; None for a client without pacing."""
    @property
    def is_paper(self) -> bool | None:
        """Whether the client's account is a paper account; None until it is known."""
    @property
    def balance(self) -> Balance | None:
        """Money of the client's account, as last told on the present link; None while unknown."""
    @property
    def working_orders(self) -> int | None:
        """Working orders of all clients of the login; None while not known for this link."""
    @property
    def uptime(self) -> float | None:
        """Seconds since the present control link was opened; None without one."""

@final
class Balance:
    """The money of an account, in its base currency; a figure IB has not told is None."""

    @property
    def account(self) -> str:
        """The account."""
    @property
    def currency(self) -> str:
        """Base currency of the figures."""
    @property
    def net_liquidation(self) -> float | None:
        """What the account is worth (NetLiquidation)."""
    @property
    def available_funds(self) -> float | None:
        """What may be put into new positions (AvailableFunds)."""
    @property
    def cash(self) -> float | None:
        """Cash, all currencies together (TotalCashValue)."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class StateChange:
    """A link's session went from one state to another."""

    @property
    def link(self) -> str:
        """``control`` or ``feed``."""
    @property
    def previous(self) -> str:
        """The state before."""
    @property
    def state(self) -> str:
        """The state from now on; see `Client.state`."""
    @property
    def generation(self) -> int:
        """Number of the present or last link; 0 before the first."""
    @property
    def reason(self) -> str | None:
        """Why there is no link, or why it takes no orders; None when nothing went wrong."""
    @property
    def time(self) -> datetime:
        """When, UTC."""

@final
class Readiness:
    """Accounts, positions, open orders and executions are known for a link."""

    @property
    def generation(self) -> int:
        """Number of the link."""
    @property
    def time(self) -> datetime:
        """When, UTC."""

@final
class Notice:
    """A coded message of the gateway that is not the failure of a request."""

    @property
    def link(self) -> str:
        """The link that brought it: ``control`` or ``feed``."""
    @property
    def generation(self) -> int:
        """Number of that link."""
    @property
    def code(self) -> int:
        """IB's code."""
    @property
    def message(self) -> str:
        """IB's text."""
    @property
    def notice_class(self) -> str:
        """One of system warning order request connection unknown."""
    @property
    def meaning(self) -> str:
        """What the code means, in our words; empty for a code we do not know."""
    @property
    def request_id(self) -> int | None:
        """The order or request it names; None where it names none."""
    @property
    def time(self) -> datetime:
        """When it arrived, UTC."""

@final
class Failure:
    """One failure of a request, an order or a link, or several in a row that say the same."""

    @property
    def category(self) -> str:
        """One of connection order market_data historical_data socket … ; see `Client.errors`."""
    @property
    def code(self) -> int | None:
        """IB's code; None where the gateway gave none."""
    @property
    def message(self) -> str:
        """What happened, for a person."""
    @property
    def link(self) -> str | None:
        """The link that failed, ``control`` or ``feed``; None for a request."""
    @property
    def order(self) -> str | None:
        """The order whose fate is unknown, by key or id; None for any other failure."""
    @property
    def time(self) -> datetime:
        """When, the last time, UTC."""
    @property
    def count(self) -> int:
        """How often in a row."""

@final
class Alert:
    """What a person should look at."""

    @property
    def level(self) -> str:
        """One of warning error critical."""
    @property
    def kind(self) -> str:
        """One of link_lost suspect degraded tripped blind lagged order_unknown order_identity."""
    @property
    def message(self) -> str:
        """What happened, for a person."""
    @property
    def context(self) -> dict[str, str]:
        """Values a program may act on, by name; ``subject`` is always there."""
    @property
    def suppressed(self) -> int:
        """Alerts of this kind and subject that were held back since the last one."""
    @property
    def time(self) -> datetime:
        """When, UTC."""

@final
class KeepaliveEvent:
    """The watch over a link's silence took a step."""

    @property
    def link(self) -> str:
        """``control`` or ``feed``."""
    @property
    def step(self) -> str:
        """One of started stopped soft_timeout hard_timeout."""
    @property
    def generation(self) -> int:
        """Number of the link."""
    @property
    def time(self) -> datetime:
        """When, UTC."""

@final
class Update:
    """Something kept has changed; read it to see how."""

    @property
    def what(self) -> str:
        """One of accounts positions orders quotes."""

@final
class CircuitHealth:
    """How the circuit breaker of a client stands."""

    @property
    def state(self) -> str:
        """One of closed open half-open; half-open: the next try, or the present one, decides."""
    @property
    def failures(self) -> int:
        """Failures in a row."""
    @property
    def threshold(self) -> int | None:
        """Failures in a row that open it; None where nothing does."""
    @property
    def pause(self) -> float | None:
        """Seconds for which the gateway is left alone; None where it never is."""
    @property
    def retry_after(self) -> float | None:
        """Seconds until the gateway may be tried again; None unless it is open."""

@final
class LinkHealth:
    """How one link stands."""

    @property
    def state(self) -> str:
        """One of idle connecting handshaking live suspect degraded waiting tripped closed."""
    @property
    def since(self) -> datetime:
        """Since when it is in that state, UTC."""
    @property
    def generation(self) -> int:
        """Number of the present or last link; 0 before the first."""
    @property
    def client_id(self) -> int | None:
        """The client id it has; None while it is down."""
    @property
    def server_version(self) -> int | None:
        """Server version negotiated; None while it is down."""
    @property
    def reason(self) -> str | None:
        """Why the last try or link ended; None if none did."""
    @property
    def farms(self) -> dict[str, str]:
        """IB's data farms by name, as last told: ok broken inactive connecting."""

@final
class PacingUsage:
    """How the messages of all clients of this process to one gateway stand."""

    @property
    def limit(self) -> int:
        """Most messages in any second."""
    @property
    def left(self) -> int:
        """Messages that could be sent at once, what is kept for orders and cancels not counted."""
    @property
    def waiting(self) -> int:
        """Messages that wait for their turn."""
    @property
    def expected_wait(self) -> float:
        """Seconds that one more message would wait."""
    @property
    def history_left(self) -> int:
        """Queries for bars of 30 seconds or below that may still be sent in these ten minutes."""
    @property
    def history_wait(self) -> float:
        """Seconds that one more of those would wait."""

@final
class Subscription:
    """One subscription of a client, at the moment it was asked."""

    @property
    def kind(self) -> str:
        """What is subscribed.

        ``market data``, ``tick-by-tick``, ``depth``, ``real-time bars``, ``bars``,
        ``account values``, ``positions`` or ``pnl``.
        """
    @property
    def contract(self) -> Contract | None:
        """The contract it is about; None for those of accounts."""
    @property
    def account(self) -> str | None:
        """The account it is about; None for market data and for positions, which are of all."""
    @property
    def state(self) -> str:
        """One of opening live delayed restoring failed."""
    @property
    def generation(self) -> int:
        """Number of the link this is about."""
    @property
    def since(self) -> datetime:
        """Since when it stands so, UTC."""
    @property
    def reason(self) -> str | None:
        """Why it failed, or why it is not live yet, where that is known."""

@final
class LineUsage:
    """How many lines count against one of the account's limits."""

    @property
    def name(self) -> str:
        """``market data``, ``depth`` or ``tick-by-tick``."""
    @property
    def used(self) -> int:
        """Lines in use."""
    @property
    def limit(self) -> int:
        """Lines allowed."""
    @property
    def left(self) -> int:
        """Lines that may still be opened."""

@type_check_only
class RequestRow(TypedDict):
    client_id: int
    kind: str
    fields: dict[str, str]

@type_check_only
class OrderRow(TypedDict):
    account: str
    client_id: int
    order_id: int
    perm_id: int
    order_ref: str
    symbol: str
    action: str
    order_type: str
    quantity: float
    filled: float
    status: str
    limit_price: float | None
    stop_price: float | None

@type_check_only
class ExecutionRow(TypedDict):
    exec_id: str
    order_id: int
    perm_id: int
    order_ref: str
    account: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    time: float

@final
class FaultHandle:
    """One injected fault."""

    def clear(self) -> None:
        """Switch the fault off; orders it held back may fill."""

@final
class MockGateway:
    """What `aioibkr.testing.MockGateway` stands on."""

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        accounts: list[str],
        seed: int,
        min_server_version: int,
        max_server_version: int,
        receive_buffer: int | None,
        print_requests: bool,
        allow_non_loopback: bool,
        limits: dict[str, int | bool | None],
        prices: str | None,
        scenario: str | None,
        replay: str | None,
        replay_speed: float,
        starts_at: datetime | None,
        speed: float,
        master_client: int | None,
        first_perm_id: int | None,
        profile: dict[str, object],
    ) -> Self: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def connect_count(self) -> int: ...
    @property
    def disconnect_count(self) -> int: ...
    @property
    def clients(self) -> list[int]: ...
    def stop(self) -> None: ...
    def set_price(self, symbol: str, prices: Mapping[str, float]) -> None: ...
    def clear_price(self, symbol: str) -> None: ...
    def set_entitlement(self, symbol: str, live: bool) -> None: ...
    def set_permission(self, symbol: str, trading: bool) -> None: ...
    def set_commission(self, symbol: str, per_unit: float) -> None: ...
    def set_position(
        self, account: str, symbol: str, quantity: float, average_cost: float
    ) -> None: ...
    def set_account_value(self, account: str, tag: str, value: str, currency: str) -> None: ...
    def set_pnl(self, account: str, daily: float, unrealized: float, realized: float) -> None: ...
    def inject(self, name: str, fields: dict[str, int | float | str]) -> FaultHandle: ...
    def set_data_error(self, symbol: str, code: int | None) -> None: ...
    def fill(self, symbol: str, quantity: float, price: float) -> None: ...
    def lose_streams(self) -> None: ...
    def pass_midnight(self) -> None: ...
    @property
    def market_time(self) -> int: ...
    def advance(self, seconds: float) -> None: ...
    def set_market_rules(self, rules: Mapping[str, bool]) -> None: ...
    def walk_price(self, symbol: str, interval: float, most_ticks: int) -> None: ...
    def hold_price(self, symbol: str) -> None: ...
    def play_prices(self, path: str) -> None: ...
    def place_manual_order(
        self,
        *,
        account: str,
        symbol: str,
        action: str,
        order_type: str,
        quantity: float,
        limit_price: float | None,
        stop_price: float | None,
    ) -> int: ...
    def set_group(self, name: str, shares: Mapping[str, float]) -> None: ...
    def correct_execution(self, exec_id: str, price: float) -> None: ...
    def bust_execution(self, exec_id: str) -> None: ...
    def notice(self, code: int) -> None: ...
    def drop_connections(self) -> None: ...
    def down(self) -> None: ...
    def up(self) -> None: ...
    def reset(self) -> None: ...
    def flood(self, symbols: list[str], count: int) -> None: ...
    def wait_floods(self) -> int: ...
    def requests(self, kind: str | None) -> list[RequestRow]: ...
    def orders(self) -> list[OrderRow]: ...
    def executions(self) -> list[ExecutionRow]: ...

@final
class Recorder:
    """What `aioibkr.testing.Recorder` stands on."""

    def __new__(
        cls,
        *,
        upstream: tuple[str, int],
        listen: tuple[str, int],
        out: str,
        mask_accounts: bool,
        masks: list[str],
        allow_non_loopback: bool,
    ) -> Self: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def stop(self) -> None: ...

def stage_instrument(
    gateway: MockGateway,
    *,
    con_id: int,
    symbol: str,
    security_type: str,
    exchange: str,
    currency: str,
    price: float,
    tick: float,
    multiplier: float,
    expiry: str,
    strike: float,
    right: str,
    long_name: str,
) -> None: ...
def stage_trade(gateway: MockGateway, symbol: str, price: float, size: float) -> None: ...
def stage_bars(
    gateway: MockGateway,
    symbol: str,
    bars: list[tuple[int, float, float, float, float, float]],
) -> None: ...
def stage_depth(
    gateway: MockGateway,
    symbol: str,
    bids: list[tuple[float, float, str]],
    asks: list[tuple[float, float, str]],
) -> None: ...
def stage_depth_reset(gateway: MockGateway, symbol: str) -> None: ...
def stage_depth_halt(gateway: MockGateway, symbol: str) -> None: ...
def stage_bust(gateway: MockGateway, symbol: str) -> None: ...
def stage_statistic(gateway: MockGateway, symbol: str, name: str, value: str) -> None: ...
def stage_scanner_rows(gateway: MockGateway, code: str, symbols: list[str]) -> None: ...
def stage_providers(gateway: MockGateway, providers: list[tuple[str, str]]) -> None: ...
def stage_headline(
    gateway: MockGateway,
    *,
    time: int,
    provider: str,
    article_id: str,
    headline: str,
    symbol: str | None,
    body: str,
    is_binary: bool,
) -> None: ...
def stage_bulletin(gateway: MockGateway, kind: int, text: str, exchange: str) -> None: ...
def stage_family_code(gateway: MockGateway, account: str, code: str) -> None: ...
def stage_white_branding(gateway: MockGateway, brand: str) -> None: ...
def stage_bar_interval(gateway: MockGateway, seconds: float) -> None: ...
def run_mock_gateway(arguments: list[str]) -> int: ...
def run_recorder(arguments: list[str]) -> int: ...
