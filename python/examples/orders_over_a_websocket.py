"""A program in another process follows orders over the WebSocket, and misses none while away."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import aioibkr as ib
from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.testing import MockGateway


async def follow_orders(url: str, after: int | None) -> AsyncIterator[dict[str, object]]:
    """Every order event after one, across lost sockets; a snapshot where there is a hole."""
    while True:
        try:
            async with connect(url, proxy=None) as server:
                if after is None:
                    begin: dict[str, object] = {"action": "subscribe", "channel": "orders"}
                else:
                    begin = {"action": "resume", "channel": "orders", "after": after}
                await server.send(json.dumps(begin))
                async for text in server:
                    message = json.loads(text)
                    if message["type"] == "ping":
                        await server.send('{"action":"pong"}')
                    if message["type"] in {"snapshot", "update"}:
                        after = message["seq"]
                        yield message
        except (ConnectionClosed, OSError):
            await asyncio.sleep(0.1)


@asynccontextmanager
async def service(gateway: MockGateway) -> AsyncIterator[str]:
    """A service on the mock gateway, served by uvicorn; the URL of its WebSocket."""
    settings = IBKRSettings(ibkr_enabled=True, ibkr_port=gateway.port)
    app = FastAPI(lifespan=lifespan(settings))
    app.include_router(router())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/api/ibkr/ws"
        server.should_exit = True
        await serving


async def main() -> None:
    """Leave after the snapshot, trade, come back: nothing is missing."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        async with service(gateway) as url:
            async for snapshot in follow_orders(url, None):
                seen = int(str(snapshot["seq"]))
                break

            client = await ib.get_ibkr_integration().broker.client()
            trade = await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 10, 195.0))
            await trade.done(timeout=10)

            async for update in follow_orders(url, seen):
                assert update["seq"] == seen + 1
                seen += 1
                if '"execution"' in json.dumps(update):
                    break


asyncio.run(main())
