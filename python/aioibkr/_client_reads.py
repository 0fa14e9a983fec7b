"""The part of `Client` that reads: time, accounts, contracts, prices, orders.

Nothing is decided here. A read stops when its await is cancelled.
"""

from __future__ import annotations

from datetime import datetime

from aioibkr import _native
from aioibkr.models import (
    AccountSnapshot,
    AccountValue,
    Bars,
    Contract,
    ContractDetails,
    Fill,
    KeptAccount,
    Pnl,
    Position,
    Quote,
    Trade,
)

__all__ = ["ClientReads"]


class ClientReads:
    """What `Client` reads.

    A read whose link is lost ends with ``ConnectionLost`` at once. With ``retry=True`` it outlives
    the link: it waits for the next one and is asked there once more, on each that follows,
    within the same ``timeout``.

    What is kept (accounts, positions, P&L, open orders) is known per link. While it is not, a read
    waits for it within its ``timeout``; with ``wait=False`` it raises ``StateUnknown`` at once, and
    ``details["missing"]`` names what is not known. Nothing of an earlier link is ever told as if it
    were current, and unknown is not empty.
    """

    _native: _native.Client

    async def server_time(self, *, timeout: float | None = None, retry: bool = False) -> datetime:
        """Read the gateway's clock, UTC (reqCurrentTime).

        Gateways tell whole seconds: the time is up to a second behind, and as much as the answer
        took on its way. Asked again within ``Keepalive.spacing`` (2 s), also by the client itself,
        it is the last answer and the time that went by since; ``keepalive=None`` always asks.
        """
        return await self._native.server_time(timeout=timeout, retry=retry)

    async def managed_accounts(
        self, *, timeout: float | None = None, retry: bool = False
    ) -> list[str]:
        """Ask anew which accounts the login manages (reqManagedAccts)."""
        return await self._native.managed_accounts(timeout=timeout, retry=retry)

    async def account_summary(
        self,
        account: str | None = None,
        *,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> AccountSnapshot:
        """Take everything known about an account at this moment (reqAccountUpdates, reqPnL).

        The values are kept up to date, so this answers at once after the first time. P&L comes in
        a stream of its own: it is waited for a moment, and None where IB keeps it back.

        Args:
            account: A managed account; default: the client's own.
            timeout: Seconds; default 10.
            wait: Wait for what is not known yet, else ``StateUnknown`` at once.
            retry: Outlive the link.

        Raises:
            StateUnknown: The first download is not complete in time.
            ConfigError: The login does not manage the account.
        """
        return await self._native.account_snapshot(account, timeout=timeout, wait=wait, retry=retry)

    def account_now(self, account: str | None = None) -> tuple[AccountSnapshot, Pnl] | None:
        """Look at an account's values and P&L as the live link tells them; waits for nothing.

        None while no live link has told values, positions and P&L; `account_summary` waits for
        them. What did not change compares equal at once, so that whoever makes something of an
        account can tell whether it still holds.
        """
        return self._native.account_now(account)

    def kept_account(self, account: str | None = None, *, stale_ok: float) -> KeptAccount | None:
        """Look at what is kept of an account while no live link tells it; waits for nothing.

        For a caller who takes figures that were right at most ``stale_ok`` seconds ago instead of
        waiting while the link is suspect, degraded or away, or a new one has not told them yet.
        None while a live link tells them (then `account_summary` answers at once), where what is
        kept is older or nothing is, and after `close`.

        Args:
            account: A managed account; default: the client's own.
            stale_ok: Seconds, above 0.
        """
        kept = self._native.kept_account(account, stale_ok=stale_ok)
        return None if kept is None else KeptAccount(*kept)

    def kept_orders_as_of(self, *, stale_ok: float) -> datetime | None:
        """Tell when `trades` was last right, if no live link keeps it and that is young enough.

        None as `kept_account`.
        """
        return self._native.kept_orders_as_of(stale_ok=stale_ok)

    async def account_values(
        self,
        account: str | None = None,
        *,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> list[AccountValue]:
        """List an account's values row by row, all currencies, as IB names them.

        Raises as `account_summary`, which also finds the number of a tag in base currency.
        """
        snapshot = await self._native.account_snapshot(
            account, timeout=timeout, wait=wait, retry=retry
        )
        return list(snapshot.values)

    async def pnl(
        self,
        account: str | None = None,
        *,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> Pnl:
        """Read profit and loss of an account in its base currency (reqPnL).

        Raises as `account_summary`.
        """
        return await self._native.pnl(account, timeout=timeout, wait=wait, retry=retry)

    async def positions(
        self,
        account: str | None = None,
        *,
        priced: bool = True,
        timeout: float | None = None,
        wait: bool = True,
        retry: bool = False,
    ) -> list[Position]:
        """List the positions of one account, or of all (reqPositions, reqAccountUpdates).

        Closed ones are not listed. Prices and P&L come with the portfolio of the account, so this
        waits for it after each connect, reconnect and 1101; what IB has no mark for is None. IB
        streams one portfolio per connection: the client's own account's. Another account's is
        downloaded when it is asked for, in turn, and again once it is three minutes old or what is
        held has changed. An advisor with many accounts therefore names the ``account`` of
        interest, gives all of them a longer ``timeout``, or takes ``priced=False``: one account
        whose portfolio does not come makes the answer for all of them unknown.

        Args:
            account: A managed account; default: all of the login.
            priced: Wait for the portfolio. False tells at once what is held, with the prices that
                are known by then.
            timeout: Seconds; default 10.
            wait: Wait for what is not known yet, else ``StateUnknown`` at once.
            retry: Outlive the link.

        Raises:
            StateUnknown: Positions (``details["missing"]`` is ``positions``) or what prices them
                (``portfolio``, with the accounts in ``details["account"]``) are not known in time;
                unknown is not empty.
            ConfigError: The login does not manage the account.
        """
        return await self._native.positions(
            account, priced=priced, timeout=timeout, wait=wait, retry=retry
        )

    async def contract_details(
        self, contract: Contract, *, timeout: float | None = None, retry: bool = False
    ) -> list[ContractDetails]:
        """List everything that matches a contract, with what IB knows (reqContractDetails).

        Raises:
            ContractNotFound: Nothing matches (200).
        """
        return await self._native.contract_details(contract, timeout=timeout, retry=retry)

    async def qualify(
        self, contract: Contract, *, timeout: float | None = None, retry: bool = False
    ) -> Contract:
        """Find the one contract that matches, complete with its ``contract_id``; remembered.

        Raises:
            ContractNotFound: Nothing matches (200).
            AmbiguousContract: Several match; ``details["candidates"]`` lists them.
        """
        return await self._native.qualify(contract, timeout=timeout, retry=retry)

    async def quote(
        self,
        contract: Contract,
        *,
        max_age: float | None = None,
        timeout: float | None = None,
        retry: bool = False,
    ) -> Quote:
        """Read one fresh quote; its market-data line is released afterwards (reqMktData).

        Args:
            contract: What to quote; it need not be qualified.
            max_age: Seconds that a quote at hand may be old to be the answer; default: the core's.
            timeout: Seconds; default 5.
            retry: Outlive the link.

        Raises:
            NotEntitled: Neither live nor delayed data may be seen (354, 10089 …).
            LineLimit: No market-data line is left (101 …).
            MarketDataError: No price came in time.
        """
        return await self._native.quote(contract, max_age=max_age, timeout=timeout, retry=retry)

    async def bars(
        self,
        contract: Contract,
        *,
        duration: str = "1 D",
        bar_size: str = "1 min",
        what_to_show: str = "TRADES",
        use_rth: bool = True,
        end: datetime | None = None,
        timeout: float | None = None,
        retry: bool = False,
    ) -> Bars:
        """Read historical bars, oldest first; none where IB has none (reqHistoricalData).

        Args:
            contract: What to read; it need not be qualified.
            duration: How far back from the end: ``N S``, ``N D``, ``N W``, ``N M`` or ``N Y``.
            bar_size: ``1 secs`` to ``1 month``, one of IB's sizes.
            what_to_show: ``TRADES MIDPOINT BID ASK BID_ASK ADJUSTED_LAST
                HISTORICAL_VOLATILITY OPTION_IMPLIED_VOLATILITY FEE_RATE``, and ``AGGTRADES`` for
                coins, which have no ``TRADES``.
            use_rth: Regular trading hours only.
            end: Aware end of the window; default: now.
            timeout: Seconds; default 60.
            retry: Outlive the link.

        Raises:
            ConfigError: A size, duration or end that IB does not accept.
            PacingViolation: Too many requests (162, 420).
        """
        return await self._native.bars(
            contract,
            duration=duration,
            bar_size=bar_size,
            what_to_show=what_to_show,
            use_rth=use_rth,
            end=end,
            timeout=timeout,
            retry=retry,
        )

    async def open_orders(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> list[Trade]:
        """List the working orders of every client of the login (reqAllOpenOrders).

        They are asked anew of a live link; with ``wait=False``, or of a link that is suspect or
        without IB's servers, they are as last told. An order that is no longer listed has ended.
        Client 0 binds orders entered by hand (reqOpenOrders): their ids are negative, and it can
        change and cancel them.

        Raises:
            StateUnknown: They are not known in time; unknown is not empty.
        """
        return await self._native.open_orders(timeout=timeout, wait=wait, retry=retry)

    async def completed_orders(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> list[Trade]:
        """Ask which orders ended lately (reqCompletedOrders)."""
        return await self._native.completed_orders(timeout=timeout, wait=wait, retry=retry)

    async def executions(
        self, *, timeout: float | None = None, wait: bool = True, retry: bool = False
    ) -> list[Fill]:
        """Ask for the executions since midnight, with their commissions (reqExecutions)."""
        return await self._native.executions(timeout=timeout, wait=wait, retry=retry)
