"""One service under measurement, and its clients in a process of their own.

``python account_worker.py KIND HOST PORT REQUESTS CONNECTIONS`` of the kinds ours, constant,
ib_insync and threaded, which serve the same body, and broker, which calls without HTTP. Prints
``ready``, works, prints a JSON line. ``PEER_SITE`` holds the packages of a foreign client.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, cast

import uvicorn
from fastapi import FastAPI

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.path.append(os.environ.get("PEER_SITE", str(Path(__file__).parent)))

from aioibkr import IBKRBroker
from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.integrations.fastapi.schemas import AccountAnswer, AccountFigures
from bench.peers import account_peers
from bench.watching import ready

Result = dict[str, float]
ROUTE = "/api/ibkr/account"
CLIENT_ID = 4501
FIGURES = AccountFigures(
    account_id="DU1234567",
    cash_balance=100_000.0,
    portfolio_value=100_000.0,
    buying_power=400_000.0,
    daily_pnl=12.5,
)


class Peer(Protocol):
    """Another client that knows the figures."""

    async def __aenter__(self) -> object:
        """Connect."""

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""

    async def figures(self) -> dict[str, float | str | None]:
        """Tell them."""


PEERS = cast("dict[str, Callable[[str, int, int], Peer]]", account_peers.PEERS)


def ours(host: str, port: int) -> FastAPI:
    """The routes that the package ships."""
    settings = IBKRSettings(
        ibkr_enabled=True, ibkr_host=host, ibkr_port=port, ibkr_client_id=CLIENT_ID
    )
    app = FastAPI(lifespan=lifespan(settings))
    app.include_router(router())
    return app


def constant(_host: str, _port: int) -> FastAPI:
    """A route that returns the same body and asks nobody."""
    app, answer = FastAPI(), AccountAnswer(account=FIGURES)

    @app.get(ROUTE)
    async def account() -> AccountAnswer:
        return answer

    return app


def foreign(kind: str, host: str, port: int) -> FastAPI:
    """The same route on another client."""
    peer = PEERS[kind](host, port, CLIENT_ID)

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        async with peer:
            yield

    app = FastAPI(lifespan=running)

    @app.get(ROUTE)
    async def account() -> AccountAnswer:
        return AccountAnswer(account=AccountFigures.model_validate(await peer.figures()))

    return app


async def served(kind: str, host: str, port: int, *counts: str) -> Result:
    """Serve the clients until they are done."""
    makers = {"ours": ours, "constant": constant}
    app = makers[kind](host, port) if kind in makers else foreign(kind, host, port)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        result = await asked(listener.getsockname()[1], counts)
        server.should_exit = True
        await serving
    return result


async def asked(port: int, counts: tuple[str, ...]) -> Result:
    """What the clients measure."""
    program = str(Path(__file__).with_name("account_clients.py"))
    clients = await asyncio.create_subprocess_exec(
        sys.executable, program, str(port), ROUTE, *counts, stdout=PIPE
    )
    ready()
    before = time.process_time()
    told, _ = await clients.communicate()
    spent = time.process_time() - before
    result: Result = json.loads(told)
    return {**result, "cpu_s": spent / result["requests"]}


async def called(host: str, port: int, calls: str, _: str) -> Result:
    """`get_account` without HTTP, the fastest of five turns."""
    broker = IBKRBroker(host=host, port=port, client_id=CLIENT_ID)
    await broker.get_account()
    ready()
    turns = []
    for _turn in range(5):
        start = time.perf_counter()
        for _call in range(int(calls) // 5):
            await broker.get_account()
        turns.append((time.perf_counter() - start) / (int(calls) // 5))
    await broker.disconnect()
    return {"call_s": min(turns)}


if __name__ == "__main__":
    KIND, HOST, PORT, *COUNTS = sys.argv[1:]
    if KIND == "broker":
        outcome = asyncio.run(called(HOST, int(PORT), *COUNTS))
    else:
        outcome = asyncio.run(served(KIND, HOST, int(PORT), *COUNTS))
    print(json.dumps(outcome))
