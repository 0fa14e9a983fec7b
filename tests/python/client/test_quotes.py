"""What a quote says of a market besides its prices, and when each field was told."""

from typing import get_args

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio


@pytest.fixture
async def quote(mock_gateway: MockGateway, ib_client: ib.Client) -> ib.Quote:
    """One quote of a market with a bid, an ask and a last trade."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    return await ib_client.quote(ib.Stock("AAPL"))


async def test_quote_knows_when_each_field_was_told(quote: ib.Quote) -> None:
    told = [quote.time_of(field) for field in ("bid", "ask", "last", "bid_size")]

    assert all(time is not None and time <= quote.received_at for time in told)
    assert quote.received_at in {quote.time_of(field) for field in get_args(ib.models.QuoteField)}
    assert quote.time_of("model_greeks") is None


async def test_every_field_with_a_time_is_a_field_of_the_quote(quote: ib.Quote) -> None:
    for field in get_args(ib.models.QuoteField):
        told = quote.time_of(field)

        assert told is not None or getattr(quote, field) is None, field


async def test_field_that_is_none_of_the_market_is_refused_with_all_that_are(
    quote: ib.Quote,
) -> None:
    names = ", ".join(get_args(ib.models.QuoteField))

    with pytest.raises(ib.ConfigError, match=f'field "mid": give one of {names}$'):
        quote.time_of("mid")  # type: ignore[arg-type]


async def test_what_nobody_told_is_none(quote: ib.Quote) -> None:
    greeks = (quote.bid_greeks, quote.ask_greeks, quote.last_greeks, quote.model_greeks)
    exchanges = (quote.bid_exchange, quote.ask_exchange, quote.last_exchange)
    borrowing = (quote.shortable, quote.shortable_shares)

    assert {*greeks, *exchanges, *borrowing, quote.mark, quote.halted} == {None}
    assert quote.min_tick == 0.01, "the gateway tells the step with the first ticks"
    assert quote.is_gap is False
    assert "is_gap" not in repr(quote)


async def test_quotes_are_frozen(quote: ib.Quote) -> None:
    with pytest.raises(AttributeError):
        quote.halted = True  # type: ignore[misc]


async def test_a_future_may_trade_at_zero_and_below(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    (future, *_) = await ib_client.contract_details(ib.Future("ES", "", "CME"))
    mock_gateway.set_price("ES", bid=-1.0, ask=0.0, last=-1.0, bid_size=5, ask_size=6, last_size=1)

    once = await ib_client.quote(future.contract)
    async with ib_client.quotes(future.contract) as quotes:
        live = await anext(quotes)
        while live.last is None:
            live = await anext(quotes)

    for quote in (once, live):
        assert (quote.bid, quote.ask, quote.last, quote.market_price) == (-1.0, 0.0, -1.0, -1.0)


async def test_the_quote_of_an_option_has_its_greeks_and_its_step(ib_client: ib.Client) -> None:
    chain = ib.Contract(symbol="AAPL", security_type="OPT", exchange="SMART", currency="USD")
    option = (await ib_client.contract_details(chain))[3].contract

    quote = await ib_client.quote(option)

    assert quote.model_greeks is not None
    assert quote.model_greeks.delta is not None
    assert quote.min_tick is not None
