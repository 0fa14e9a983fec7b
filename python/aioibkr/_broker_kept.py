"""Reads for a caller who takes kept figures instead of waiting while the link is doubtful."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aioibkr._broker_models import MarketPrice
from aioibkr.errors import ConfigError, IBKRError

__all__ = ["PricesTold", "check_age", "fresh_or_kept"]

T = TypeVar("T")
MOST = 1000  # symbols
LOOK = 0.05  # seconds between two looks whether the link that is asked has become doubtful


async def fresh_or_kept(
    fresh: Callable[[], Coroutine[None, None, T]],
    kept: Callable[[float], T | None],
    stale_ok: float | None,
) -> T:
    """What is kept where the link is doubtful, else what the gateway says.

    `kept` answers None while a live link tells the figures, and where none are young enough. A link
    that turns out to be dead while it is asked is doubtful too.
    """
    if stale_ok is None:
        return await fresh()
    check_age("stale_ok", stale_ok)
    if (told := kept(stale_ok)) is not None:
        return told
    asked = asyncio.ensure_future(fresh())
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=LOOK)
            if not asked.done() and (told := kept(stale_ok)) is not None:
                return told
        return asked.result()
    except (IBKRError, ValueError):
        if (told := kept(stale_ok)) is None:
            raise
        return told
    finally:
        asked.cancel()  # a read stops with it


def check_age(name: str, seconds: float) -> None:
    """Raise `ConfigError` for what is not the age of anything."""
    if not 0 < seconds < math.inf:
        raise ConfigError(f"{name} {seconds!r}: give seconds above 0, or None to wait")


class PricesTold:
    """The market prices that were told last, each with its moment."""

    def __init__(self) -> None:
        self._told: dict[str, MarketPrice] = {}

    def note(self, symbol: str, price: float) -> MarketPrice:
        """Remember a price that is fresh now, and tell it as such."""
        self._told.pop(symbol, None)
        while len(self._told) >= MOST:
            del self._told[next(iter(self._told))]
        self._told[symbol] = MarketPrice(price, datetime.now(UTC))
        return MarketPrice(price)

    def latest(self, symbol: str, stale_ok: float) -> MarketPrice | None:
        """The price that was told at most so many seconds ago."""
        told = self._told.get(symbol)
        if told is None or told.as_of is None:
            return None
        age = datetime.now(UTC) - told.as_of
        return told if timedelta(0) <= age <= timedelta(seconds=stale_ok) else None
