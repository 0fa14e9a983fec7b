"""An application with routes of its own beside the broker's, called as its clients would."""

import asyncio
import os
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

import aioibkr as ib
from aioibkr.integrations.fastapi import (
    IBKRSettings,
    get_broker,
    get_client,
    lifespan,
    protect,
    router,
)
from aioibkr.testing import MockGateway

gateway = MockGateway()
gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
os.environ |= {"IBKR_ENABLED": "true", "IBKR_PORT": str(gateway.port)}

app = FastAPI(lifespan=lifespan(IBKRSettings()))
app.include_router(router(prefix="/api/ibkr"))


@app.get("/worth")
async def worth(broker: Annotated[ib.IBKRBroker, Depends(get_broker)]) -> float:
    """What the account is worth, by the broker's words."""
    account = await broker.get_account()
    return account.portfolio_value


@app.get("/spread/{symbol}")
async def spread(symbol: str, client: Annotated[ib.Client, Depends(get_client)]) -> float | None:
    """What only the client beneath has words for."""
    quote = await client.quote(await client.qualify(ib.Stock(symbol)))
    return None if quote.bid is None or quote.ask is None else round(quote.ask - quote.bid, 4)


guarded = protect(app)


async def buy_once(web: httpx.AsyncClient, key: str) -> str:
    """Buy five shares, once, however often this is called with the same key."""
    order = {"symbol": "AAPL", "quantity": 5, "side": "buy", "order_type": "limit", "price": 150}
    answer = await web.post("/api/ibkr/orders", json=order, headers={"Idempotency-Key": key})
    told: dict[str, str] = answer.json()
    if answer.status_code == 504:  # it may be at the gateway: the same key asks again
        return await buy_once(web, told["key"])
    if answer.status_code != 200:
        raise RuntimeError(told["detail"])
    return told["order_id"]


async def main() -> None:
    """Start the application and call it."""
    transport = httpx.ASGITransport(guarded)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as web,
    ):
        assert (await web.get("/worth")).json() > 0
        assert (await web.get("/spread/AAPL")).json() == 0.2
        assert await buy_once(web, "first") == await buy_once(web, "first")

        foreign = await web.get("/worth", headers={"Host": "evil.example"})
        refused = await web.post("/api/ibkr/orders", json={"symbol": "AAPL", "quantity": 0})

    assert (foreign.status_code, refused.status_code) == (421, 422)
    assert refused.json()["title"] == "Unprocessable Content"
    assert len(gateway.orders()) == 1


with gateway:
    asyncio.run(main())
