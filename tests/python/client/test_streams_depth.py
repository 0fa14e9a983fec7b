"""Books of a stream: rows as the gateway tells them, resets and halts, gaps told."""

import pytest

import aioibkr as ib
from aioibkr.testing import DepthRow, MockGateway
from python.client.arrivals import first_where, the_next, until

AAPL = ib.Stock("AAPL")
BIDS = [DepthRow(9.0, 1.0, "ARCA"), DepthRow(8.9, 4.0, "NASDAQ")]
ASKS = [DepthRow(11.0, 2.0, "NASDAQ")]
pytestmark = pytest.mark.anyio


def is_whole(book: ib.DepthBook) -> bool:
    """Whether every row that was set is there."""
    return (len(book.bids), len(book.asks)) == (2, 1)


@pytest.fixture
def staged(mock_gateway: MockGateway) -> MockGateway:
    """A gateway whose book of AAPL has two bids and an ask."""
    mock_gateway.set_depth("AAPL", bids=BIDS, asks=ASKS)
    return mock_gateway


async def test_a_book_has_the_rows_that_were_set(staged: MockGateway, ib_client: ib.Client) -> None:
    async with ib_client.depth(AAPL) as depth:
        book = await first_where(aiter(depth), is_whole)

    rows = [(row.price, row.size, row.market_maker) for row in (*book.bids, *book.asks)]
    assert rows == [(row.price, row.size, row.maker) for row in (*BIDS, *ASKS)]
    assert (book.is_crossed, book.anomalies, book.is_gap) == (False, 0, False)
    assert (book.generation, book.contract) == (1, depth.contracts[0])
    assert 0 <= book.age < 60
    assert book.received_at.tzinfo is not None
    assert "bid=9.0, ask=11.0, rows=(2, 1)" in repr(book)
    assert staged.requests("req_mkt_depth")[0].fields["numRows"] == "10"


async def test_books_and_rows_are_values(staged: MockGateway, ib_client: ib.Client) -> None:
    async with ib_client.depth(AAPL) as depth:
        book = await first_where(aiter(depth), is_whole)
        again = depth.latest()

    assert again == book
    assert again is not None
    assert hash(again) == hash(book)
    assert book.bids[0] == again.bids[0] != book.bids[1]
    assert len({book.bids[0], again.bids[0], book.bids[1]}) == 2
    assert repr(book.asks[0]) == "DepthLevel(price=11.0, size=2.0, market_maker='NASDAQ')"
    assert staged.connect_count == 2


async def test_a_crossed_book_says_so(staged: MockGateway, ib_client: ib.Client) -> None:
    staged.set_depth("AAPL", bids=[DepthRow(12.0, 1.0, "ARCA")], asks=ASKS)

    async with ib_client.depth(AAPL) as depth:
        book = await first_where(aiter(depth), lambda book: bool(book.bids and book.asks))

    assert book.is_crossed


async def test_a_book_follows_its_changes(staged: MockGateway, ib_client: ib.Client) -> None:
    async with ib_client.depth(AAPL) as depth:
        books = aiter(depth)
        before = await first_where(books, is_whole)
        staged.set_depth("AAPL", bids=BIDS[:1], asks=[DepthRow(10.5, 9.0, "ARCA"), *ASKS])

        after = await first_where(books, lambda book: (len(book.bids), len(book.asks)) == (1, 2))

    assert [row.price for row in after.asks] == [10.5, 11.0]
    assert len(before.bids) == 2


async def test_no_more_rows_than_asked_for(staged: MockGateway, ib_client: ib.Client) -> None:
    async with ib_client.depth(AAPL, rows=1) as depth:
        book = await first_where(aiter(depth), lambda book: bool(book.bids and book.asks))

    assert (len(book.bids), len(book.asks)) == (1, 1)
    assert staged.requests("req_mkt_depth")[0].fields["numRows"] == "1"


async def test_a_reset_book_is_a_gap_then_whole_again(
    staged: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.depth(AAPL) as depth:
        books = aiter(depth)
        await first_where(books, is_whole)
        staged.reset_depth("AAPL")

        gap = await first_where(books, lambda book: book.is_gap)
        again = await first_where(books, is_whole)

    assert (gap.bids, gap.asks, gap.generation) == ((), (), 1)
    assert "is_gap=True" in repr(gap)
    assert (again.is_gap, again.generation) == (False, 1)


async def test_a_lost_link_is_a_gap_and_the_book_is_built_anew(
    staged: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.depth(AAPL) as depth:
        books = aiter(depth)
        await first_where(books, is_whole)
        staged.drop_connections()

        gap = await first_where(books, lambda book: book.is_gap)
        again = await first_where(books, is_whole)

    assert (gap.bids, gap.asks) == ((), ())
    assert (again.generation, again.anomalies) == (2, 0)


async def test_a_halted_book_ends_with_the_reason(
    staged: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.depth(AAPL) as depth:
        books = aiter(depth)
        await first_where(books, is_whole)
        staged.halt_depth("AAPL")

        with pytest.raises(ib.MarketDataError) as halted:
            await first_where(books, lambda _: False)

    assert halted.value.code == 316


async def test_the_book_is_at_hand_without_reading(
    staged: MockGateway, ib_client: ib.Client
) -> None:
    async with ib_client.depth(AAPL) as depth:
        await until(lambda: (book := depth.latest()) is not None and is_whole(book))
        lost = depth.lost

        (book,) = await the_next(depth.batches())

    assert book == depth.latest()
    assert lost == depth.lost
    assert staged.connect_count == 2
