"""HTTP clients that keep their connection and ask again as soon as they are answered.

``python account_clients.py PORT ROUTE REQUESTS CONNECTIONS`` prints requests a second, p50 and p99
of all requests, and checks that each answer is a 200.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
WARM_UP = 4


async def ask(port: int, route: str, requests: int) -> list[float]:
    """One connection's times; raises for an answer that is no 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {route} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    times = []
    for number in range(requests + WARM_UP):
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise RuntimeError(head.decode())
        await reader.readexactly(int(length[1]))
        if number >= WARM_UP:
            times.append(time.perf_counter() - start)
    writer.close()
    return times


async def main(port: str, route: str, requests: str, connections: str) -> dict[str, float]:
    """All connections at once."""
    each = int(requests) // int(connections)
    start = time.perf_counter()
    turns = (ask(int(port), route, each) for _ in range(int(connections)))
    times = sorted([spent for turn in await asyncio.gather(*turns) for spent in turn])
    wall = time.perf_counter() - start
    done = (each + WARM_UP) * int(connections)
    percentiles = statistics.quantiles(times, n=100)
    spread = {"p50_s": percentiles[49], "p99_s": percentiles[98]}
    return {"requests": done, "requests_per_s": done / wall, **spread}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
