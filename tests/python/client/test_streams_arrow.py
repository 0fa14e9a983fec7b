"""Columns leave Rust without a copy: as memory, as numpy arrays, as Arrow, as data frames."""

import gc
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import all_served, first_where, the_next

AAPL = ib.Stock("AAPL")
COLUMNS = ["time", "open", "high", "low", "close", "volume", "average", "count"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def batch(mock_gateway: MockGateway, ib_client: ib.Client) -> ib.TickBatch:
    """The first ticks of a stock: prices with sizes, and sizes without a price."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    async with ib_client.ticks([ib.Stock("MSFT"), AAPL]) as stream:
        batches = stream.batches()
        return await first_where(batches, lambda batch: 1 in batch.contract)


@pytest.fixture
async def trades(mock_gateway: MockGateway, ib_client: ib.Client) -> ib.TickByTickBatch:
    """One trade, tick by tick."""
    async with ib_client.ticks(AAPL, "AllLast") as stream:
        await all_served(ib_client)
        mock_gateway.trade("AAPL", price=190.5, size=7)
        return await first_where(stream.batches(), lambda batch: 190.5 in batch.price)


async def test_columns_are_read_only_memory(batch: ib.TickBatch) -> None:
    view = batch.price

    assert (view.format, view.itemsize, view.readonly) == ("d", 8, True)
    assert len(view) == len(batch) == len(batch.attributes)
    with pytest.raises(TypeError):
        view[0] = 1.0


async def test_a_column_outlives_its_batch(batch: ib.TickBatch) -> None:
    expected = batch.tick_type.tolist()

    view = batch.tick_type
    del batch
    gc.collect()

    assert view.tolist() == expected


async def test_numpy_sees_the_very_memory_of_a_column(batch: ib.TickBatch) -> None:
    first, second = np.asarray(batch.price), np.asarray(batch.price)

    assert np.shares_memory(first, second)
    assert first.dtype == np.float64
    assert (first.flags.writeable, first.flags.owndata) == (False, False)
    assert np.asarray(batch.time).dtype == np.int64
    assert np.array_equal(first, batch.price.tolist(), equal_nan=True)


async def test_ticks_export_arrow_with_nulls_symbols_and_utc(batch: ib.TickBatch) -> None:
    frame = pl.DataFrame(batch)

    assert frame.schema["time"] == pl.Datetime("ns", "UTC")
    assert [frame.schema[name] for name in ("contract", "tick_type", "price", "attributes")] == [
        pl.Int32,
        pl.Int32,
        pl.Float64,
        pl.UInt8,
    ]
    assert frame["contract"].to_list() == batch.contract.tolist()
    assert frame["time"].cast(pl.Int64).to_list() == batch.time.tolist()
    symbols = [batch.contracts[number].symbol for number in batch.contract]
    assert frame["symbol"].cast(pl.String).to_list() == symbols
    known = [None if np.isnan(price) else price for price in batch.price]
    assert frame["price"].to_list() == known
    assert None in known


async def test_arrow_shares_the_memory_of_the_columns(batch: ib.TickBatch) -> None:
    series = pl.DataFrame(batch)["attributes"]

    assert np.shares_memory(series.to_numpy(allow_copy=False), np.asarray(batch.attributes))


async def test_an_export_outlives_its_batch_and_can_be_repeated(batch: ib.TickBatch) -> None:
    sizes = [None if np.isnan(size) else size for size in batch.size]

    frames = [pl.DataFrame(batch) for _ in range(3)]
    unused = batch.__arrow_c_array__()
    del batch, unused
    gc.collect()

    assert [frame["size"].to_list() for frame in frames] == [sizes] * 3


async def test_a_schema_that_is_asked_for_is_not_in_the_way(batch: ib.TickBatch) -> None:
    wanted = batch.__arrow_c_schema__()

    capsules = (wanted, *batch.__arrow_c_array__(requested_schema=wanted))

    names = ["arrow_schema", "arrow_schema", "arrow_array"]
    assert [
        f'"{name}"' in repr(capsule) for name, capsule in zip(names, capsules, strict=True)
    ] == [
        True,
        True,
        True,
    ]


async def test_an_empty_batch_exports_the_same_schema(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.ticks(AAPL) as stream:
        batches = stream.batches()
        ticks = await the_next(batches)
        mock_gateway.drop_connections()
        gap = await first_where(batches, lambda batch: batch.is_gap)

    assert pl.DataFrame(gap).schema == pl.DataFrame(ticks).schema
    assert (len(pl.DataFrame(gap)), len(gap.to_polars()), len(gap.to_pandas())) == (0, 0, 0)


async def test_contracts_of_one_symbol_keep_their_numbers_in_arrow(
    ib_client: ib.Client,
) -> None:
    described = ib.Contract(symbol="AAPL", security_type="OPT", strike=190.0, right="C")
    option = (await ib_client.contract_details(described))[0].contract

    async with ib_client.ticks([AAPL, option]) as stream:
        batch = await first_where(stream.batches(), lambda batch: 1 in batch.contract)

    frame = pl.DataFrame(batch)
    assert frame["contract"].to_list() == batch.contract.tolist()
    assert set(frame["symbol"].cast(pl.String)) == {"AAPL"}


async def test_trades_export_names_of_exchanges(trades: ib.TickByTickBatch) -> None:
    frame = pl.DataFrame(trades)

    row = frame.row(list(trades.price).index(190.5), named=True)
    assert (row["price"], row["size"], row["ask"], row["ask_size"]) == (190.5, 7.0, None, None)
    assert row["symbol"] == "AAPL"
    assert row["exchange"] == trades.text(trades.exchange[0]) != ""
    assert row["conditions"] == trades.text(trades.conditions[0])
    assert int(row["exchange_time"].timestamp()) in list(trades.exchange_time)
    assert row["exchange_time"].tzinfo is not None


async def test_frames_of_ticks_hold_the_columns(
    batch: ib.TickBatch, trades: ib.TickByTickBatch
) -> None:
    ticks, prints = batch.to_pandas(), trades.to_pandas()

    assert batch.to_polars().equals(pl.DataFrame(batch))
    numbers = ["contract", "tick_type", "price", "size", "attributes"]
    assert list(ticks.columns) == [*numbers, "symbol", "text"]
    assert list(ticks["contract"]) == list(batch.contract)
    assert list(ticks["symbol"])[-1] == batch.contracts[batch.contract[-1]].symbol
    assert str(ticks.index.dtype) == "datetime64[ns, UTC]"
    assert ticks.index.view("int64").tolist() == batch.time.tolist()
    assert list(prints["exchange"]) == [trades.text(number) for number in trades.exchange]


async def test_bars_export_arrow(ib_client: ib.Client) -> None:
    bars = await ib_client.bars(AAPL)

    frame = pl.DataFrame(bars)

    assert frame.columns == COLUMNS
    assert frame.schema["count"] == pl.Int64
    assert frame["close"].to_list() == bars.close.tolist()
    assert frame["count"].to_list() == [bar.count for bar in bars]
    first: datetime = frame["time"][0]
    assert first == bars[0].time


async def test_bars_without_volume_are_null_in_arrow(ib_client: ib.Client) -> None:
    bars = await ib_client.bars(AAPL, what_to_show="MIDPOINT")

    frame = pl.DataFrame(bars[:3])

    assert frame.select("volume", "average", "count").rows() == [(None, None, None)] * 3
