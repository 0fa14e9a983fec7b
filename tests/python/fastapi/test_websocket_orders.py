"""Order events over the WebSocket: none is dropped, each can be resumed or is told as missing."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

import aioibkr as ib
from aioibkr.integrations.fastapi import IBKRSettings
from aioibkr.integrations.fastapi.websocket import hub
from aioibkr.testing import MockGateway
from python.fastapi.peers import Message, Peer, application, peer_of, served, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(settings: IBKRSettings) -> FastAPI:
    """An application on the mock gateway."""
    return application(settings)


@pytest.fixture
async def url(app: FastAPI, mock_gateway: MockGateway) -> AsyncIterator[str]:
    """Its WebSocket."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(app) as url:
        yield url


async def place(price: float, quantity: int = 10) -> ib.Order:
    """Place an order through the application's broker."""
    client = await ib.get_ibkr_integration().broker.client()
    order = ib.LimitOrder("BUY", quantity, price)
    return (await client.place(ib.Stock("AAPL"), order)).order


async def begin(peer: Peer) -> Message:
    """Subscribe; the snapshot."""
    await peer.subscribe("orders")
    return await peer.hear("snapshot", "orders")


async def test_an_order_is_told_from_its_placing_to_its_commission(url: str) -> None:
    async with peer_of(url) as peer:
        snapshot = await begin(peer)
        await place(195.0)
        await peer.hear("update", "orders", lambda told: told["data"][0]["event"] == "commission")

    told = [row for message in peer.heard[2:] for row in message["data"]]
    numbers = [message["seq"] for message in peer.heard[1:]]
    assert snapshot["data"] == []
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert {row["event"] for row in told} == {"order_status", "execution", "commission"}
    (fill,) = [row for row in told if row["event"] == "execution"]
    assert (fill["symbol"], fill["side"], fill["quantity"]) == ("AAPL", "BUY", 10)
    statuses = [row for row in told if row["event"] == "order_status"]
    assert statuses[-1]["is_done"]


async def test_a_snapshot_holds_the_working_orders(url: str) -> None:
    await place(1.5)

    async with peer_of(url) as peer:
        (order,) = (await begin(peer))["data"]

    assert (order["symbol"], order["limit_price"], order["is_done"]) == ("AAPL", 1.5, False)


async def test_what_happened_while_a_peer_was_away_is_resumed_without_a_hole(url: str) -> None:
    async with peer_of(url) as peer:
        last = (await begin(peer))["seq"]
    await place(195.0)

    async with peer_of(url) as peer:
        await peer.say(action="resume", channel="orders", after=last, id=1)
        await peer.hear("resumed", "orders")
        await peer.hear("update", "orders", lambda told: told["data"][0]["event"] == "commission")

    numbers = [message["seq"] for message in peer.heard[1:]]
    assert peer.heard[0]["id"] == 1
    assert numbers == list(range(last + 1, last + 1 + len(numbers)))


async def test_a_server_that_was_restarted_says_that_it_cannot_resume(
    app: FastAPI, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(app) as url, peer_of(url) as peer:
        last = (await begin(peer))["seq"]

    async with served(app) as url, peer_of(url) as other, peer_of(url) as peer:
        await begin(other)
        await peer.say(action="resume", channel="orders", after=last)
        gap = await peer.hear("gap", "orders")
        snapshot = await peer.hear("snapshot", "orders")

    assert "not kept here" in gap["data"][0]["reason"]
    assert abs(snapshot["seq"] - last) > hub.KEPT_ORDER_EVENTS


@pytest.fixture
def short_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two events are kept; whoever needs more is behind."""
    monkeypatch.setattr(hub, "KEPT_ORDER_EVENTS", 2)


@pytest.mark.usefixtures("short_history")
async def test_events_beyond_the_history_are_told_as_missing(
    app: FastAPI, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(app) as url:
        async with peer_of(url) as peer:
            last = (await begin(peer))["seq"]
        await place(195.0)
        async with peer_of(url) as peer:
            await peer.say(action="resume", channel="orders", after=last)
            gap = await peer.hear("gap", "orders")
            snapshot = await peer.hear("snapshot", "orders")

    assert str(last) in gap["data"][0]["reason"]
    assert snapshot["seq"] > last + 2


@pytest.mark.usefixtures("short_history")
async def test_a_reader_that_is_too_late_is_closed_and_nothing_is_skipped(
    app: FastAPI, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(app) as url, peer_of(url) as peer:
        last = (await begin(peer))["seq"]
        for _ in range(5):
            await place(195.0)
        code = await peer.code()

    numbers = [told["seq"] for told in peer.heard if told["type"] == "update"]
    assert code == 4410
    assert numbers == list(range(last + 1, last + 1 + len(numbers)))


async def test_orders_go_on_across_a_lost_link(url: str, mock_gateway: MockGateway) -> None:
    client = await ib.get_ibkr_integration().broker.client()
    async with peer_of(url) as peer:
        await begin(peer)
        await place(1.5)
        mock_gateway.down()
        await until(lambda: not client.is_connected)
        mock_gateway.up()
        await client.wait_ready()
        mock_gateway.fill("AAPL", quantity=10, price=1.5)
        await peer.hear("update", "orders", lambda told: told["data"][0]["event"] == "execution")

    numbers = [told["seq"] for told in peer.heard if told["type"] in {"snapshot", "update"}]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [told for told in peer.heard if told["type"] == "gap"] == []


async def test_a_disconnect_is_a_gap_and_the_next_client_begins_with_a_snapshot(url: str) -> None:
    integration = ib.get_ibkr_integration()
    async with peer_of(url) as peer:
        first = await begin(peer)
        await integration.disconnect()
        gap = await peer.hear("gap", "orders")
        await integration.connect()
        again = await peer.hear("snapshot", "orders")

    assert gap["data"][0]["reason"]
    assert again["seq"] != first["seq"]
