"""A served application, and peers of its WebSocket: real sockets, every wait with a limit."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aioibkr.integrations.fastapi import IBKRSettings, lifespan
from aioibkr.integrations.fastapi.websocket import SocketLimits, socket_routes
from python.fastapi.serving import Quiet

PATIENCE = 20.0
PATH = "/api/ibkr/ws"

Message = dict[str, Any]


def application(settings: IBKRSettings, limits: SocketLimits | None = None) -> FastAPI:
    """An application with the WebSocket alone, held to these limits."""
    app = FastAPI(lifespan=lifespan(settings))
    app.include_router(socket_routes(limits), prefix="/api/ibkr")
    return app


@asynccontextmanager
async def served(app: FastAPI, *, sndbuf: int | None = None) -> AsyncIterator[str]:
    """The URL of the WebSocket of an application that uvicorn serves on this loop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if sndbuf is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        server = Quiet(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started or serving.done())
        try:
            yield f"ws://127.0.0.1:{port}{PATH}"
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE):
                await serving


def _is_session(message: Message) -> bool:
    """Whether a message tells of the session, rather than of the subscription to it."""
    return message.get("channel") == "session" and isinstance(message.get("data"), list)


class Peer:
    """A client of the WebSocket that keeps all it heard."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Message] = []

    async def say(self, **fields: object) -> None:
        """Send one message."""
        await self.socket.send(json.dumps(fields))

    async def subscribe(self, channel: str, *symbols: str, **fields: object) -> None:
        """Subscribe, and hear it acknowledged."""
        named = {"symbols": list(symbols)} if symbols else {}
        await self.say(action="subscribe", channel=channel, **named, **fields)
        await self.hear("subscribed", channel)

    async def hear(
        self,
        kind: str,
        channel: str | None = None,
        claim: Callable[[Message], bool] = lambda _: True,
    ) -> Message:
        """The next message of a kind for which a claim holds; a ping is answered."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message: Message = json.loads(await self.socket.recv())
                self.heard.append(message)
                if message["type"] == "ping":
                    await self.say(action="pong")
                if message["type"] == kind and message.get("channel") == channel and claim(message):
                    return message

    async def hear_session(self, state: str) -> Message:
        """The session in a state, in whatever message; the last that was heard may say so."""
        told = [row for row in self.heard if _is_session(row)]
        if told and told[-1]["data"][0]["state"] == state:
            return told[-1]
        async with asyncio.timeout(PATIENCE):
            while True:
                message: Message = json.loads(await self.socket.recv())
                self.heard.append(message)
                if _is_session(message) and message["data"][0]["state"] == state:
                    return message

    async def hear_error(self) -> Message:
        """The next error, of whatever channel."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message: Message = json.loads(await self.socket.recv())
                self.heard.append(message)
                if message["type"] == "error":
                    return message

    async def code(self) -> int:
        """The code with which the server closed the socket."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    self.heard.append(json.loads(await self.socket.recv()))
        return self.socket.close_code or 0


@asynccontextmanager
async def peer_of(url: str, **options: Any) -> AsyncIterator[Peer]:  # noqa: ANN401 - websockets' own
    """A connected peer."""
    async with connect(url, proxy=None, close_timeout=1, max_size=None, **options) as socket:
        yield Peer(socket)


@asynccontextmanager
async def narrow_peer_of(url: str) -> AsyncIterator[Peer]:
    """A peer that takes nothing while nobody reads: there is little room on its side."""
    host, port = url.removeprefix("ws://").partition("/")[0].split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        raw.setblocking(False)  # noqa: FBT003 - the standard library's signature
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        async with connect(url, sock=raw, proxy=None, max_queue=1, close_timeout=0.1) as peer:
            yield Peer(peer)
            peer.transport.abort()


async def until(claim: Callable[[], bool]) -> None:
    """Wait until a claim holds about something that tells nobody when it changes."""
    async with asyncio.timeout(PATIENCE):
        while not claim():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)
