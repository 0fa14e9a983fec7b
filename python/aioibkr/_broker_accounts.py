"""Accounts and positions as an application reads them: finite floats, unknown P&L said as None."""

import functools
import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import NamedTuple

from aioibkr._broker_models import Account, Position
from aioibkr._broker_orders import plain_number
from aioibkr._broker_prices import Price
from aioibkr.errors import StateUnknown
from aioibkr.models import AccountSnapshot, KeptAccount, Pnl
from aioibkr.models import Position as Holding

__all__ = [
    "Positions",
    "Summary",
    "account_of",
    "kept_account_of",
    "position_of",
    "summary_of",
]

Summary = dict[str, object]


class Positions:
    """Positions as they were told last: what did not change since is told as the same value.

    The client hands out the same object for a row that did not change.
    """

    def __init__(self) -> None:
        self._told: list[tuple[Holding, Price | None, Position]] = []

    def of(self, held: list[Holding], prices: dict[int | None, Price]) -> list[Position]:
        """Tell what is held, in its order."""
        before, told = self._told, []
        for place, row in enumerate(held):
            price = prices.get(row.contract.contract_id) if prices else None
            known = before[place] if place < len(before) else None
            if known is None or known[0] is not row or known[1] != price:
                known = (row, price, position_of(row, price))
            told.append(known)
        self._told = told
        return [position for _, _, position in told]

    def kept(self, kept: KeptAccount) -> list[Position]:
        """Tell what is kept, at the prices that were told last, with its moment."""
        told = {id(row): position for row, _, position in self._told}
        rows = (told.get(id(row)) or position_of(row) for row in kept.positions)
        return [replace(position, as_of=kept.as_of) for position in rows]


def position_of(holding: Holding, estimate: Price | None = None) -> Position:
    """Tell a position at IB's mark, else at the estimate, else at what it cost.

    All its figures rest on that price: IB's own value and P&L are told with IB's mark only.
    """
    price = _price_of(holding, estimate)
    quantity, multiplier = plain_number(holding.quantity), _multiplier_of(holding)
    value, profit = None, None
    if price.source == "mark":
        value, profit = holding.market_value, holding.unrealized_pnl
    value = quantity * price.amount * multiplier if value is None else value
    return Position(
        symbol=holding.contract.symbol,
        quantity=quantity,
        avg_cost=holding.average_cost,
        current_price=price.amount,
        market_value=value,
        unrealized_pnl=value - quantity * holding.average_cost if profit is None else profit,
        realized_pnl=holding.realized_pnl or 0.0,
        currency=holding.contract.currency or "USD",
        price_source=price.source,
    )


def _price_of(holding: Holding, estimate: Price | None) -> Price:
    if holding.market_price is not None:
        return Price(holding.market_price, "mark")
    return estimate or Price(holding.average_cost / _multiplier_of(holding), "average_cost")


def _multiplier_of(holding: Holding) -> float:
    """Units of the underlying per unit held; IB leaves it out where it is 1."""
    try:
        multiplier = float(holding.contract.multiplier)
    except ValueError:
        return 1.0
    return multiplier if math.isfinite(multiplier) and multiplier > 0 else 1.0


class Figures(NamedTuple):
    """The money of an account, in its base currency."""

    cash: float
    net_liquidation: float
    buying_power: float
    available_funds: float


@functools.lru_cache(maxsize=8)
def _figures_of(snapshot: AccountSnapshot) -> Figures:
    """Find the figures among all values of a snapshot, once for each snapshot."""
    tags = ("TotalCashValue", "NetLiquidation", "BuyingPower", "AvailableFunds")
    return Figures(*(_amount(snapshot, tag) for tag in tags))


def account_of(snapshot: AccountSnapshot, pnl: Pnl, positions: Iterable[Position]) -> Account:
    """Tell an account in its base currency.

    Raises `StateUnknown` naming a value that IB has not sent: money is never guessed.
    """
    figures = _figures_of(snapshot)
    return Account(
        account_id=snapshot.account,
        cash_balance=figures.cash,
        portfolio_value=figures.net_liquidation,
        buying_power=figures.buying_power,
        margin_available=figures.available_funds,
        total_pnl=_sum_known([pnl.unrealized, pnl.realized]),
        daily_pnl=pnl.daily,
        currency=snapshot.currency,
        positions=list(positions),
    )


def kept_account_of(kept: KeptAccount, positions: Iterable[Position]) -> Account:
    """Tell an account as it is kept; a P&L that was not told is None."""
    pnl = kept.pnl or kept.snapshot.pnl  # which has None for what was not told
    return replace(account_of(kept.snapshot, pnl, positions), as_of=kept.as_of)


def _amount(snapshot: AccountSnapshot, tag: str) -> float:
    amount = snapshot.number(tag)
    if amount is None:
        raise StateUnknown(f"{tag} of account {snapshot.account} is not known", {"tag": tag})
    return amount


def _sum_known(parts: list[float | None]) -> float | None:
    """The sum of what is known: IB leaves out the part of an account that has none of it."""
    known = [part for part in parts if part is not None]
    return sum(known, 0.0) if known else None


def summary_of(account: Account, snapshot: AccountSnapshot) -> Summary:
    """The portfolio at a glance; `cash_percentage` is 0 to 100.

    `invested_value` is the account's value less its cash. `price_source` of each position says what
    its figures rest on; `day_trades_remaining` is None when IB does not limit or tell them. What
    was answered from kept figures has `as_of` too.
    """
    positions = account.positions
    kept = {} if account.as_of is None else {"as_of": account.as_of}
    total, cash = account.portfolio_value, account.cash_balance
    day_trades = snapshot.number("DayTradesRemaining")
    return {
        "account_id": account.account_id,
        "total_value": total,
        "portfolio_value": total,
        "cash_balance": cash,
        "invested_value": total - cash,
        "buying_power": account.buying_power,
        "margin_used": snapshot.number("InitMarginReq"),
        "margin_available": account.margin_available,
        "open_positions": len(positions),
        "num_positions": len(positions),
        "total_market_value": sum(position.market_value for position in positions),
        "total_unrealized_pnl": sum(position.unrealized_pnl for position in positions),
        "daily_pnl": account.daily_pnl,
        "total_pnl": account.total_pnl,
        "positions": [asdict(position) for position in positions],
        "currency": account.currency,
        "cash_percentage": cash / total * 100 if total > 0 else 0.0,
        "day_trades_remaining": None if day_trades is None or day_trades < 0 else int(day_trades),
        **kept,
    }
