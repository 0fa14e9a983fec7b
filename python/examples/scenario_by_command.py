"""A client lives through a scenario: it sees a price move, loses its link and gets another."""

# ruff: noqa: ASYNC110 - what is waited for has no event

import asyncio
import sys
from pathlib import Path

import aioibkr as ib

SCENARIO = Path(__file__).parent / "outage.toml"
COMMAND = ["-m", "aioibkr", "mock-gateway", "--port", "0", "--scenario", str(SCENARIO)]


async def watch(host: str, port: int) -> None:
    """Print the price after it moved, and the number of the link after the restart."""
    async with ib.connect(host=host, port=port, client_id=7) as client:
        aapl = await client.qualify(ib.Stock("AAPL"))
        await client.subscribe_quote(aapl)
        while (quote := client.latest_quote(aapl)) is None or quote.last != 188.0:
            await asyncio.sleep(0.01)
        print("last", quote.last)
        while client.generation < 2 or not client.is_connected:
            await asyncio.sleep(0.01)
        print("link", client.generation)


async def main() -> None:
    """Start the gateway, live through the scenario, stop it."""
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, *COMMAND, stdout=asyncio.subprocess.PIPE
    )
    try:
        line = (await gateway.stdout.readline()).decode() if gateway.stdout else ""
        host, _, port = line.removeprefix("listening on ").strip().rpartition(":")
        await asyncio.wait_for(watch(host, int(port)), timeout=20)
    finally:
        gateway.terminate()
        await gateway.wait()


if __name__ == "__main__":
    asyncio.run(main())
