"""The market's clock starts where it is told to, and naive times are refused."""

from datetime import UTC, datetime, timedelta

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

START = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)


async def test_the_market_starts_at_the_moment_given() -> None:
    with MockGateway(starts_at=START) as gateway:
        async with ib.connect(port=gateway.port, client_id=7) as client:
            told = await client.server_time()

    assert START <= told < START + timedelta(minutes=1)


async def test_a_reset_starts_the_clock_again() -> None:
    with MockGateway(starts_at=START) as gateway:
        gateway.advance(3600.0)
        gateway.reset()

        assert START <= gateway.market_time < START + timedelta(minutes=1)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ib.ConfigError, match=r"starts_at .* time zone"):
        MockGateway(starts_at=datetime(2026, 11, 27, 18, 30))  # noqa: DTZ001
