"""A gateway that ends and begins anew, its numbers with it: no order is doubled, none is lost."""

import pytest

from aioibkr import IBKRBroker, Reconnect, Settings
from aioibkr.broker import OrderStatus
from aioibkr.errors import DuplicateOrderKey, OrderOutcomeUnknown
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import buy, until


def gateway_at(port: int, first_perm_id: int | None) -> MockGateway:
    """A gateway where AAPL trades at 190."""
    gateway = MockGateway(port=port, first_perm_id=first_perm_id)
    gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    return gateway


def broker_at(port: int) -> IBKRBroker:
    """A broker that comes back soon."""
    settings = Settings(ibkr_port=port)
    return IBKRBroker(settings=settings, reconnect=Reconnect(first=0.05, longest=0.2))


async def restart(
    gateway: MockGateway, first_perm_id: int | None, broker: IBKRBroker
) -> MockGateway:
    """End the gateway, start another on its port, and wait until the broker has taken it up."""
    port = gateway.port
    gateway.stop()

    async def lost() -> bool:
        return not broker.is_connected

    async def back() -> bool:
        return broker.is_ready

    await until(lost)
    begun = gateway_at(port, first_perm_id)
    await until(back)
    return begun


@pytest.mark.parametrize("first_perm_id", [None, 500], ids=["other permIds", "the same permIds"])
async def test_orders_before_and_after_a_restart_stay_apart(first_perm_id: int | None) -> None:
    gateway = gateway_at(0, first_perm_id)
    broker = broker_at(gateway.port)
    await broker.connect()
    filled = await broker.place_order(buy(1), key="filled")

    async def is_filled() -> bool:
        return await broker.get_order_status(filled) is OrderStatus.FILLED

    await until(is_filled)
    gateway = await restart(gateway, first_perm_id, broker)

    with gateway:
        resting = await broker.place_order(buy(2, limit=1.0), key="rests")
        again = await broker.place_order(buy(1), key="filled")
        with pytest.raises(DuplicateOrderKey):
            await broker.place_order(buy(3), key="filled")
        before, after = await broker.get_order(filled), await broker.get_order(resting)
        told = {order.order_id: order.status for order in await broker.get_orders()}
        placed = [(order.order_ref, order.quantity) for order in gateway.orders()]
        await broker.disconnect()

    assert again == filled
    assert placed == [("|rests", 2.0)], "what was filled is not bought again"
    assert told == {filled: OrderStatus.FILLED, resting: OrderStatus.SUBMITTED}
    assert before is not None
    assert (before.filled_quantity, before.quantity, before.avg_fill_price) == (1, 1, 190.1)
    assert after is not None
    assert (after.filled_quantity, after.quantity, after.price) == (0, 2, 1.0)


async def test_an_order_after_a_restart_fills_and_is_cancelled_as_itself() -> None:
    gateway = gateway_at(0, 500)
    broker = broker_at(gateway.port)
    await broker.connect()
    old = await broker.place_order(buy(1, limit=1.0), key="old")
    gateway = await restart(gateway, 500, broker)

    with gateway:
        new = await broker.place_order(buy(2, limit=1.0), key="new")
        cancelled = await broker.cancel_order(new)
        fills = await broker.place_order(buy(3), key="fills")

        async def is_filled() -> bool:
            return await broker.get_order_status(fills) is OrderStatus.FILLED

        await until(is_filled)
        statuses = [order.status for order in gateway.orders()]
        told = await broker.get_order(old)
        await broker.disconnect()

    assert cancelled
    assert statuses == ["Cancelled", "Filled"]
    assert told is not None
    assert (told.filled_quantity, told.status) != (3, OrderStatus.FILLED), "fills of another order"
    assert told.status is not OrderStatus.CANCELLED, "the cancel of another order"


async def test_an_order_of_unknown_outcome_is_settled_by_its_key() -> None:
    gateway = gateway_at(0, None)
    settings = Settings(ibkr_port=gateway.port, ibkr_order_timeout=0.3)
    broker = IBKRBroker(settings=settings, reconnect=Reconnect(first=0.05, longest=0.2))
    await broker.get_account()
    mutes = [gateway.inject(faults.Mute(kind)) for kind in ("open_order", "order_status")]

    with pytest.raises(OrderOutcomeUnknown):
        await broker.place_order(buy(1, limit=1.0), key="once")
    for mute in mutes:
        mute.clear()
    gateway.drop_connections()

    async def settled() -> bool:
        orders = await broker.get_orders("SUBMITTED") if broker.is_ready else []
        return len(orders) == 1

    await until(settled)
    order_id = await broker.place_order(buy(1, limit=1.0), key="once")
    with gateway:
        assert [str(order.order_id) for order in gateway.orders()] == [order_id]
        assert len(gateway.requests("place_order")) == 1
        await broker.disconnect()
