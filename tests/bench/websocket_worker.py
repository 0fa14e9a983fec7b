"""The service under measurement, in a process of its own, and its clients in another.

``python websocket_worker.py HOST PORT CLIENTS STOPPED SYMBOLS``: prints ``ready`` once every client
has its snapshot, works until its input ends, prints a JSON line.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import uvicorn
from fastapi import FastAPI

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from bench.watching import ready, resident_mb

Result = dict[str, float]
CLIENT_ID = 4401


async def main(host: str, port: str, *counts: str) -> Result:
    """Serve the clients until the gateway has done its part."""
    settings = IBKRSettings(
        ibkr_enabled=True, ibkr_host=host, ibkr_port=int(port), ibkr_client_id=CLIENT_ID
    )
    app = FastAPI(lifespan=lifespan(settings))
    app.include_router(router())
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, log_level="error", ws_per_message_deflate=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        clients = await _clients(listener.getsockname()[1], counts)
        ready()
        result = await _watched(clients)
        server.should_exit = True
        await serving
    return result


async def _clients(port: int, counts: tuple[str, ...]) -> Process:
    program = str(Path(__file__).with_name("websocket_clients.py"))
    clients = await asyncio.create_subprocess_exec(
        sys.executable, program, str(port), *counts, stdin=PIPE, stdout=PIPE
    )
    if clients.stdout is None or (await clients.stdout.readline()).strip() != b"ready":
        raise RuntimeError("the clients did not get ready")
    return clients


async def _watched(clients: Process) -> Result:
    """What the clients measured, and what this process used meanwhile."""
    before, cpu, wall = resident_mb(), time.process_time(), time.perf_counter()
    largest = before
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        await asyncio.wait([ended], timeout=0.2)
        largest = max(largest, resident_mb())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    printed, _ = await clients.communicate(b"")
    measured: Result = json.loads(printed)
    return measured | {"grown_mb": largest - before, "cpu_share": cpu / wall}


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(main(*sys.argv[1:]))))
