"""Gathers what a client knows of its accounts, all of one link, before anything is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from aioibkr import AccountSnapshot, Client, IBKRBroker, Pnl, Position
from aioibkr.errors import ConfigError, StateUnknown
from aioibkr.integrations.sqlalchemy.fitting import exact

__all__ = ["AccountFigures", "Figures", "gather"]


@dataclass(frozen=True)
class AccountFigures:
    """One account in its base currency; what IB has not computed is None."""

    account: str
    currency: str
    total_value: Decimal
    cash_balance: Decimal
    buying_power: Decimal | None
    margin_used: Decimal | None
    margin_available: Decimal | None
    daily_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None


@dataclass(frozen=True)
class Figures:
    """What was known at one moment. `rates` are units of `currency` for one of another."""

    as_of: datetime
    currency: str
    accounts: tuple[AccountFigures, ...]
    positions: tuple[Position, ...]
    rates: Mapping[str, Decimal]

    def rate(self, currency: str) -> Decimal:
        """Units of the base currency for one unit; `StateUnknown` where IB has told none."""
        if currency == self.currency:
            return Decimal(1)
        rate = self.rates.get(currency)
        if rate is None:
            raise StateUnknown(
                f"the exchange rate of {currency} to {self.currency} is not known",
                {"currency": currency},
            )
        return rate


async def gather(
    source: Client | IBKRBroker, accounts: Sequence[str] | None, *, timeout: float
) -> Figures:
    """Read accounts, P&L and positions within `timeout` seconds, all of one link.

    A client tells all accounts of its login, a broker the one it acts for. Raises `StateUnknown`
    while a part is not known, and the errors of the reads.
    """
    client = await source.client() if isinstance(source, IBKRBroker) else source
    until = asyncio.get_running_loop().time() + timeout
    while True:
        left = max(until - asyncio.get_running_loop().time(), 0.001)
        generation = client.generation
        figures = await _read(client, _accounts_of(source, client, accounts), left)
        if client.generation == generation:
            return figures


def _accounts_of(
    source: Client | IBKRBroker, client: Client, accounts: Sequence[str] | None
) -> list[str]:
    own = [client.account] if isinstance(source, IBKRBroker) else client.accounts
    wanted = list(dict.fromkeys(accounts)) if accounts is not None else [a for a in own if a]
    if not wanted:
        raise ConfigError("no account to read: give accounts, or connect first")
    return wanted


async def _read(client: Client, accounts: Sequence[str], timeout: float) -> Figures:
    # An account's own figures first: it is they that bring the prices of its positions.
    snapshots = [await client.account_summary(account, timeout=timeout) for account in accounts]
    pnls = [await client.pnl(account, timeout=timeout) for account in accounts]
    positions = await client.positions(timeout=timeout)
    held = [position for position in positions if position.account in accounts]
    return Figures(
        as_of=datetime.now(UTC),
        currency=snapshots[0].currency,
        accounts=tuple(map(_account, snapshots, pnls)),
        positions=tuple(held),
        rates=_rates(snapshots[0]),
    )


def _account(snapshot: AccountSnapshot, pnl: Pnl) -> AccountFigures:
    return AccountFigures(
        account=snapshot.account,
        currency=snapshot.currency,
        total_value=_known(snapshot, "NetLiquidation"),
        cash_balance=_known(snapshot, "TotalCashValue"),
        buying_power=_number(snapshot.number("BuyingPower")),
        margin_used=_number(snapshot.number("InitMarginReq")),
        margin_available=_number(snapshot.number("AvailableFunds")),
        daily_pnl=_number(pnl.daily),
        unrealized_pnl=_number(pnl.unrealized),
        realized_pnl=_number(pnl.realized),
    )


def _known(snapshot: AccountSnapshot, tag: str) -> Decimal:
    number = snapshot.number(tag)
    if number is None:
        raise StateUnknown(f"{tag} of account {snapshot.account} is not known", {"tag": tag})
    return exact(number)


def _number(number: float | None) -> Decimal | None:
    return None if number is None else exact(number)


def _rates(snapshot: AccountSnapshot) -> dict[str, Decimal]:
    """IB's exchange rates; one that is no number above 0 is none."""
    rates = {}
    for row in snapshot.values:
        if row.tag == "ExchangeRate" and row.currency not in {"", "BASE"}:
            try:
                rate = Decimal(row.value)
            except ArithmeticError:
                continue
            if rate.is_finite() and rate > 0:
                rates[row.currency] = rate
    return rates
