"""Kept figures while the link is doubtful: told at once, with their moment, where allowed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from aioibkr import Breaker, ConfigError, IBKRBroker, Keepalive, Reconnect, Settings
from aioibkr.integrations.fastapi import lifespan, router
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import PAPER, buy, until

SOON = Keepalive(idle=0.1, probe_timeout=0.1, give_up=0.3, spacing=0.05)
AT_ONCE = 2.0  # seconds; without kept figures a read waits for its whole deadline
QUICK = Reconnect(first=0.05, longest=0.1)


def broker_of(gateway: MockGateway, **settings: float) -> IBKRBroker:
    """A broker that notices a stopped gateway soon."""
    given = Settings.load(ibkr_port=gateway.port, ibkr_client_id=7, ibkr_enabled=True)
    given = Settings(**{**vars(given), **settings})
    return IBKRBroker(settings=given, keepalive=SOON, reconnect=QUICK, breaker=None)


@asynccontextmanager
async def holding(gateway: MockGateway, **settings: float) -> AsyncIterator[IBKRBroker]:
    """A connected broker that knows of 10 AAPL at 190 and of a working order."""
    gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)
    broker = broker_of(gateway, **settings)
    await broker.connect()
    try:
        await broker.get_account()
        yield broker
    finally:
        gateway.reset()
        gateway.up()
        await broker.disconnect()


async def doubtful(broker: IBKRBroker, *states: str) -> None:
    """Wait until the link is in one of those states, without asking anything of it."""

    async def is_doubtful() -> bool:
        client = broker.latest_client
        return client is not None and client.state in states

    await until(is_doubtful)


async def test_stopped_gateway_is_answered_for_from_what_is_kept(mock_gateway: MockGateway) -> None:
    async with holding(mock_gateway) as broker:
        order_id = await broker.place_order(buy(1, limit=1.0))
        price = await broker.get_market_price("AAPL")
        mock_gateway.inject(faults.Stall("all", seconds=60))
        stopped = datetime.now(UTC)
        await doubtful(broker, "suspect", "waiting", "connecting", "handshaking")
        began = time.monotonic()

        account = await broker.get_account(stale_ok=60)
        summary = await broker.get_portfolio_summary(stale_ok=60)
        (held,) = await broker.get_positions(stale_ok=60)
        (listed,) = await broker.get_orders("open", stale_ok=60)
        order = await broker.get_order(order_id, stale_ok=60)
        told = await broker.get_market_price("AAPL", stale_ok=60)

        assert time.monotonic() - began < AT_ONCE
    assert order is not None
    moments = [account.as_of, summary["as_of"], held.as_of, listed.as_of, order.as_of, told.as_of]
    for moment in moments:
        assert isinstance(moment, datetime)
        assert moment <= stopped + timedelta(seconds=1)
    assert (held.market_value, held.price_source) == (1900.0, "mark")
    same_moment = replace(held, as_of=account.as_of)
    assert (account.positions, listed.order_id) == ([same_moment], order_id)
    assert (price, price.as_of, told) == (190.0, None, 190.0)


@pytest.mark.parametrize("fault", ["stall", "down", "degraded"])
async def test_each_doubtful_state_is_answered_for(mock_gateway: MockGateway, fault: str) -> None:
    async with holding(mock_gateway) as broker:
        if fault == "stall":
            mock_gateway.inject(faults.Stall("all", seconds=60))
            await doubtful(broker, "handshaking", "connecting", "waiting")
        elif fault == "down":
            mock_gateway.down()
            await doubtful(broker, "waiting", "connecting")
        else:
            mock_gateway.notice(1100)
            await doubtful(broker, "degraded")
        began = time.monotonic()

        for _ in range(20):
            account = await broker.get_account(stale_ok=60)
            assert account.as_of is not None
            assert account.positions[0].quantity == 10

        assert time.monotonic() - began < AT_ONCE


async def test_open_breaker_is_answered_for(mock_gateway: MockGateway) -> None:
    settings = Settings.load(ibkr_port=mock_gateway.port, ibkr_client_id=7)
    breaker = Breaker(failures=1, pause=60.0)
    broker = IBKRBroker(settings=settings, keepalive=SOON, reconnect=QUICK, breaker=breaker)
    await broker.get_account()
    mock_gateway.down()
    await doubtful(broker, "tripped")

    account = await broker.get_account(stale_ok=60)
    await broker.disconnect()

    assert account.as_of is not None


async def test_figures_that_are_too_old_are_waited_for(mock_gateway: MockGateway) -> None:
    async with holding(mock_gateway, ibkr_account_timeout=5.0) as broker:
        mock_gateway.down()
        await doubtful(broker, "waiting", "connecting")
        await asyncio.sleep(0.05)  # what is kept is older than a millisecond
        waiting = asyncio.ensure_future(broker.get_account(stale_ok=0.001))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        mock_gateway.up()

        account = await waiting

    assert account.as_of is None


async def test_fresh_figures_carry_no_moment(mock_gateway: MockGateway) -> None:
    async with holding(mock_gateway) as broker:
        account = await broker.get_account(stale_ok=60)
        (held,) = await broker.get_positions(stale_ok=60)
        summary = await broker.get_portfolio_summary(stale_ok=60)

    assert (account.as_of, held.as_of) == (None, None)
    assert "as_of" not in summary


async def test_parted_broker_tells_nothing(mock_gateway: MockGateway) -> None:
    async with holding(mock_gateway) as broker:
        await broker.disconnect()

        with pytest.raises(ConnectionError, match="Not connected"):
            await broker.get_account(stale_ok=60)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
async def test_age_that_cannot_be_meant_is_refused(ib_broker: IBKRBroker, seconds: float) -> None:
    with pytest.raises(ConfigError, match="stale_ok"):
        await ib_broker.get_account(stale_ok=seconds)
    with pytest.raises(ConfigError, match="ibkr_stale_ok"):
        IBKRBroker(settings=Settings(ibkr_stale_ok=seconds))


async def test_routes_take_kept_figures_where_the_setting_says_so(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)
    app = FastAPI()
    app.include_router(router())
    settings = Settings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_stale_ok=60.0)
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(settings)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as web,
    ):
        fresh = (await web.get("/api/ibkr/account")).json()
        await web.get("/api/ibkr/quote/AAPL")
        mock_gateway.down()

        async def is_kept() -> bool:
            return (await web.get("/api/ibkr/account")).json().get("as_of") is not None

        await until(is_kept)
        kept = (await web.get("/api/ibkr/account")).json()
        portfolio = (await web.get("/api/portfolio/account")).json()
        (row,) = (await web.get("/api/ibkr/positions")).json()
        orders = await web.get("/api/ibkr/orders")
        quote = (await web.get("/api/ibkr/quote/AAPL")).json()
        mock_gateway.up()

    assert fresh["as_of"] is None
    assert kept["account"] == fresh["account"] == portfolio["account"]
    assert datetime.fromisoformat(kept["as_of"]).tzinfo is not None
    assert row["as_of"] is not None
    assert (orders.status_code, orders.json()) == (200, [])
    assert quote["as_of"] is not None
