"""What the broker reads: account, summary, prices, quotes, bars, counters."""

import math
from datetime import UTC, date, datetime

import pytest

from aioibkr import IBKRBroker, Settings
from aioibkr.errors import ConfigError, ContractNotFound, IBKRError
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import PAPER, buy, until

SUMMARY = {
    "account_id", "total_value", "portfolio_value", "cash_balance", "invested_value",
    "buying_power", "margin_used", "margin_available", "open_positions", "num_positions",
    "total_market_value", "total_unrealized_pnl", "daily_pnl", "total_pnl", "positions",
    "currency", "cash_percentage", "day_trades_remaining",
}  # fmt: skip
METRICS = {
    "connections", "reconnections", "failures", "orders_placed", "orders_successful",
    "avg_connect_time_ms", "last_connect_time", "total_requests", "success_rate",
    "avg_latency_ms", "circuit_breaker_trips", "reconnection_attempts",
}  # fmt: skip
QUOTE = {"bid", "ask", "last", "volume", "high", "low", "close", "bid_size", "ask_size"}


async def test_account_has_its_figures_and_positions(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_position(PAPER, "AAPL", quantity=-10, average_cost=180.0)
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    async def arrived() -> bool:
        held = (await ib_broker.get_account()).positions
        return bool(held) and held[0].market_value == -1900.0

    await until(arrived)
    account = await ib_broker.get_account()

    assert account.account_id == PAPER
    assert account.currency == "USD"
    money = (account.cash_balance, account.portfolio_value, account.buying_power)
    assert all(math.isfinite(amount) and amount > 0 for amount in money)
    assert [held.quantity for held in account.positions] == [-10]


async def test_summary_has_its_keys_and_adds_up(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_account_value(PAPER, "NetLiquidation", 200_000.0)
    mock_gateway.set_account_value(PAPER, "TotalCashValue", 50_000.0)

    async def arrived() -> bool:
        account = await ib_broker.get_account()
        return (account.portfolio_value, account.cash_balance) == (200_000.0, 50_000.0)

    await until(arrived)
    summary = await ib_broker.get_portfolio_summary()

    assert set(summary) == SUMMARY
    assert summary["invested_value"] == 150_000.0
    assert summary["cash_percentage"] == 25.0
    assert summary["num_positions"] == summary["open_positions"] == 0


async def test_unknown_symbol_has_no_price(ib_broker: IBKRBroker) -> None:
    with pytest.raises(ValueError, match="NOSUCH") as failed:
        await ib_broker.get_market_price("NOSUCH")

    assert isinstance(failed.value.__cause__, ContractNotFound)
    assert ib_broker.is_connected


async def test_symbol_without_price_has_no_price(mock_gateway: MockGateway) -> None:
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_market_data_timeout=0.3)
    broker = IBKRBroker(settings=settings)
    mock_gateway.inject(faults.Mute("tick_price"))

    with pytest.raises(ValueError, match="AAPL") as failed:
        await broker.get_market_price("AAPL")

    assert isinstance(failed.value.__cause__, IBKRError)
    assert broker.is_connected
    await broker.disconnect()


async def test_subscribed_quote_is_there_at_once(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    assert ib_broker.get_quote("AAPL") is None

    await ib_broker.subscribe_market_data("aapl")

    quote = ib_broker.get_quote("AAPL")
    assert quote is not None
    assert set(quote) == QUOTE
    assert all(value is None or math.isfinite(value) for value in quote.values())
    assert any(quote[name] for name in ("bid", "ask", "last"))


async def test_subscribing_to_an_unknown_symbol_fails(ib_broker: IBKRBroker) -> None:
    with pytest.raises(ContractNotFound):
        await ib_broker.subscribe_market_data("NOSUCH")

    assert ib_broker.get_quote("NOSUCH") is None


async def test_bars_are_dictionaries_with_aware_dates(ib_broker: IBKRBroker) -> None:
    bars = await ib_broker.get_historical_bars("AAPL", duration="1 D", bar_size="1 hour")

    assert bars
    assert set(bars[0]) == {"date", "open", "high", "low", "close", "volume", "average", "count"}
    dates = [datetime.fromisoformat(str(bar["date"])) for bar in bars]
    assert dates == sorted(dates)
    assert dates[0].tzinfo is not None


ENDS: dict[str, datetime | date | str] = {
    "aware": datetime(2026, 1, 30, 21, tzinfo=UTC),
    "ISO": "2026-01-30T21:00:00+00:00",
    "IB": "20260130-21:00:00",
    "date": date(2026, 1, 30),
    "date as text": "2026-01-30",
    "now": "",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_bars_end_where_asked(ib_broker: IBKRBroker, end: datetime | date | str) -> None:
    bars = await ib_broker.get_historical_bars("AAPL", bar_size="1 hour", end_date=end)

    assert bars


@pytest.mark.parametrize("end", ["yesterday", "2026-01-30 21:00:00"])
async def test_end_that_would_be_guessed_is_refused(ib_broker: IBKRBroker, end: str) -> None:
    with pytest.raises(ConfigError, match="end_date"):
        await ib_broker.get_historical_bars("AAPL", end_date=end)


async def test_bar_size_that_ib_does_not_know_is_refused(ib_broker: IBKRBroker) -> None:
    with pytest.raises(IBKRError, match="7 parsecs"):
        await ib_broker.get_historical_bars("AAPL", bar_size="7 parsecs")

    assert (await ib_broker.get_account()).account_id == PAPER


async def test_metrics_go_on_after_a_disconnect(ib_broker: IBKRBroker) -> None:
    await ib_broker.place_order(buy(1))
    await ib_broker.disconnect()
    parted = ib_broker.get_metrics()

    await ib_broker.connect()
    reconnected = ib_broker.get_metrics()
    await ib_broker.get_positions()
    after = ib_broker.get_metrics()

    assert set(after) == METRICS
    assert (parted["connections"], reconnected["connections"]) == (1, 2)
    for name in ("orders_placed", "total_requests", "success_rate", "avg_latency_ms"):
        assert reconnected[name] == pytest.approx(parted[name]), name
    assert after["total_requests"] == int(parted["total_requests"] or 0) + 1
    assert str(after["last_connect_time"]) > str(parted["last_connect_time"])


async def test_metrics_have_their_keys_before_and_after(ib_broker: IBKRBroker) -> None:
    before = IBKRBroker().get_metrics()

    await ib_broker.place_order(buy(1))
    after = ib_broker.get_metrics()

    assert set(before) == set(after) == METRICS
    assert (before["connections"], after["connections"]) == (0, 1)
    assert (after["orders_placed"], after["orders_successful"]) == (1, 1)
    assert 0.0 <= float(after["success_rate"] or 0.0) <= 1.0
