"""The life of a stream: opening, refusals before anything is sent, closing, releasing lines."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from python.client.arrivals import all_served, first_where, the_next, until

AAPL, MSFT = ib.Stock("AAPL"), ib.Stock("MSFT")
Stream: TypeAlias = ib.Stream[Any, Any]
Open: TypeAlias = Callable[[ib.Client], Stream]
EVERY_KIND: list[Open] = [
    lambda client: client.quotes(AAPL),
    lambda client: client.ticks(AAPL),
    lambda client: client.ticks(AAPL, "Last"),
    lambda client: client.depth(AAPL),
    lambda client: client.realtime_bars(AAPL),
    lambda client: client.bars_stream(AAPL),
]
pytestmark = pytest.mark.anyio


def used(client: ib.Client) -> list[int]:
    """Lines in use: market data, depth, tick-by-tick."""
    return [usage.used for usage in client.health().lines]


@pytest.mark.parametrize("make", EVERY_KIND)
async def test_a_stream_that_is_not_open_says_how_to_open_it(
    make: Open, ib_client: ib.Client
) -> None:
    stream = make(ib_client)

    for use in (aiter, lambda s: s.batches(), lambda s: s.lost, lambda s: s.failures):
        with pytest.raises(ib.ConfigError, match="enter it with 'async with'"):
            use(stream)
    stream.close()


@pytest.mark.parametrize("make", EVERY_KIND)
async def test_a_stream_is_opened_once(make: Open, ib_client: ib.Client) -> None:
    async with make(ib_client) as stream:
        with pytest.raises(ib.ConfigError, match="opened already"):
            await stream.__aenter__()

    with pytest.raises(ib.ConfigError, match="opened already"):
        await stream.__aenter__()


@pytest.mark.parametrize("make", EVERY_KIND)
async def test_closing_ends_a_wait_and_closing_twice_does_nothing(
    make: Open, ib_client: ib.Client
) -> None:
    async with make(ib_client) as stream:
        reading = asyncio.create_task(read_out(stream))
        await asyncio.sleep(0)
        stream.close()
        stream.close()

        await asyncio.wait_for(reading, 5)

    with pytest.raises(StopAsyncIteration):
        await anext(aiter(stream))


async def test_a_stream_that_two_tasks_open_at_once_is_opened_once(ib_client: ib.Client) -> None:
    stream = ib_client.quotes(AAPL)

    outcomes = await asyncio.gather(
        stream.__aenter__(), stream.__aenter__(), return_exceptions=True
    )

    assert outcomes[0] is stream
    assert isinstance(outcomes[1], ib.ConfigError)
    assert len(await the_next(stream.batches())) > 0


async def test_an_opening_that_failed_may_be_tried_again(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    stream = ib_client.quotes(ib.Stock("NEWCO"))
    with pytest.raises(ib.ContractNotFound):
        await stream.__aenter__()
    mock_gateway.add_instrument("NEWCO", con_id=900_001, price=5.0)

    async with stream:
        quote = await first_where(aiter(stream), lambda quote: quote.bid is not None)

    assert quote.contract.contract_id == 900_001


async def read_out(stream: Stream) -> int:
    """Read to the end; count what came."""
    return len([item async for item in stream])


@pytest.mark.parametrize("make", EVERY_KIND)
async def test_closing_the_client_ends_iteration(make: Open, ib_client: ib.Client) -> None:
    async with make(ib_client) as stream:
        reading = asyncio.create_task(read_out(stream))
        await asyncio.sleep(0)
        await ib_client.close()

        await asyncio.wait_for(reading, 5)

    with pytest.raises(ib.NotConnected):
        async with make(ib_client):
            pass


@pytest.mark.parametrize(
    ("make", "asked", "withdrawn"),
    [
        (EVERY_KIND[0], "req_mkt_data", "cancel_mkt_data"),
        (EVERY_KIND[1], "req_mkt_data", "cancel_mkt_data"),
        (EVERY_KIND[2], "req_tick_by_tick_data", "cancel_tick_by_tick_data"),
        (EVERY_KIND[3], "req_mkt_depth", "cancel_mkt_depth"),
        (EVERY_KIND[4], "req_real_time_bars", "cancel_real_time_bars"),
        (EVERY_KIND[5], "req_historical_data", "cancel_historical_data"),
    ],
)
async def test_leaving_the_block_cancels_the_line(
    make: Open, asked: str, withdrawn: str, ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with make(ib_client):
        await until(lambda: len(mock_gateway.requests(asked)) == 1)

    await until(lambda: len(mock_gateway.requests(withdrawn)) == 1)
    assert used(ib_client) == [0, 0, 0]


async def test_a_stream_nobody_holds_any_more_releases_its_line(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    stream = ib_client.quotes(AAPL)
    await stream.__aenter__()
    assert used(ib_client) == [1, 0, 0]

    del stream
    gc.collect()

    await until(lambda: len(mock_gateway.requests("cancel_mkt_data")) == 1)
    assert used(ib_client) == [0, 0, 0]


async def test_single_items_can_be_awaited(ib_client: ib.Client, mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=1.0, ask=2.0, last=1.5)
    async with ib_client.quotes(AAPL) as quotes:
        first = await anext(quotes)
        mock_gateway.set_price("AAPL", last=1.75)
        while (await anext(quotes)).last != 1.75:
            pass

    assert first.contract.symbol == "AAPL"
    with pytest.raises(StopAsyncIteration):
        await anext(quotes)


async def test_a_stream_that_was_waited_for_releases_its_line_too(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    stream = ib_client.quotes(AAPL)
    await stream.__aenter__()
    mock_gateway.set_price("AAPL", last=1.0)
    await first_where(aiter(stream), lambda quote: quote.last == 1.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            _ = [quote async for quote in stream]
    mock_gateway.set_price("AAPL", last=2.0)
    await first_where(aiter(stream), lambda quote: quote.last == 2.0)

    del stream
    gc.collect()

    await until(lambda: len(mock_gateway.requests("cancel_mkt_data")) == 1)


async def test_a_reader_keeps_its_stream_open(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    stream = ib_client.ticks(AAPL)
    await stream.__aenter__()
    ticks = aiter(stream)
    await the_next(ticks)

    del stream
    gc.collect()
    mock_gateway.set_price("AAPL", last=42.0)

    assert (await first_where(ticks, lambda tick: tick.price == 42.0)).field == "last"
    assert used(ib_client) == [1, 0, 0]


async def test_a_line_is_cancelled_with_its_last_stream(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.quotes(AAPL), ib_client.ticks(AAPL):
        async with ib_client.quotes(AAPL, MSFT):
            assert used(ib_client) == [2, 0, 0]
        await until(lambda: len(mock_gateway.requests("cancel_mkt_data")) == 1)

        assert used(ib_client) == [1, 0, 0]

    await until(lambda: len(mock_gateway.requests("cancel_mkt_data")) == 2)
    assert len(mock_gateway.requests("req_mkt_data")) == 2


@pytest.mark.parametrize(
    ("make", "name"),
    [(EVERY_KIND[0], "market data"), (EVERY_KIND[2], "tick-by-tick"), (EVERY_KIND[3], "depth")],
)
async def test_a_line_too_many_is_refused_before_anything_is_sent(
    make: Open, name: str, mock_gateway: MockGateway
) -> None:
    none_left = {"market_data": 0, "depth": 0, "tick_by_tick": 0}

    async with ib.connect(port=mock_gateway.port, lines=none_left) as client:
        with pytest.raises(ib.LineLimit, match=f"1 more {name} lines would be 1 of 0") as refused:
            async with make(client):
                pass

    assert {key: int(refused.value.details[key]) for key in ("used", "wanted", "limit")} == {
        "used": 0,
        "wanted": 1,
        "limit": 0,
    }
    assert mock_gateway.requests("req_mkt_data") == []
    assert mock_gateway.requests("req_mkt_depth") == []


async def test_a_stream_takes_all_its_lines_or_none(mock_gateway: MockGateway) -> None:
    two_lines = ib.connect(port=mock_gateway.port, lines={"market_data": 2})

    async with two_lines as client, client.quotes(AAPL):
        with pytest.raises(ib.LineLimit, match="2 more market data lines would be 3 of 2"):
            await client.quotes(MSFT, ib.Stock("IBM")).__aenter__()
        assert used(client) == [1, 0, 0]

        async with client.quotes(AAPL, MSFT) as enough:
            assert len(await the_next(enough.batches())) > 0


@pytest.mark.parametrize("make", [lambda c, x: c.quotes(AAPL, x), lambda c, x: c.ticks([x, AAPL])])
async def test_an_unknown_or_ambiguous_contract_opens_nothing(
    make: Callable[[ib.Client, ib.Contract], Stream],
    ib_client: ib.Client,
    mock_gateway: MockGateway,
) -> None:
    with pytest.raises(ib.ContractNotFound, match="NOSUCHSYMBOL"):
        async with make(ib_client, ib.Stock("NOSUCHSYMBOL")):
            pass
    with pytest.raises(ib.AmbiguousContract) as ambiguous:
        async with make(ib_client, ib.Contract(symbol="AMB", security_type="STK", currency="")):
            pass

    assert ambiguous.value.details["candidates"]
    assert mock_gateway.requests("req_mkt_data") == []
    assert used(ib_client) == [0, 0, 0]


BAD: list[tuple[Open, str]] = [
    (lambda c: c.quotes(), "at least one contract"),
    (lambda c: c.ticks([]), "at least one contract"),
    (lambda c: c.ticks(AAPL, policy="wait"), 'policy "wait"'),  # type: ignore[call-overload]
    (lambda c: c.ticks(AAPL, capacity=0), "capacity 0"),
    (lambda c: c.ticks(AAPL, capacity=-1), "capacity -1"),
    (lambda c: c.ticks(AAPL, capacity=2**62), f"capacity {2**62}"),
    (lambda c: c.ticks(AAPL, "First"), 'kind "First": give one of Last, AllLast'),  # type: ignore[call-overload]
    (lambda c: c.ticks(AAPL, "Last", generic_ticks=[233]), "market data only"),  # type: ignore[call-overload]
    (lambda c: c.ticks(AAPL, generic_ticks=[0]), r"generic_ticks \[0\]"),
    (lambda c: c.quotes(AAPL, generic_ticks="236"), "generic_ticks"),  # type: ignore[arg-type]
    (lambda c: c.depth(AAPL, rows=0), "rows 0"),
    (lambda c: c.depth(AAPL, rows=1001), "rows 1001"),
    (lambda c: c.depth(AAPL, rows=2**40), f"rows {2**40}"),
    (lambda c: c.quotes(AAPL, timeout=float("nan")), "timeout NaN"),
    (lambda c: c.ticks(AAPL, timeout=float("inf")), "timeout inf"),
    (lambda c: c.depth(AAPL, timeout=0), "timeout 0"),
    (lambda c: c.realtime_bars(AAPL, timeout=-1), "timeout -1"),
    (lambda c: c.realtime_bars(AAPL, what_to_show="ALL"), 'what_to_show "ALL"'),
    (lambda c: c.bars_stream(AAPL, bar_size="7 mins"), 'bar_size "7 mins"'),
]


@pytest.mark.parametrize(("make", "complaint"), BAD, ids=[complaint for _, complaint in BAD])
async def test_an_argument_that_cannot_be_meant_is_refused_before_anything_is_sent(
    make: Open, complaint: str, ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        async with make(ib_client):
            pass

    assert mock_gateway.clients == [7]
    assert mock_gateway.requests("req_contract_data") == []


IN_A_MOMENT: list[Open] = [
    lambda client: client.quotes(AAPL, timeout=0.05),
    lambda client: client.ticks(AAPL, timeout=0.05),
    lambda client: client.ticks(AAPL, "Last", timeout=0.05),
    lambda client: client.depth(AAPL, timeout=0.05),
    lambda client: client.realtime_bars(AAPL, timeout=0.05),
    lambda client: client.bars_stream(AAPL, timeout=0.05),
]


@pytest.mark.parametrize("make", IN_A_MOMENT)
async def test_a_silent_gateway_ends_the_opening_at_its_timeout(
    make: Open, ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.inject(faults.Mute("req_contract_data"))

    with pytest.raises(ib.RequestTimeout, match=r"0\.05 s"):
        await make(ib_client).__aenter__()

    assert used(ib_client) == [0, 0, 0]


async def test_a_cancelled_opening_holds_no_line(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mute = mock_gateway.inject(faults.Mute("req_contract_data"))
    opening = asyncio.create_task(ib_client.quotes(AAPL).__aenter__())
    await until(lambda: len(mock_gateway.requests("req_contract_data")) == 1)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    mute.clear()

    await all_served(ib_client)

    assert used(ib_client) == [0, 0, 0]
    assert len(mock_gateway.requests("req_mkt_data")) == 1
