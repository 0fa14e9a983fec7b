"""What a client leaves behind, and where it can live: nothing, and everywhere."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

CYCLES = Path(__file__).parent / "cycles_program.py"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts what /proc shows")
def test_a_thousand_cycles_leave_no_task_thread_file_or_byte(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    words = [sys.executable, "-W", "error", str(CYCLES), str(mock_gateway.port), "1000"]

    done = subprocess.run(words, capture_output=True, text=True, timeout=150, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = [json.loads(line) for line in done.stdout.splitlines()]
    # Whether the allocator gives a freed MiB back is its own affair: what is in use says more.
    most = {"resident_kib": 1536, "allocated_kib": 128, "blocks": 1000}
    grown = {name: last.pop(name) - first.pop(name) for name in most}
    assert first == last
    assert [name for name in most if grown[name] >= most[name]] == [], f"{grown} in 900 cycles"


async def test_the_same_client_id_is_free_once_close_returns(mock_gateway: MockGateway) -> None:
    for _ in range(20):
        async with ib.connect(port=mock_gateway.port, client_id=5, pacing=None) as client:
            assert client.generation == 1


async def test_twenty_clients_of_one_process_know_only_their_own(
    mock_gateway: MockGateway,
) -> None:
    opening = (
        ib.connect(port=mock_gateway.port, client_id=number, pacing=None).__aenter__()
        for number in range(100, 120)
    )
    clients = await asyncio.gather(*opening)

    await clients[0].close()
    others = await asyncio.gather(*(client.server_time() for client in clients[1:]))

    assert clients[0].state == "closed"
    assert len(others) == 19
    assert [client.client_id for client in clients] == list(range(100, 120))
    await asyncio.gather(*(client.close() for client in clients))


def test_eight_threads_each_have_a_loop_and_a_client(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    seen: dict[int, float | None] = {}

    async def look(client_id: int) -> None:
        async with (
            ib.connect(port=mock_gateway.port, client_id=client_id, pacing=None) as client,
            client.quotes(ib.Stock("AAPL")) as quotes,
        ):
            seen[client_id] = (await anext(aiter(quotes))).last

    threads = [threading.Thread(target=lambda n=n: asyncio.run(look(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert seen == dict.fromkeys(range(8), 190.0)


PROGRAM_EXITING_WITH_OPEN_STREAMS = """
import asyncio, sys, aioibkr as ib
async def main():
    client = await ib.connect(port=int(sys.argv[1]), client_id=11)
    for make in (client.quotes, client.ticks):
        stream = await make(ib.Stock("AAPL")).__aenter__()
        kept.append((client, stream))
        asyncio.ensure_future(read(aiter(stream)))
    await asyncio.sleep(0)
async def read(items):
    async for item in items:
        pass
kept = []
asyncio.run(main())
print("leaving")
"""


def test_exit_with_open_streams_is_quiet(mock_gateway: MockGateway) -> None:
    words = [sys.executable, "-W", "error", "-c", PROGRAM_EXITING_WITH_OPEN_STREAMS]

    done = subprocess.run(
        [*words, str(mock_gateway.port)], capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "leaving\n", "")
