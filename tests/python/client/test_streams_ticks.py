"""Ticks of a flood: every one arrives in order, or is counted as lost, however it is read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import (
    all_served,
    first_where,
    sizes_through,
    the_burst,
    the_next,
    until,
)

AAPL = ib.Stock("AAPL")
COUNT = 50_000
pytestmark = pytest.mark.anyio


def numbered(count: int) -> list[float]:
    """The sizes of a flood."""
    return [float(number) for number in range(1, count + 1)]


@pytest.fixture
async def ticks(ib_client: ib.Client) -> AsyncIterator[ib.TickStream]:
    """An open stream of ticks, read until the market is silent."""
    async with ib_client.ticks(AAPL) as stream:
        await the_burst(stream.batches())
        yield stream


async def drained(stream: ib.TickStream, count: int) -> list[float]:
    """Sizes received until, with those lost, they are ``count``; the line is silent by then."""
    sizes: list[float] = []
    batches = stream.batches()
    async with asyncio.timeout(20):
        while len(sizes) + stream.lost < count:
            sizes += (await anext(batches)).size.tolist()
    return sizes


async def test_every_tick_of_a_flood_arrives_in_order(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    mock_gateway.flood("AAPL", count=COUNT)

    sizes = await sizes_through(ticks.batches(), COUNT)

    assert sizes[-COUNT:] == numbered(COUNT)
    assert ticks.lost == 0


async def test_ticks_one_by_one_are_those_of_the_batches(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    mock_gateway.flood("AAPL", count=2000)

    seen = []
    async with asyncio.timeout(20):
        async for tick in ticks:
            seen.append(tick)
            if tick.size == 2000:
                break

    flood = seen[-2000:]
    assert [tick.size for tick in flood] == numbered(2000)
    assert flood[6].price == pytest.approx(100.07)
    assert {tick.field for tick in flood} == {"last"}
    assert {(tick.tick_type, tick.generation, tick.is_gap) for tick in flood} == {(4, 1, False)}


async def test_a_tick_says_what_it_is(ib_client: ib.Client, mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0, bid_size=3)

    async with ib_client.ticks(AAPL) as ticks:
        bid = await first_where(aiter(ticks), lambda tick: tick.field == "bid")

    assert (bid.price, bid.size, bid.tick_type) == (189.9, 3.0, 1)
    assert (bid.is_delayed, bid.is_gap, bid.attributes & 1) == (False, False, 1)
    assert bid.contract == ticks.contracts[0]
    assert bid.received_at.tzinfo is not None
    assert "field='bid', price=189.9" in repr(bid)


async def test_what_one_reader_left_of_a_batch_is_the_next_batch(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    mock_gateway.flood("AAPL", count=100)
    third = await first_where(aiter(ticks), lambda tick: tick.size == 3 and tick.field == "last")

    sizes = await sizes_through(ticks.batches(), 100)

    assert third.price == pytest.approx(100.03)
    assert sizes == numbered(100)[3:]


async def test_a_stopped_reader_loses_an_exact_count(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, capacity=1000) as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=COUNT)
        written = await asyncio.to_thread(mock_gateway.wait_floods)
        await until(lambda: stream.lost >= COUNT - 1000)

        sizes = await drained(stream, COUNT)

    assert len(sizes) + stream.lost == written == COUNT
    assert sizes == numbered(COUNT)[-len(sizes) :]
    assert 0 < len(sizes) <= 1000


async def test_a_blocking_stream_loses_nothing_though_a_read_brings_more_than_it_holds(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, capacity=100, policy="block") as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=COUNT)

        sizes = await sizes_through(stream.batches(), COUNT)

        assert sizes[-COUNT:] == numbered(COUNT)
        assert stream.lost == 0


async def test_a_failing_stream_hands_over_what_it_kept_then_says_how_many_are_lost(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks(AAPL, capacity=1000, policy="fail") as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=COUNT)
        await until(lambda: stream.lost > 0)

        sizes: list[float] = []
        with pytest.raises(ib.StreamLagged, match="beyond 1000"):
            await sizes_through(stream.batches(), COUNT, sizes)
        # It goes on counting what comes after it failed.
        await until(lambda: len(sizes) + stream.lost == COUNT)
        with pytest.raises(ib.StreamLagged) as failed:
            await sizes_through(stream.batches(), COUNT)

    assert failed.value.details["lost"] == str(stream.lost)
    assert len(sizes) <= 1000
    assert sizes == numbered(len(sizes))


async def test_linger_gathers_what_comes_along(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    began = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(the_next(ticks.batches(linger=1.0)))
    await asyncio.sleep(0)
    mock_gateway.flood("AAPL", count=500)
    await asyncio.to_thread(mock_gateway.wait_floods)
    mock_gateway.flood("AAPL", count=500)

    batch = await waiting

    assert asyncio.get_running_loop().time() - began >= 1.0
    assert batch.size.tolist() == numbered(500) * 2


@pytest.mark.parametrize("linger", [float("nan"), float("inf"), 0.0, -1.0])
async def test_a_linger_that_cannot_be_meant_is_refused(
    linger: float, ticks: ib.TickStream
) -> None:
    with pytest.raises(ib.ConfigError, match="linger"):
        ticks.batches(linger=linger)


async def test_a_wait_that_is_cancelled_over_and_over_loses_no_tick(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    items = aiter(ticks)
    sizes: list[float | None] = []
    mock_gateway.flood("AAPL", count=5000)

    cancelled = 0
    async with asyncio.timeout(20):
        while sizes[-1:] != [5000.0]:
            try:
                async with asyncio.timeout(1e-6):
                    sizes.append((await anext(items)).size)
            except TimeoutError:
                cancelled += 1

    assert sizes[-5000:] == numbered(5000)
    assert ticks.lost == 0
    assert cancelled > 0


async def test_tiny_waits_in_a_loop_lose_no_tick(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    items = aiter(ticks)
    sizes: list[float | None] = []
    mock_gateway.flood("AAPL", count=2000)

    async with asyncio.timeout(20):
        while sizes[-1:] != [2000.0]:
            with suppress(TimeoutError):
                sizes.append((await asyncio.wait_for(anext(items), 1e-5)).size)

    assert sizes[-2000:] == numbered(2000)


async def test_tasks_cancelled_while_they_wait_lose_no_tick(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    for _ in range(100):
        waiting = asyncio.create_task(the_next(ticks.batches()))
        await asyncio.sleep(0)
        waiting.cancel()
    mock_gateway.flood("AAPL", count=COUNT)

    sizes = await sizes_through(ticks.batches(), COUNT)

    assert sizes[-COUNT:] == numbered(COUNT)


async def test_several_readers_get_each_tick_once(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    received: list[float] = []

    async def read() -> None:
        async for batch in ticks.batches():
            received.extend(batch.size.tolist())

    readers = [asyncio.create_task(read()) for _ in range(4)]
    mock_gateway.flood("AAPL", count=COUNT)
    await until(lambda: len(received) >= COUNT)
    ticks.close()
    await asyncio.gather(*readers)

    assert sorted(received) == numbered(COUNT)


async def test_streams_of_one_contract_share_a_line_and_each_get_every_tick(
    ib_client: ib.Client, mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    async with ib_client.ticks(AAPL) as second:
        await all_served(ib_client)
        mock_gateway.flood("AAPL", count=COUNT)

        sizes = await asyncio.gather(
            sizes_through(ticks.batches(), COUNT), sizes_through(second.batches(), COUNT)
        )

    assert [received[-COUNT:] for received in sizes] == [numbered(COUNT)] * 2
    asked = mock_gateway.requests("req_mkt_data")
    assert [request.fields["contract.symbol"] for request in asked] == ["AAPL", "MSFT"]


async def test_ticks_of_several_contracts_are_told_apart_by_number(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_price("AAPL", last=1.25)
    mock_gateway.set_price("MSFT", last=2.5)

    async with ib_client.ticks([AAPL, ib.Stock("MSFT")]) as stream:
        items = aiter(stream)
        first = await first_where(items, lambda tick: tick.price == 1.25)
        second = await first_where(items, lambda tick: tick.price == 2.5)

    assert (first.contract.symbol, second.contract.symbol) == ("AAPL", "MSFT")
    assert [contract.symbol for contract in stream.contracts] == ["AAPL", "MSFT"]


async def test_a_lost_link_is_a_gap_and_ticks_go_on(
    mock_gateway: MockGateway, ticks: ib.TickStream
) -> None:
    mock_gateway.drop_connections()

    batches = ticks.batches()
    gap = await first_where(batches, lambda batch: batch.is_gap)
    resumed = await first_where(batches, lambda batch: not batch.is_gap)

    assert (len(gap), gap.generation) == (0, 1)
    assert gap.to_list() == []
    assert resumed.generation == ticks.generation == 2
    assert len(resumed) > 0


async def test_a_gap_is_told_for_each_contract(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.ticks([AAPL, ib.Stock("MSFT")]) as stream:
        items = aiter(stream)
        await the_next(items)
        mock_gateway.drop_connections()

        gap = await first_where(items, lambda tick: tick.is_gap)
        other = await the_next(items)
        resumed = await the_next(items)

    assert [gap.contract.symbol, other.contract.symbol] == ["AAPL", "MSFT"]
    assert (gap.price, gap.size, gap.tick_type, other.is_gap) == (None, None, -1, True)
    assert "is_gap=True" in repr(gap)
    assert (resumed.is_gap, resumed.generation) == (False, 2)


async def test_what_is_queued_can_be_read_after_closing(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.ticks(AAPL, capacity=16) as stream:
        await the_burst(stream.batches())
        mock_gateway.flood("AAPL", count=100)
        await until(lambda: stream.lost >= 50)
    stream.close()

    async with asyncio.timeout(5):
        rest = [tick.size async for tick in stream]

    assert rest
    assert rest == numbered(100)[int(rest[0] or 0) - 1 :][: len(rest)]
