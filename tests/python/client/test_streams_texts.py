"""Ticks that are texts, and computations of options, reach the streams of ticks like any other."""

import asyncio

import polars as pl
import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import all_served

AAPL = ib.Stock("AAPL")
DIVIDENDS = "0.96,1.00,20270210,0.25"
pytestmark = pytest.mark.anyio


async def first_of(stream: ib.TickStream, *fields: str) -> list[ib.Tick]:
    """The first tick of each field, in the order they came."""
    found: dict[str, ib.Tick] = {}
    async with asyncio.timeout(10):
        async for tick in stream:
            if tick.field in fields:
                found.setdefault(tick.field, tick)
            if len(found) == len(fields):
                break
    return list(found.values())


async def with_text(stream: ib.TickStream) -> ib.TickBatch:
    """The first batch that has a text."""
    async with asyncio.timeout(10):
        async for batch in stream.batches():
            if any(batch.text):
                return batch
    raise AssertionError("the stream ended")


async def test_ticks_that_are_texts_have_their_name_and_text(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_statistic("AAPL", "dividends", DIVIDENDS)
    async with ib_client.ticks(AAPL, generic_ticks=[233, 456]) as stream:
        await all_served(ib_client)
        mock_gateway.trade("AAPL", price=190.25, size=10)

        ticks = await first_of(stream, "dividends", "rt_volume")

    told = {tick.field: tick for tick in ticks}
    assert (told["dividends"].tick_type, told["dividends"].text) == (59, DIVIDENDS)
    assert told["rt_volume"].tick_type == 48
    assert len((told["rt_volume"].text or "").split(";")) == 6
    assert [(tick.price, tick.size) for tick in ticks] == [(None, None)] * 2
    assert f"text='{DIVIDENDS}'" in repr(told["dividends"])


async def test_texts_stand_in_their_rows_of_a_batch(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_statistic("AAPL", "dividends", DIVIDENDS)
    async with ib_client.ticks(AAPL, generic_ticks=[456]) as stream:
        batch = await with_text(stream)

    texts = batch.text
    assert len(texts) == len(batch)
    row = texts.index(DIVIDENDS)
    assert batch.tick_type[row] == 59
    assert [tick.text for tick in batch.to_list()] == texts
    frame = pl.DataFrame(batch)
    assert frame.schema["text"] == pl.String
    assert frame["text"].to_list() == texts
    assert batch.to_pandas()["text"].dropna().tolist() == [text for text in texts if text]


async def test_computations_of_an_option_are_ticks(ib_client: ib.Client) -> None:
    wanted = ib.Option("AAPL", "", 0, "C").replace(strike=None)
    option = (await ib_client.contract_details(wanted))[0].contract
    async with ib_client.ticks(option) as stream:
        ticks = await first_of(stream, "bid_option_computation", "model_option_computation")

    assert [(tick.tick_type, tick.text) for tick in ticks] == [(10, None), (13, None)]
