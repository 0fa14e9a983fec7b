"""A mock gateway in a test: put a state there, let code act, ask what became of it."""

import asyncio

import aioibkr as ib
from aioibkr.testing import MockGateway


async def buy(client: ib.Client, symbol: str, quantity: int) -> ib.Trade:
    """Buy at the market and wait for the fill: the code under test."""
    contract = await client.qualify(ib.Stock(symbol))
    trade = await client.place(contract, ib.MarketOrder("BUY", quantity), key=f"buy-{symbol}")
    return await trade.done()


async def test_buying_pays_the_ask() -> None:
    """The gateway knows what the client did."""
    async with MockGateway(accounts=["DU1234567"]) as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

        async with ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client:
            await buy(client, "AAPL", 10)

        (execution,) = gateway.executions()
        assert (execution.symbol, execution.quantity, execution.price) == ("AAPL", 10, 190.1)
        assert [request.client_id for request in gateway.requests("place_order")] == [7]


if __name__ == "__main__":
    asyncio.run(test_buying_pays_the_ask())
