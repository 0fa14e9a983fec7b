"""The clients of the conformance list, and one run of each against a gateway of its own."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aioibkr.testing import Execution, MockGateway, Order, Request
from python.conformance.environments import interpreter_of, peer_program
from python.conformance.staged import move, prepare

HERE = Path(__file__).parent
OFFICIAL_LOCK = HERE.parent / "official" / "requirements.lock"
OFFICIAL_VERSIONS = (178, 200, 201, 203, 205, 207, 208, 210, 212, 213, 220, 225)
IBAPI_VERSIONS = (213, 226)


@dataclass(frozen=True)
class Peer:
    """A foreign client, the server version it is to agree on, and what starts its program."""

    name: str
    version: int
    start: Callable[[], Sequence[str | Path]]

    @property
    def label(self) -> str:
        """How the table and the tests call it."""
        return f"{self.name}-{self.version}"


def _ib(name: str) -> Callable[[], Sequence[str | Path]]:
    return lambda: [interpreter_of(name, HERE / f"{name}.lock"), HERE / "ib_program.py", name]


def _official() -> Sequence[str | Path]:
    return [interpreter_of("official", OFFICIAL_LOCK), HERE / "official_program.py"]


def _ibapi() -> Sequence[str | Path]:
    return [peer_program()]


PEERS = (
    Peer("ib_insync", 176, _ib("ib_insync")),
    Peer("ib_async", 178, _ib("ib_async")),
    *(Peer("official", version, _official) for version in OFFICIAL_VERSIONS),
    *(Peer("ibapi", version, _ibapi) for version in IBAPI_VERSIONS),
)


@dataclass(frozen=True)
class Run:
    """What a client read, and what the gateway knows of it."""

    peer: Peer
    read: dict[str, Any]
    executions: list[Execution]
    orders: list[Order]
    placed: list[Request]
    ended_at: float


def run(peer: Peer) -> Run:
    """Let a client do its operations against a gateway of its own."""
    command = peer.start()
    with MockGateway(min_server_version=157, max_server_version=peer.version) as gateway:
        prepare(gateway)
        done = _started(gateway, command)
        executions, orders = gateway.executions(), gateway.orders()
        placed = gateway.requests("place_order")
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    return Run(peer, read, executions, orders, placed, time.time())


def _started(
    gateway: MockGateway, command: Sequence[str | Path]
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end while the market moves."""
    ended = threading.Event()
    market = threading.Thread(target=move, args=(gateway, ended))
    market.start()
    try:
        return subprocess.run(
            [str(word) for word in (*command, gateway.host, gateway.port)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        ended.set()
        market.join()
