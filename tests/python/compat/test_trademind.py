"""The names of TradeMind's own broker package, and what its own tests do with them."""

import asyncio
import inspect

import pytest

import aioibkr
from aioibkr import Breaker, CircuitOpen, ConfigError, Settings
from aioibkr.compat import trademind
from aioibkr.compat.trademind import CircuitState, IBKRBroker
from aioibkr.testing import MockGateway
from python.broker.wishes import buy, until


def quick(gateway: MockGateway) -> IBKRBroker:
    """A broker that gives up soon."""
    return IBKRBroker(settings=Settings(ibkr_port=gateway.port, ibkr_connect_timeout=0.2))


def test_everything_the_package_exported_is_there() -> None:
    for name in ("IBKRInsyncBroker", "IBKRThreadedBroker"):
        assert getattr(trademind, name) is IBKRBroker
    for name in ("Account", "OrderSide", "OrderStatus", "OrderType", "get_ibkr_integration"):
        assert getattr(trademind, name) is getattr(aioibkr, name)
    assert issubclass(IBKRBroker, aioibkr.IBKRBroker)
    assert [state.value for state in CircuitState] == ["CLOSED", "OPEN", "HALF_OPEN"]


def test_broker_takes_what_the_plain_one_takes() -> None:
    ours = inspect.signature(IBKRBroker).parameters
    plain = inspect.signature(aioibkr.IBKRBroker).parameters

    assert {name: parameter.annotation for name, parameter in ours.items()} == {
        name: parameter.annotation for name, parameter in plain.items()
    }


def test_numbers_are_the_application_s() -> None:
    broker = IBKRBroker()

    assert broker._circuit_breaker_enabled
    assert broker._circuit_breaker_failure_threshold == 5
    assert broker._circuit_breaker_cooldown_seconds == 60
    assert (broker._circuit_state, broker._failure_count) == (CircuitState.CLOSED, 0)
    assert broker.reconnect is not None
    assert (broker.reconnect.first, broker.reconnect.attempts) == (5.0, 5)


async def test_orders_by_id(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)
    assert len(broker._orders) == 0
    await broker.connect()

    order_id = await broker.place_order(buy(1, limit=1.0))

    assert order_id in broker._orders
    assert broker._orders[order_id].symbol == "AAPL"
    assert list(broker._orders) == [order_id]
    assert len(broker._orders) == 1
    assert "999999" not in broker._orders
    await broker.disconnect()


async def test_failures_recorded_open_the_circuit_and_a_pause_half_opens_it(
    mock_gateway: MockGateway,
) -> None:
    broker = quick(mock_gateway)
    broker._circuit_breaker_failure_threshold = 3
    broker._circuit_breaker_cooldown_seconds = 0.3
    seen = []

    for _ in range(3):
        broker._record_connection_failure()
        seen.append((broker._circuit_state, broker._failure_count))

    closed, opened = CircuitState.CLOSED, CircuitState.OPEN
    assert seen == [(closed, 1), (closed, 2), (opened, 3)]
    assert not broker._check_circuit_breaker()
    with pytest.raises(CircuitOpen):
        await broker.connect()
    assert mock_gateway.connect_count == 0

    async def half_open() -> bool:
        return broker._circuit_state is CircuitState.HALF_OPEN

    await until(half_open)
    assert broker._check_circuit_breaker()
    await broker.connect()
    assert (broker._circuit_state, broker._failure_count) == (CircuitState.CLOSED, 0)
    await broker.disconnect()


async def test_reset_closes_the_circuit_at_once(mock_gateway: MockGateway) -> None:
    broker = quick(mock_gateway)
    for _ in range(5):
        broker._record_connection_failure()
    assert broker._circuit_state is CircuitState.OPEN

    broker._reset_circuit_breaker()

    assert (broker._circuit_state, broker._failure_count) == (CircuitState.CLOSED, 0)
    await broker.connect()
    await broker.disconnect()


async def test_connects_that_fail_count_as_those_recorded(mock_gateway: MockGateway) -> None:
    broker = quick(mock_gateway)
    mock_gateway.down()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await broker.connect()
    broker._record_connection_failure()

    assert (broker._circuit_state, broker._failure_count) == (CircuitState.CLOSED, 3)
    await broker.disconnect()


async def test_a_failure_recorded_while_connected_changes_nothing(
    mock_gateway: MockGateway,
) -> None:
    broker = quick(mock_gateway)
    await broker.connect()

    for _ in range(5):
        broker._record_connection_failure()

    assert (broker._circuit_state, broker._failure_count) == (CircuitState.CLOSED, 0)
    assert broker.is_connected
    with pytest.raises(ConfigError, match="cannot change"):
        broker._circuit_breaker_failure_threshold = 1
    assert broker._circuit_breaker_failure_threshold == 5
    await broker.disconnect()


async def test_reset_ends_the_pause_of_a_lost_link(mock_gateway: MockGateway) -> None:
    breaker = Breaker(failures=1, pause=60.0)
    broker = aioibkr.IBKRBroker(
        port=mock_gateway.port,
        breaker=breaker,
        reconnect=aioibkr.Reconnect(first=0.01, longest=0.02, jitter_percent=0),
    )
    await broker.connect()
    client = await broker.client()
    mock_gateway.down()

    async def tripped() -> bool:
        return client.state == "tripped"

    await until(tripped)
    circuit = client.health().circuit
    assert (circuit.state, circuit.threshold, circuit.pause) == ("open", 1, 60.0)
    assert 0 < (circuit.retry_after or 0) <= 60
    mock_gateway.up()
    broker.forget_failures()

    async def back() -> bool:
        return broker.is_connected

    await until(back)
    assert client.health().circuit.state == "closed"
    await broker.disconnect()


def test_breaker_that_cannot_be_meant_is_refused_and_the_old_one_stays() -> None:
    broker = IBKRBroker()

    with pytest.raises(ConfigError, match="failures 0"):
        broker._circuit_breaker_failure_threshold = 0

    assert broker._circuit_breaker_failure_threshold == 5


def test_recording_needs_no_event_loop(mock_gateway: MockGateway) -> None:
    broker = quick(mock_gateway)

    broker._record_connection_failure()

    assert broker._failure_count == 1
    asyncio.run(broker.disconnect())
