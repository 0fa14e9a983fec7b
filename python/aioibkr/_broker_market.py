"""Prices, bars and counters as an application reads them: plain dictionaries and floats."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from aioibkr.errors import ConfigError
from aioibkr.models import Bar, Quote
from aioibkr.models import Metrics as Counted

__all__ = [
    "BarFields", "Metrics", "QuoteFields",
    "bars_of", "end_of", "metrics_of", "price_of", "quote_of", "sum_of",
]  # fmt: skip

QuoteFields = dict[str, float | None]
BarFields = dict[str, str | float | int | None]
Metrics = dict[str, int | float | str | None]

DATE = re.compile(r"\d{4}-?\d\d-?\d\d")
IB_UTC = re.compile(r"\d{8}-\d\d:\d\d:\d\d")
BAR_FIELDS = ("open", "high", "low", "close", "volume", "average", "count")
QUOTE_FIELDS = ("bid", "ask", "last", "volume", "high", "low", "close", "bid_size", "ask_size")
COUNTERS = (
    "connections", "reconnections", "failures", "orders_placed", "orders_successful",
    "total_requests", "circuit_breaker_trips", "reconnection_attempts",
)  # fmt: skip
UNUSED: dict[str, float | None] = {"last_connect_time": None, "success_rate": 1.0}
MEANS = ("avg_connect_time_ms", "avg_latency_ms")
# What each mean is the mean of.
WEIGHTS = {
    "avg_connect_time_ms": "connections",
    "avg_latency_ms": "total_requests",
    "success_rate": "total_requests",
}


def price_of(quote: Quote, symbol: str) -> float:
    """The market price: finite and more than 0, else `ValueError`."""
    price = quote.market_price
    if price is None or not math.isfinite(price) or price <= 0:
        raise ValueError(f"no market price for {symbol}: the quote says {price}")
    return price


def quote_of(quote: Quote) -> QuoteFields:
    """A quote as a dictionary; what the market has not said is None."""
    return {name: getattr(quote, name) for name in QUOTE_FIELDS}


def bars_of(bars: Iterable[Bar]) -> list[BarFields]:
    """Bars as dictionaries, oldest first; `date` is an ISO time with its offset."""
    return [
        {"date": bar.time.isoformat(), **{name: getattr(bar, name) for name in BAR_FIELDS}}
        for bar in bars
    ]


def end_of(end_date: datetime | date | str | None) -> datetime | None:
    """The end of a window: None and the empty text are now, a date is its last moment in UTC.

    Text is ISO 8601 with an offset, or IB's `YYYYMMDD-HH:MM:SS`, which is UTC. Raises
    `ConfigError` for any other text and for a time without a zone: it would be guessed.
    """
    if end_date is None or end_date == "":
        return None
    moment = _parsed(end_date) if isinstance(end_date, str) else end_date
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, 23, 59, 59, tzinfo=UTC)
    if moment.tzinfo is None:
        raise ConfigError(f"end_date {end_date!s} has no time zone")
    return moment


def _parsed(text: str) -> datetime | date:
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
        if IB_UTC.fullmatch(text):
            return datetime.strptime(f"{text}+0000", "%Y%m%d-%H:%M:%S%z")
        return datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"end_date {text!r} is not an ISO date or time") from None


def metrics_of(counted: Counted | None) -> Metrics:
    """The counters of a client, or of none yet.

    Times are in milliseconds; `success_rate` is the share of requests that did not fail, 0 to 1,
    and 1 before the first; `last_connect_time` is an ISO time in UTC or None.
    """
    if counted is None:
        return {**dict.fromkeys(COUNTERS, 0), **dict.fromkeys(MEANS, 0.0), **UNUSED}
    total, last = counted.total_requests, counted.last_connect_time
    return {
        **{name: getattr(counted, name) for name in (*COUNTERS, *MEANS)},
        "last_connect_time": None if last is None else last.isoformat(),
        "success_rate": (total - counted.requests_failed) / total if total else 1.0,
    }


def sum_of(before: Metrics, now: Metrics) -> Metrics:
    """The counters of two clients, one after the other, as those of one."""
    return {
        **{name: _number(before, name) + _number(now, name) for name in COUNTERS},
        **{mean: _mean_of(before, now, mean) for mean in WEIGHTS},
        "last_connect_time": now["last_connect_time"] or before["last_connect_time"],
    }


def _mean_of(before: Metrics, now: Metrics, mean: str) -> float:
    earlier, later = _number(before, WEIGHTS[mean]), _number(now, WEIGHTS[mean])
    if not earlier + later:
        return _number(now, mean)
    total = earlier * _number(before, mean) + later * _number(now, mean)
    return total / (earlier + later)


def _number(metrics: Metrics, name: str) -> int | float:
    value = metrics[name]
    return value if isinstance(value, int | float) else 0
