"""Quotes of a stream: the latest of each contract, whole, delayed where it says so, gaps told."""

from collections.abc import AsyncIterator

import pytest

import aioibkr as ib
from aioibkr.testing import Limits, MockGateway
from python.client.arrivals import first_where, the_next, until

AAPL, MSFT = ib.Stock("AAPL"), ib.Stock("MSFT")
pytestmark = pytest.mark.anyio


@pytest.fixture
async def quotes(mock_gateway: MockGateway, ib_client: ib.Client) -> AsyncIterator[ib.QuoteStream]:
    """An open stream of AAPL's quotes, with prices set."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0, bid_size=3)
    async with ib_client.quotes(AAPL) as stream:
        yield stream


async def test_a_quote_has_what_the_gateway_says_and_none_for_the_rest(
    quotes: ib.QuoteStream,
) -> None:
    quote = await first_where(aiter(quotes), lambda quote: quote.last == 190.0)

    assert (quote.bid, quote.ask, quote.bid_size) == (189.9, 190.1, 3.0)
    assert quote.mid == pytest.approx(190.0)
    assert quote.market_price == 190.0
    assert (quote.is_delayed, quote.market_data_type, quote.generation) == (False, "live", 1)
    assert (quote.halted, quote.model_greeks, quote.is_gap) == (None, None, False)
    assert quote.contract == quotes.contracts[0]
    assert 0 <= quote.age < 60


async def test_the_latest_quote_is_at_hand_without_reading(
    mock_gateway: MockGateway, quotes: ib.QuoteStream
) -> None:
    mock_gateway.set_price("AAPL", last=42.0)

    await until(lambda: (quote := quotes.latest(AAPL)) is not None and quote.last == 42.0)

    (contract,) = quotes.contracts
    assert quotes.latest(contract) == quotes.latest(AAPL)
    with pytest.raises(ib.ConfigError, match=r"MSFT.*not one of the stream's"):
        quotes.latest(MSFT)


async def test_an_unread_quote_is_replaced_and_counted(
    mock_gateway: MockGateway, quotes: ib.QuoteStream
) -> None:
    await until(lambda: has_last(quotes, AAPL))
    mock_gateway.flood("AAPL", count=1000)
    await until(lambda: (quote := quotes.latest(AAPL)) is not None and quote.last_size == 1000)

    (quote,) = await the_next(quotes.batches())

    assert (quote.last, quote.last_size) == (110.0, 1000.0)
    assert quotes.lost > 0


async def test_a_batch_is_a_list_of_every_contract_that_changed(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    for symbol, price in (("AAPL", 1.0), ("MSFT", 2.0)):
        mock_gateway.set_price(symbol, last=price)

    async with ib_client.quotes(AAPL, MSFT) as stream:
        await until(lambda: all(has_last(stream, contract) for contract in stream.contracts))
        batch = await the_next(stream.batches())

    assert {quote.contract.symbol: quote.last for quote in batch} == {"AAPL": 1.0, "MSFT": 2.0}


async def test_a_contract_named_twice_is_told_twice_over_one_line(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", last=42.0)

    async with ib_client.quotes(AAPL, AAPL) as stream:
        await until(lambda: has_last(stream, AAPL))
        batch = await the_next(stream.batches())
        (market_data, *_) = ib_client.health().lines

    assert len(stream.contracts) == len(batch) == 2
    assert market_data.used == 1


def has_last(stream: ib.QuoteStream, contract: ib.Contract) -> bool:
    """Whether a last price is known."""
    quote = stream.latest(contract)
    return quote is not None and quote.last is not None


async def test_a_lost_link_is_a_gap_without_values_and_quotes_go_on(
    mock_gateway: MockGateway, quotes: ib.QuoteStream
) -> None:
    items = aiter(quotes)
    await first_where(items, lambda quote: quote.last == 190.0)

    mock_gateway.drop_connections()
    gap = await first_where(items, lambda quote: quote.is_gap)
    resumed = await first_where(items, lambda quote: quote.last is not None)

    assert {gap.bid, gap.ask, gap.last, gap.mid, gap.market_price} == {None}
    assert "is_gap=True" in repr(gap)
    assert (resumed.last, resumed.generation, resumed.is_gap) == (190.0, 2, False)
    assert quotes.generation == 2


async def test_delayed_data_says_so_on_every_value(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    async with ib_client.ticks(AAPL) as ticks, ib_client.quotes(AAPL) as quotes:
        quote = await first_where(aiter(quotes), lambda quote: quote.last is not None)
        tick = await first_where(aiter(ticks), lambda tick: tick.field == "last")

    assert (quote.last, quote.is_delayed, quote.market_data_type) == (190.0, True, "delayed")
    assert (tick.price, tick.is_delayed, tick.tick_type) == (190.0, True, 68)


async def test_delayed_data_may_be_declined(mock_gateway: MockGateway) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)
    settings = ib.Settings(ibkr_port=mock_gateway.port, ibkr_delayed_data=False)

    async with ib.connect(settings=settings) as client, client.quotes(AAPL) as quotes:
        with pytest.raises(ib.NotEntitled) as refused:
            await first_where(aiter(quotes), lambda quote: quote.last is not None)

    assert refused.value.code in {354, 10089}
    assert refused.value.details["symbol"] == "AAPL"


async def test_a_refused_line_is_a_failure_and_the_others_go_on(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_entitlement("MSFT", live=True)
    mock_gateway.set_data_error("MSFT", 354)

    async with ib_client.quotes(AAPL, MSFT) as quotes:
        await until(lambda: bool(quotes.failures))
        mock_gateway.set_price("AAPL", last=42.0)
        quote = await first_where(aiter(quotes), lambda quote: quote.last == 42.0)

    ((contract, error),) = quotes.failures.items()
    assert (contract.symbol, type(error), error.code) == ("MSFT", ib.NotEntitled, 354)
    assert quote.contract.symbol == "AAPL"


async def test_what_the_gateway_advises_is_kept_and_the_line_lives(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_data_error("AAPL", 10090)
    mock_gateway.set_price("AAPL", last=42.0)

    async with ib_client.quotes(AAPL) as quotes:
        await first_where(aiter(quotes), lambda quote: quote.last == 42.0)
        await until(lambda: bool(quotes.advice))

    ((contract, advice),) = quotes.advice.items()
    assert (contract.symbol, advice.code) == ("AAPL", 10090)
    assert quotes.failures == {}


async def test_the_gateways_own_limit_ends_the_stream_and_no_quote_is_told() -> None:
    with MockGateway(limits=Limits(market_data_lines=0)) as gateway:
        async with ib.connect(port=gateway.port) as client, client.quotes(AAPL) as quotes:
            with pytest.raises(ib.LineLimit) as refused:
                await the_next(aiter(quotes))

    assert refused.value.code == 101
    assert quotes.latest(AAPL) is None


async def test_generic_ticks_are_asked_for_and_told(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.quotes(AAPL, generic_ticks=[236, 233]) as quotes:
        quote = await first_where(aiter(quotes), lambda quote: quote.shortable is not None)

    (request,) = mock_gateway.requests("req_mkt_data")
    assert request.fields["genericTickList"] == "236,233"
    assert (quote.shortable or 0) > 0
    assert (quote.shortable_shares or 0) > 0


async def test_an_option_has_greeks(ib_client: ib.Client, mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    described = ib.Contract(symbol="AAPL", security_type="OPT", strike=190.0, right="C")
    details = await ib_client.contract_details(described)
    option = details[3].contract

    async with ib_client.quotes(option) as quotes:
        quote = await first_where(aiter(quotes), lambda quote: quote.model_greeks is not None)

    greeks = quote.model_greeks
    assert greeks is not None
    assert 0 < (greeks.delta or 0) < 1
    assert (greeks.theta or 0) < 0
    assert min(greeks.implied_volatility or 0, greeks.gamma or 0, greeks.vega or 0) > 0
    assert (greeks.underlying_price or 0) == pytest.approx(190.0, rel=0.01)
    assert (greeks.option_price or 0) > 0
    assert greeks.pv_dividend is None or greeks.pv_dividend >= 0
    assert greeks == quote.model_greeks
    assert len({greeks, quote.model_greeks}) == 1
    assert f"Greeks(implied_volatility={greeks.implied_volatility}" in repr(greeks)
