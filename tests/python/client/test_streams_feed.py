"""The feed link: a connection of its own, its client id, what becomes of streams without it."""

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from python.client.arrivals import first_where, the_next, until

AAPL = ib.Stock("AAPL")
pytestmark = pytest.mark.anyio


def feed_of(client: ib.Client) -> ib.LinkHealth:
    """How the feed link stands."""
    feed = client.health().feed
    assert feed is not None
    return feed


async def test_the_feed_link_opens_with_the_first_stream(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    before = feed_of(ib_client)
    assert mock_gateway.clients == [7]

    async with ib_client.quotes(AAPL):
        after = feed_of(ib_client)
        assert sorted(mock_gateway.clients) == [7, 1007]

    assert (before.state, before.generation, before.client_id) == ("idle", 0, None)
    assert (after.state, after.generation, after.client_id) == ("live", 1, 1007)
    assert (before.server_version, before.reason) == (None, None)
    assert after.server_version == ib_client.server_version
    assert "LinkHealth(state='live', generation=1" in repr(after)


async def test_health_shows_both_links_and_the_lines(ib_client: ib.Client) -> None:
    await ib_client.wait_ready()

    async with ib_client.quotes(AAPL), ib_client.depth(AAPL), ib_client.ticks(AAPL, "Last"):
        health = ib_client.health()

    assert (health.control.state, health.control.client_id, health.ready) == ("live", 7, True)
    assert [(line.name, line.used, line.limit) for line in health.lines] == [
        ("market data", 1, 100),
        ("depth", 1, 3),
        ("tick-by-tick", 1, 3),
    ]
    assert repr(health.lines[1]) == "LineUsage(name='depth', used=1, limit=3)"
    assert repr(health).startswith("Health(control=LinkHealth(state='live'")
    assert "ready=True" in repr(health)


async def test_the_feeds_client_id_can_be_chosen(mock_gateway: MockGateway) -> None:
    connecting = ib.connect(port=mock_gateway.port, client_id=7, feed_client_id=55)

    async with connecting as client, client.quotes(AAPL):
        assert feed_of(client).client_id == 55


async def test_a_held_client_id_makes_way_for_the_next(mock_gateway: MockGateway) -> None:
    async with (
        ib.connect(port=mock_gateway.port, client_id=1007),
        ib.connect(port=mock_gateway.port, client_id=7) as client,
        client.quotes(AAPL) as quotes,
    ):
        await the_next(aiter(quotes))

        assert feed_of(client).client_id == 1008


async def test_a_client_without_a_feed_refuses_streams_and_does_the_rest(
    mock_gateway: MockGateway,
) -> None:
    async with ib.connect(port=mock_gateway.port, feed=False) as client:
        with pytest.raises(ib.MarketDataError, match="connect with feed=True"):
            async with client.quotes(AAPL):
                pass

        assert client.health().feed is None
        assert (await client.quote(AAPL)).bid is not None


async def test_a_feed_that_nobody_lets_in_fails_streams_with_the_reason(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    held = mock_gateway.inject(faults.ClientIdHeld())

    with pytest.raises(ib.IBKRConnectionError):
        async with ib_client.quotes(AAPL, timeout=3):
            pass
    reason = feed_of(ib_client).reason
    held.clear()

    assert reason is not None
    assert (await ib_client.quote(AAPL)).bid is not None
    assert ib_client.is_connected
    async with ib_client.quotes(AAPL) as quotes:
        await the_next(aiter(quotes))


async def test_streams_outlive_a_gateway_that_restarts(
    ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.quotes(AAPL) as quotes:
        items = aiter(quotes)
        await the_next(items)
        mock_gateway.down()
        gap = await first_where(items, lambda quote: quote.is_gap)
        await until(lambda: feed_of(ib_client).state != "live")
        down = feed_of(ib_client)
        mock_gateway.up()

        resumed = await first_where(items, lambda quote: quote.bid is not None)

    assert gap.generation == 1
    assert (down.client_id, down.reason is None) == (None, False)
    assert resumed.generation >= 2


@pytest.mark.parametrize("fault", [faults.Drop, faults.Truncate, faults.BadLength])
async def test_a_feed_link_that_breaks_is_opened_anew_and_the_control_link_knows_nothing_of_it(
    fault: type[faults.Drop], ib_client: ib.Client, mock_gateway: MockGateway
) -> None:
    async with ib_client.quotes(AAPL) as quotes:
        items = aiter(quotes)
        await first_where(items, lambda quote: quote.bid is not None)
        mock_gateway.inject(fault("tick_price", client=1007, count=1))
        mock_gateway.set_price("AAPL", bid=42.0, ask=43.0)

        gap = await first_where(items, lambda quote: quote.is_gap)
        resumed = await first_where(items, lambda quote: quote.bid is not None)

        assert (gap.generation, resumed.bid, resumed.generation) == (1, 42.0, 2)
        assert (ib_client.generation, ib_client.is_connected) == (1, True)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"feed_client_id": -1}, "feed_client_id -1"),
        ({"feed_client_id": 7}, "feed_client_id 7"),
        ({"feed_client_id": 2**40}, f"feed_client_id {2**40}"),
        ({"lines": {"market_data": -1}}, "market_data"),
        ({"lines": {"options": 1}}, "options"),
    ],
)
def test_settings_of_the_feed_that_cannot_be_meant_are_refused(
    options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        ib.connect(client_id=7, **options)  # type: ignore[arg-type, unused-awaitable]
