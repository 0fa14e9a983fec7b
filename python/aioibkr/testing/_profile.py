"""How a mock gateway itself is set up, as a person does it in its window or as its host has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What differs between two sound gateways in front of the same market."""

    read_only: bool = False
    """Everything about orders is refused with 321."""
    utc_windows: bool = False
    """The window of a history is written in UTC, not in the zone of the instrument."""
    idle_history_farm: bool = False
    """The farm for history sleeps (2107) until the first query wakes it (165, then the bars)."""
    sampled_quotes: bool = False
    """Quotes come as IB samples them: every 250 ms, options 100 ms, currencies 5 ms."""
    paced_account_updates: bool = False
    """Account figures that moved with prices alone come every three minutes of market time."""
    ledger_prefix: bool = False
    """Keys of a currency's own figures begin with ``$LEDGER-``, as of gateways from 10.47."""
    zone: str | bytes = "UTC"
    """Name of the host's zone in the connection time; bytes where no client can decode it."""
    utc_offset_minutes: int = 0
    """How far the host's clock is ahead of UTC."""
    texts: Mapping[int, str] = field(default_factory=dict)
    """Texts of codes in the language of the gateway, in place of its own."""
