"""What one unit of a position is worth where IB has no mark for it.

A fresh quote, else the last close. What the market said, also that it said nothing, is remembered
for `FRESH` seconds, so that an application that asks often does not ask the gateway each time.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple

from aioibkr._broker_models import PriceSource
from aioibkr._client import Client
from aioibkr.errors import IBKRError
from aioibkr.models import Contract
from aioibkr.models import Position as Holding

__all__ = ["Price", "Prices"]

FRESH = 5.0
WITHIN = 4.0  # of the ten seconds that positions have by default
AT_ONCE = 20  # lines that may be taken for a moment, of the hundred an account has
TRADED = frozenset({"STK", "OPT", "FUT", "FOP", "IND", "BAG", "WAR", "FUND"})


class Price(NamedTuple):
    """A price per unit, multiplier not included, and where it comes from."""

    amount: float
    source: PriceSource


class Prices:
    """What the market last said of contracts that IB has no mark for."""

    def __init__(self) -> None:
        self._said: dict[int | None, tuple[float, Price | None]] = {}

    async def of(self, client: Client, holdings: Iterable[Holding]) -> dict[int | None, Price]:
        """Prices by contract id of those holdings that have no mark, within `WITHIN` seconds."""
        wanted = {
            held.contract.contract_id: held.contract
            for held in holdings
            if held.market_price is None
        }
        if not wanted:
            return {}
        now = time.monotonic()
        self._said = {key: said for key, said in self._said.items() if said[0] > now}
        turns = asyncio.Semaphore(AT_ONCE)
        asked = (self._price(client, wanted[key], turns, now + WITHIN) for key in wanted)
        found = zip(wanted, await asyncio.gather(*asked), strict=True)
        return {key: price for key, price in found if price is not None}

    async def _price(
        self, client: Client, contract: Contract, turns: asyncio.Semaphore, by: float
    ) -> Price | None:
        key = contract.contract_id
        if key in self._said:
            return self._said[key][1]
        async with turns:
            price = await _quoted(client, contract, by) or await _closed(client, contract, by)
        self._said[key] = (time.monotonic() + FRESH, price)
        return price


async def _quoted(client: Client, contract: Contract, by: float) -> Price | None:
    """The price of a fresh quote; half the time is left for the close."""
    left = (by - time.monotonic()) / 2
    if left <= 0:
        return None
    try:
        quote = client.latest_quote(contract) or await client.quote(contract, timeout=left)
    except IBKRError:
        return None  # not entitled, no line, no price: the next source is asked
    if quote.market_price is None:
        return None
    is_quoted = quote.last is not None or quote.mid is not None
    return Price(quote.market_price, "quote" if is_quoted else "close")


async def _closed(client: Client, contract: Contract, by: float) -> Price | None:
    """The close of the last daily bar."""
    left = by - time.monotonic()
    if left <= 0:
        return None
    show = "TRADES" if contract.security_type in TRADED else "MIDPOINT"
    try:
        bars = await client.bars(
            contract, duration="1 W", bar_size="1 day", what_to_show=show, timeout=left
        )
    except IBKRError:
        return None  # no history either: what is left is what it cost
    return Price(bars[-1].close, "close") if bars else None
