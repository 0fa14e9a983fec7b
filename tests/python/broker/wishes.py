"""Orders that the broker's tests wish for, and a bounded wait for what they lead to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aioibkr.broker import Order, OrderSide, OrderType

PAPER = "DU1234567"
PATIENCE = 5.0


def buy(quantity: float, *, symbol: str = "AAPL", limit: float | None = None) -> Order:
    """A market order, or a limit order where there is a limit."""
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    return Order("", symbol, OrderSide.BUY, kind, quantity, price=limit)


def sell(quantity: float, *, symbol: str = "AAPL", limit: float | None = None) -> Order:
    """As `buy`, to sell."""
    return replace(buy(quantity, symbol=symbol, limit=limit), side=OrderSide.SELL)


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until a claim holds; `TimeoutError` when it does not in time."""
    async with asyncio.timeout(PATIENCE):
        while not await claim():  # noqa: ASYNC110 - the other side of a socket sets no event
            await asyncio.sleep(0.005)
