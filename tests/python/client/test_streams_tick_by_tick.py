"""Trades, quotes and midpoints one by one: what each kind tells, whole and in order."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import aioibkr as ib
from aioibkr.models import TickByTick
from aioibkr.testing import MockGateway
from python.client.arrivals import all_served, first_where, the_next

AAPL = ib.Stock("AAPL")
pytestmark = pytest.mark.anyio


async def test_a_trade_has_price_size_exchange_and_time(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, "AllLast") as trades:
        await all_served(ib_client)
        mock_gateway.trade("AAPL", price=190.5, size=7)
        trade = await first_where(aiter(trades), lambda trade: trade.price == 190.5)

    assert (trade.size, trade.ask, trade.ask_size) == (7.0, None, None)
    assert trade.exchange
    assert isinstance(trade.conditions, str)
    assert isinstance(trade.attributes, int)
    assert trade.time is not None
    assert abs(datetime.now(UTC) - trade.time) < timedelta(minutes=1)
    assert abs(trade.received_at - trade.time) < timedelta(minutes=1)
    assert (trade.contract, trade.generation, trade.is_gap) == (trades.contracts[0], 1, False)
    assert "price=190.5, size=7.0" in repr(trade)


async def test_a_quote_has_both_sides(ib_client: ib.Client, mock_gateway: MockGateway) -> None:
    async with ib_client.ticks(AAPL, "BidAsk") as quotes:
        await all_served(ib_client)
        mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, bid_size=3, ask_size=4)
        quote = await first_where(aiter(quotes), lambda quote: quote.bid == 189.9)

    assert (quote.ask, quote.bid_size, quote.ask_size) == (190.1, 3.0, 4.0)
    assert (quote.price, quote.size) == (quote.bid, quote.bid_size)
    assert (quote.exchange, quote.conditions) == ("", "")


async def test_a_midpoint_has_a_price_alone(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, "MidPoint") as middles:
        await all_served(ib_client)
        mock_gateway.set_price("AAPL", bid=180.0, ask=182.0)
        middle = await first_where(aiter(middles), lambda middle: middle.price == 181.0)

    assert (middle.size, middle.ask, middle.ask_size) == (None, None, None)


async def test_batches_hold_every_trade_in_order(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, "Last") as trades:
        await all_served(ib_client)
        for size in range(1, 301):
            mock_gateway.trade("AAPL", price=190.0, size=size)

        batches = trades.batches()
        told: list[TickByTick] = []
        while not told or told[-1].size != 300:
            told += (await the_next(batches)).to_list()

    assert [trade.size for trade in told] == [float(size) for size in range(1, 301)]
    assert trades.lost == 0


async def test_columns_name_exchanges_by_number(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, "AllLast") as trades:
        await all_served(ib_client)
        mock_gateway.trade("AAPL", price=190.5, size=7)
        batch = await the_next(trades.batches())

    (trade,) = batch.to_list()
    assert (batch.price[0], batch.size[0], len(batch)) == (190.5, 7.0, 1)
    assert (batch.text(batch.exchange[0]), batch.text(0)) == (trade.exchange, "")
    assert batch.text(batch.conditions[0]) == trade.conditions
    assert trade.time is not None
    assert batch.exchange_time[0] == trade.time.timestamp()
    assert batch.contracts == trades.contracts
    assert (batch.generation, batch.is_gap, batch.contract[0]) == (1, False, 0)
    assert batch.time[0] // 10**9 == int(trade.received_at.timestamp())
    assert batch.attributes[0] == trade.attributes
    assert math.isnan(batch.ask[0])
    assert math.isnan(batch.ask_size[0])


async def test_a_lost_link_is_a_gap_and_trades_go_on(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, "Last") as trades:
        items = aiter(trades)
        await all_served(ib_client)
        mock_gateway.drop_connections()
        gap = await first_where(items, lambda trade: trade.is_gap)
        await all_served(ib_client)
        mock_gateway.trade("AAPL", price=190.5, size=7)
        trade = await first_where(items, lambda trade: trade.price is not None)

    assert (gap.time, gap.price, gap.bid_size, gap.generation) == (None, None, None, 1)
    assert (gap.contract, gap.exchange) == (trades.contracts[0], "")
    assert "is_gap=True" in repr(gap)
    assert (trade.price, trade.generation) == (190.5, 2)


@pytest.mark.parametrize(
    ("kind", "asked"), [("Last", "Last"), ("AllLast", "AllLast"), ("MidPoint", "MidPoint")]
)
async def test_the_kind_asked_for_is_the_one_named(
    kind: str, asked: str, ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    open_ticks: Callable[..., ib.TickByTickStream] = ib_client.ticks
    async with open_ticks(AAPL, kind):
        await all_served(ib_client)

    (request,) = mock_gateway.requests("req_tick_by_tick_data")
    assert request.fields["tickType"] == asked
