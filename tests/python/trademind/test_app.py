"""TradeMind runs unchanged: its own models, one broker, an event loop per test."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from aioibkr import IBKRBroker
from aioibkr.testing import MockGateway
from python.broker.wishes import until
from python.trademind.app import OrderStatus, Signal, create_app, order_for


@pytest.fixture(scope="module")
def gateway() -> Iterator[MockGateway]:
    """One gateway for the module."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        yield gateway


@pytest.fixture(scope="module")
def broker(gateway: MockGateway) -> Iterator[IBKRBroker]:
    """One broker for the module, used from the loop of every test and closed from another one."""
    broker = IBKRBroker(port=gateway.port)
    asyncio.run(broker.connect())
    yield broker
    asyncio.run(broker.disconnect())
    asyncio.run(broker.disconnect())


def trademind(broker: IBKRBroker) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client of the application."""
    transport = httpx.ASGITransport(create_app(broker))
    return httpx.AsyncClient(transport=transport, base_url="http://trademind")


async def test_signal_becomes_a_filled_order(broker: IBKRBroker) -> None:
    async with trademind(broker) as web:
        before = (await web.get("/portfolio")).json()["held"].get("AAPL", 0)
        signal = {"symbol": "AAPL", "side": "BUY", "shares": 10}
        order_id = (await web.post("/signals", json=signal)).json()["order_id"]

        async def filled() -> bool:
            return bool((await web.get(f"/orders/{order_id}/filled")).json())

        async def held() -> bool:
            return bool((await web.get("/portfolio")).json()["held"].get("AAPL") == before + 10)

        await until(filled)
        await until(held)


async def test_own_order_carries_id_and_own_status(broker: IBKRBroker) -> None:
    order = order_for(Signal(symbol="AAPL", side="BUY", shares=1, limit=1.0))

    order_id = await broker.place_order(order)

    assert order.order_id == order_id
    assert order.status == OrderStatus.SUBMITTED
    assert [told.order_id for told in await broker.get_orders(OrderStatus.SUBMITTED)] == [order_id]
    assert await broker.cancel_order(order_id)
    assert await broker.get_order_status(order_id) == OrderStatus.CANCELLED


async def test_refused_signal_says_why(broker: IBKRBroker) -> None:
    async with trademind(broker) as web:
        signal = {"symbol": "AAPL", "side": "BUY", "shares": 1, "limit": -1.0}
        answer = await web.post("/signals", json=signal)

    assert answer.status_code == 400
    assert "price" in answer.json()["detail"].lower()


def test_connection_outlived_the_loops(gateway: MockGateway, broker: IBKRBroker) -> None:
    accounts = [asyncio.run(broker.get_account()) for _ in range(2)]

    assert accounts[0].account_id == accounts[1].account_id == "DU1234567"
    assert gateway.connect_count == 1
