"""Peers that are wrong, hostile or slow: mistakes are answered, abuse ends, others go on."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import ConnectionClosed

import aioibkr as ib
from aioibkr.integrations.fastapi import IBKRSettings
from aioibkr.integrations.fastapi.websocket import SocketLimits
from aioibkr.integrations.fastapi.websocket.hub import hub_of
from aioibkr.testing import MockGateway
from python.fastapi.peers import Peer, application, narrow_peer_of, peer_of, served, until

pytestmark = pytest.mark.anyio

LIMITS = SocketLimits(
    connections=3,
    symbols=2,
    subscriptions=3,
    message_bytes=1000,
    messages_per_second=1.0,
    burst=60,
)
IMPATIENT = SocketLimits(heartbeat=0.2, silence=1.5)
WRONG = {
    "not JSON": "{",
    "no object": "[1]",
    "NaN": '{"action":"ping","id":NaN}',
    "deep": "[" * 900,
    "huge number": '{"action":"ping","id":' + "9" * 900 + "}",
    "no action": "{}",
    "unknown action": '{"action":"buy"}',
    "unknown channel": '{"action":"subscribe","channel":"news"}',
    "unknown field": '{"action":"ping","price":1}',
    "no symbols": '{"action":"subscribe","channel":"quotes"}',
    "symbols of orders": '{"action":"subscribe","channel":"orders","symbols":["AAPL"]}',
    "a symbol that is no text": '{"action":"subscribe","channel":"quotes","symbols":[1]}',
    "a lone surrogate": '{"action":"subscribe","channel":"quotes","symbols":["\\ud800"]}',
    "a bar size of nobody": '{"action":"subscribe","channel":"bars","symbols":["A"],"bar_size":7}',
    "no number to resume": '{"action":"resume","channel":"orders"}',
    "no order to resume": '{"action":"resume","channel":"quotes","after":1}',
}


@pytest.fixture
async def url(settings: IBKRSettings, mock_gateway: MockGateway) -> AsyncIterator[str]:
    """The WebSocket of an application with narrow limits."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(application(settings, LIMITS), sndbuf=4096) as url:
        yield url


@pytest.fixture
async def impatient_url(settings: IBKRSettings, mock_gateway: MockGateway) -> AsyncIterator[str]:
    """The WebSocket of an application that soon gives a silent peer up."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with served(application(settings, IMPATIENT), sndbuf=4096) as url:
        yield url


async def test_a_message_that_is_no_command_is_answered_and_the_socket_stays(url: str) -> None:
    for text in WRONG.values():
        async with peer_of(url) as peer:
            await peer.socket.send(text)
            error = await peer.hear_error()
            await peer.say(action="ping", id="still here")
            pong = await peer.hear("pong")

        assert error["detail"], text
        assert pong["id"] == "still here"


async def test_binary_is_answered_and_too_much_of_it_ends_the_socket(url: str) -> None:
    async with peer_of(url) as peer:
        await peer.socket.send(b"\x00\x01")
        error = await peer.hear_error()
        for _ in range(20):
            await send(peer, b"\x00")
        code = await peer.code()

    assert "binary" in error["detail"]
    assert code == 1008


async def test_a_flood_ends_with_1008_and_a_long_message_with_1009(url: str) -> None:
    async with peer_of(url) as peer:
        for _ in range(100):
            await send(peer, json.dumps({"action": "ping"}))
        assert await peer.code() == 1008

    async with peer_of(url) as peer:
        await send(peer, " " * 1001)
        assert await peer.code() == 1009


async def send(peer: Peer, message: str | bytes) -> None:
    """Send, though the server may have had enough."""
    try:
        await peer.socket.send(message)
    except ConnectionClosed:
        return


async def test_what_goes_beyond_a_limit_is_refused_whole(url: str) -> None:
    async with peer_of(url) as peer:
        await peer.subscribe("quotes", "AAPL")
        await peer.say(action="subscribe", channel="quotes", symbols=["MSFT", "TSLA"], id=7)
        symbols = await peer.hear_error()
        await peer.subscribe("ticks", "AAPL")
        await peer.subscribe("session")
        await peer.say(action="subscribe", channel="pnl")
        subscriptions = await peer.hear_error()
        topics = hub_of(ib.get_ibkr_integration()).topics

    assert (symbols["channel"], symbols["id"]) == ("quotes", 7)
    assert "symbols" in symbols["detail"]
    assert "subscriptions" in subscriptions["detail"]
    assert {topic.symbol for topic in topics} == {"AAPL", ""}


async def test_one_socket_too_many_is_told_to_try_later(url: str) -> None:
    async with peer_of(url), peer_of(url), peer_of(url), peer_of(url) as peer:
        assert await peer.code() == 1013

    async with peer_of(url) as peer:
        await until_room()
        await peer.say(action="ping")


async def until_room() -> None:
    """Until the sockets that left are counted no more."""
    hub = hub_of(ib.get_ibkr_integration())
    await until(lambda: hub.sockets <= 1)


async def test_a_symbol_that_does_not_exist_is_an_error_and_others_are_told(url: str) -> None:
    async with peer_of(url) as peer:
        await peer.subscribe("quotes", "NOSUCH", "AAPL")
        error = await peer.hear("error", "quotes")
        await peer.hear("snapshot", "quotes")
        topics = hub_of(ib.get_ibkr_integration()).topics

    assert (error["symbol"], error["kind"], error["code"]) == ("NOSUCH", "ContractNotFound", 200)
    assert {topic.symbol for topic in topics} == {"AAPL"}


async def test_who_answers_pings_stays_and_who_is_silent_is_closed(
    impatient_url: str,
) -> None:
    async with peer_of(impatient_url) as alive, peer_of(impatient_url) as silent:
        ended = asyncio.create_task(silent.code())
        while not ended.done():
            await alive.hear("ping")
        await alive.say(action="ping", id=1)
        await alive.hear("pong")

    assert await ended == 4408


async def test_a_peer_that_never_reads_is_ended_and_nobody_else_waits(
    impatient_url: str, mock_gateway: MockGateway
) -> None:
    hub = hub_of(ib.get_ibkr_integration())
    async with peer_of(impatient_url) as reader:
        await reader.subscribe("quotes", "AAPL")
        async with narrow_peer_of(impatient_url) as stalled:
            await stalled.subscribe("quotes", "AAPL")
            await until(lambda: hub.sockets == 2)
            mock_gateway.walk_price("AAPL", interval=0.001)
            while hub.sockets == 2:
                mock_gateway.advance(0.1)
                await reader.hear("update", "quotes")

    assert reader.heard[-1]["channel"] == "quotes"
