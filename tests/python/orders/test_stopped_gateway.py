"""A gateway process that is stopped: what was not written must never be written later."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

import aioibkr as ib

PROGRAM = (
    "import sys; from aioibkr.testing import run_mock_gateway as run; sys.exit(run(sys.argv[1:]))"
)
# The longest text that is sent; a look-up has room for a few of them.
LONGEST = 256
LOOK_UPS = 4_000
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not Path("/proc/net/tcp").exists(), reason="needs SIGSTOP and a look at the kernel's queues"
    ),
]


class GatewayProcess:
    """A mock gateway in a process of its own, which writes down every request."""

    def __init__(self, log: Path) -> None:
        words = [sys.executable, "-c", PROGRAM, "--port", "0", "--print-requests"]
        self.log = log
        with log.open("w") as requests:
            self.child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=requests, text=True)
        line = lines(self.child.stdout).readline()
        self.port = int(line.rpartition(":")[2])

    def stop(self) -> None:
        """Stops the process and waits until it stands still."""
        self.child.send_signal(signal.SIGSTOP)
        os.waitpid(self.child.pid, os.WUNTRACED)

    def go_on(self) -> None:
        """Lets the process continue."""
        self.child.send_signal(signal.SIGCONT)

    def requests_until_end(self) -> str:
        """Ends the gateway and returns what it printed."""
        self.go_on()
        self.child.send_signal(signal.SIGTERM)
        self.child.communicate(timeout=20)
        return self.log.read_text()


def lines(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path / "requests")
    yield process
    if process.child.poll() is None:
        process.go_on()
        os.kill(process.child.pid, signal.SIGKILL)
        process.child.communicate(timeout=20)


def fill_the_socket(client: ib.Client) -> list[asyncio.Future[object]]:
    """Requests of 20 MB together: more than any loopback socket holds while nobody reads."""
    long = "A" * LONGEST
    contract = ib.Contract(
        symbol=long, exchange=long, primary_exchange=long, currency=long, local_symbol=long,
        trading_class=long, multiplier=long,
    )  # fmt: skip
    return [
        asyncio.ensure_future(client.contract_details(contract, timeout=30))
        for _ in range(LOOK_UPS)
    ]


def queued_bytes(port: int) -> int:
    """Bytes the kernel holds for the connections of a port, both directions and both ends."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [row for row in rows if f":{port:04X}" in (row[1][8:], row[2][8:])]
    return sum(int(queue, 16) for row in ends for queue in row[4].split(":"))


async def until_the_socket_is_full(port: int) -> None:
    """Waits until the kernel takes no more: the same amount is queued in 20 looks in a row."""
    looks: list[int] = []
    async with asyncio.timeout(20):
        while len(looks) < 20 or len(set(looks[-20:])) > 1 or looks[-1] == 0:
            looks.append(queued_bytes(port))
            await asyncio.sleep(0.01)


async def test_an_order_queued_behind_a_stopped_gateway_is_never_written(
    gateway: GatewayProcess,
) -> None:
    async with ib.connect(port=gateway.port, client_id=14, pacing=None) as client:
        aapl = await client.qualify(ib.Stock("AAPL"))
        await client.wait_ready()
        gateway.stop()
        reads = fill_the_socket(client)
        await until_the_socket_is_full(gateway.port)

        with pytest.raises(ib.OrderRefused) as refusal:
            await client.place(aapl, ib.LimitOrder("BUY", 1, 1.0), key="late", timeout=0.5)
        gateway.go_on()
        await asyncio.gather(*reads, return_exceptions=True)

    printed = await asyncio.to_thread(gateway.requests_until_end)
    assert "place_order" not in printed
    assert "req_contract_data" in printed
    assert "nothing was sent" in str(refusal.value)


async def test_an_order_written_to_a_stopped_gateway_is_of_unknown_outcome(
    gateway: GatewayProcess,
) -> None:
    async with ib.connect(port=gateway.port, client_id=15) as client:
        aapl = await client.qualify(ib.Stock("AAPL"))
        await client.wait_ready()
        gateway.stop()

        with pytest.raises(ib.OrderOutcomeUnknown) as unknown:
            await client.place(aapl, ib.LimitOrder("BUY", 1, 1.0), key="maybe", timeout=0.3)
        gateway.go_on()
        trade = await client.place(aapl, ib.LimitOrder("BUY", 1, 1.0), key="maybe")

    printed = await asyncio.to_thread(gateway.requests_until_end)
    assert unknown.value.key == "maybe"
    assert trade.repeated
    assert printed.count("place_order") == 1
