"""Connecting, losing, parting: one broker object over loops, threads and gateways that go away."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from aioibkr import Breaker, IBKRBroker, RestartWindow, RiskLimits, Settings
from aioibkr.broker import IBKRInsyncBroker, IBKRThreadedBroker
from aioibkr.errors import CircuitOpen, IBKRConnectionError, LiveTradingDisabled, NotConnected
from aioibkr.testing import MockGateway
from python.broker.wishes import buy, until

NOBODY = "^Not connected to IBKR$"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and answers nobody."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def quick(port: int) -> IBKRBroker:
    """A broker that gives up soon."""
    return IBKRBroker(settings=Settings(ibkr_port=port, ibkr_connect_timeout=0.3))


async def test_every_call_connects_when_it_is_needed(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)
    seen = [broker.is_connected]

    await broker.get_account()
    seen.append(broker.is_connected)
    await broker.disconnect()
    seen.append(broker.is_connected)

    assert seen == [False, True, False]


async def test_concurrent_connects_make_one_connection(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)

    await asyncio.gather(*(broker.connect() for _ in range(20)))
    await broker.connect()

    assert mock_gateway.connect_count == 1
    assert broker.get_metrics()["connections"] == 1
    await broker.disconnect()


async def test_disconnect_is_harmless_when_repeated(ib_broker: IBKRBroker) -> None:
    await ib_broker.disconnect()
    await ib_broker.disconnect()

    assert not ib_broker.is_connected


async def test_disconnect_before_any_connect_is_harmless() -> None:
    await IBKRBroker().disconnect()


async def test_parted_broker_stays_parted_until_connect(ib_broker: IBKRBroker) -> None:
    await ib_broker.disconnect()

    with pytest.raises(ConnectionError, match=NOBODY):
        await ib_broker.get_positions()
    await ib_broker.connect()

    assert await ib_broker.get_positions() == []


async def test_connect_to_a_closed_port_is_a_connection_error(closed_port: int) -> None:
    with pytest.raises(ConnectionError) as failed:
        await quick(closed_port).connect()

    assert isinstance(failed.value, IBKRConnectionError)
    assert str(closed_port) in str(failed.value)


async def test_rules_of_the_connection_are_the_callers(closed_port: int) -> None:
    settings = Settings(ibkr_connect_timeout=0.05)
    broker = IBKRBroker(port=closed_port, settings=settings, breaker=Breaker(failures=1))
    with pytest.raises(ConnectionError):
        await broker.connect()

    with pytest.raises(CircuitOpen) as failed:
        await broker.connect()

    assert 25 < float(failed.value.details["retry_after"]) <= 30
    await broker.disconnect()


async def test_an_outage_in_a_restart_window_is_expected(mock_gateway: MockGateway) -> None:
    halves = [("00:00", "12:00"), ("12:00", "00:00")]
    always = [RestartWindow(start=start, end=end, zone="UTC") for start, end in halves]
    broker = IBKRBroker(port=mock_gateway.port, restart_windows=always)
    client = await broker.client()
    before = client.health().expected_outage_until

    async def is_expected() -> bool:
        return client.health().expected_outage_until is not None

    mock_gateway.down()
    await until(is_expected)

    assert before is None
    await broker.disconnect()


async def test_calls_without_a_gateway_say_not_connected(closed_port: int) -> None:
    broker = quick(closed_port)

    with pytest.raises(ConnectionError, match=NOBODY) as failed:
        await broker.get_account()

    assert isinstance(failed.value, NotConnected)
    assert isinstance(failed.value.__cause__, IBKRConnectionError)


async def test_an_order_connects_nothing_by_itself(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)

    for attempt in (broker.place_order(buy(1)), broker.place(buy(1)), broker.cancel_order("1")):
        with pytest.raises(ConnectionError, match=NOBODY) as failed:
            await attempt
        assert isinstance(failed.value, NotConnected)
    connects, orders = mock_gateway.connect_count, mock_gateway.orders()

    assert (connects, orders) == (0, [])
    assert await broker.get_orders() == []
    assert (await broker.place_order(buy(1))).isdigit(), "a read has connected it"
    await broker.disconnect()


async def test_a_connect_that_failed_makes_no_broker_that_may_trade(closed_port: int) -> None:
    broker = quick(closed_port)
    with pytest.raises(ConnectionError):
        await broker.connect()

    with pytest.raises(ConnectionError, match=NOBODY) as failed:
        await broker.cancel_order("1")

    assert failed.value.__cause__ is None, "nothing was tried"


async def test_orders_of_a_parted_broker_wait_for_a_connect(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    order_id = await ib_broker.place_order(buy(1, limit=1.0))
    await ib_broker.disconnect()

    for attempt in (ib_broker.place_order(buy(1)), ib_broker.cancel_order(order_id)):
        with pytest.raises(ConnectionError, match=NOBODY):
            await attempt
    (order,) = mock_gateway.orders()

    assert order.status == "Submitted"
    await ib_broker.connect()
    assert await ib_broker.cancel_order(order_id)


async def test_a_broker_comes_back_for_its_orders(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    order_id = await ib_broker.place_order(buy(1, limit=1.0))
    mock_gateway.down()

    async def lost() -> bool:
        return not ib_broker.is_connected

    await until(lost)
    mock_gateway.up()

    assert await ib_broker.cancel_order(order_id)
    assert (await ib_broker.place_order(buy(1, limit=1.0))).isdigit()


async def test_validation_connects_on_first_use(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)

    valid, _ = await broker.validate_order(buy(1, limit=1.0))

    assert (valid, mock_gateway.connect_count) == (True, 1)
    await broker.disconnect()


async def test_validation_without_a_gateway_is_an_answer(closed_port: int) -> None:
    assert await quick(closed_port).validate_order(buy(1)) == (False, "Not connected to IBKR")


async def test_lost_link_is_seen_at_once_and_made_again(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.down()

    async def lost() -> bool:
        return not ib_broker.is_connected

    await until(lost)
    mock_gateway.up()
    await ib_broker.get_account()

    assert ib_broker.is_connected


async def test_client_id_zero_is_zero(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port, client_id=0)

    await broker.connect()

    assert broker.client_id == 0
    assert mock_gateway.clients == [0]
    await broker.disconnect()


async def test_client_id_in_use_is_a_connection_error(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_connect_timeout=0.3)
    second = IBKRBroker(client_id=ib_broker.client_id, settings=settings)

    with pytest.raises(ConnectionError):
        await second.connect()

    assert (await ib_broker.get_account()).account_id == "DU1234567"


async def test_live_account_refuses_orders_unless_told() -> None:
    with MockGateway(accounts=["U1234567"]) as gateway:
        broker = IBKRBroker(port=gateway.port)
        await broker.connect()
        with pytest.raises(LiveTradingDisabled):
            await broker.place_order(buy(1))
        assert not broker.paper_trading
        assert gateway.orders() == []
        await broker.disconnect()

        live = IBKRBroker(port=gateway.port, paper_trading=False)
        await live.connect()
        assert (await live.place_order(buy(1))).isdigit()
        await live.disconnect()


def test_one_broker_survives_several_loops(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)

    accounts = [asyncio.run(broker.get_account()) for _ in range(3)]
    asyncio.run(broker.disconnect())
    asyncio.run(broker.disconnect())

    assert [account.account_id for account in accounts] == ["DU1234567"] * 3
    assert mock_gateway.connect_count == 1


def test_one_broker_serves_loops_of_several_threads(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port)
    told: list[str] = []

    def work() -> None:
        told.append(asyncio.run(broker.get_account()).account_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    asyncio.run(broker.disconnect())

    assert told == ["DU1234567"] * 4
    assert mock_gateway.connect_count == 1


async def test_hundred_of_each_read_on_one_connection_are_right(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position("DU1234567", "MSFT", quantity=3, average_cost=300.0)
    mock_gateway.set_account_value("DU1234567", "TotalCashValue", 12_345.0)
    broker = IBKRBroker(port=mock_gateway.port)
    await broker.connect()

    accounts, positions, prices = await asyncio.gather(
        asyncio.gather(*(broker.get_account() for _ in range(100))),
        asyncio.gather(*(broker.get_positions() for _ in range(100))),
        asyncio.gather(*(broker.get_market_price("AAPL") for _ in range(100))),
    )
    await broker.disconnect()

    assert {account.cash_balance for account in accounts} == {12_345.0}
    assert {(held.symbol, held.quantity) for (held,) in positions} == {("MSFT", 3)}
    assert set(prices) == {190.0}
    assert mock_gateway.connect_count == 1


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_PORT", "4002")
    monkeypatch.setenv("IBKR_CLIENT_ID", "9")

    broker = IBKRBroker(port=7497)

    assert (broker.host, broker.port, broker.client_id) == ("127.0.0.1", 7497, 9)


def test_limits_given_replace_those_of_the_settings(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port, risk=RiskLimits(max_order_size=5))

    valid, message = asyncio.run(broker.validate_order(buy(6)))
    asyncio.run(broker.disconnect())

    assert not valid
    assert "quantity" in message.lower() or "size" in message.lower()


def test_old_names_are_the_same_class() -> None:
    assert IBKRInsyncBroker is IBKRBroker
    assert IBKRThreadedBroker is IBKRBroker
