"""Quotes of several stocks and a book, and what a lost link does to them."""

# ruff: noqa: ASYNC110 - what is waited for has no event

import asyncio

import aioibkr as ib
from aioibkr.testing import MockGateway


async def prices_after_a_gap(client: ib.Client, *contracts: ib.Contract) -> dict[str, float]:
    """Follow quotes through a lost link, until each contract has a price of the next one."""
    prices: dict[str, float] = {}
    async with client.quotes(*contracts) as stream:
        async for quote in stream:
            if quote.generation > 1 and quote.last is not None:
                prices[quote.contract.symbol] = quote.last
            if len(prices) == len(contracts):
                break
    return prices


async def best_bid(client: ib.Client, contract: ib.Contract) -> float:
    """The first bid of a book."""
    async with client.depth(contract) as depth:
        async for book in depth:
            if book.bids:
                return book.bids[0].price
    raise ConnectionError("the client was closed")


async def test_streams_go_on_after_a_lost_link() -> None:
    """Both links are lost; the streams are not."""
    async with (
        MockGateway() as gateway,
        ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client,
        asyncio.timeout(20),
    ):
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        gateway.set_price("MSFT", bid=399.9, ask=400.1, last=400.0)
        assert await best_bid(client, ib.Stock("AAPL")) == 189.9

        contracts = ib.Stock("AAPL"), ib.Stock("MSFT")
        following = asyncio.create_task(prices_after_a_gap(client, *contracts))
        while len(gateway.requests("req_mkt_data")) < len(contracts):
            await asyncio.sleep(0.01)
        gateway.drop_connections()

        assert await following == {"AAPL": 190.0, "MSFT": 400.0}


if __name__ == "__main__":
    asyncio.run(test_streams_go_on_after_a_lost_link())
