"""What a test stages on the mock gateway: instruments, depth, bars, news, scans, the login."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aioibkr import _native


@dataclass(frozen=True)
class DepthRow:
    """One row of one side of a book; ``maker`` shows where the stream shows makers."""

    price: float
    size: float
    maker: str = ""


@dataclass(frozen=True)
class HistoryBar:
    """One bar of history; ``start`` is an aware time."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class Staging:
    """The part of ``MockGateway`` that is neither prices nor books nor faults.

    Every method takes effect before it returns; those that name a symbol raise ``ConfigError`` when
    no instrument has it, and for numbers that are not finite.
    """

    _native: _native.MockGateway

    def add_instrument(
        self,
        symbol: str,
        *,
        con_id: int,
        price: float,
        security_type: str = "STK",
        exchange: str = "NASDAQ",
        currency: str = "USD",
        tick: float = 0.01,
        multiplier: float = 1.0,
        expiry: str = "",
        strike: float = 0.0,
        right: str = "",
        long_name: str = "",
    ) -> None:
        """List an instrument, in place of one with the same ``con_id``.

        Types: ``STK CASH FUT OPT IND CRYPTO FOP FUND CFD WAR``; futures, options and warrants need
        ``expiry`` as ``YYYYMMDD``, options and warrants also ``strike`` and ``right`` and a listed
        underlying called ``symbol``.
        """
        _native.stage_instrument(
            self._native,
            con_id=con_id,
            symbol=symbol,
            security_type=security_type,
            exchange=exchange,
            currency=currency,
            price=price,
            tick=tick,
            multiplier=multiplier,
            expiry=expiry,
            strike=strike,
            right=right,
            long_name=long_name,
        )

    def trade(self, symbol: str, *, price: float, size: float) -> None:
        """Print a trade: quotes, tick-by-tick streams and bars follow, orders may fill."""
        _native.stage_trade(self._native, symbol, price, size)

    def set_bars(self, symbol: str, bars: Sequence[HistoryBar]) -> None:
        """Answer every history request of a symbol with these bars, oldest first."""
        rows = [
            (int(bar.start.timestamp()), bar.open, bar.high, bar.low, bar.close, bar.volume)
            for bar in bars
        ]
        _native.stage_bars(self._native, symbol, rows)

    def set_depth(self, symbol: str, *, bids: Sequence[DepthRow], asks: Sequence[DepthRow]) -> None:
        """Put a book, best rows first, in place of the one around the quote."""
        sides = [[(row.price, row.size, row.maker) for row in side] for side in (bids, asks)]
        _native.stage_depth(self._native, symbol, *sides)

    def reset_depth(self, symbol: str) -> None:
        """Have clients empty their books (317), then send every row again."""
        _native.stage_depth_reset(self._native, symbol)

    def halt_depth(self, symbol: str) -> None:
        """End every depth stream of a symbol (316)."""
        _native.stage_depth_halt(self._native, symbol)

    def bust_bars(self, symbol: str) -> None:
        """Switch every stream of bars on a symbol off (10225), as after a bust."""
        _native.stage_bust(self._native, symbol)

    def set_statistic(self, symbol: str, name: str, value: float | str) -> None:
        """Set what a generic tick tells, such as ``implied_volatility`` or ``dividends``."""
        _native.stage_statistic(self._native, symbol, name, str(value))

    def set_scanner_rows(self, code: str, symbols: Sequence[str]) -> None:
        """Set what a scan finds, best first; its subscribers are sent the rows."""
        _native.stage_scanner_rows(self._native, code, list(symbols))

    def set_news_providers(self, providers: Mapping[str, str]) -> None:
        """Put providers, name by code, in place of the built-in ones."""
        _native.stage_providers(self._native, list(providers.items()))

    def add_headline(
        self,
        headline: str,
        *,
        provider: str,
        article_id: str,
        symbol: str | None = None,
        time: datetime | None = None,
        article: str | bytes = "",
    ) -> None:
        """Publish a headline: news streams show it, history and articles have it from now on.

        ``time`` is aware and defaults to now; an article in bytes is sent as binary.
        """
        moment = time or datetime.now(UTC)
        is_binary = isinstance(article, bytes)
        body = base64.b64encode(article).decode() if isinstance(article, bytes) else article
        _native.stage_headline(
            self._native,
            time=round(moment.timestamp() * 1000),
            provider=provider,
            article_id=article_id,
            headline=headline,
            symbol=symbol,
            body=body,
            is_binary=is_binary,
        )

    def send_bulletin(self, text: str, *, exchange: str = "", kind: int = 1) -> None:
        """Send a bulletin: 1 regular, 2 exchange unavailable, 3 exchange available again."""
        _native.stage_bulletin(self._native, kind, text, exchange)

    def set_family_code(self, account: str, code: str) -> None:
        """Give an account a family code."""
        _native.stage_family_code(self._native, account, code)

    def set_white_branding(self, identifier: str) -> None:
        """Set the white branding id user info shows."""
        _native.stage_white_branding(self._native, identifier)

    def set_bar_interval(self, seconds: float) -> None:
        """Set how often real-time bars come, for requests from now on; 5 on a real gateway."""
        _native.stage_bar_interval(self._native, seconds)
