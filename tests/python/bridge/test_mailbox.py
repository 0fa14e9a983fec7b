"""Loops that cannot watch a descriptor are woken too, and never wait for who wakes them."""

import subprocess
import sys

PROGRAM = """
import asyncio

import aioibkr as ib
from aioibkr.testing import MockGateway


class WithoutReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_):
        raise NotImplementedError


async def main():
    with MockGateway() as gateway:
        async with ib.connect(port=gateway.port, client_id=7) as client:
            for _ in range(100):
                await one_refused_line(gateway, client)
            await a_flood(gateway, client)


async def one_refused_line(gateway, client):
    gateway.set_data_error("AAPL", None)
    async with client.quotes(ib.Stock("AAPL")) as quotes:
        await anext(aiter(quotes))
        await asyncio.sleep(0)
    gateway.set_data_error("AAPL", 354)
    async with client.quotes(ib.Stock("AAPL")) as quotes:
        reading = asyncio.ensure_future(anext(aiter(quotes)))
        await asyncio.sleep(0)
        while not quotes.failures:
            client.health()
        try:
            await reading
        except ib.NotEntitled:
            pass


async def a_flood(gateway, client):
    gateway.set_data_error("AAPL", None)
    async with client.ticks(ib.Stock("AAPL")) as ticks:
        await anext(aiter(ticks))
        gateway.flood("AAPL", count=10_000)
        async for tick in ticks:
            if tick.size == 10_000:
                return


with asyncio.Runner(loop_factory=WithoutReaders) as runner:
    runner.run(asyncio.wait_for(main(), 30))
print("done")
"""


def test_a_loop_without_readers_is_woken_and_may_hold_the_interpreter_meanwhile() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50, check=False
    )

    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
