"""One measurement of sessions in a process of its own: prints ``ready``, works, prints JSON.

``python session_worker.py reconnect|supervision|apart HOST PORT``. The process holds its gateway
too where that one is to go away. Pacing and breaker are off and the pause before a try is 5 ms, so
that what is measured is ours.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aioibkr as ib
from aioibkr.testing import MockGateway, faults
from bench.watching import ready

Result = dict[str, float]

CLIENT_ID = 4301
ROUNDS = 10
AWAY_S = 0.1
IDLE_S = 10.0
PATIENCE_S = 10.0


def connect(gateway: MockGateway) -> AbstractAsyncContextManager[ib.Client]:
    """A client that tries again soon."""
    return ib.connect(
        host=gateway.host,
        port=gateway.port,
        client_id=CLIENT_ID,
        pacing=None,
        breaker=None,
        reconnect=ib.Reconnect(first=0.005, longest=0.005),
    )


async def until(claim: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    async with asyncio.timeout(PATIENCE_S):
        while not claim():  # noqa: ASYNC110 - what is looked at has nothing to await
            await asyncio.sleep(0.001)


def feed_generation(client: ib.Client) -> int:
    """Number of the feed link that is live, else 0."""
    feed = client.health().feed
    return feed.generation if feed is not None and feed.state == "live" else 0


async def reconnect(*_address: str) -> Result:
    """A gateway that comes back: until everything is known, and until a stream goes on."""
    ready_s: list[float] = []
    data_s: list[float] = []
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        ready()
        async with connect(gateway) as client, client.quotes(ib.Stock("AAPL")) as quotes:
            for _ in range(ROUNDS):
                await client.wait_ready()
                gateway.down()
                await asyncio.sleep(AWAY_S)
                start = time.perf_counter()
                gateway.up()
                await client.wait_ready()
                ready_s.append(time.perf_counter() - start)
                async for quote in quotes:
                    if not quote.is_gap and quote.generation == feed_generation(client):
                        break
                data_s.append(time.perf_counter() - start)
    return {"ready_s": statistics.median(ready_s), "data_s": statistics.median(data_s)}


async def supervision(host: str, port: str) -> Result:
    """CPU time of a process with two idle links and the default keepalive."""
    async with (
        ib.connect(host=host, port=int(port), client_id=CLIENT_ID) as client,
        client.quotes(ib.Stock("AAPL")),
    ):
        await client.wait_ready()
        ready()
        await asyncio.sleep(1)
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_share": cpu / wall}


async def apart(*_address: str) -> Result:
    """Each link is lost in turn: how often the other one was replaced."""
    strays = 0
    with MockGateway() as gateway:
        ready()
        async with connect(gateway) as client, client.quotes(ib.Stock("AAPL")):
            await client.wait_ready()
            for number in range(ROUNDS):
                control, feed = client.generation, feed_generation(client)
                lost = CLIENT_ID + (number % 2) * 1000
                fault = gateway.inject(faults.Reset("all", client=lost, count=1))
                gateway.notice(2104)
                expected = (control + 1 - number % 2, feed + number % 2)
                await until(lambda: (client.generation, feed_generation(client)) >= expected)  # noqa: B023
                fault.clear()
                await client.wait_ready()
                strays += (client.generation, feed_generation(client)) != expected
    return {"strays": strays}


TASKS: dict[str, Callable[..., Coroutine[None, None, Result]]] = {
    "reconnect": reconnect,
    "supervision": supervision,
    "apart": apart,
}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(TASKS[sys.argv[1]](*sys.argv[2:]))))
