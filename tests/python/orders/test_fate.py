"""The fate of an order follows from all the gateway says, and a cancel stays asked for."""

import asyncio
import time
from decimal import Decimal

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from python.client.arrivals import until
from python.orders.relay import (
    CANCEL,
    GLOBAL_CANCEL,
    cut,
    next_order_id,
    refuse,
    relayed,
    remark,
)

AAPL = ib.Stock("AAPL")
RESTING = ib.LimitOrder("BUY", 10, 50.0)
BRISK = ib.Reconnect(first=0.02, longest=0.1, jitter_percent=0)
pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _prices(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)


async def test_an_order_that_no_list_shows_has_ended(mock_gateway: MockGateway) -> None:
    async with ib.connect(port=mock_gateway.port, client_id=7, reconnect=BRISK) as client:
        alerts: list[object] = []
        client.on("alert", lambda _level, kind, _message, _context: alerts.append(kind))
        trade = await client.place(AAPL, RESTING.replace(time_in_force="GTC"), key="away")
        mock_gateway.down()
        await until(lambda: not client.is_connected)
        mock_gateway.fill("AAPL", quantity=10, price=50.0)
        mock_gateway.pass_midnight()
        mock_gateway.up()

        with pytest.raises(ib.OrderOutcomeUnknown, match="0 of 10 known to be filled"):
            await trade.done(timeout=10)

        assert (trade.status, trade.is_done) == ("Unknown", True)
        assert await client.open_orders() == []
        await until(lambda: "order_unknown" in alerts)
        with pytest.raises(ib.OrderError):
            await client.cancel(trade)


async def test_an_order_that_filled_while_the_link_was_down_is_told_so(
    mock_gateway: MockGateway,
) -> None:
    async with ib.connect(port=mock_gateway.port, client_id=7, reconnect=BRISK) as client:
        trade = await client.place(AAPL, RESTING)
        mock_gateway.down()
        await until(lambda: not client.is_connected)
        mock_gateway.fill("AAPL", quantity=10, price=50.0)
        mock_gateway.up()

        done = await trade.done(timeout=10)

        assert (done.status, done.filled, done.average_price) == ("Filled", Decimal(10), 50.0)


async def test_a_remark_before_the_first_word_ends_nothing(mock_gateway: MockGateway) -> None:
    async with (
        relayed(mock_gateway.port, remark(481, "Order size was reduced")) as port,
        ib.connect(port=port, client_id=7) as client,
    ):
        trade = await client.place(AAPL, RESTING, key="once")

        assert (trade.status, trade.rejection) == ("Submitted", None)
        assert 481 in [line.code for line in trade.log]
        assert len(mock_gateway.orders()) == 1


@pytest.mark.parametrize("code", [19999, 10329])
async def test_a_word_nobody_knows_ends_no_order_that_works(
    code: int, mock_gateway: MockGateway
) -> None:
    async with (
        relayed(mock_gateway.port, remark(code, "A word from a newer gateway")) as port,
        ib.connect(port=port, client_id=7) as client,
    ):
        trade = await client.place(AAPL, RESTING)

        assert (trade.status, trade.rejection) == ("Submitted", None)


async def test_a_word_nobody_knows_refuses_an_order_that_no_list_shows(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.inject(faults.RejectOrder(code=19999, message="A word from a newer gateway"))

    with pytest.raises(ib.OrderRejected, match="A word from a newer gateway") as caught:
        await ib_client.place(AAPL, RESTING, timeout=8)

    assert caught.value.code == 19999
    assert mock_gateway.requests("req_all_open_orders")


async def test_a_cancel_outlives_the_link_that_took_it(mock_gateway: MockGateway) -> None:
    async with (
        relayed(mock_gateway.port, answer=cut(CANCEL)) as port,
        ib.connect(port=port, client_id=7, reconnect=BRISK) as client,
    ):
        trade = await client.place(AAPL, RESTING)

        assert (await client.cancel(trade, timeout=10)).status == "Cancelled"

        assert len(mock_gateway.requests("cancel_order")) == 1


async def test_a_cancel_is_sent_again_after_its_caller_gave_up(mock_gateway: MockGateway) -> None:
    patient = ib.Reconnect(first=0.5, longest=0.5, jitter_percent=0)
    async with (
        relayed(mock_gateway.port, answer=cut(CANCEL)) as port,
        ib.connect(port=port, client_id=7, reconnect=patient) as client,
    ):
        trade = await client.place(AAPL, RESTING)

        with pytest.raises(ib.OrderOutcomeUnknown):
            await client.cancel(trade, timeout=0.2)

        await until(lambda: trade.status == "Cancelled")


async def test_a_cancel_of_everything_is_sent_again(mock_gateway: MockGateway) -> None:
    async with (
        relayed(mock_gateway.port, answer=cut(GLOBAL_CANCEL)) as port,
        ib.connect(port=port, client_id=7, reconnect=BRISK) as client,
    ):
        trades = [await client.place(AAPL, RESTING) for _ in range(3)]

        assert await client.cancel_all(timeout=10) == 3

        assert {trade.status for trade in trades} == {"Cancelled"}
        assert len(mock_gateway.requests("req_global_cancel")) == 1


async def test_a_refused_cancel_is_not_sent_again(mock_gateway: MockGateway) -> None:
    seen: list[int] = []
    text = "Cancel attempted when order is not in a cancellable state."
    async with (
        relayed(mock_gateway.port, answer=refuse(CANCEL, 161, text, seen)) as port,
        ib.connect(port=port, client_id=7, reconnect=BRISK) as client,
    ):
        trade = await client.place(AAPL, RESTING)
        with pytest.raises(ib.OrderError, match="not in a cancellable state"):
            await client.cancel(trade, timeout=5)

        generation = client.generation
        mock_gateway.drop_connections()
        await until(lambda: client.generation > generation)
        await client.wait_ready()

        assert seen == [CANCEL]
        assert trade.status == "Submitted"


async def test_an_unreadable_order_message_holds_up_nobody(mock_gateway: MockGateway) -> None:
    async with (
        ib.connect(port=mock_gateway.port, client_id=7) as client,
        ib.connect(port=mock_gateway.port, client_id=8) as other,
    ):
        trade, theirs = await client.place(AAPL, RESTING), await other.place(AAPL, RESTING)
        mock_gateway.inject(faults.Garbage("open_order", count=1, client=7))
        reads = [client.contract_details(ib.Stock(f"X{n}"), timeout=9) for n in range(60)]
        reading = asyncio.gather(*reads, return_exceptions=True)
        placing = asyncio.gather(
            *(client.place(AAPL, RESTING, timeout=1) for _ in range(10)), return_exceptions=True
        )
        began = time.monotonic()

        await asyncio.gather(client.cancel(trade, timeout=3), other.cancel(theirs, timeout=3))
        await placing

        assert time.monotonic() - began < 4
        await reading


async def test_open_orders_are_what_the_gateway_has_now(mock_gateway: MockGateway) -> None:
    one = ib.RiskLimits(max_open_orders=1)
    async with (
        ib.connect(port=mock_gateway.port, client_id=9) as other,
        ib.connect(port=mock_gateway.port, client_id=7, risk=one) as client,
    ):
        await client.wait_ready()
        theirs = await other.place(AAPL, RESTING)
        assert [trade.client_id for trade in await client.open_orders()] == [9]
        await other.cancel(theirs)

        # Nobody listed orders since: the rule looks before it refuses.
        await asyncio.sleep(1.1)
        trade = await client.place(AAPL, ib.LimitOrder("BUY", 1, 50.0))

        assert [found.order_id for found in await client.open_orders()] == [trade.order_id]


async def test_orders_entered_by_hand_are_bound_by_client_0(mock_gateway: MockGateway) -> None:
    mock_gateway.place_manual_order("AAPL", "BUY", 1, order_type="LMT", limit_price=50.0)
    async with ib.connect(port=mock_gateway.port, client_id=0) as client:
        (order,) = await client.open_orders()

        assert order.order_id < 0
        assert (await client.cancel(order)).status == "Cancelled"


async def test_a_change_of_unknown_outcome_is_settled_by_the_completed_order(
    mock_gateway: MockGateway,
) -> None:
    async with ib.connect(port=mock_gateway.port, client_id=7, reconnect=BRISK) as client:
        trade = await client.place(AAPL, RESTING)
        muted = [mock_gateway.inject(faults.Mute(kind)) for kind in ("open_order", "order_status")]
        with pytest.raises(ib.OrderOutcomeUnknown):
            await client.modify(trade, trade.order.replace(limit_price=60.0), timeout=0.3)
        mock_gateway.down()
        await until(lambda: not client.is_connected)
        mock_gateway.fill("AAPL", quantity=10, price=59.0)
        for silence in muted:
            silence.clear()
        mock_gateway.up()

        await until(lambda: trade.is_done and trade.order.limit_price == 60.0)

        assert (trade.status, trade.order.quantity) == ("Filled", Decimal(10))


async def test_a_commission_that_is_not_computed_is_none(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    told: list[float | None] = []

    def note(fill: ib.Fill) -> None:
        assert fill.commission is not None
        told.append(fill.commission.amount)

    ib_client.on("commission", note)
    mock_gateway.inject(faults.PendingCommission(seconds=0.5))

    trade = await ib_client.place(AAPL, ib.MarketOrder("BUY", 10))
    await trade.done(timeout=5)

    assert trade.commission is None
    await until(lambda: bool(told))
    assert all(amount is not None and amount > 0 for amount in told)
    assert trade.commission == told[-1]


async def test_a_rebate_is_told(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    mock_gateway.set_commission("AAPL", per_unit=-0.01)

    trade = await ib_client.place(AAPL, ib.MarketOrder("BUY", 50))
    await trade.done(timeout=5)

    await until(lambda: trade.commission is not None)
    assert trade.commission is not None
    assert trade.commission < 0


@pytest.mark.parametrize("price", [-37.5, 0.0])
async def test_futures_may_be_bought_at_and_below_zero(price: float, ib_client: ib.Client) -> None:
    future = (await ib_client.contract_details(ib.Future("ES", "", "CME")))[0].contract

    trade = await ib_client.place(future, ib.LimitOrder("BUY", 1, price))

    assert trade.order.limit_price == price
    with pytest.raises(ib.OrderRefused, match="is not a number above 0"):
        await ib_client.place(AAPL, ib.LimitOrder("BUY", 1, price))


async def test_a_next_order_id_that_orders_cannot_have_is_named(
    mock_gateway: MockGateway,
) -> None:
    async with relayed(mock_gateway.port, next_order_id(1_767_693_324)) as port:
        with pytest.raises(ib.IBKRConnectionError, match=r"1767693324.* reset the order ids"):
            await ib.connect(port=port, timeout=5)


async def test_a_combination_is_refused_at_once(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    combo = ib.Contract(security_type="BAG", symbol="AAPL", exchange="SMART", currency="USD")

    with pytest.raises(ib.OrderRefused, match="legs of a combination") as caught:
        await ib_client.place(combo, ib.LimitOrder("BUY", 1, -0.25))

    assert caught.value.details["rule"] == "combo_legs"
    assert not mock_gateway.requests("place_order")
    assert not mock_gateway.requests("req_contract_data")
