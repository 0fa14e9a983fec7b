"""Alerts: the hook given to `connect`, what is held back, outages that are expected."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import until
from python.client.hearing import connecting, lose_link

pytestmark = pytest.mark.anyio


async def test_alerts_reach_the_hook_given_to_connect(mock_gateway: MockGateway) -> None:
    alerts: list[tuple[str, str, str, dict[str, str]]] = []

    async def page(level: str, kind: str, message: str, context: dict[str, str]) -> None:
        alerts.append((level, kind, message, context))

    async with connecting(mock_gateway, alerts=page) as client:
        await lose_link(mock_gateway, client)
        await lose_link(mock_gateway, client)
        await until(lambda: len(alerts) > 0)

    level, kind, message, context = alerts[0]
    assert (level, kind, len(alerts)) == ("error", "link_lost", 1)
    assert "control link" in message
    assert context["subject"] == context["link"] == "control"


async def test_an_alert_says_how_many_of_its_like_were_held_back(
    mock_gateway: MockGateway,
) -> None:
    counts: list[str | None] = []
    rules = ib.AlertRules(repeat_after=0.5)
    async with connecting(mock_gateway, alert_rules=rules) as client:
        client.on("alert", lambda *alert: counts.append(alert[3].get("suppressed")))
        async with asyncio.timeout(20):
            # On a busy machine a loss may take longer than alerts are held back for.
            while not any(counts):
                await lose_link(mock_gateway, client)

    assert counts[0] is None
    assert int(next(filter(None, counts))) >= 1


async def test_an_outage_in_a_window_is_expected_and_one_outside_makes_blind(
    mock_gateway: MockGateway,
) -> None:
    now = datetime.now(UTC)
    start, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    window = ib.RestartWindow(start=start, end=end, zone="UTC")
    rules, kinds = ib.AlertRules(blind_after=0.05), {"inside": set[str](), "outside": set[str]()}
    inside = connecting(
        mock_gateway,
        alerts=lambda _, kind, *__: kinds["inside"].add(kind),
        alert_rules=rules,
        restart_windows=[window],
        client_id=2,
    )
    outside = connecting(
        mock_gateway,
        alerts=lambda _, kind, *__: kinds["outside"].add(kind),
        alert_rules=rules,
        client_id=3,
    )
    async with inside as sleeper, outside as watcher:
        assert sleeper.health().expected_outage_until is None

        mock_gateway.down()
        await until(lambda: "blind" in kinds["outside"] and "link_lost" in kinds["inside"])

        expected = sleeper.health().expected_outage_until
        assert expected is not None
        assert timedelta(minutes=58) < expected - now < timedelta(minutes=61)
        assert watcher.health().expected_outage_until is None
    assert "blind" not in kinds["inside"]


@pytest.mark.parametrize(
    "given",
    [
        {"alert_rules": ib.AlertRules(blind_after=0)},
        {"alert_rules": ib.AlertRules(repeat_after=float("nan"))},
        {"restart_windows": [ib.RestartWindow(start="24:00", end="01:00", zone="UTC")]},
        {"restart_windows": [ib.RestartWindow(start="23:00", end="01:00", zone="Mars")]},
        {"restart_windows": [ib.RestartWindow(start="1", end="2", zone="UTC", days=["sun"])]},
        {
            "restart_windows": [
                ib.RestartWindow(start="23:00", end="01:00", zone="UTC", days=["Sunday"])
            ]
        },
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ib.ConfigError):
        _ = ib.connect(**given)
