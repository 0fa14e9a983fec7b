"""What a test stages about orders on the mock gateway, as its client meets it."""

from decimal import Decimal

import pytest

import aioibkr as ib
from aioibkr.testing import Limits, MockGateway, faults

AAPL = ib.Stock("AAPL")
RESTING = ib.LimitOrder("BUY", 10, 100.0)
pytestmark = pytest.mark.anyio


async def test_an_order_without_permission_is_rejected(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_permission("AAPL", trading=False)

    with pytest.raises(ib.OrderRejected) as refusal:
        await ib_client.place(AAPL, RESTING)

    assert refusal.value.code == 460


async def test_a_commission_that_was_set_is_charged(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_commission("AAPL", per_unit=-0.5)

    trade = await ib_client.place(AAPL, ib.MarketOrder("BUY", 2))
    await trade.done(timeout=5)

    assert [fill.commission for fill in mock_gateway.executions()] == [-1.0]


async def test_a_fill_that_meets_its_cancel_is_a_fill(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.inject(faults.FillOnCancel())
    trade = await ib_client.place(AAPL, RESTING)

    with pytest.raises(ib.OrderError, match="Filled"):
        await ib_client.cancel(trade)

    assert (trade.status, trade.filled) == ("Filled", Decimal(10))


def test_rules_and_limits_about_orders_are_taken(mock_gateway: MockGateway) -> None:
    mock_gateway.set_market_rules(
        kills_immediate=True, notes_missing_zone=True, notes_direct_routing=True
    )

    with MockGateway(limits=Limits(active_orders=1)) as gateway:
        assert gateway.port > 0
    assert Limits.ib().active_orders == 20
