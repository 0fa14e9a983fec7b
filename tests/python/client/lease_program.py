"""Leases a client id and holds it until told otherwise; prints one JSON object per line.

``python lease_program.py PORT RANGE [fork]`` connects and opens a stream, prints what it has, reads
a character, closes and prints again. With ``fork`` it has a forked child that outlives the client.
"""

import asyncio
import json
import os
import signal
import sys

import aioibkr as ib


def tell(**facts: object) -> None:
    """Print a line for the test."""
    _ = sys.stdout.write(json.dumps(facts) + "\n")
    _ = sys.stdout.flush()


async def main(port: int, ids: str) -> None:
    """Hold a lease until a line is read."""
    try:
        client = await ib.connect(port=port, client_id=ib.ClientIds(ids), pacing=None)
    except ib.ClientIdInUse as error:
        tell(error=str(error), holders=error.details.get("holders"))
        return
    async with client, client.quotes(ib.Stock("AAPL")):
        feed = client.health().feed
        forked = os.fork() if "fork" in sys.argv else None
        if forked == 0:
            signal.pause()
        feed_id = feed.client_id if feed else None
        tell(id=client.client_id, feed=feed_id, pid=os.getpid(), forked=forked)
        _ = await asyncio.to_thread(os.read, 0, 1)
    tell(closed=True)
    _ = await asyncio.to_thread(os.read, 0, 1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
