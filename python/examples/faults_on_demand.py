"""Faults: an order whose acknowledgement never comes, and one that fills only in part."""

import asyncio

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults


async def test_a_lost_acknowledgement_is_not_a_refusal() -> None:
    """The gateway recorded the order and says nothing: it may exist."""
    async with (
        MockGateway() as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
    ):
        aapl = await client.qualify(ib.Stock("AAPL"))
        silence = gateway.inject(faults.Mute("place_order"))

        with pytest.raises(ib.OrderOutcomeUnknown):
            await client.place(aapl, ib.MarketOrder("BUY", 1), key="lost", timeout=0.2)

        silence.clear()
        assert len(gateway.requests("place_order")) == 1


async def test_an_order_fills_in_part() -> None:
    """Three of ten fill, the rest works on."""
    async with (
        MockGateway() as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
    ):
        aapl = await client.qualify(ib.Stock("AAPL"))
        gateway.inject(faults.PartialFill(quantity=3))

        await client.place(aapl, ib.MarketOrder("BUY", 10), key="partial")

        (order,) = gateway.orders()
        assert (order.quantity, order.filled) == (10, 3)


if __name__ == "__main__":
    asyncio.run(test_a_lost_acknowledgement_is_not_a_refusal())
    asyncio.run(test_an_order_fills_in_part())
