"""How links are watched and reopened: what `connect` may be told, and that it is followed."""

import asyncio
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

pytestmark = pytest.mark.anyio

BRISK = ib.Reconnect(first=0.02, longest=0.1, jitter_percent=0)


async def reached(client: ib.Client, state: str) -> None:
    """Waits until the client is in that state."""
    async with asyncio.timeout(10):
        while client.state != state:  # noqa: ASYNC110 - a state is looked at, not awaited
            await asyncio.sleep(0.002)


async def test_a_silent_link_is_suspect_and_refuses_orders(mock_gateway: MockGateway) -> None:
    watch = ib.Keepalive(idle=0.1, probe_timeout=0.05, give_up=10, spacing=0.05)
    where = {"host": mock_gateway.host, "port": mock_gateway.port}
    async with ib.connect(**where, keepalive=watch) as client:  # type: ignore[arg-type]
        await client.wait_ready()
        fault = mock_gateway.inject(faults.Mute("all"))
        await reached(client, "suspect")

        with pytest.raises(ib.OrderRefused, match="suspect"):
            await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 1, 10.0))
        fault.clear()
        await reached(client, "live")


async def test_a_breaker_says_for_how_long_it_refuses(mock_gateway: MockGateway) -> None:
    breaker = ib.Breaker(failures=1, pause=30)
    where = {"host": mock_gateway.host, "port": mock_gateway.port}
    async with ib.connect(**where, breaker=breaker, reconnect=BRISK) as client:  # type: ignore[arg-type]
        mock_gateway.down()
        await reached(client, "tripped")

        with pytest.raises(ib.CircuitOpen, match="the next try is in"):
            await client.server_time()
        assert client.metrics().circuit_breaker_trips == 1


async def test_without_reconnect_a_lost_link_rests(mock_gateway: MockGateway) -> None:
    async with ib.connect(host=mock_gateway.host, port=mock_gateway.port, reconnect=None) as client:
        mock_gateway.drop_connections()

        await reached(client, "idle")


async def test_health_tells_how_farms_stand(mock_gateway: MockGateway) -> None:
    async with ib.connect(host=mock_gateway.host, port=mock_gateway.port) as client:
        mock_gateway.notice(2103)

        async with asyncio.timeout(10):
            while client.health().control.farms.get("usfarm") != "broken":  # noqa: ASYNC110
                await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    "given",
    [
        {"keepalive": ib.Keepalive(idle=0)},
        {"keepalive": ib.Keepalive(give_up=float("nan"))},
        {"breaker": ib.Breaker(failures=0)},
        {"breaker": ib.Breaker(pause=-1)},
        {"reconnect": ib.Reconnect(jitter_percent=101)},
        {"reconnect": ib.Reconnect(attempts=-1)},
    ],
)
async def test_settings_that_cannot_be_meant_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ib.ConfigError):
        await ib.connect(**given)
