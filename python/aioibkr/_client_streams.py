"""The part of `Client` that opens streams of market data.

Nothing is decided here: each method says what is wanted; entering the stream asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, overload

from aioibkr import _native
from aioibkr._streams import (
    BarStream,
    DepthStream,
    QuoteStream,
    TickByTickStream,
    TickStream,
)
from aioibkr.errors import ConfigError
from aioibkr.models import Contract

__all__ = ["ClientStreams"]

Policy: TypeAlias = Literal["conflate", "block", "fail"]
TickByTickKind: TypeAlias = Literal["Last", "AllLast", "BidAsk", "MidPoint"]


class ClientStreams:
    """What `Client` streams, each stream opened with ``async with``.

    Opening looks the contracts up, opens the feed link if it is not open, and takes the lines, all
    or none; it ends within ``timeout``, and a cancelled opening holds nothing. It raises:

    * ``ContractNotFound``, ``AmbiguousContract``: a contract does not name exactly one
    * ``LineLimit``: more lines than the account has, before anything is sent
    * ``MarketDataError``: the client was made with ``feed=False``
    * ``IBKRConnectionError``: no feed link could be opened; the message says why
    * ``ConfigError``, ``RequestTimeout``, ``NotConnected``: as every method of `Client`

    What the gateway refuses later ends the line it is about: see ``failures`` of a stream.
    """

    _native: _native.Client

    def quotes(
        self,
        *contracts: Contract,
        generic_ticks: Iterable[int] = (),
        timeout: float | None = None,
    ) -> QuoteStream:
        """Stream the latest quote of each contract, conflated (reqMktData).

        A slow reader gets newer quotes, never older ones: see `QuoteStream`. Streams of one
        contract with the same generic ticks share one line.

        Args:
            contracts: What to quote, at least one; they need not be qualified.
            generic_ticks: IB's generic tick numbers to ask for, such as 236 (shortable).
            timeout: Seconds for opening; default 5. Raises as `ClientStreams` says.
        """
        wanted, ticks = list(contracts), _numbers(generic_ticks)
        options = _stream_options(None, "conflate", timeout)
        native = self._native
        return QuoteStream(lambda: native.open_quotes(wanted, ticks, options), native, wanted)

    @overload
    def ticks(
        self,
        contracts: Contract | Iterable[Contract],
        kind: None = None,
        *,
        generic_ticks: Iterable[int] = (),
        policy: Policy = "conflate",
        capacity: int | None = None,
        timeout: float | None = None,
    ) -> TickStream: ...
    @overload
    def ticks(
        self,
        contracts: Contract | Iterable[Contract],
        kind: TickByTickKind,
        *,
        policy: Policy = "conflate",
        capacity: int | None = None,
        timeout: float | None = None,
    ) -> TickByTickStream: ...
    def ticks(
        self,
        contracts: Contract | Iterable[Contract],
        kind: TickByTickKind | None = None,
        *,
        generic_ticks: Iterable[int] = (),
        policy: Policy = "conflate",
        capacity: int | None = None,
        timeout: float | None = None,
    ) -> TickStream | TickByTickStream:
        """Stream every tick, in order.

        Without a kind: every change IB sends of market data, which it samples several times a
        second (reqMktData). With one: tick by tick (reqTickByTickData). A stream that joins a line
        already open brings what changes from then on.

        Args:
            contracts: One or several; they need not be qualified.
            kind: ``Last`` (trades), ``AllLast`` (unreported trades too), ``BidAsk`` or
                ``MidPoint``; default: market data.
            generic_ticks: As of `quotes`, without a kind only.
            policy: What happens beyond `capacity`: ``conflate`` drops the oldest and counts them in
                ``lost``; ``block`` reads the link no further, so nothing is lost and all streams
                wait; ``fail`` ends the stream with ``StreamLagged``.
            capacity: Most ticks kept for a slow reader, 1 to 268,435,456;
                default 1,048,576 (some 40 MB).
            timeout: Seconds for opening; default 5. Raises as `ClientStreams` says.
        """
        wanted, options = _listed(contracts), _stream_options(capacity, policy, timeout)
        native, numbers = self._native, _numbers(generic_ticks)
        if kind is not None and numbers:
            message = f"generic_ticks {numbers} with kind {kind!r}: they go with market data only"
            raise ConfigError(message)
        if kind is None:
            return TickStream(lambda: native.open_ticks(wanted, numbers, options), native)
        return TickByTickStream(lambda: native.open_tick_by_tick(wanted, kind, options), native)

    def depth(
        self,
        contract: Contract,
        *,
        rows: int = 10,
        smart: bool = True,
        timeout: float | None = None,
    ) -> DepthStream:
        """Stream the book of a contract, kept from its rows, conflated (reqMktDepth).

        A slow reader gets the book as it is by then: see `DepthStream`.

        Args:
            contract: One contract; it need not be qualified.
            rows: Most rows of each side, 1 to 1000; IB often has fewer.
            smart: All exchanges together, with their names as market makers; else the contract's.
            timeout: Seconds for opening; default 5. Raises as `ClientStreams` says.
        """
        native, options = self._native, _stream_options(None, "conflate", timeout)
        return DepthStream(lambda: native.open_depth(contract, rows, smart, options), native)

    def realtime_bars(
        self,
        contract: Contract,
        *,
        what_to_show: str = "TRADES",
        use_rth: bool = True,
        policy: Policy = "conflate",
        capacity: int | None = None,
        timeout: float | None = None,
    ) -> BarStream:
        """Stream bars of five seconds (reqRealTimeBars).

        Each counts against the lines of market data while it is open.

        Args:
            contract: One contract; it need not be qualified.
            what_to_show: ``TRADES MIDPOINT BID ASK``.
            use_rth: Regular trading hours only.
            policy: As of `ticks`.
            capacity: As of `ticks`.
            timeout: Seconds for opening; default 5. Raises as `ClientStreams` says.
        """
        native, options = self._native, _stream_options(capacity, policy, timeout)
        return BarStream(
            lambda: native.open_real_time_bars(contract, what_to_show, use_rth, options), native
        )

    def bars_stream(
        self,
        contract: Contract,
        *,
        duration: str = "1 D",
        bar_size: str = "1 min",
        what_to_show: str = "TRADES",
        use_rth: bool = True,
        policy: Policy = "conflate",
        capacity: int | None = None,
        timeout: float | None = None,
    ) -> BarStream:
        """Stream historical bars and go on with the one that forms (reqHistoricalData).

        First come the bars of the duration, then the newest bar again each time it changes: the
        same ``time`` replaces it, a later ``time`` begins the next.

        Args:
            contract: One contract; it need not be qualified.
            duration: As of `bars`.
            bar_size: As of `bars`, 5 seconds or more.
            what_to_show: As of `bars`.
            use_rth: Regular trading hours only.
            policy: As of `ticks`.
            capacity: As of `ticks`.
            timeout: Seconds for opening; default 5. Raises as `ClientStreams` says, and
                ``ConfigError`` for a size or duration IB does not accept.
        """
        native, options = self._native, _stream_options(capacity, policy, timeout)
        wanted = (duration, bar_size, what_to_show, use_rth)
        return BarStream(lambda: native.open_bar_stream(contract, *wanted, options), native)


def _numbers(generic_ticks: Iterable[int]) -> str:
    numbers = list(generic_ticks)
    if any(type(number) is not int or number < 1 for number in numbers):
        message = f"generic_ticks {numbers}: give IB's numbers, such as 236"
        raise ConfigError(message)
    return ",".join(map(str, numbers))


def _stream_options(
    capacity: int | None, policy: str, timeout: float | None
) -> _native._StreamOptions:
    return {"capacity": capacity, "policy": policy, "timeout": timeout}


def _listed(contracts: Contract | Iterable[Contract]) -> list[Contract]:
    return [contracts] if isinstance(contracts, Contract) else list(contracts)
