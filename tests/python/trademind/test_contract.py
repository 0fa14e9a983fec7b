"""What TradeMind relies on and no other test says: its numbers, its values' shapes, fault 9.

Which test shows which line of its contract is listed in `docs/trademind.md`.
"""

import asyncio
import contextlib
import dataclasses
import inspect
import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

import aioibkr as ib
from aioibkr import Breaker, IBKRBroker, Keepalive, Reconnect, RiskLimits, Settings, broker
from aioibkr.broker import OrderStatus
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import until

NUMBERS = {
    "ibkr_enabled": False,
    "ibkr_host": "127.0.0.1",
    "ibkr_port": 7497,
    "ibkr_client_id": 1,
    "ibkr_account": None,
    "ibkr_paper_trading": True,
    "ibkr_connect_timeout": 10.0,
    "ibkr_account_timeout": 10.0,
    "ibkr_order_timeout": 5.0,
    "ibkr_positions_timeout": 10.0,
    "ibkr_market_data_timeout": 5.0,
    "ibkr_history_timeout": 60.0,
    "ibkr_read_timeout": 10.0,
    "ibkr_max_order_value": None,
    "ibkr_max_daily_orders": 100,
    "ibkr_position_size_limit_pct": 0.10,
    "ibkr_delayed_data": True,
}
ORDER = {
    "order_id": inspect.Parameter.empty,
    "symbol": inspect.Parameter.empty,
    "side": inspect.Parameter.empty,
    "order_type": inspect.Parameter.empty,
    "quantity": inspect.Parameter.empty,
    "price": None,
    "stop_price": None,
    "status": OrderStatus.PENDING,
    "filled_quantity": 0,
    "avg_fill_price": None,
    "commission": None,
    "submitted_at": None,
    "filled_at": None,
}
POSITION = [
    "symbol", "quantity", "avg_cost", "current_price", "market_value", "unrealized_pnl",
    "realized_pnl", "currency", "price_source",
]  # fmt: skip
ACCOUNT = [
    "account_id", "cash_balance", "portfolio_value", "buying_power", "margin_available",
    "total_pnl", "daily_pnl", "currency", "positions",
]  # fmt: skip
METHODS = {
    "initialize_in_loop": [],
    "connect": [],
    "disconnect": [],
    "place_order": ["order"],
    "cancel_order": ["order_id"],
    "get_order_status": ["order_id"],
    "get_orders": ["status"],
    "get_positions": [],
    "get_account": [],
    "get_portfolio_summary": [],
    "get_market_price": ["symbol"],
    "validate_order": ["order"],
    "get_historical_bars": [
        "symbol", "duration", "bar_size", "what_to_show", "use_rth", "end_date",
    ],
    "subscribe_market_data": ["symbol"],
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_setting_has_the_application_s_number(name: str) -> None:
    assert getattr(Settings(), name) == NUMBERS[name]


def test_rules_have_the_application_s_numbers() -> None:
    limits = IBKRBroker(settings=Settings()).limits

    assert (Breaker().failures, Breaker().pause) == (3, 30.0)
    assert (Reconnect().first, Reconnect().longest, Reconnect().attempts) == (1.0, 30.0, None)
    assert (Keepalive.watchdog().idle, Keepalive.watchdog().probe_timeout) == (20.0, 5.0)
    assert limits == RiskLimits()
    assert (limits.max_order_size, limits.max_order_value) == (Decimal(1000), 50_000.0)
    assert (limits.max_position_pct, limits.daily_loss_limit) == (0.10, 1000.0)
    assert (limits.max_open_orders, limits.max_daily_orders) == (10, 100)


def test_settings_become_the_broker_s_limits() -> None:
    settings = Settings(
        ibkr_max_order_value=7.0, ibkr_max_daily_orders=3, ibkr_position_size_limit_pct=0.5
    )

    limits = IBKRBroker(settings=settings).limits

    assert (limits.max_order_value, limits.max_daily_orders) == (7.0, 3)
    assert limits.max_position_pct == 0.5


def test_values_have_the_fields_the_application_reads() -> None:
    parameters = inspect.signature(broker.Order).parameters
    order = broker.Order("", "AAPL", "BUY", "MARKET", 10, filled_quantity=4)  # type: ignore[arg-type]

    assert {name: parameters[name].default for name in ORDER} == ORDER
    assert order.timestamp.utcoffset() is not None
    assert (order.metadata, order.remaining_quantity) == ({}, 6)
    assert [field.name for field in dataclasses.fields(broker.Position)][
        : len(POSITION)
    ] == POSITION
    assert [field.name for field in dataclasses.fields(broker.Account)][: len(ACCOUNT)] == ACCOUNT


@pytest.mark.parametrize("name", METHODS)
def test_method_takes_what_the_application_gives(name: str) -> None:
    method = getattr(IBKRBroker, name)
    parameters = list(inspect.signature(method).parameters)[1:]

    assert inspect.iscoroutinefunction(method)
    assert parameters[: len(METHODS[name])] == METHODS[name]


async def test_initialize_in_loop_is_safe_to_call_and_to_skip(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)

    await broker.initialize_in_loop()

    assert mock_gateway.connect_count == 0
    assert not broker.is_connected


class Mute:
    """A port that takes connections and says nothing; it counts them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener, self._taken = listener, list[socket.socket]()
        self.port = int(listener.getsockname()[1])
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def taken(self) -> int:
        """Connections so far."""
        return len(self._taken)

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._taken.append(self._listener.accept()[0])

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        for one in self._taken:
            one.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    """A gateway that hangs from the start."""
    mute = Mute(socket.create_server(("127.0.0.1", 0)))
    yield mute
    mute.close()


async def test_fault_9_requests_share_one_reconnect_and_end_in_time(mute: Mute) -> None:
    settings = Settings(ibkr_port=mute.port, ibkr_connect_timeout=0.5)
    broker = IBKRBroker(settings=settings)
    began = time.monotonic()

    answers = await asyncio.gather(
        *(broker.get_account() for _ in range(50)), return_exceptions=True
    )

    assert {type(answer) for answer in answers} == {ib.NotConnected}
    assert time.monotonic() - began < 10, "the former layer took 155 s"
    assert mute.taken <= 3
    assert broker.get_metrics()["failures"] in {1, 2, 3}
    await broker.disconnect()


async def test_fault_9_drop_is_seen_at_once_by_everybody(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.down()

    async def seen() -> bool:
        return not ib_broker.is_connected

    await until(seen)


async def test_fault_9_breaker_counts_a_failure_once_and_half_open_lets_one_through(
    mock_gateway: MockGateway,
) -> None:
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_connect_timeout=0.2)
    broker = IBKRBroker(settings=settings, breaker=Breaker(failures=2, pause=0.3))
    mock_gateway.down()
    with pytest.raises(ConnectionError):
        await broker.connect()
    client = broker.latest_client
    assert client is not None
    assert client.health().circuit.failures == 1

    await asyncio.gather(*(broker.connect() for _ in range(10)), return_exceptions=True)
    assert (client.health().circuit.state, client.health().circuit.failures) == ("open", 2)

    async def half_open() -> bool:
        return client.health().circuit.state == "half-open"

    await until(half_open)
    mock_gateway.up()
    mock_gateway.inject(faults.Mute("all"))
    answers = await asyncio.gather(*(broker.connect() for _ in range(10)), return_exceptions=True)

    assert all(isinstance(answer, ConnectionError) for answer in answers)
    assert client.health().circuit.state == "open"
    assert broker.get_metrics()["circuit_breaker_trips"] == 2
    await broker.disconnect()
