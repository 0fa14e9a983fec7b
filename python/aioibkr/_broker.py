"""The broker of an application: one object that connects, reads and trades in its words.

`IBKRBroker` opens one client, shares it between all callers, and translates. It keeps nothing
about orders, accounts or prices, and nothing that belongs to an event loop: it may be used from
several loops one after another and from any thread's loop. Every rule about orders is the
client's, which is opened with the risk limits of the settings.
"""

import functools
import threading
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from aioibkr import _broker_accounts as accounts
from aioibkr import _broker_market as market
from aioibkr import _broker_orders as orders
from aioibkr._broker_kept import PricesTold, check_age, fresh_or_kept
from aioibkr._broker_models import Account, MarketPrice, Order, OrderStatus, Position
from aioibkr._broker_orders import ApplicationOrder
from aioibkr._broker_prices import Prices
from aioibkr._broker_views import OrdersById
from aioibkr._client import Client, connect, limits_of
from aioibkr._client_ids import ClientIds
from aioibkr.config import Breaker, Keepalive, Pacing, Reconnect, RestartWindow, Settings, override
from aioibkr.errors import (
    ConfigError,
    IBKRConnectionError,
    IBKRError,
    NotConnected,
    OrderError,
    OrderOutcomeUnknown,
)
from aioibkr.models import AccountSnapshot, Contract, KeptAccount, RiskLimits, Stock

__all__ = ["IBKRBroker"]

NOT_CONNECTED = "Not connected to IBKR"


class IBKRBroker:
    """A broker at one gateway.

    What is not given, which includes empty and blank texts, comes from `settings`, and without
    settings from the environment (`IBKR_HOST` …), a file, and the defaults: host 127.0.0.1, port
    7497, client id 1, the login's first account, paper trading. A value that cannot be meant is
    refused here, with `ConfigError`. With `paper_trading=False` orders to a live account are
    allowed. Of `client_ids`, a range such as ``11-18``, it takes one that is free on this machine,
    in place of `client_id`. `risk` replaces the limits of the settings; `keepalive`, `breaker`,
    `reconnect`, `pacing` and `restart_windows` are those of `connect`.

    Reads and `validate_order` connect when there is no link; after `disconnect` only `connect`
    does. Orders are placed and cancelled only by a broker that was connected, by `connect` or a
    read; once it was, it comes back by itself for them too. Without a link and unable to get one
    they raise `ConnectionError("Not connected to IBKR")`. Deadlines are those of the settings. A
    cancelled await never undoes an order.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        client_id: int | None = None,
        account: str | None = None,
        paper_trading: bool | None = None,  # noqa: FBT001 - the applications' signature
        *,
        settings: Settings | None = None,
        risk: RiskLimits | None = None,
        keepalive: Keepalive | None = Keepalive(),  # noqa: B008 - frozen
        breaker: Breaker | None = Breaker(),  # noqa: B008
        reconnect: Reconnect | None = Reconnect(),  # noqa: B008
        pacing: Pacing | None = Pacing(),  # noqa: B008
        restart_windows: Iterable[RestartWindow] = (),
        client_ids: ClientIds | str | None = None,
    ) -> None:
        ids = client_ids.text if isinstance(client_ids, ClientIds) else client_ids
        where = {"host": host, "port": port, "client_id": client_id, "client_ids": ids}
        given = {**where, "account": account, "paper_trading": paper_trading}
        self._settings = override(settings or Settings.load(), given)
        self._reconnect, self._breaker = reconnect, breaker
        self._limits = risk or limits_of(self._settings)
        self._connect = functools.partial(
            connect,
            settings=self._settings,
            risk=self._limits,
            keepalive=keepalive,
            breaker=breaker,
            reconnect=reconnect,
            pacing=pacing,
            restart_windows=tuple(restart_windows),
        )
        _ = self._connect()  # which begins nothing, and refuses what cannot be meant
        if self._settings.ibkr_stale_ok is not None:
            check_age("ibkr_stale_ok", self._settings.ibkr_stale_ok)
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._parted = False
        self._counted = market.metrics_of(None)
        self._subscribed: dict[str, Contract] = {}
        self._prices = Prices()
        self._positions = accounts.Positions()
        self._prices_told = PricesTold()

    @property
    def host(self) -> str:
        """Host name or address of the gateway."""
        return self._settings.ibkr_host

    @property
    def port(self) -> int:
        """TCP port of the gateway."""
        return self._settings.ibkr_port

    @property
    def client_id(self) -> int:
        """Client id of the connection; 0 means 0. Of a range, the one that was taken."""
        client = self._client
        return self._settings.ibkr_client_id if client is None else client.client_id

    @property
    def account(self) -> str | None:
        """The account it acts for; None before it is known."""
        client = self._client
        return self._settings.ibkr_account or (client.account if client else None)

    @property
    def paper_trading(self) -> bool:
        """Whether it trades on paper: said by the account once known, before that by the flag."""
        client = self._client
        known = client.is_paper if client else None
        return self._settings.ibkr_paper_trading if known is None else known

    @property
    def stale_ok(self) -> float | None:
        """How old kept figures may be in seconds, as the settings have it (`ibkr_stale_ok`)."""
        return self._settings.ibkr_stale_ok

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        client = self._client
        return client is not None and not self._parted and client.is_connected

    @property
    def latest_client(self) -> Client | None:
        """The client of the latest connect, connected or not; None before the first."""
        return self._client

    @property
    def is_ready(self) -> bool:
        """Whether the link is up and accounts, positions and orders are known."""
        client = self._client
        return client is not None and self.is_connected and client.ready

    @property
    def reason(self) -> str | None:
        """Why the link is down, where something went wrong; None while it is up."""
        client = self._client
        return None if client is None or self.is_connected else client.health().control.reason

    @property
    def reconnect(self) -> Reconnect | None:
        """How a lost link is opened again."""
        return self._reconnect

    @property
    def limits(self) -> RiskLimits:
        """Limits that every order keeps."""
        return self._limits

    @property
    def breaker(self) -> Breaker | None:
        """When a gateway that fails is left alone; None never does.

        Another one may be set until the broker is connected first; `ConfigError` after that.
        """
        return self._breaker

    @breaker.setter
    def breaker(self, breaker: Breaker | None) -> None:
        connecting = functools.partial(self._connect, breaker=breaker)
        _ = connecting()  # which refuses what cannot be meant
        with self._lock:
            client = self._client
            if client is not None and (client.generation or client.state != "idle"):
                raise ConfigError("the breaker cannot change once the broker connects")
            self._breaker, self._connect, self._client = breaker, connecting, None

    def record_failure(self) -> None:
        """Count a failure of the gateway for the breaker; see `Client.record_failure`."""
        (self._client or self._wanted()).record_failure()

    def forget_failures(self) -> None:
        """Close the breaker, so that the gateway may be tried at once."""
        (self._client or self._wanted()).forget_failures()

    @property
    def orders_by_id(self) -> Mapping[str, Order]:
        """Orders of this session as they are known now, by id; asks nothing of the gateway."""
        return OrdersById(self._client)

    async def initialize_in_loop(self) -> None:
        """Do nothing: there is nothing to prepare in a loop. Kept for old callers."""

    async def connect(self) -> None:
        """Connect, or return at once when connected; concurrent callers share one attempt.

        Raises a `ConnectionError` that says why: no answer in time, client id in use, a peer that
        is not a gateway or too old, an open circuit breaker, an account of another login.
        """
        try:
            await self._wanted().open()
        except IBKRConnectionError:
            raise
        except IBKRError as error:
            raise NotConnected(f"{NOT_CONNECTED}: {error.message}", error.details) from error

    async def disconnect(self) -> None:
        """Close the link after everything written has left. Harmless when there is none."""
        with self._lock:
            client, self._parted = self._client, True
        if client is not None:
            await client.close()

    def resume(self) -> None:
        """Take a `disconnect` back: what needs the link opens it again. Connects nothing."""
        if self._parted:
            self._wanted()

    async def client(self) -> Client:
        """The connected client beneath, for what the broker has no words for.

        Raises `ConnectionError("Not connected to IBKR")`, whose cause says why.
        """
        if self._parted:
            raise NotConnected(NOT_CONNECTED)
        try:
            client = self._wanted()
            if client.is_connected:
                return client
            await client.open()
        except IBKRError as error:
            raise NotConnected(NOT_CONNECTED, error.details, code=error.code) from error
        return client

    async def _trading_client(self) -> Client:
        """As `client`, of a broker that was connected since it was made or parted."""
        client = self._client
        if client is None or client.generation == 0:
            raise NotConnected(NOT_CONNECTED)
        return await self.client()

    def _wanted(self) -> Client:
        """The client that somebody wants open: the present one, or a new one after parting."""
        with self._lock:
            if self._client is None or self._parted:
                opened, counted = self._connect().client, self.get_metrics()
                self._client, self._counted, self._parted = opened, counted, False
                self._subscribed = {}
            return self._client

    async def place_order(self, order: ApplicationOrder, *, key: str | None = None) -> str:
        """Place an order and return its id, a numeric string, once the gateway acknowledged it.

        Sets `order_id` and `status` of the order given, where it can be written to. The same `key`
        (or `order.metadata["idempotency_key"]`) returns the first order, never a second one.
        Raises `OrderRefused` (a rule, nothing was sent), `OrderRejected` (by IB, with its code),
        `OrderOutcomeUnknown` (repeat with the same key only), `LiveTradingDisabled`,
        `DuplicateOrderKey`, `ContractNotFound`, `ConnectionError("Not connected to IBKR")` also
        where nobody has connected the broker: an order connects nothing by itself.
        """
        placed = await self.place(order, key=key)
        return str(placed.order_id)

    async def place(self, order: ApplicationOrder, *, key: str | None = None) -> Order:
        """As `place_order`, and return the order as it stands, its key in the metadata."""
        client = await self._trading_client()
        symbol, ticket = orders.wish_of(order)
        trade = await client.place(Stock(symbol), ticket, key=key or orders.key_of(order))
        placed = orders.order_of(trade)
        orders.mark_placed(order, placed)
        return placed

    async def validate_order(self, order: ApplicationOrder) -> tuple[bool, str]:
        """Apply every rule of `place_order` and send nothing; (valid, message for a person).

        The message tells of every rule that is broken, in their order: quantity, prices, size,
        value, buying power or held quantity, position share, loss of the day, open orders. Never
        raises for an order that makes no sense, nor without a connection.
        """
        try:
            client = await self.client()
            symbol, ticket = orders.wish_of(order)
            await client.check_order(Stock(symbol), ticket)
        except IBKRError as error:
            return False, orders.sentence(error.message)
        return True, "Order is valid"

    async def cancel_order(self, order_id: str) -> bool:
        """Cancel an order; True once the gateway confirmed it.

        False when it is unknown, filled or already cancelled, or the id is not a number. Raises
        `OrderOutcomeUnknown` when no confirmation came in time, `ConnectionError` as `place_order`.
        """
        client = await self._trading_client()
        trade = await orders.trade_of(client, order_id)
        if trade is None or trade.is_done:
            return False
        try:
            trade = await client.cancel(trade.order_id)
        except OrderOutcomeUnknown:
            raise
        except OrderError:
            if (settled := client.trade(trade.order_id)) is None or not settled.is_done:
                raise
            return False  # it ended in another way before the cancel arrived
        return orders.status_of(trade) is OrderStatus.CANCELLED

    async def get_order(self, order_id: str, *, stale_ok: float | None = None) -> Order | None:
        """One order of this session, finished or not; None when it is unknown.

        `stale_ok` as with `get_account`.
        """

        async def fresh() -> Order | None:
            trade = await orders.trade_of(await self.client(), order_id)
            return None if trade is None else orders.order_of(trade)

        def kept(seconds: float) -> Order | None:
            number, client = orders.number_of(order_id), self._kept_client()
            trade = client.trade(number) if client and number is not None else None
            as_of = client.kept_orders_as_of(stale_ok=seconds) if client else None
            return orders.order_of(trade, as_of) if trade and as_of else None

        return await fresh_or_kept(fresh, kept, stale_ok)

    async def get_order_status(self, order_id: str) -> OrderStatus:
        """Where an order stands; raises `ConfigError`, a `ValueError`, when it is unknown."""
        trade = await orders.trade_of(await self.client(), order_id)
        if trade is None:
            raise ConfigError(f"order {order_id!r} is not known in this session")
        return orders.status_of(trade)

    async def get_orders(
        self, status: object = None, *, stale_ok: float | None = None
    ) -> list[Order]:
        """Orders of this session, finished ones included.

        `status` narrows them: `open` (pending, submitted or partly filled), `filled`, `cancelled`
        or any status as a word or an enum. Raises `ConfigError` for any other word, `StateUnknown`
        while orders are not known: unknown is not empty. `stale_ok` as with `get_account`.
        """
        wanted = orders.statuses_named(status)

        async def fresh() -> list[Order]:
            return [orders.order_of(trade) for trade in await orders.trades_of(await self.client())]

        def kept(seconds: float) -> list[Order] | None:
            client = self._kept_client()
            as_of = client.kept_orders_as_of(stale_ok=seconds) if client else None
            if client is None or as_of is None:
                return None
            return [orders.order_of(trade, as_of) for trade in client.trades()]

        told = await fresh_or_kept(fresh, kept, stale_ok)
        return [order for order in told if order.status in wanted]

    async def get_positions(self, *, stale_ok: float | None = None) -> list[Position]:
        """Open positions of the account, each with a price and the name of its source.

        They wait for the portfolio that brings IB's marks; see `Position.price_source` for what
        stands in where IB has none. Raises `StateUnknown` while positions or the portfolio are not
        known: unknown is not empty. `stale_ok` as with `get_account`; of no positions only
        `get_account` tells as of when.
        """

        async def fresh() -> list[Position]:
            client = await self.client()
            held = await client.positions(client.account)
            return self._positions.of(held, await self._prices.of(client, held))

        def kept(seconds: float) -> list[Position] | None:
            account = self._kept_account(seconds)
            return None if account is None else self._positions.kept(account)

        return await fresh_or_kept(fresh, kept, stale_ok)

    async def get_account(self, *, stale_ok: float | None = None) -> Account:
        """The account in its base currency, with its positions and P&L.

        With `stale_ok` what is kept is taken instead of waiting while the link is suspect,
        degraded, being opened or left alone, if it was right at most so many seconds ago; it then
        says so: `as_of`. Figures that are older, or were never known, are waited for as without.
        Raises `StateUnknown` while a part of it is not known.
        """
        account, _ = await self._read_account(stale_ok)
        return account

    async def get_portfolio_summary(self, *, stale_ok: float | None = None) -> accounts.Summary:
        """The portfolio at a glance as a dictionary, `positions` as a list of dictionaries.

        `stale_ok` as with `get_account`; kept figures have the key `as_of`.
        """
        return accounts.summary_of(*await self._read_account(stale_ok))

    async def _read_account(self, stale_ok: float | None) -> tuple[Account, AccountSnapshot]:
        async def fresh() -> tuple[Account, AccountSnapshot]:
            client = await self.client()
            snapshot, pnl = await client.account_summary(), await client.pnl()
            return accounts.account_of(snapshot, pnl, await self.get_positions()), snapshot

        def kept(seconds: float) -> tuple[Account, AccountSnapshot] | None:
            known = self._kept_account(seconds)
            if known is None:
                return None
            return accounts.kept_account_of(known, self._positions.kept(known)), known.snapshot

        return await fresh_or_kept(fresh, kept, stale_ok)

    def _kept_client(self) -> Client | None:
        return None if self._parted else self._client

    def _kept_account(self, seconds: float) -> KeptAccount | None:
        client = self._kept_client()
        return client.kept_account(stale_ok=seconds) if client else None

    async def get_market_price(self, symbol: str, *, stale_ok: float | None = None) -> MarketPrice:
        """A fresh market price of a US stock, finite and more than 0, delayed if need be.

        Raises `ValueError` when there is none, with the reason as its cause. With `stale_ok`, as
        with `get_account`, the price that was told last, with its moment in `as_of`.
        """
        contract = _stock(symbol)

        async def fresh() -> MarketPrice:
            price = await self._fresh_price(contract, symbol)
            return self._prices_told.note(contract.symbol, price)

        def kept(seconds: float) -> MarketPrice | None:
            client = self._kept_client()
            if client is None or client.state == "live":
                return None
            return self._prices_told.latest(contract.symbol, seconds)

        return await fresh_or_kept(fresh, kept, stale_ok)

    async def _fresh_price(self, contract: Contract, symbol: str) -> float:
        client = await self.client()
        try:
            quote = await client.quote(await client.qualify(contract))
        except IBKRConnectionError:
            raise
        except IBKRError as error:
            raise ValueError(f"no market price for {symbol}: {error.message}") from error
        return market.price_of(quote, symbol)

    async def subscribe_market_data(self, symbol: str) -> None:
        """Keep a quote of a US stock up to date; returns after its first price, or raises.

        Raises `ContractNotFound`, `NotEntitled`, `LineLimit`, or `MarketDataError` when no price
        comes in time. Subscribing again does nothing.
        """
        client = await self.client()
        contract = await client.qualify(_stock(symbol))
        await client.subscribe_quote(contract)
        with self._lock:
            self._subscribed[contract.symbol.upper()] = contract

    def get_quote(self, symbol: str) -> market.QuoteFields | None:
        """The latest quote of a subscribed symbol; None when it is not subscribed."""
        client = self._client
        contract = self._subscribed.get(symbol.strip().upper())
        quote = client.latest_quote(contract) if client and contract else None
        return None if quote is None else market.quote_of(quote)

    async def get_historical_bars(  # noqa: PLR0917 - the applications' signature
        self,
        symbol: str,
        duration: str = "1 D",
        bar_size: str = "1 min",
        what_to_show: str = "TRADES",
        use_rth: bool = True,  # noqa: FBT001, FBT002 - the applications' signature
        end_date: datetime | date | str | None = None,
    ) -> list[market.BarFields]:
        """Historical bars of a US stock, oldest first, each a dictionary with an ISO `date`.

        `end_date` is None for now, or a moment with its zone; see `end_of`. Raises `ConfigError`
        for a word IB does not accept, `ContractNotFound`, `PacingViolation`, `RequestTimeout`.
        """
        client = await self.client()
        bars = await client.bars(
            await client.qualify(_stock(symbol)),
            duration=duration,
            bar_size=bar_size,
            what_to_show=what_to_show,
            use_rth=use_rth,
            end=market.end_of(end_date),
        )
        return market.bars_of(bars)

    def get_metrics(self) -> market.Metrics:
        """What was counted since the first use, over all connects."""
        client, counted = self._client, self._counted
        return market.sum_of(counted, market.metrics_of(client.metrics())) if client else counted


def _stock(symbol: str) -> Contract:
    if not symbol.strip():
        raise ConfigError(f"symbol {symbol!r} is empty")
    return Stock(symbol.strip().upper())
