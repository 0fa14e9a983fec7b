"""Bars of a stream: of five seconds, and history that goes on; gaps told, bad requests refused."""

from datetime import UTC, datetime, timedelta

import pytest

import aioibkr as ib
from aioibkr.models import Bar, Gap
from aioibkr.testing import HistoryBar, MockGateway
from python.client.arrivals import all_served, first_where, the_next, until

AAPL = ib.Stock("AAPL")
pytestmark = pytest.mark.anyio


def history(count: int) -> list[HistoryBar]:
    """Bars of a minute, the last of them just over."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    starts = [now - timedelta(minutes=count - number) for number in range(count)]
    return [
        HistoryBar(start, 100.0, 102.0, 99.0, 101.0, volume=number + 1)
        for number, start in enumerate(starts)
    ]


async def test_five_second_bars_come_one_after_the_other(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_bar_interval(0.05)
    mock_gateway.set_price("AAPL", last=190.0)

    async with ib_client.realtime_bars(AAPL) as stream:
        items = aiter(stream)
        first, second = await the_next(items), await the_next(items)

    assert isinstance(first, Bar)
    assert isinstance(second, Bar)
    assert first.time.tzinfo is not None
    assert first.time <= second.time
    assert first.low <= min(first.open, first.close) <= first.high
    assert first.close == 190.0
    assert isinstance(stream.contracts[0].contract_id, int)


async def test_bars_of_the_midpoint_have_no_volume(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_bar_interval(0.05)

    async with ib_client.realtime_bars(AAPL, what_to_show="MIDPOINT", use_rth=False) as stream:
        bar = await the_next(aiter(stream))

    (request,) = mock_gateway.requests("req_real_time_bars")
    assert request.fields["whatToShow"] == "MIDPOINT"
    assert isinstance(bar, Bar)
    assert (bar.volume, bar.average, bar.count) == (None, None, None)


async def test_history_comes_first_and_the_newest_bar_follows_the_market(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    bars = history(5)
    mock_gateway.set_bars("AAPL", bars)

    async with ib_client.bars_stream(AAPL, duration="300 S") as stream:
        batches = stream.batches()
        told = await the_next(batches)
        mock_gateway.trade("AAPL", price=123.0, size=1)
        later = await first_where(
            aiter(stream), lambda bar: isinstance(bar, Bar) and bar.close == 123.0
        )

    assert [bar.time for bar in told if isinstance(bar, Bar)] == [bar.start for bar in bars]
    assert [bar.volume for bar in told if isinstance(bar, Bar)] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert isinstance(later, Bar)
    assert later.time >= bars[-1].start


async def test_a_lost_link_is_a_gap_and_then_what_was_missed(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    bars = history(5)
    mock_gateway.set_bars("AAPL", bars[:3])

    async with ib_client.bars_stream(AAPL, duration="3600 S") as stream:
        batches = stream.batches()
        told = await the_next(batches)
        mock_gateway.set_bars("AAPL", bars)
        mock_gateway.drop_connections()
        after = await the_next(batches)
        while len(after) < 3:
            after += await the_next(batches)

    gap, *missed = after
    assert isinstance(gap, Gap)
    assert (gap.generation, gap.missing_since, gap.reason) == (1, None, None)
    assert repr(gap) == "Gap(generation=1)"
    assert [bar.time for bar in told if isinstance(bar, Bar)] == [bar.start for bar in bars[:3]]
    assert [bar.time for bar in missed if isinstance(bar, Bar)] == [bar.start for bar in bars[3:]]
    assert all(bar.is_backfill for bar in missed if isinstance(bar, Bar))
    assert stream.generation == 2


async def test_what_history_does_not_reach_is_named_by_a_gap(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    bars = history(600)
    mock_gateway.set_bars("AAPL", bars[:1])

    async with ib_client.bars_stream(AAPL, duration="60 S", bar_size="5 secs") as stream:
        batches = stream.batches()
        await the_next(batches)
        mock_gateway.set_bars("AAPL", bars[-2:])
        mock_gateway.drop_connections()
        items = await the_next(batches)
        while len(items) < 3:
            items += await the_next(batches)

    gap = [item for item in items if isinstance(item, Gap)][-1]
    assert (gap.missing_since, gap.missing_until) == (bars[0].start, bars[-2].start)
    assert gap.reason is not None
    assert "missing_since=" in repr(gap)


async def test_a_gap_stands_in_the_list_of_bars(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_bars("AAPL", history(5))

    async with ib_client.bars_stream(AAPL, duration="300 S") as stream:
        batches = stream.batches()
        await the_next(batches)
        mock_gateway.drop_connections()
        batch = await the_next(batches)

    assert [type(item) for item in batch[:1]] == [Gap]


async def test_bars_that_were_switched_off_are_asked_for_again(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_bar_interval(0.05)

    async with ib_client.realtime_bars(AAPL) as stream:
        items = aiter(stream)
        await the_next(items)
        mock_gateway.bust_bars("AAPL")
        gap = await first_where(items, lambda item: isinstance(item, Gap))
        bar = await the_next(items)

    assert isinstance(gap, Gap)
    assert isinstance(bar, Bar)
    assert len(mock_gateway.requests("req_real_time_bars")) == 2
    assert [advice.code for advice in stream.advice.values()] == [10225]


async def test_unread_bars_are_dropped_and_counted(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_bars("AAPL", history(10))

    async with ib_client.bars_stream(AAPL, duration="600 S", capacity=4) as stream:
        await all_served(ib_client)
        await until(lambda: stream.lost == 6)
        kept = await the_next(stream.batches())

    assert [bar.volume for bar in kept if isinstance(bar, Bar)] == [7.0]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"bar_size": "7 mins"}, 'bar_size "7 mins"'),
        ({"what_to_show": "ALL"}, 'what_to_show "ALL"'),
        ({"duration": "soon"}, "soon"),
        ({"capacity": 0}, "capacity 0"),
        ({"policy": "wait"}, 'policy "wait": give one of conflate, block, fail'),
    ],
)
async def test_a_request_that_cannot_be_meant_is_refused_before_anything_is_sent(
    options: dict[str, object], complaint: str, ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        async with ib_client.bars_stream(AAPL, **options):  # type: ignore[arg-type]
            pass

    assert mock_gateway.requests("req_historical_data") == []
    assert mock_gateway.clients == [7]
