"""The tick path: a flood reaches Python by column, whole and in order, or counted as lost."""

import asyncio

import pytest

import aioibkr
from aioibkr import _native
from aioibkr.testing import MockGateway

COUNT = 50_000
BURST = 11  # what the mock gateway tells a new subscriber of a stock
pytestmark = pytest.mark.anyio


def reader_of(gateway: MockGateway, **options: int) -> _native._TickReader:
    return _native._TickReader(gateway.host, gateway.port, 5007, ["AAPL"], **options)


async def sizes_until(reader: _native._TickReader, last: int) -> list[float]:
    """Sizes in arrival order, read until the tick numbered ``last``."""
    sizes: list[float] = []
    async with asyncio.timeout(20):
        async for batch in reader:
            sizes += batch.size.tolist()
            if sizes[-1] == last:
                break
    return sizes


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_timeout_that_cannot_be_meant_is_refused(timeout: float) -> None:
    with pytest.raises(aioibkr.ConfigError, match="timeout"):
        _native._TickReader("127.0.0.1", 4002, 5007, ["AAPL"], timeout=timeout)


async def test_every_tick_of_a_flood_arrives_in_order(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway)
    await asyncio.wait_for(first_batch(reader), 5)
    mock_gateway.flood("AAPL", count=COUNT)

    sizes = await sizes_until(reader, COUNT)

    assert sizes[-COUNT:] == [float(number) for number in range(1, COUNT + 1)]
    assert reader.lost == 0
    reader.close()


async def test_a_stopped_reader_loses_an_exact_count(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway, capacity=1000)
    burst = len(await asyncio.wait_for(first_batch(reader), 5))
    mock_gateway.flood("AAPL", count=COUNT)
    written = await asyncio.to_thread(mock_gateway.wait_floods)

    received = 0
    async with asyncio.timeout(20):
        while received + reader.lost < written:
            received += len(await first_batch(reader))

    assert burst == BURST
    assert reader.lost > 0
    assert received + reader.lost == written == COUNT
    reader.close()


async def test_columns_are_read_only_memory(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway)
    batch = await asyncio.wait_for(first_batch(reader), 5)

    view = batch.price

    assert (view.format, view.itemsize, view.readonly) == ("d", 8, True)
    assert len(view) == len(batch) == len(batch.attributes)
    with pytest.raises(TypeError):
        view[0] = 1.0
    reader.close()


async def test_a_column_outlives_its_batch(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway)
    batch = await asyncio.wait_for(first_batch(reader), 5)
    expected = batch.tick_type.tolist()

    view = batch.tick_type
    del batch

    assert view.tolist() == expected
    reader.close()


async def test_a_cancelled_wait_loses_no_tick(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway)
    await asyncio.wait_for(first_batch(reader), 5)
    for _ in range(100):
        waiting = asyncio.create_task(first_batch(reader))
        await asyncio.sleep(0)
        waiting.cancel()
    mock_gateway.flood("AAPL", count=COUNT)

    sizes = await sizes_until(reader, COUNT)

    assert sizes[-COUNT:] == [float(number) for number in range(1, COUNT + 1)]
    reader.close()


async def test_a_lost_gateway_ends_the_stream(mock_gateway: MockGateway) -> None:
    reader = reader_of(mock_gateway)
    await asyncio.wait_for(first_batch(reader), 5)

    mock_gateway.drop_connections()

    async with asyncio.timeout(5):
        async for _ in reader:
            pass


async def first_batch(reader: _native._TickReader) -> _native.TickBatch:
    return await anext(reader)
