"""Slow peers, a gateway that is away, a server that ends: what sockets hear, and when."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import aioibkr as ib
from aioibkr.integrations.fastapi import IBKRSettings
from aioibkr.integrations.fastapi.websocket import close_sockets, hub
from aioibkr.testing import MockGateway
from python.fastapi.peers import PATIENCE, application, narrow_peer_of, peer_of, served, until

pytestmark = pytest.mark.anyio

NEWEST = 1_000_000.0


@pytest.fixture
async def url(settings: IBKRSettings, mock_gateway: MockGateway) -> AsyncIterator[str]:
    """The WebSocket of an application on a mock gateway with a price."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(application(settings), sndbuf=4096) as url:
        yield url


@pytest.fixture
def fast_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of messages a second, so that buffers are soon full."""
    monkeypatch.setattr(hub, "BEAT", 0.002)


def beats_missed() -> int:
    """How far the slowest socket is behind."""
    readers = hub.hub_of(ib.get_ibkr_integration())._readers
    return max((getattr(reader, "_missed", 0) for reader in readers), default=0)


@pytest.mark.usefixtures("fast_beat")
async def test_a_slow_peer_gets_the_newest_quote_and_is_told(
    url: str, mock_gateway: MockGateway
) -> None:
    async with narrow_peer_of(url) as peer:
        await peer.subscribe("quotes", "AAPL")
        price = 1000.0
        async with asyncio.timeout(PATIENCE):
            while beats_missed() < 20:
                price += 1.0
                mock_gateway.set_price("AAPL", last=price)
                await asyncio.sleep(0.001)
        mock_gateway.set_price("AAPL", last=NEWEST)

        slow = await peer.hear("slow", "quotes")
        await peer.hear("update", "quotes", lambda told: told["data"][0]["last"] == NEWEST)

    assert slow["data"]["missed"] >= 20
    assert [told["seq"] for told in peer.heard[1:]] == list(range(1, len(peer.heard)))
    told = [message for message in peer.heard if message["type"] == "update"]
    assert len(told) < price - 1000.0


@pytest.mark.usefixtures("fast_beat")
async def test_a_peer_that_is_too_slow_for_ticks_learns_where_the_hole_is(
    url: str, mock_gateway: MockGateway
) -> None:
    async with narrow_peer_of(url) as peer:
        await peer.subscribe("ticks", "AAPL")
        await peer.hear("update", "ticks")
        mock_gateway.flood("AAPL", count=100_000)

        slow = await peer.hear("slow", "ticks")
        last = await peer.hear("update", "ticks", lambda told: told["data"][-1]["size"] == 100_000)

    assert slow["data"] == {"symbols": ["AAPL"]}
    assert last["data"][-1]["symbol"] == "AAPL"


async def test_a_flood_is_told_in_order_and_whole_to_a_peer_that_reads(
    url: str, mock_gateway: MockGateway
) -> None:
    async with peer_of(url) as peer:
        await peer.subscribe("ticks", "AAPL")
        await peer.hear("update", "ticks")
        mock_gateway.flood("AAPL", count=1000)
        await peer.hear("update", "ticks", lambda told: told["data"][-1]["size"] == 1000)

    rows = [row for told in peer.heard if told["type"] == "update" for row in told["data"]]
    sizes = [row["size"] for row in rows if row["field"] == "last"][-1000:]
    assert sizes == list(range(1, 1001))


async def test_a_service_without_its_gateway_says_so_and_begins_when_it_comes(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.down()
    settings = IBKRSettings(
        ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_connect_timeout=0.3
    )
    async with served(application(settings)) as url, peer_of(url) as peer:
        await peer.subscribe("session")
        await peer.subscribe("quotes", "AAPL", "MSFT", "TSLA")
        gap = await peer.hear("gap", "quotes")
        mock_gateway.up()
        await peer.hear("snapshot", "quotes")
        await peer.hear_session("live")

    assert (gap["data"][0]["symbol"], bool(gap["data"][0]["reason"])) == ("AAPL", True)


async def test_quotes_go_on_after_a_lost_link_with_a_gap_between(
    url: str, mock_gateway: MockGateway
) -> None:
    async with peer_of(url) as peer:
        await peer.subscribe("quotes", "AAPL")
        before = (await peer.hear("snapshot", "quotes"))["data"][0]
        mock_gateway.drop_connections()
        await peer.hear("gap", "quotes")
        after = (await peer.hear("update", "quotes"))["data"][0]

    assert after["generation"] > before["generation"]


async def test_a_line_is_released_with_its_last_socket(url: str) -> None:
    client = await ib.get_ibkr_integration().broker.client()

    def used() -> int:
        return client.health().lines[0].used

    async with peer_of(url) as first:
        await first.subscribe("quotes", "AAPL")
        await first.hear("snapshot", "quotes")
        async with peer_of(url) as second:
            await second.subscribe("quotes", "AAPL")
            await second.hear("snapshot", "quotes")
        await first.say(action="ping")
        await first.hear("pong")
        assert used() == 1
        await first.say(action="unsubscribe", channel="quotes")
        await first.hear("unsubscribed", "quotes")
        await until(lambda: used() == 0)


async def test_sockets_are_told_that_the_server_goes_away_also_one_that_never_reads(
    url: str,
) -> None:
    async with peer_of(url) as peer, narrow_peer_of(url) as stalled:
        await stalled.subscribe("session")
        await peer.subscribe("quotes", "AAPL")
        async with asyncio.timeout(5.0):
            await close_sockets()
        code = await peer.code()
        of_sockets = hub.hub_of(ib.get_ibkr_integration())

    assert code == 1001
    assert (of_sockets.sockets, of_sockets.topics) == (0, frozenset())


async def test_a_session_that_stays_away_is_told_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PAUSE", 0.001)
    async with peer_of(url) as peer:
        await peer.subscribe("session")
        await peer.hear("snapshot", "session")
        await ib.get_ibkr_integration().disconnect()
        await peer.hear_session("away")
        for number in range(10):  # each answer comes with a beat of its own
            await peer.say(action="ping", id=number)
            await peer.hear("pong")

    rows = [told["data"][0] for told in peer.heard if told.get("seq") is not None]
    states = [row["state"] for row in rows if "state" in row]
    assert states.count("away") == 1
