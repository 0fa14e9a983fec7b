"""What a client does about orders: placed once, told truly, and never lost with an await."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from decimal import Decimal

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

ACCOUNT = "DU1234567"
AAPL = ib.Stock("AAPL")
RESTING = ib.LimitOrder("BUY", 10, 100.0)
pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _prices(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)


async def test_resting_order_is_acknowledged_and_cancelled(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    trade = await ib_client.place(AAPL, RESTING, key="resting-1")

    assert (trade.key, trade.client_id, trade.account) == ("resting-1", 7, ACCOUNT)
    assert trade.perm_id is not None
    assert trade.status in {"PreSubmitted", "Submitted"}
    assert (trade.filled, trade.remaining) == (Decimal(0), Decimal(10))
    assert trade.average_price is None
    assert (trade.is_done, trade.repeated, trade.rejection) == (False, False, None)
    assert trade.order.limit_price == 100.0
    assert trade.contract.symbol == "AAPL"
    assert trade.submitted_at is not None
    assert trade.submitted_at.tzinfo is UTC
    assert mock_gateway.orders()[0].order_id == trade.order_id

    cancelled = await ib_client.cancel(trade)

    assert (cancelled.status, cancelled.is_done) == ("Cancelled", True)
    assert (trade.status, trade.is_done) == ("Cancelled", True)
    assert mock_gateway.orders()[0].status == "Cancelled"


async def test_market_order_fills_and_says_at_what_price(ib_client: ib.Client) -> None:
    trade = await ib_client.place(AAPL, ib.MarketOrder("BUY", "2"))
    outcome = await trade.done(timeout=5)

    assert outcome.status == "Filled"
    assert (outcome.filled, outcome.remaining) == (Decimal(2), Decimal(0))
    assert outcome.average_price == 190.1
    assert outcome.filled_at is not None
    (fill,) = outcome.fills
    execution = fill.execution
    assert (execution.cumulative_quantity, execution.average_price) == (
        execution.quantity,
        execution.price,
    )
    assert (execution.last_liquidity, execution.is_liquidation) == (2, False)
    assert (fill.execution.quantity, fill.execution.price) == (Decimal(2), 190.1)
    assert (fill.execution.action, fill.execution.account) == ("BUY", ACCOUNT)
    assert fill.execution.order_id == trade.order_id
    assert [event.status for event in outcome.log][-1] == "Filled"
    executions = await ib_client.executions()
    assert [each.execution.execution_id for each in executions] == [fill.execution.execution_id]


async def test_done_is_a_coroutine_that_tasks_and_timeouts_take(ib_client: ib.Client) -> None:
    trade = await ib_client.place(AAPL, RESTING)
    task = asyncio.create_task(trade.done())

    with pytest.raises(ib.RequestTimeout):
        await trade.done(timeout=0.05)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trade.done(), 0.05)
    await ib_client.cancel(trade.order_id)

    assert (await task).status == "Cancelled"
    assert (await (await task).done()).status == "Cancelled"


async def test_same_key_places_once(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    first = await ib_client.place(AAPL, RESTING, key="once")
    second = await ib_client.place(AAPL, RESTING, key="once")

    assert (first.repeated, second.repeated) == (False, True)
    assert first.order_id == second.order_id
    with pytest.raises(ib.DuplicateOrderKey, match="once"):
        await ib_client.place(AAPL, ib.LimitOrder("BUY", 11, 100.0), key="once")
    assert len(mock_gateway.orders()) == 1


async def test_cancelled_await_does_not_cancel_the_order(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    await ib_client.wait_ready()
    mock_gateway.inject(faults.Delay("place_order", 0.2))
    placing = asyncio.create_task(ib_client.place(AAPL, RESTING, key="abandoned"))
    await asyncio.sleep(0)
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing

    again = await ib_client.place(AAPL, RESTING, key="abandoned")

    assert again.repeated
    assert [order.order_ref for order in mock_gateway.orders()] == ["|abandoned"]


async def test_modified_order_shows_the_new_values(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    trade = await ib_client.place(AAPL, RESTING)

    changed = await ib_client.modify(trade, trade.order.replace(limit_price=101.0, quantity=5))

    assert changed.order_id == trade.order_id
    assert (changed.order.limit_price, changed.order.quantity) == (101.0, Decimal(5))
    assert (mock_gateway.orders()[0].limit_price, mock_gateway.orders()[0].quantity) == (101.0, 5)


async def test_rejection_carries_code_and_reason(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.inject(faults.RejectOrder(201, "Order rejected - reason: no margin"))

    with pytest.raises(ib.OrderRejected, match="no margin") as rejected:
        await ib_client.place(AAPL, RESTING)

    assert rejected.value.code == 201


async def test_silent_gateway_makes_the_outcome_unknown_and_names_the_key(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    await ib_client.wait_ready()
    mock_gateway.inject(faults.Mute("place_order"))

    with pytest.raises(ib.OrderOutcomeUnknown) as unknown:
        await ib_client.place(AAPL, RESTING, key="lost", timeout=0.2)

    assert unknown.value.key == "lost"


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (ib.MarketOrder("BUY", 0), "quantity"),
        (ib.MarketOrder("BUY", -1), "quantity"),
        (ib.LimitOrder("BUY", 1, float("nan")), "price"),
        (ib.LimitOrder("BUY", 1, float("inf")), "price"),
        (ib.LimitOrder("BUY", 1, -1.0), "price"),
        (ib.Order(action="BUY", quantity=1, order_type="STP"), "stop"),
    ],
)
async def test_order_that_makes_no_sense_is_refused_and_not_sent(
    order: ib.Order, rule: str, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: ib_client.place(AAPL, order),
        lambda: ib_client.check_order(AAPL, order),
    ]

    for call in calls:
        with pytest.raises(ib.OrderRefused) as refused:
            await call()
        assert refused.value.rule == rule
    assert mock_gateway.requests("place_order") == []


async def test_limits_refuse_what_exceeds_them(mock_gateway: MockGateway) -> None:
    limits = ib.RiskLimits(max_order_size=5)

    async with ib.connect(port=mock_gateway.port, risk=limits) as client:
        await client.check_order(AAPL, ib.LimitOrder("BUY", 5, 100.0))
        with pytest.raises(ib.OrderRefused, match="6"):
            await client.place(AAPL, ib.LimitOrder("BUY", 6, 100.0))

    assert mock_gateway.requests("place_order") == []


async def test_read_only_client_refuses_orders(mock_gateway: MockGateway) -> None:
    async with ib.connect(port=mock_gateway.port, read_only=True) as client:
        with pytest.raises(ib.ReadOnly):
            await client.place(AAPL, RESTING)

    assert mock_gateway.requests("place_order") == []


async def test_live_account_needs_consent() -> None:
    with MockGateway(accounts=["U7654321"]) as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        async with ib.connect(port=gateway.port) as client:
            assert not client.is_paper
            with pytest.raises(ib.LiveTradingDisabled):
                await client.place(AAPL, RESTING)
        async with ib.connect(port=gateway.port, allow_live=True) as client:
            assert (await client.place(AAPL, RESTING)).account == "U7654321"


async def test_trades_are_found_by_id_and_listed(ib_client: ib.Client) -> None:
    resting = await ib_client.place(AAPL, RESTING)
    filled = await ib_client.place(AAPL, ib.MarketOrder("BUY", 1))
    await filled.done(timeout=5)

    found = ib_client.trade(filled.order_id)

    assert found is not None
    assert found.status == "Filled"
    ids = {trade.order_id for trade in ib_client.trades()}
    assert ids == {resting.order_id, filled.order_id}
    assert [trade.order_id for trade in await ib_client.open_orders()] == [resting.order_id]
    completed = await ib_client.completed_orders()
    assert [trade.perm_id for trade in completed] == [filled.perm_id]


async def test_foreign_order_is_seen_and_left_alone(mock_gateway: MockGateway) -> None:
    async with ib.connect(port=mock_gateway.port, client_id=9) as other:
        theirs = await other.place(AAPL, RESTING)
        async with ib.connect(port=mock_gateway.port, client_id=7) as client:
            (seen,) = await client.open_orders()

            assert (seen.client_id, seen.perm_id) == (9, theirs.perm_id)
            with pytest.raises(ib.OrderError, match="belongs to client 9"):
                await client.cancel(seen)
            with pytest.raises(ib.OrderError, match="belongs to client 9"):
                await client.modify(seen, RESTING)
            with pytest.raises(ib.StateUnknown, match="not followed"):
                await seen.done()
        assert not theirs.is_done


async def test_cancelling_what_is_done_or_unknown_says_so(ib_client: ib.Client) -> None:
    filled = await ib_client.place(AAPL, ib.MarketOrder("BUY", 1))
    await filled.done(timeout=5)

    with pytest.raises(ib.OrderError) as refused:
        await ib_client.cancel(filled)
    assert refused.value.details["status"] == "Filled"
    with pytest.raises(ib.OrderError):
        await ib_client.cancel(987654)


async def test_cancel_all_counts_what_ended(ib_client: ib.Client) -> None:
    trades = [await ib_client.place(AAPL, RESTING) for _ in range(3)]

    assert await ib_client.cancel_all() == 3
    assert all(trade.status == "Cancelled" for trade in trades)


async def test_closing_the_client_ends_a_wait_for_an_order(mock_gateway: MockGateway) -> None:
    client = await ib.connect(port=mock_gateway.port, client_id=9)
    trade = await client.place(AAPL, RESTING)
    waiting = asyncio.create_task(trade.done())
    await asyncio.sleep(0)

    await client.close()

    with pytest.raises(ib.NotConnected):
        await waiting
    with pytest.raises(ib.NotConnected):
        await client.place(AAPL, RESTING)
