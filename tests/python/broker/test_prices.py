"""What a position is worth: the mark, else a quote, the last close, its cost; and it says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from aioibkr import IBKRBroker, StateUnknown
from aioibkr._broker_accounts import position_of
from aioibkr._broker_prices import Price
from aioibkr.broker import Position
from aioibkr.models import Position as Holding
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import PAPER

SETTING = "aioibkr._broker_prices.WITHIN"


@asynccontextmanager
async def broker_at(gateway: MockGateway) -> AsyncIterator[IBKRBroker]:
    """A broker that connects now, after what was injected."""
    broker = IBKRBroker(port=gateway.port, client_id=7)
    await broker.connect()
    try:
        yield broker
    finally:
        await broker.disconnect()


async def held_by(gateway: MockGateway) -> Position:
    """The first position that a new broker tells."""
    async with broker_at(gateway) as broker:
        (position,) = await broker.get_positions()
    return position


@pytest.fixture
def market(mock_gateway: MockGateway) -> MockGateway:
    """A gateway whose account holds 10 AAPL at 180, which trades at 190."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)
    return mock_gateway


async def test_first_positions_of_each_connect_are_at_the_mark(market: MockGateway) -> None:
    for _ in range(5):
        held = await held_by(market)
        figures = (held.market_price, held.market_value, held.unrealized_pnl)
        assert (*figures, held.price_source) == (190.0, 1900.0, 100.0, "mark")


async def test_without_a_mark_a_fresh_quote_prices(market: MockGateway) -> None:
    market.inject(faults.MissingMarks())

    held = await held_by(market)

    assert (held.market_price, held.price_source) == (190.0, "quote")
    assert (held.market_value, held.unrealized_pnl) == (1900.0, 100.0)


async def test_without_a_quote_the_last_close_prices(
    market: MockGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SETTING, 2.0)
    market.inject(faults.MissingMarks())
    market.inject(faults.Mute("tick_price"))

    held = await held_by(market)

    assert held.price_source == "close"
    assert held.market_value == pytest.approx(10 * held.market_price)


async def test_without_any_price_it_is_what_it_cost(
    market: MockGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SETTING, 0.2)
    market.inject(faults.MissingMarks())
    market.inject(faults.Mute("tick_price"))
    market.inject(faults.Mute("historical_data"))

    held = await held_by(market)

    assert (held.market_price, held.price_source) == (180.0, "average_cost")
    assert (held.market_value, held.unrealized_pnl) == (1800.0, 0.0)


async def test_what_has_no_mark_is_asked_for_once_in_a_while(market: MockGateway) -> None:
    market.inject(faults.MissingMarks())

    async with broker_at(market) as broker:
        for _ in range(10):
            await broker.get_positions()

    assert len(market.requests("req_mkt_data")) == 1


async def test_client_tells_no_price_where_ib_has_none(market: MockGateway) -> None:
    market.inject(faults.MissingMarks())

    async with broker_at(market) as broker:
        (held,) = await (await broker.client()).positions()

    assert (held.market_price, held.market_value) == (None, None)


async def test_portfolio_that_never_comes_ends_with_what_is_missing(market: MockGateway) -> None:
    market.inject(faults.Mute("acct_download_end"))

    async with broker_at(market) as broker:
        client = await broker.client()
        with pytest.raises(StateUnknown) as unknown:
            await client.positions(timeout=0.3)
        (held,) = await client.positions(priced=False)

    assert unknown.value.details["missing"] == "portfolio"
    assert unknown.value.details["account"] == PAPER
    assert held.quantity == 10


def test_multiplier_is_in_the_cost_and_not_in_the_price() -> None:
    contract = SimpleNamespace(symbol="ES", multiplier="50", currency="USD")
    unpriced = {"market_price": None, "market_value": None, "unrealized_pnl": None}
    told = SimpleNamespace(
        contract=contract,
        quantity=Decimal(-2),
        average_cost=250_000.0,
        realized_pnl=None,
        **unpriced,
    )
    holding = cast("Holding", told)

    at_cost, quoted = position_of(holding), position_of(holding, Price(5010.0, "quote"))

    assert (at_cost.market_price, at_cost.market_value, at_cost.unrealized_pnl) == (
        5000.0, -500_000.0, 0.0,
    )  # fmt: skip
    assert (quoted.market_value, quoted.unrealized_pnl) == (-501_000.0, -1000.0)
