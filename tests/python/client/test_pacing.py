"""Pacing as Python sees it: a setting of `connect`, and what `health` tells."""

from __future__ import annotations

import asyncio

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway


async def test_fifty_messages_a_second_are_the_default() -> None:
    with MockGateway() as gateway:
        async with ib.connect(host=gateway.host, port=gateway.port) as client:
            pacing = client.health().pacing

    assert pacing is not None
    assert (pacing.limit, pacing.waiting, pacing.expected_wait) == (50, 0, 0.0)
    assert 0 < pacing.left < 45


async def test_the_rate_is_a_setting_and_can_be_switched_off() -> None:
    with MockGateway() as gateway:
        slow = ib.Pacing(messages_per_second=20)
        async with ib.connect(host=gateway.host, port=gateway.port, pacing=slow) as client:
            paced = client.health().pacing
        async with ib.connect(host=gateway.host, port=gateway.port, pacing=None) as client:
            await asyncio.gather(*(client.managed_accounts(timeout=9) for _ in range(200)))
            free = client.health().pacing

    assert paced is not None
    assert paced.limit == 20
    assert free is None


async def test_a_turn_that_does_not_come_in_time_is_a_pacing_violation() -> None:
    with MockGateway() as gateway:
        slow = ib.Pacing(messages_per_second=20)
        async with ib.connect(host=gateway.host, port=gateway.port, pacing=slow) as client:
            aapl = ib.Stock("AAPL")
            requests = (client.contract_details(aapl, timeout=0.2) for _ in range(40))
            answers = await asyncio.gather(*requests, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, ib.PacingViolation)]
    assert refused
    assert "nothing was sent" in refused[0].message
    assert float(refused[0].details["expected_wait"]) > 0.2


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_cannot_work_is_named(rate: int) -> None:
    with pytest.raises(ib.ConfigError, match="messages_per_second"):
        _ = ib.connect(pacing=ib.Pacing(messages_per_second=rate))
