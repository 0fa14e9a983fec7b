"""The WebSocket over real sockets: every channel begins with what is known and goes on."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from aioibkr.integrations.fastapi import IBKRSettings, lifespan, lifespans, router
from aioibkr.testing import MockGateway
from python.fastapi.peers import Message, Peer, application, peer_of, served

AAPL = "AAPL"
pytestmark = pytest.mark.anyio


@pytest.fixture
async def url(settings: IBKRSettings, mock_gateway: MockGateway) -> AsyncIterator[str]:
    """The WebSocket of an application on a mock gateway with a price."""
    mock_gateway.set_price(AAPL, bid=189.9, ask=190.1, last=190.0)
    async with served(application(settings)) as url:
        yield url


@pytest.fixture
async def peer(url: str) -> AsyncIterator[Peer]:
    """A peer of it."""
    async with peer_of(url) as peer:
        yield peer


async def test_quotes_begin_with_a_snapshot_and_go_on_with_changes(
    peer: Peer, mock_gateway: MockGateway
) -> None:
    await peer.subscribe("quotes", "aapl", id="mine")
    snapshot = await peer.hear("snapshot", "quotes")
    mock_gateway.set_price(AAPL, last=191.0)
    update = await peer.hear("update", "quotes", lambda told: told["data"][0]["last"] == 191.0)

    assert peer.heard[0] == {
        "channel": "quotes",
        "type": "subscribed",
        "data": {"symbols": [AAPL]},
        "id": "mine",
    }
    assert snapshot["data"][0]["symbol"] == AAPL
    assert snapshot["seq"] == 1
    assert update["seq"] > 1
    assert update["at"].endswith("+00:00")
    numbers = [told["seq"] for told in peer.heard if "seq" in told]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_sockets_share_one_line(url: str, mock_gateway: MockGateway) -> None:
    async with peer_of(url) as first, peer_of(url) as second:
        for peer in (first, second):
            await peer.subscribe("quotes", AAPL)
            await peer.hear("snapshot", "quotes")
        asked = mock_gateway.requests("req_mkt_data")

    assert len(asked) == 1


async def test_ticks_come_in_order_and_bars_begin_with_the_past(
    peer: Peer, mock_gateway: MockGateway
) -> None:
    await peer.subscribe("ticks", AAPL)
    await peer.hear("update", "ticks")
    mock_gateway.set_price(AAPL, last=195.0)
    await peer.hear("update", "ticks", lambda told: told["data"][-1]["price"] is not None)

    await peer.subscribe("bars", AAPL, bar_size="5 mins")
    bars = await peer.hear("snapshot", "bars")

    times = [bar["time"] for bar in bars["data"]]
    assert times == sorted(times)
    assert {bar["bar_size"] for bar in bars["data"]} == {"5 mins"}


async def test_depth_is_the_whole_book(peer: Peer) -> None:
    await peer.subscribe("depth", AAPL)

    book = (await peer.hear("snapshot", "depth"))["data"][0]

    assert book["symbol"] == AAPL
    assert book["bids"] or book["asks"]


async def test_the_session_says_how_the_links_stand(peer: Peer, mock_gateway: MockGateway) -> None:
    await peer.subscribe("session")
    await peer.hear("snapshot", "session")

    mock_gateway.down()
    away = await peer.hear("update", "session", lambda told: not told["data"][0]["connected"])
    mock_gateway.up()
    back = await peer.hear("update", "session", lambda told: told["data"][0]["ready"])

    assert away["data"][0]["reason"]
    assert back["data"][0]["state"] == "live"
    assert back["data"][0]["account"] == "DU1234567"


async def test_profit_and_positions_are_told_again_when_they_change(
    peer: Peer, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_position("DU1234567", AAPL, quantity=10, average_cost=180.0)
    mock_gateway.set_pnl("DU1234567", daily=12.5, unrealized=100.0, realized=0.0)
    await peer.subscribe("pnl")

    first = await _profit(peer, 12.5)
    mock_gateway.set_pnl("DU1234567", daily=13.5, unrealized=100.0, realized=0.0)
    later = await _profit(peer, 13.5)

    (position,) = first["positions"]
    assert (position["symbol"], position["quantity"]) == (AAPL, 10)
    assert later["unrealized"] == 100.0


async def _profit(peer: Peer, daily: float) -> Message:
    """The first row that tells a profit."""
    while True:
        told = await peer.hear(peer_kind(peer), "pnl")
        row: Message = told["data"][0]
        if row.get("daily") == daily:
            return row


def peer_kind(peer: Peer) -> str:
    """What comes next on the channel of P&L: its snapshot, then updates."""
    begun = any(told["type"] == "snapshot" and told["channel"] == "pnl" for told in peer.heard)
    return "update" if begun else "snapshot"


async def test_a_page_of_another_site_is_refused(url: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with peer_of(url, origin="https://evil.example"):
            pass

    assert refused.value.response.status_code == 403


async def test_a_name_that_was_bent_to_this_machine_is_refused(url: str) -> None:
    bent, port = (
        url.replace("127.0.0.1", "evil.example"),
        int(url.split(":")[2].split("/", maxsplit=1)[0]),
    )

    with pytest.raises(InvalidStatus) as refused:
        async with peer_of(bent, host="127.0.0.1", port=port):
            pass

    assert refused.value.response.status_code in {403, 421}


async def test_with_a_token_only_its_bearer_is_served(mock_gateway: MockGateway) -> None:
    token = "a-long-token-of-a-test"  # noqa: S105 - a test's
    settings = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_http_token=token)
    async with served(application(settings)) as url:
        with pytest.raises(InvalidStatus):
            async with peer_of(url):
                pass
        async with peer_of(url, additional_headers={"Authorization": f"Bearer {token}"}) as peer:
            await peer.say(action="ping")
            await peer.hear("pong")


async def test_an_application_whose_lifespan_was_not_run_says_so(
    settings: IBKRSettings,
) -> None:
    inner = FastAPI(lifespan=lifespan(settings, name="mounted"))
    inner.include_router(router(integration="mounted"))
    outer = FastAPI()
    outer.mount("/inner", inner)

    async with served(outer) as url, peer_of(url.replace("/api", "/inner/api")) as peer:
        code = await peer.code()

    assert code == 1013
    assert "lifespan" in (peer.socket.close_reason or "")


async def test_two_integrations_have_sockets_of_their_own(mock_gateway: MockGateway) -> None:
    accounts = {"paper": "DU1234567", "other": "DU7654321"}
    with MockGateway(accounts=[accounts["other"]]) as other:
        ports = {"paper": mock_gateway.port, "other": other.port}
        app = FastAPI(
            lifespan=lifespans(
                *(
                    lifespan(IBKRSettings(ibkr_enabled=True, ibkr_port=port), name=name)
                    for name, port in ports.items()
                )
            )
        )
        for name in ports:
            routes = router(f"/{name}", integration=name, portfolio=f"/{name}/of", metrics=False)
            app.include_router(routes)
        async with served(app) as url:
            told = {name: await account_at(url.replace("/api/ibkr", f"/{name}")) for name in ports}

    assert told == accounts


async def account_at(url: str) -> str:
    """The account whose P&L a socket tells."""
    async with peer_of(url) as peer:
        await peer.subscribe("pnl")
        return str((await peer.hear("snapshot", "pnl"))["data"][0]["account"])
