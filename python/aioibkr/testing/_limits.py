"""Which of IB's limits a mock gateway holds its clients to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Limits:
    """IB's limits; ``None`` is no limit. All count over every client unless said otherwise.

    By default those hold that no sound test meets. ``Limits.ib()`` switches all on.
    """

    messages_per_second: int | None = None
    """A warning at 84 %, then error 100, then the connection is dropped. IB: 50."""
    messages_per_client: bool = False
    """Counts each client's messages for itself."""
    refusals: int = 3
    """Refused messages after which a connection is dropped."""
    market_data_lines: int | None = None
    """Market data and real-time bars; 101 beyond. IB: 100."""
    depth: int | None = None
    """Depth requests; 309 beyond. IB: commonly 3."""
    tick_by_tick: int | None = None
    """Tick-by-tick requests; 10190 beyond. IB: commonly 3."""
    open_historical: int | None = 50
    """Open historical queries; 322 beyond."""
    scanners: int | None = 10
    """Scanner subscriptions; 162 beyond."""
    account_summaries: int | None = 2
    """Account summaries of one client; 322 beyond."""
    clients: int | None = 32
    """Connected clients; one more is disconnected."""
    active_orders: int | None = None
    """Working orders of an account on one side of a contract; 201 beyond. IB: 20."""
    history_pacing: bool = False
    """60 queries in 10 minutes, 6 in 2 seconds per series, none twice in 15 seconds; 162, 420."""

    @classmethod
    def ib(cls) -> Self:
        """Every limit as IB has it."""
        return cls(
            messages_per_second=50,
            market_data_lines=100,
            depth=3,
            tick_by_tick=3,
            active_orders=20,
            history_pacing=True,
        )
