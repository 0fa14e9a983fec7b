"""Numbers of other programs as settings, and what a table of tries does to a connect."""

import time
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

pytestmark = pytest.mark.anyio


def test_presets_have_the_numbers_of_their_programs() -> None:
    trademind, abc, framework = (
        ib.Reconnect.trademind(),
        ib.Reconnect.abc(),
        ib.Reconnect.multi_ticker(),
    )

    assert (trademind.first, trademind.attempts) == (5.0, 5)
    assert (framework.first, framework.attempts, framework.jitter_percent) == (1.0, 5, 0)
    rows = [(row.after, row.count, row.pause, row.timeout) for row in abc.tries]
    assert rows == [(0, 3, 3.0, 8.0), (2, 2, 2.0, 5.0), (5, 1, 1.0, 3.0)]
    assert ib.Breaker.trademind() == ib.Breaker(failures=5, pause=60.0)
    assert ib.Breaker.abc() == ib.Breaker(failures=3, pause=30.0)
    watchdog, heartbeat = ib.Keepalive.watchdog(), ib.Keepalive.multi_ticker()
    assert (watchdog.idle, watchdog.probe_timeout) == (20.0, 5.0)
    assert heartbeat.idle == 5.0
    assert 2 * heartbeat.probe_timeout + heartbeat.give_up == 10.0


@pytest.mark.parametrize(
    "given",
    [
        {"reconnect": ib.Reconnect.abc(), "breaker": ib.Breaker.abc()},
        {"reconnect": ib.Reconnect.trademind(), "breaker": ib.Breaker.trademind()},
        {"reconnect": ib.Reconnect.multi_ticker(), "keepalive": ib.Keepalive.multi_ticker()},
        {"keepalive": ib.Keepalive.watchdog()},
    ],
)
async def test_a_client_connects_with_each_preset(
    mock_gateway: MockGateway, given: dict[str, Any]
) -> None:
    async with ib.connect(port=mock_gateway.port, **given) as client:
        assert client.state == "live"


async def test_a_first_connect_has_the_time_its_tries_take(mock_gateway: MockGateway) -> None:
    mock_gateway.inject(faults.Mute("all"))
    settings = ib.Settings(ibkr_port=mock_gateway.port, ibkr_connect_timeout=0.05)
    tries = (ib.ConnectTries(count=3, pause=0.01, timeout=0.1),)
    began = time.monotonic()

    with pytest.raises(ib.IBKRConnectionError, match="after 3 tries"):
        await ib.connect(settings=settings, reconnect=ib.Reconnect(tries=tries))

    assert 0.3 <= time.monotonic() - began < 5


@pytest.mark.parametrize("row", [{"count": 0}, {"timeout": 0}, {"pause": -1.0}, {"after": -1}])
async def test_tries_that_cannot_be_meant_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ib.ConfigError, match="tries"):
        await ib.connect(reconnect=ib.Reconnect(tries=(ib.ConnectTries(**row),)))
