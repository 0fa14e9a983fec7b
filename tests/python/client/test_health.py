"""What `Client.health` tells."""

from datetime import UTC, datetime, timedelta

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio


async def test_health_tells_money_orders_and_lines(mock_gateway: MockGateway) -> None:
    account = "DU1234567"
    mock_gateway.set_account_value(account, "NetLiquidation", 250_000.0, currency="USD")
    async with ib.connect(port=mock_gateway.port) as client:
        await client.wait_ready()
        await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 1, 10.0))

        health = client.health()

    assert health.balance is not None
    assert (health.balance.account, health.balance.currency) == (account, "USD")
    assert health.balance.net_liquidation == 250_000.0
    assert health.balance.available_funds is not None
    assert health.balance.cash is not None
    assert (health.working_orders, health.is_paper) == (1, True)
    assert health.uptime is not None
    assert all(line.left == line.limit - line.used for line in health.lines)
    age = datetime.now(UTC) - health.control.since
    assert timedelta(0) <= age < timedelta(minutes=1)


async def test_health_of_a_closed_client_says_unknown(mock_gateway: MockGateway) -> None:
    async with ib.connect(port=mock_gateway.port) as client:
        await client.wait_ready()

    health = client.health()

    assert (health.balance, health.working_orders, health.uptime) == (None, None, None)
    assert (health.control.state, health.ready, health.is_paper) == ("closed", False, True)
