"""What the applications' former layer got wrong, one test per fault of the contract."""

import asyncio
import math
from dataclasses import replace

import pytest

from aioibkr import IBKRBroker, Settings
from aioibkr.broker import OrderSide, OrderStatus, OrderType
from aioibkr.errors import DuplicateOrderKey, OrderRefused, OrderRejected
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import PAPER, buy, sell, until


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
async def test_fault_1_price_that_is_no_number_approves_nothing(
    mock_gateway: MockGateway, ib_broker: IBKRBroker, price: float
) -> None:
    order = replace(buy(1_000_000, limit=190.0), price=price)

    valid, message = await ib_broker.validate_order(order)
    with pytest.raises(OrderRefused):
        await ib_broker.place_order(order)

    assert not valid
    assert "price" in message.lower()
    assert mock_gateway.requests("place_order") == []


async def test_fault_1_symbol_without_price_approves_no_market_order(
    mock_gateway: MockGateway,
) -> None:
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_order_timeout=0.3)
    broker = IBKRBroker(settings=settings)
    mock_gateway.inject(faults.Mute("tick_price"))

    valid, message = await broker.validate_order(buy(10))
    with pytest.raises(OrderRefused):
        await broker.place_order(buy(10))
    await broker.disconnect()

    assert not valid
    assert "price" in message.lower()
    assert mock_gateway.requests("place_order") == []


async def test_fault_2_filled_order_stays_filled_and_readable(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    order_id = await ib_broker.place_order(buy(10))

    trade = (await ib_broker.client()).trade(int(order_id))
    assert trade is not None
    await trade.done(timeout=5)

    assert await ib_broker.get_order_status(order_id) is OrderStatus.FILLED
    assert await ib_broker.get_orders("open") == []
    (order,) = await ib_broker.get_orders("filled")
    assert (order.order_id, order.filled_quantity, order.remaining_quantity) == (order_id, 10, 0)
    assert order.avg_fill_price == 190.1
    assert order.filled_at is not None


async def test_fault_2_filled_order_stays_filled_on_the_next_link(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    order_id = await ib_broker.place_order(buy(10))
    client = await ib_broker.client()
    trade = client.trade(int(order_id))
    assert trade is not None
    await trade.done(timeout=5)
    link = client.generation
    mock_gateway.drop_connections()

    async def back() -> bool:
        return client.generation > link and client.ready

    await until(back)

    assert await ib_broker.get_order_status(order_id) is OrderStatus.FILLED
    assert [order.order_id for order in await ib_broker.get_orders("filled")] == [order_id]
    assert await ib_broker.get_orders("cancelled") == []


async def test_fault_3_open_orders_are_listed(ib_broker: IBKRBroker) -> None:
    order_id = await ib_broker.place_order(buy(10, limit=1.0))

    (order,) = await ib_broker.get_orders("open")

    assert order.order_id == order_id
    assert order.status is OrderStatus.SUBMITTED
    assert [order.order_id for order in await ib_broker.get_orders()] == [order_id]


async def test_fault_3_open_orders_count_against_their_limit(ib_broker: IBKRBroker) -> None:
    for _ in range(10):
        await ib_broker.place_order(buy(1, limit=1.0))

    valid, message = await ib_broker.validate_order(buy(1, limit=1.0))
    with pytest.raises(OrderRefused) as refused:
        await ib_broker.place_order(buy(1, limit=1.0))

    assert not valid
    assert "open" in message.lower()
    assert refused.value.rule == "open_orders"


async def test_fault_4_accounts_and_currencies_are_never_mixed() -> None:
    with MockGateway(accounts=["DU1111111", "DU2222222"]) as gateway:
        for account, cash in (("DU1111111", 100_000.0), ("DU2222222", 7.0)):
            gateway.set_account_value(account, "TotalCashValue", cash)
            gateway.set_account_value(account, "TotalCashValue", 55.0, currency="EUR")
            gateway.set_account_value(account, "TotalCashValue", 66.0, currency="BASE")
        first = IBKRBroker(port=gateway.port, client_id=1, account="DU1111111")
        second = IBKRBroker(port=gateway.port, client_id=2, account="DU2222222")

        told = await asyncio.gather(first.get_account(), second.get_account())
        await asyncio.gather(first.disconnect(), second.disconnect())

        assert [account.account_id for account in told] == ["DU1111111", "DU2222222"]
        assert [account.cash_balance for account in told] == [100_000.0, 7.0]
        assert {account.currency for account in told} == {"USD"}


async def test_fault_5_market_order_has_no_price(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.inject(faults.LateFill())

    order_id = await ib_broker.place_order(buy(10))

    order = await ib_broker.get_order(order_id)
    assert order is not None
    assert (order.price, order.stop_price, order.avg_fill_price) == (None, None, None)


async def test_fault_5_fractions_of_a_share_are_kept(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_position(PAPER, "AAPL", quantity=10.5, average_cost=180.0)
    mock_gateway.set_position(PAPER, "MSFT", quantity=10, average_cost=300.0)

    async def arrived() -> bool:
        return len(await ib_broker.get_positions()) == 2

    await until(arrived)
    held = {position.symbol: position.quantity for position in await ib_broker.get_positions()}

    assert held == {"AAPL": 10.5, "MSFT": 10}
    assert isinstance(held["MSFT"], int)


async def test_fault_6_inactive_order_is_rejected(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.inject(faults.RejectOrder(201, "Order rejected - reason: no margin"))

    with pytest.raises(OrderRejected):
        await ib_broker.place_order(buy(10))

    (order,) = await ib_broker.get_orders()
    assert order.status is OrderStatus.REJECTED


async def test_fault_6_partly_filled_order_is_partial(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.inject(faults.PartialFill(4))
    order_id = await ib_broker.place_order(buy(10))

    async def partial() -> bool:
        return await ib_broker.get_order_status(order_id) is OrderStatus.PARTIAL

    await until(partial)
    order = await ib_broker.get_order(order_id)

    assert order is not None
    assert (order.filled_quantity, order.remaining_quantity) == (4, 6)
    assert [order.order_id for order in await ib_broker.get_orders("open")] == [order_id]


async def test_fault_7_rejection_by_ib_is_seen_by_the_caller(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.inject(faults.RejectOrder(201, "Order rejected - reason: no margin"))

    with pytest.raises(OrderRejected, match="no margin") as rejected:
        await ib_broker.place_order(buy(10))

    assert rejected.value.code == 201


async def test_fault_7_cancel_says_what_became_of_the_order(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    working = await ib_broker.place_order(buy(10, limit=1.0))

    assert await ib_broker.cancel_order(working) is True
    assert [order.status for order in mock_gateway.orders()] == ["Cancelled"]
    assert await ib_broker.get_order_status(working) is OrderStatus.CANCELLED
    assert await ib_broker.cancel_order(working) is False


async def test_fault_7_filled_order_cannot_be_cancelled(ib_broker: IBKRBroker) -> None:
    order_id = await ib_broker.place_order(buy(10))
    trade = (await ib_broker.client()).trade(int(order_id))
    assert trade is not None
    await trade.done(timeout=5)

    assert await ib_broker.cancel_order(order_id) is False
    assert await ib_broker.get_order_status(order_id) is OrderStatus.FILLED


async def test_fault_8_price_request_releases_its_line(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    prices = [await ib_broker.get_market_price("AAPL") for _ in range(5)]

    async def released() -> bool:
        opened = mock_gateway.requests("req_mkt_data")
        return len(opened) == len(mock_gateway.requests("cancel_mkt_data")) >= 1

    assert prices == [190.0] * 5
    await until(released)


async def test_fault_8_delayed_price_is_asked_for_when_live_is_not_entitled(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_entitlement("AAPL", live=False)

    assert await ib_broker.get_market_price("AAPL") == 190.0


async def test_fault_10_daily_pnl_is_told(mock_gateway: MockGateway, ib_broker: IBKRBroker) -> None:
    mock_gateway.set_pnl(PAPER, daily=-12.5, unrealized=100.0, realized=-30.0)

    async def arrived() -> bool:
        return (await ib_broker.get_account()).daily_pnl == -12.5

    await until(arrived)
    assert (await ib_broker.get_account()).total_pnl == 70.0


async def test_fault_10_daily_loss_limit_refuses_orders(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_pnl(PAPER, daily=-1000.5, unrealized=0.0, realized=-1000.5)

    async def arrived() -> bool:
        return (await ib_broker.get_account()).daily_pnl == -1000.5

    await until(arrived)
    with pytest.raises(OrderRefused) as refused:
        await ib_broker.place_order(buy(1))

    assert refused.value.rule == "daily_loss"
    assert mock_gateway.requests("place_order") == []


async def test_fault_12_repeated_key_is_the_first_order(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    first = await ib_broker.place_order(buy(10, limit=1.0), key="rebalance-42")
    wish = replace(buy(10, limit=1.0), metadata={"idempotency_key": "rebalance-42"})

    again = await ib_broker.place_order(wish)
    with pytest.raises(DuplicateOrderKey):
        await ib_broker.place_order(buy(11, limit=1.0), key="rebalance-42")

    assert again == first
    assert len(mock_gateway.orders()) == 1


async def test_fault_12_key_outlives_the_connection(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    first = await ib_broker.place_order(buy(10, limit=1.0), key="rebalance-42")
    await ib_broker.disconnect()
    await ib_broker.connect()

    again = await ib_broker.place_order(buy(10, limit=1.0), key="rebalance-42")

    assert again == first
    assert len(mock_gateway.orders()) == 1


async def test_fault_13_position_without_price_is_not_forgotten(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)
    mock_gateway.set_position(PAPER, "MSFT", quantity=5, average_cost=300.0)
    mock_gateway.clear_price("AAPL")

    async def arrived() -> bool:
        return len(await ib_broker.get_positions()) == 2

    await until(arrived)
    priceless, priced = sorted(await ib_broker.get_positions(), key=lambda held: held.symbol)

    assert (priceless.symbol, priceless.quantity, priceless.avg_cost) == ("AAPL", 10, 180.0)
    assert math.isfinite(priceless.market_price)
    assert priced.price_source == "mark"


async def test_sold_holding_is_gone_and_more_cannot_be_sold(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)

    async def arrived() -> bool:
        return bool(await ib_broker.get_positions())

    await until(arrived)
    with pytest.raises(OrderRefused):
        await ib_broker.place_order(sell(11))
    await ib_broker.place_order(sell(10))

    async def sold() -> bool:
        return not await ib_broker.get_positions()

    await until(sold)


async def test_every_order_type_reads_back_as_it_was_placed(ib_broker: IBKRBroker) -> None:
    wish = replace(buy(3), order_type=OrderType.STOP_LIMIT, price=300.5, stop_price=300.0)

    order_id = await ib_broker.place_order(wish)

    order = await ib_broker.get_order(order_id)
    assert order is not None
    assert (order.side, order.order_type) == (OrderSide.BUY, OrderType.STOP_LIMIT)
    assert (order.quantity, order.price, order.stop_price) == (3, 300.5, 300.0)
