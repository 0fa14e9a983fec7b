"""An application on a real socket, in the loop of the test, and requests written byte by byte."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import uvicorn
from starlette.types import ASGIApp

from python.broker.wishes import until

PATIENCE = 10.0


class Quiet(uvicorn.Server):
    """A server that leaves the signals of the test's process alone."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Capture none."""
        return contextlib.nullcontext()


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, **options: object) -> AsyncIterator[int]:
    """The port on which an application answers for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", http="h11", timeout_graceful_shutdown=1
        )
        for name, value in options.items():
            setattr(config, name, value)
        server = Quiet(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))

        async def started() -> bool:
            return server.started

        await until(started)
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await running


async def answer_to(port: int, *parts: bytes) -> bytes:
    """All that is answered to some bytes until the service closes the connection."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        finally:
            writer.close()
