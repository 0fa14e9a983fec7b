"""What `Client.metrics` tells, and its dictionary."""

import asyncio
import json

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio


async def test_requests_are_counted_by_the_name_of_their_method(ib_client: ib.Client) -> None:
    await ib_client.qualify(ib.Stock("AAPL"))
    with pytest.raises(ib.ContractNotFound):
        await ib_client.contract_details(ib.Stock("NOSUCH"))

    metrics = ib_client.metrics()

    assert list(metrics.requests) == ["contract_details", "qualify"]
    refused = metrics.requests["contract_details"]
    assert (refused.count, refused.failed, refused.cancelled) == (1, 1, 0)
    assert metrics.errors == {200: 1}
    assert metrics.errors_with_other_codes == 0


async def test_a_histogram_has_what_prometheus_wants(ib_client: ib.Client) -> None:
    for _ in range(3):
        await ib_client.managed_accounts()

    latency = ib_client.metrics().requests["managed_accounts"].latency

    bounds, counts = zip(*latency.buckets, strict=True)
    assert list(bounds) == sorted(bounds)
    assert bounds[-1] == float("inf")
    assert list(counts) == sorted(counts)
    assert counts[-1] == latency.count == 3
    assert 0 < latency.max <= latency.sum < 5


async def test_each_link_tells_how_often_and_why_it_was_reopened(
    mock_gateway: MockGateway,
) -> None:
    brisk = ib.Reconnect(first=0.02, longest=0.1)
    async with ib.connect(port=mock_gateway.port, reconnect=brisk) as client:
        mock_gateway.drop_connections()
        async with asyncio.timeout(10):
            while client.generation < 2:  # noqa: ASYNC110 - a number is looked at, not awaited
                await asyncio.sleep(0.002)
        control, feed = client.metrics().control, client.metrics().feed

    assert control.reconnects["ended"] == 1
    assert sum(control.reconnects.values()) == control.reconnections == 1
    assert 0 < control.uptime <= control.live_time
    assert feed is not None
    assert feed.connections == 0
    assert client.metrics().control.losses == {
        "deadline": 0, "ended": 1, "probe": 0, "refused": 0, "requested": 1,
    }  # fmt: skip


async def test_streams_are_counted_by_kind(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    async with ib_client.quotes(ib.Stock("AAPL")):
        during = ib_client.metrics()

    assert set(during.streams) == {"quotes", "ticks", "tick_by_tick", "depth", "bars"}
    assert during.streams["quotes"].open == 1
    assert during.requests["quotes"].count == 1
    assert during.queues.feed_requests == 0


async def test_the_dictionary_is_all_of_it_and_plain(ib_client: ib.Client) -> None:
    await ib_client.managed_accounts()
    metrics = ib_client.metrics()

    plain = metrics.to_dict()

    names = {name for name in dir(ib.Metrics) if not name.startswith("_")} - {"to_dict"}
    assert set(plain) == names
    assert set(plain["control"]) == {  # type: ignore[call-overload]
        name for name in dir(ib.LinkMetrics) if not name.startswith("_") and name != "to_dict"
    }
    text = json.dumps(plain, allow_nan=False)
    read = json.loads(text)["requests"]["managed_accounts"]
    assert read["latency"]["buckets"]["+Inf"] == read["count"] == 1
