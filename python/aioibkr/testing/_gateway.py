"""The mock gateway's handle: starting, controlling, asking what clients did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from os import PathLike, fspath
from types import TracebackType
from typing import Self

from aioibkr import _native
from aioibkr.testing._limits import Limits
from aioibkr.testing._profile import Profile
from aioibkr.testing._staging import Staging
from aioibkr.testing.faults import Fault

FaultHandle = _native.FaultHandle


@dataclass(frozen=True)
class Order:
    """An order as the gateway knows it."""

    account: str
    client_id: int
    order_id: int
    perm_id: int
    order_ref: str
    symbol: str
    action: str
    order_type: str
    quantity: float
    filled: float
    status: str
    limit_price: float | None
    stop_price: float | None


@dataclass(frozen=True)
class Execution:
    """An execution as the gateway knows it; ``time`` is in UTC, ``commission`` in USD."""

    exec_id: str
    order_id: int
    perm_id: int
    order_ref: str
    account: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    time: datetime


@dataclass(frozen=True)
class Request:
    """What a client sent: the message's kind and the fields that were present, names dotted."""

    client_id: int
    kind: str
    fields: dict[str, str]


class MockGateway(Staging):
    """A mock IB Gateway on a port of this machine.

    Use it as ``with MockGateway() as gateway`` or ``async with MockGateway() as gateway``: it
    listens inside the block and drops every client at its end. ``port=0`` picks a free port.
    Each account starts with 1,000,000 USD and no positions; prices stand still until ``set_price``
    or ``walk_price``. The market's clock starts at ``starts_at``, an aware datetime, or else with
    the wall clock, and runs ``speed`` times as fast; ``master_client`` sees the orders and
    executions of all other clients. A permId is never given twice, neither after a ``reset`` nor
    by the next process; with ``first_perm_id`` they begin there, after each reset again.

    ``limits`` says which of IB's limits hold, ``profile`` how the gateway is set up. ``prices``
    names a file for ``play_prices`` that is played from the start and again after a ``reset``.
    ``scenario`` names a TOML file with a timeline of what happens; ``replay`` names a recording
    that clients are answered from in place of a market, ``replay_speed`` times as fast as recorded
    (0 does not wait).

    Raises ``ConfigError`` for settings and files that cannot work and ``OSError`` when the port
    is taken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accounts: Sequence[str] = ("DU1234567",),
        seed: int = 1,
        min_server_version: int = 157,
        max_server_version: int = 226,
        receive_buffer: int | None = None,
        print_requests: bool = False,
        allow_non_loopback: bool = False,
        limits: Limits | None = None,
        prices: str | PathLike[str] | None = None,
        scenario: str | PathLike[str] | None = None,
        replay: str | PathLike[str] | None = None,
        replay_speed: float = 1.0,
        starts_at: datetime | None = None,
        speed: float = 1.0,
        master_client: int | None = None,
        first_perm_id: int | None = None,
        profile: Profile | None = None,
    ) -> None:
        self._native = _native.MockGateway(
            host=host,
            port=port,
            accounts=list(accounts),
            seed=seed,
            min_server_version=min_server_version,
            max_server_version=max_server_version,
            receive_buffer=receive_buffer,
            print_requests=print_requests,
            allow_non_loopback=allow_non_loopback,
            limits=asdict(limits or Limits()),
            prices=None if prices is None else fspath(prices),
            scenario=None if scenario is None else fspath(scenario),
            replay=None if replay is None else fspath(replay),
            replay_speed=replay_speed,
            starts_at=starts_at,
            speed=speed,
            master_client=master_client,
            first_perm_id=first_perm_id,
            profile=_profile_fields(profile or Profile()),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    @property
    def host(self) -> str:
        """Address it listens on."""
        return self._native.host

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._native.port

    @property
    def connect_count(self) -> int:
        """How many connections got as far as a client id."""
        return self._native.connect_count

    @property
    def disconnect_count(self) -> int:
        """How many of those ended."""
        return self._native.disconnect_count

    @property
    def clients(self) -> list[int]:
        """Ids of the connected clients, in the order they connected."""
        return self._native.clients

    def stop(self) -> None:
        """Stop listening, drop every client, end the thread. Stopping twice does nothing."""
        self._native.stop()

    def set_price(self, symbol: str, **prices: float) -> None:
        """Change prices and sizes; what is not named stays.

        Names: ``bid ask last bid_size ask_size last_size volume open high low close``. Subscribers
        are told and orders may fill before this returns. Raises ``ConfigError`` for an unknown
        symbol, an unknown name or a number that is not finite.
        """
        unknown = set(prices) - _PRICES
        if unknown:
            raise TypeError(f"unknown price {min(unknown)!r}: give {sorted(_PRICES)}")
        self._native.set_price(symbol, prices)

    def clear_price(self, symbol: str) -> None:
        """Take bid, ask and last away: there is no quote until ``set_price``."""
        self._native.clear_price(symbol)

    def set_entitlement(self, symbol: str, *, live: bool) -> None:
        """Say whether the login may see live data of a symbol."""
        self._native.set_entitlement(symbol, live)

    def set_permission(self, symbol: str, *, trading: bool) -> None:
        """Say whether the login may trade a symbol: without it orders get 460, details stay."""
        self._native.set_permission(symbol, trading)

    def set_commission(self, symbol: str, *, per_unit: float) -> None:
        """Charge this commission per unit from now on; below zero it is a rebate."""
        self._native.set_commission(symbol, per_unit)

    def set_data_error(self, symbol: str, code: int | None) -> None:
        """Answer later data requests for a symbol with this entitlement error, or no more.

        354 and 10197 leave no data, 10089 only delayed ticks that were asked for, 10090 all of it.
        """
        self._native.set_data_error(symbol, code)

    def set_position(
        self, account: str, symbol: str, *, quantity: float, average_cost: float
    ) -> None:
        """Put a position in place as held since before today; quantity 0 closes it.

        ``average_cost`` is per unit and includes the multiplier, as the wire shows it.
        """
        self._native.set_position(account, symbol, quantity, average_cost)

    def set_account_value(
        self, account: str, tag: str, value: float | str, *, currency: str = "USD"
    ) -> None:
        """Put a row in place of a computed account value, or add one (another currency, BASE)."""
        self._native.set_account_value(account, tag, str(value), currency)

    def set_pnl(self, account: str, *, daily: float, unrealized: float, realized: float) -> None:
        """Put these figures in place of an account's computed profit and loss."""
        self._native.set_pnl(account, daily, unrealized, realized)

    @property
    def market_time(self) -> datetime:
        """The time on the market's clock, in UTC."""
        return datetime.fromtimestamp(self._native.market_time, UTC)

    def advance(self, seconds: float) -> None:
        """Move the market's clock ahead.

        Orders expire, auctions take place, prices walk and days begin before this returns.
        """
        self._native.advance(seconds)

    def set_market_rules(self, **rules: bool) -> None:
        """Change ways of the market that gateways differ in; what is not named stays.

        ``keeps_hours``: instruments trade in their sessions only. ``fills_by_size``: a fill takes
        no more than the size shown. ``shows_pending_submit``, ``shows_pending_cancel``: orders are
        first shown in that state. ``cancels_across_clients``: a client may cancel another's order.
        ``sends_open_orders_on_connect``: a client is sent its working orders when it connects.
        ``notes_default_tif``: an order without a time in force is told 10349. ``previews_twice``:
        a what-if is answered by a warning first. ``repeats_states``: every state of an order is
        sent twice. ``protects_prices``: a limit 20 % through the market is cancelled.
        ``hides_algorithms``: open orders are shown without one.
        ``kills_immediate``: IOC and FOK orders never fill. ``notes_missing_zone``: a date without a
        zone is told 2174. ``notes_direct_routing``: a stock order for one exchange is told 10311.
        """
        unknown = set(rules) - _RULES
        if unknown:
            raise TypeError(f"unknown rule {min(unknown)!r}: give {sorted(_RULES)}")
        self._native.set_market_rules(rules)

    def walk_price(self, symbol: str, *, interval: float = 1.0, most_ticks: int = 5) -> None:
        """Let a price walk: each ``interval`` market seconds by at most ``most_ticks`` ticks.

        The path follows from the gateway's seed alone. ``hold_price`` ends it.
        """
        self._native.walk_price(symbol, interval, most_ticks)

    def hold_price(self, symbol: str) -> None:
        """Let a price that walks or is played stand still."""
        self._native.hold_price(symbol)

    def play_prices(self, path: str | PathLike[str]) -> None:
        """Play prices from a CSV file, or from a recording, in the time of the market.

        The columns are ``time symbol bid ask last bid_size ask_size last_size volume``, the first
        two and any of the others; a blank cell leaves its price as it is. ``time`` is in seconds
        from now, or a time with its zone, counted from the earliest. Raises ``ConfigError`` with
        file and line, and plays nothing, when anything in it is wrong.
        """
        self._native.play_prices(fspath(path))

    def place_manual_order(
        self,
        symbol: str,
        action: str,
        quantity: float,
        *,
        order_type: str = "MKT",
        limit_price: float | None = None,
        stop_price: float | None = None,
        account: str = "",
    ) -> int:
        """Enter an order for a stock by hand, as in the gateway's own window; returns its permId.

        Clients see it with order id 0 until client 0 binds it.
        """
        return self._native.place_manual_order(
            account=account,
            symbol=symbol,
            action=action,
            order_type=order_type,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
        )

    def set_group(self, name: str, shares: Mapping[str, float]) -> None:
        """Put a group of accounts in place for an advisor's orders.

        Each account has its share relative to the others; units that do not divide go to the first
        accounts by name. Without accounts the group is gone.
        """
        self._native.set_group(name, dict(shares))

    def correct_execution(self, exec_id: str, *, price: float) -> None:
        """Give an execution another price; clients get a new execution in its place."""
        self._native.correct_execution(exec_id, price)

    def bust_execution(self, exec_id: str) -> None:
        """Take an execution back; positions and account figures follow."""
        self._native.bust_execution(exec_id)

    def inject(self, fault: Fault) -> FaultHandle:
        """Switch a fault on until its handle is cleared or the gateway reset.

        Raises ``ConfigError`` for an unknown message kind or a number out of its range.
        """
        fields = {name: value for name, value in asdict(fault).items() if value is not None}
        return self._native.inject(type(fault).__name__, fields)

    def fill(self, symbol: str, *, quantity: float, price: float) -> None:
        """Fill working orders for a symbol by hand, oldest first, up to a quantity."""
        self._native.fill(symbol, quantity, price)

    def lose_streams(self) -> None:
        """End every client's market data without a word, as 1101 tells of."""
        self._native.lose_streams()

    def pass_midnight(self) -> None:
        """Move the market's clock to midnight, where executions of the day are forgotten."""
        self._native.pass_midnight()

    def notice(self, code: int) -> None:
        """Send a coded notice with its usual text to every client."""
        self._native.notice(code)

    def drop_connections(self) -> None:
        """Close every connection; clients may connect again at once."""
        self._native.drop_connections()

    def down(self) -> None:
        """Stop listening and close every connection; the world stays as it is."""
        self._native.down()

    def up(self) -> None:
        """Listen again on the same port."""
        self._native.up()

    def reset(self) -> None:
        """Drop every client and put the world back to how it started."""
        self._native.reset()

    def flood(self, symbol: str | Iterable[str], *, count: int) -> None:
        """Send numbered ticks to every subscriber of a symbol as fast as its socket takes them.

        Tick ``n``, from 1, is a last price of ``100 + (n % 10000) * 0.01`` with size ``n``. Where
        a client subscribed to more, by several symbols or twice, its subscriptions take turns:
        ``count`` ticks each, with prices that repeat sooner. Returns at once; ``wait_floods`` waits
        for the end.
        """
        self._native.flood([symbol] if isinstance(symbol, str) else list(symbol), count)

    def wait_floods(self) -> int:
        """Block until every flood is written or its client gone; returns the ticks written."""
        return self._native.wait_floods()

    def requests(self, kind: str | None = None) -> list[Request]:
        """What clients sent, in order: all, or one kind such as ``place_order``.

        The oldest are forgotten when more than 16 MiB are kept.
        """
        return [Request(**row) for row in self._native.requests(kind)]

    def orders(self) -> list[Order]:
        """Every order, finished ones included, by client and order id."""
        return [Order(**row) for row in self._native.orders()]

    def executions(self) -> list[Execution]:
        """Every execution that still counts, oldest first."""
        return [_execution(row) for row in self._native.executions()]


_PRICES = {
    "bid", "ask", "last", "bid_size", "ask_size", "last_size",
    "volume", "open", "high", "low", "close",
}  # fmt: skip


_RULES = {
    "keeps_hours", "fills_by_size", "shows_pending_submit", "shows_pending_cancel",
    "cancels_across_clients", "sends_open_orders_on_connect", "notes_default_tif",
    "previews_twice", "repeats_states", "protects_prices", "kills_immediate",
    "notes_missing_zone", "notes_direct_routing", "hides_algorithms",
}  # fmt: skip


def _profile_fields(profile: Profile) -> dict[str, object]:
    zone = profile.zone.encode() if isinstance(profile.zone, str) else profile.zone
    return asdict(profile) | {"zone": zone, "texts": dict(profile.texts)}


def _execution(row: _native.ExecutionRow) -> Execution:
    return Execution(
        exec_id=row["exec_id"],
        order_id=row["order_id"],
        perm_id=row["perm_id"],
        order_ref=row["order_ref"],
        account=row["account"],
        symbol=row["symbol"],
        side=row["side"],
        quantity=row["quantity"],
        price=row["price"],
        commission=row["commission"],
        time=datetime.fromtimestamp(row["time"], UTC),
    )


def run_mock_gateway(arguments: Sequence[str]) -> int:
    """Run the mock gateway's command line until SIGINT or SIGTERM; returns its exit status."""
    return _native.run_mock_gateway(list(arguments))


def run_recorder(arguments: Sequence[str]) -> int:
    """Run the recorder's command line until SIGINT or SIGTERM; returns its exit status."""
    return _native.run_recorder(list(arguments))
