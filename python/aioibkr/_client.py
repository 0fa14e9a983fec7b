"""The client that users hold: coroutines with types and documentation over the extension.

Nothing is decided here. Reads stop when their await is cancelled; effects (`place`, `modify`,
`cancel`, `close` …) are begun at once and carried through whatever becomes of the await.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from aioibkr import _native
from aioibkr._client_events import AlertHook, ClientEvents
from aioibkr._client_ids import ClientIds
from aioibkr._client_reads import ClientReads
from aioibkr._client_streams import ClientStreams
from aioibkr._events import Callbacks
from aioibkr.config import (
    AlertRules,
    Breaker,
    Keepalive,
    Pacing,
    Reconnect,
    RestartWindow,
    Settings,
    override,
)
from aioibkr.models import (
    Contract,
    Health,
    MarketDataType,
    Metrics,
    Order,
    Quote,
    RiskLimits,
    Subscription,
    Trade,
)

__all__ = ["Client", "Connecting", "connect", "limits_of"]


def connect(
    *,
    host: str | None = None,
    port: int | None = None,
    client_id: int | ClientIds | None = None,
    account: str | None = None,
    timeout: float | None = None,
    wait: bool = False,
    allow_live: bool | None = None,
    read_only: bool = False,
    risk: RiskLimits | None = None,
    market_data_type: MarketDataType = "live",
    feed: bool = True,
    feed_client_id: int | None = None,
    lines: Mapping[str, int] | None = None,
    keepalive: Keepalive | None = Keepalive(),  # noqa: B008 - frozen
    breaker: Breaker | None = Breaker(),  # noqa: B008
    reconnect: Reconnect | None = Reconnect(),  # noqa: B008
    pacing: Pacing | None = Pacing(),  # noqa: B008
    stale_after: float | None = None,
    alerts: AlertHook | None = None,
    alert_rules: AlertRules = AlertRules(),  # noqa: B008
    restart_windows: Iterable[RestartWindow] = (),
    settings: Settings | None = None,
) -> Connecting:
    """Connect to a gateway: await the answer, or enter it with ``async with``.

    What is not given comes from ``settings``, and without settings from the defaults named here;
    empty and blank texts are not given.
    Settings bring their risk limits along; ``ibkr_enabled`` is the application's business.

    Args:
        host: Name or address of the gateway, default 127.0.0.1.
        port: Its port, 1 to 65535, default 4002.
        client_id: 0 or more, default 1; each id can be connected once. Of `ClientIds` it is the
            first that no program of this user and machine holds. A client with a feed also takes
            the id 1000 above its own, or one of the next eight.
        account: The account to act for; default: the only managed one, else the first.
        timeout: Seconds for the whole connect, all tries included; default 10, or as long as the
            tries of ``reconnect`` may take. A gateway that greets late and a client id that is
            still held are waited for until then.
        wait: Keep trying for ever instead.
        allow_live: Allow orders to an account that is not a paper account (``DU…``, ``DF…``);
            default no, or what ``settings.ibkr_paper_trading`` says.
        read_only: Refuse everything that changes an order.
        risk: Limits that every order must keep; default: those of ``settings``, else none.
        market_data_type: Market data asked for first. Delayed data takes the place of live data
            that the account may not see.
        feed: Open a second connection for streams when the first stream needs it; without one,
            streams are refused and everything else works.
        feed_client_id: Client id of that connection; default ``client_id + 1000``. The next eight
            are tried where it is held; `Client.health` shows the one in use.
        lines: What the account may have open at once, where it is not the default:
            ``{"market_data": 100, "depth": 3, "tick_by_tick": 3}``.
        keepalive: How a silent link is judged; None trusts it until its socket ends.
        breaker: When a gateway that fails is left alone; None never does.
        reconnect: How a lost link is opened again; None leaves it to the next `Client.open`.
        pacing: How fast this process may send to the gateway: cancels go first, then orders, then
            everything else; default 50 messages a second. None sends at once, uncounted.
        stale_after: Seconds that a stream may be silent after an outage of its farm before it is
            asked for again, if it was not silent before; default 10.
        alerts: Called with level, kind, message and context of each alert while the client is
            open, as ``client.on("alert", …)``.
        alert_rules: When alerts are raised and repeated.
        restart_windows: When the gateway is expected to be away; no window is assumed.
        settings: An application's settings.

    Raises:
        ConfigError: An argument cannot be meant: raised here, before anything is begun. Or the
            login does not manage ``account``: raised by the await, which names what it manages.
        ConnectTimeout: No gateway answered in time.
        ClientIdInUse: Another connection held the client id all the time (326); the message says
            which program of this machine it is. Or all of `ClientIds` are taken: it names by whom.
        GatewayTooOld: The gateway's server version is below 213.
        HandshakeFailed: What listens there does not answer like a gateway.

    Cancelling the await closes what was opened.
    """
    where = {"host": host, "port": port, "account": account, **_ids_given(client_id)}
    given = override(settings if settings is not None else _DEFAULTS, where)
    if risk is None and settings is not None:
        risk = limits_of(settings)
    config = _native.Config(
        host=given.ibkr_host,
        port=given.ibkr_port,
        client_id=given.ibkr_client_id,
        client_ids=_range_of(given),
        account=given.ibkr_account,
        timeout=_connect_timeout(given, reconnect) if timeout is None else timeout,
        wait=wait,
        allow_live=not given.ibkr_paper_trading if allow_live is None else allow_live,
        read_only=read_only,
        market_data_type=market_data_type,
        delayed_fallback=given.ibkr_delayed_data,
        risk=risk,
        deadlines=_deadlines_of(given),
        feed=feed,
        feed_client_id=feed_client_id,
        lines=lines,
        supervision={
            "keepalive": keepalive,
            "breaker": breaker,
            "reconnect": reconnect,
            "pacing": pacing,
            "stale_after": stale_after,
            "alert_rules": alert_rules,
            "restart_windows": list(restart_windows),
        },
    )
    return Connecting(config, alerts)


# Settings are an application's, and theirs is the port of TWS.
_DEFAULTS = Settings(ibkr_port=4002)


def _ids_given(client_id: int | ClientIds | None) -> dict[str, object]:
    if isinstance(client_id, ClientIds):
        return {"client_ids": client_id.text}
    return {"client_id": client_id}


def _range_of(given: Settings) -> tuple[int, int] | None:
    if given.ibkr_client_ids is None:
        return None
    ids = ClientIds(given.ibkr_client_ids)
    return ids.first, ids.last


def limits_of(settings: Settings) -> RiskLimits:
    """The limits that settings ask for; what they do not name has the default of `RiskLimits`."""
    value = settings.ibkr_max_order_value
    share = settings.ibkr_position_size_limit_pct
    count = settings.ibkr_max_daily_orders
    if value is None:
        return RiskLimits(max_position_pct=share, max_daily_orders=count)
    return RiskLimits(max_order_value=value, max_position_pct=share, max_daily_orders=count)


def _connect_timeout(settings: Settings, reconnect: Reconnect | None) -> float:
    tries = () if reconnect is None else reconnect.tries
    longest = (row.count * (row.timeout + row.pause) - row.pause for row in tries)
    return max([settings.ibkr_connect_timeout, *longest])


def _deadlines_of(settings: Settings) -> dict[str, float]:
    return {
        "account": settings.ibkr_account_timeout,
        "order": settings.ibkr_order_timeout,
        "positions": settings.ibkr_positions_timeout,
        "market_data": settings.ibkr_market_data_timeout,
        "history": settings.ibkr_history_timeout,
        "read": settings.ibkr_read_timeout,
    }


class Connecting:
    """A connect that was asked for: await it, or enter it."""

    def __init__(self, config: _native.Config, alerts: AlertHook | None = None) -> None:
        self._config = config
        self._alerts = alerts

    @functools.cached_property
    def client(self) -> Client:
        """The client, perhaps not open yet, for owners that open and close it themselves."""
        return Client(_native.Client(self._config))

    def __await__(self) -> Generator[object, None, Client]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Client:
        client = self.client
        if self._alerts is not None:
            client.on("alert", self._alerts)
            self._alerts = None  # it may be entered again after a failure
        try:
            await client.open()
        except asyncio.CancelledError:
            client._begin_close()  # noqa: SLF001 - a cancelled task should not wait for it
            raise
        except Exception:
            await client.close()
            raise
        return client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()


class Client(ClientEvents, ClientReads, ClientStreams):
    """A connected client of one gateway, from `connect`.

    It may be used from several event loops and threads at once. Every coroutine takes
    ``timeout=`` in seconds (above 0, at most a year; default per kind of request) and ends with an
    answer or a typed error; besides those named with each method:

    * ``ConfigError``: an argument cannot be meant; raised before anything is sent
    * ``NotConnected``: the client was closed; ``ConnectionLost``: the link went down meanwhile
    * ``RequestTimeout``: no answer within the timeout
    * ``PacingViolation``: its turn did not come within the timeout, so nothing was sent; or IB
      refused it for that reason
    """

    def __init__(self, native: _native.Client) -> None:
        self._native = native
        self._callbacks = Callbacks()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        """Name the client id, the account and the state."""
        return f"<Client {self.client_id} of {self.account or 'no account'}, {self.state}>"

    async def open(self) -> None:
        """Open the link, or wait for the one that is being opened; at once when it is live.

        `connect` does it for you. After a failure it may be tried again, after `close` not.
        Raises as `connect`, and ``NotConnected`` after `close`.
        """
        await self._native.open()

    async def close(self) -> None:
        """Close the link for good, after everything written has left; at most some 2 seconds.

        Callbacks that wait are called before it returns, for at most a second. Closing twice does
        nothing. A cancelled await does not keep the client open.
        """
        await self._native.close()
        await self._callbacks.finish()

    def _begin_close(self) -> None:
        """Close without waiting: an effect is begun at once and carried through."""
        _ = self._native.close()

    @property
    def state(self) -> str:
        """One of idle connecting handshaking live suspect degraded waiting tripped closed."""
        return self._native.state

    @property
    def generation(self) -> int:
        """Number of the present or last link, counted from 1; 0 before the first."""
        return self._native.generation

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        return self._native.is_connected

    @property
    def ready(self) -> bool:
        """Whether accounts, positions, orders and executions are known for this link.

        ``health().missing`` names what is not.
        """
        return self._native.ready

    @property
    def server_version(self) -> int | None:
        """Server version negotiated with the gateway."""
        return self._native.server_version

    @property
    def connected_at(self) -> datetime | None:
        """When the present link became live, UTC."""
        return self._native.connected_at

    @property
    def client_id(self) -> int:
        """The client id."""
        return self._native.client_id

    @property
    def accounts(self) -> list[str]:
        """Accounts the login manages, as told when the link opened."""
        return self._native.accounts

    @property
    def account(self) -> str | None:
        """The account this client acts for."""
        return self._native.account

    @property
    def is_paper(self) -> bool | None:
        """Whether that is a paper account (``DU…``, ``DF…``); None until a login manages it."""
        return self._native.is_paper

    def health(self) -> Health:
        """How both links, readiness, lines and the account stand at this moment; asks nothing."""
        return self._native.health()

    def record_failure(self) -> None:
        """Count a failure of the gateway that was seen by other means for the circuit breaker.

        Does nothing while there is a link. ``health().circuit`` tells of it when this returns.
        """
        self._native.record_failure()

    def forget_failures(self) -> None:
        """Close the circuit breaker, so that the gateway may be tried at once."""
        self._native.forget_failures()

    def subscriptions(self) -> list[Subscription]:
        """List what is subscribed and how each subscription stands: accounts, then open streams.

        One row per account and part, and per stream and contract. After a reconnect each is
        ``live`` or ``delayed`` again; or it is ``restoring`` or ``failed`` and ``reason`` says why.
        """
        return self._native.subscriptions()

    def metrics(self) -> Metrics:
        """What this client has counted since it was made."""
        return self._native.metrics()

    async def wait_ready(self, *, timeout: float | None = None) -> None:
        """Wait until `ready`; by default as long as a connect may take.

        Raises:
            StateUnknown: The time is over; the message names what is not known.
        """
        await self._native.wait_ready(timeout=timeout)

    async def subscribe_quote(self, contract: Contract, *, timeout: float | None = None) -> Quote:
        """Keep a quote up to date until `unsubscribe_quote`; return it after the first price.

        Subscribing twice does nothing more. The line stays when the await is cancelled.
        Raises as `quote`.
        """
        return await self._native.subscribe_quote(contract, timeout=timeout)

    def latest_quote(self, contract: Contract) -> Quote | None:
        """Look at a subscribed quote as it is now; None where nothing is subscribed.

        Raises:
            ConfigError: The contract is not qualified.
        """
        return self._native.latest_quote(contract)

    async def unsubscribe_quote(self, contract: Contract) -> None:
        """Release the line of a subscribed quote; without one, nothing happens.

        Raises:
            ConfigError: The contract is not qualified.
        """
        await self._native.unsubscribe_quote(contract)

    async def place(
        self,
        contract: Contract,
        order: Order,
        *,
        key: str | None = None,
        timeout: float | None = None,
    ) -> Trade:
        """Place an order; return once the gateway acknowledged it (placeOrder).

        A cancelled await does not cancel the order: find it with `trades`.

        Args:
            contract: What to trade.
            order: What to do.
            key: Your durable name of this order, 1 to 38 printable ASCII characters without
                ``|``. The same key with the same order returns the first trade, marked
                ``repeated``, and never places a second one.
            timeout: Seconds for the acknowledgement; default 5.

        Raises:
            OrderRefused: A rule refused it; nothing was sent. ``rule`` names the rule.
            OrderRejected: IB refused it; ``code`` and message say why.
            OrderOutcomeUnknown: It was written and not acknowledged in time; ``key`` names it.
            DuplicateOrderKey: The key was used for a different order.
            LiveTradingDisabled: The account is live and ``allow_live=True`` was not given.
            ReadOnly: The client is read-only.
        """
        return await self._native.place(contract, order, key=key, timeout=timeout)

    async def check_order(
        self, contract: Contract, order: Order, *, timeout: float | None = None
    ) -> None:
        """Apply every rule that `place` applies, and send nothing. Raises as `place`."""
        await self._native.check_order(contract, order, timeout=timeout)

    async def modify(
        self, trade: Trade | int, order: Order, *, timeout: float | None = None
    ) -> Trade:
        """Change a working order; return once the gateway echoes the new values (placeOrder).

        Args:
            trade: The trade, or its ``order_id``.
            order: The whole order as it shall be: ``trade.order.replace(limit_price=…)``.
            timeout: Seconds; default 5.

        Raises:
            OrderRejected: IB refused the change; the order works on as it was.
            OrderError: It is another client's, unknown, or done.
            OrderOutcomeUnknown: The change was written and not confirmed in time.
            ReadOnly: The client is read-only.
        """
        return await self._native.modify(trade, order, timeout=timeout)

    async def cancel(self, trade: Trade | int, *, timeout: float | None = None) -> Trade:
        """Cancel an order; return it once the gateway confirmed (cancelOrder).

        Args:
            trade: The trade, or its ``order_id``.
            timeout: Seconds; default 5.

        Raises:
            OrderError: It is another client's, unknown, or done; ``details["status"]``.
            OrderOutcomeUnknown: No confirmation came in time; the cancel stays asked for, and
                is sent again on the next link, until the order has ended or IB refuses.
        """
        return await self._native.cancel(trade, timeout=timeout)

    async def cancel_all(self, *, timeout: float | None = None) -> int:
        """Cancel every working order of the login, those of other clients and of TWS included.

        Returns how many of this client's orders ended (reqGlobalCancel).

        Raises:
            OrderOutcomeUnknown: Some are still working when the time is over. If the link died
                under it, it is sent again on the next; where orders were placed since, as a
                cancel of each order it meant.
        """
        return await self._native.cancel_all(timeout=timeout)

    def trade(self, order_id: int) -> Trade | None:
        """Look up this client's order with that id."""
        return self._native.trade(order_id)

    def trades(self) -> list[Trade]:
        """List this client's orders of this session, finished ones included."""
        return self._native.trades()
