"""Foreign clients read from the mock gateway what the control API put there, in every encoding.

Each client, pinned to a server version, does the operations of its program once; each operation is
a test of its own. All clients answer in one form, so that they are held to one set of expectations.
"""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aioibkr.testing import Execution, MockGateway, Request
from python.conformance.environments import interpreter_of

HERE = Path(__file__).parent
ACCOUNT = "DU1234567"
QUOTE = {
    "bid": 189.9, "ask": 190.1, "last": 190.0, "bid_size": 300.0, "ask_size": 500.0,
    "last_size": 100.0, "volume": 1234567.0, "open": 188.5, "high": 191.25, "low": 187.75,
    "close": 188.25,
}  # fmt: skip
OFFICIAL_LOCK = HERE.parent / "official" / "requirements.lock"
OFFICIAL_VERSIONS = (178, 200, 201, 203, 205, 207, 208, 210, 212, 213, 220, 225)


@dataclass(frozen=True)
class Peer:
    """A foreign client and the server version it is to agree on."""

    name: str
    version: int
    lock: Path
    program: Path
    arguments: tuple[str, ...] = ()


PEERS = (
    Peer("ib_insync", 176, HERE / "ib_insync.lock", HERE / "ib_program.py", ("ib_insync",)),
    Peer("ib_async", 178, HERE / "ib_async.lock", HERE / "ib_program.py", ("ib_async",)),
    *(
        Peer("official", version, OFFICIAL_LOCK, HERE / "official_program.py")
        for version in OFFICIAL_VERSIONS
    ),
)


@dataclass(frozen=True)
class Run:
    """What a client read, and what the gateway knows of it."""

    peer: Peer
    read: dict[str, Any]
    executions: list[Execution]
    orders: list[Request]
    ended_at: float


EXPECTED = {
    "managed_accounts": [ACCOUNT],
    "account_summary": "250000.5",
    "account_value": "250000.5",
    "portfolio": ["MSFT", "NASDAQ", 12.0, 301.25, 425.0, ACCOUNT],
    "positions": ["MSFT", 272093, 12.0, 301.25, ACCOUNT],
    "contract_details": [265598, "NASDAQ", "NMS", "APPLE INC", 0.01, "COMMON", 1],
    "forex": ["EUR", "USD", "CASH"],
    "ambiguous_contract": ["NASDAQ", "NYSE"],
    "unknown_contract": 200,
    "quote": QUOTE,
    "snapshot": [189.9, 190.1, 190.0],
    "not_entitled": 354,
    "delayed_quote": [3, 249.5, 250.5],
    "pnl": [12.5, 100.0, -3.25],
    "pnl_single": [12.0, 12 * 425.0],
    "limit_order": [0.0, 3.0],
    "open_orders": {
        "symbol": "MSFT",
        "terms": [
            "BUY", 3.0, "LMT", 1.5, "GTD", "20261231 16:00:00 US/Eastern", True, "mine", ACCOUNT,
        ],
        "oca": ["one", 2],
        "algo": ["Adaptive", ["adaptivePriority", "Normal"]],
        "conditions": [
            ["a", True, 500.25, 265598, "SMART", 2],
            ["o", True, "20261230 10:00:00 UTC"],
            [True, False],
        ],
    },
    "all_open_orders": ["mine"],
    "cancel": ["Cancelled", 202],
    "global_cancel": ["Cancelled", "Cancelled"],
    "refused_order": 321,
    "completed_orders": [
        ["LMT", "Cancelled", 0.0], ["LMT", "Cancelled", 0.0], ["LMT", "Cancelled", 0.0],
        ["MKT", "Filled", 7.0],
    ],
}  # fmt: skip


def prepare(gateway: MockGateway) -> None:
    """Put in place what every client is to read."""
    gateway.set_account_value(ACCOUNT, "NetLiquidation", 250_000.5)
    gateway.set_position(ACCOUNT, "MSFT", quantity=12, average_cost=301.25)
    gateway.set_price("MSFT", bid=424.9, ask=425.1, last=425.0)
    gateway.set_price("AAPL", **QUOTE)
    gateway.set_price("TSLA", bid=249.5, ask=250.5, last=250.0)
    gateway.set_entitlement("TSLA", live=False)
    gateway.set_pnl(ACCOUNT, daily=12.5, unrealized=100.0, realized=-3.25)


def run(peer: Peer) -> Run:
    """Let a client do its operations against a gateway of its own."""
    interpreter = interpreter_of(peer.name, peer.lock)
    with MockGateway(min_server_version=157, max_server_version=peer.version) as gateway:
        prepare(gateway)
        command = [interpreter, peer.program, *peer.arguments, gateway.host, gateway.port]
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        executions, orders = gateway.executions(), gateway.requests("place_order")
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    return Run(peer, read, executions, orders, time.time())


@pytest.fixture(scope="module", params=PEERS, ids=lambda peer: f"{peer.name}-{peer.version}")
def finished(request: pytest.FixtureRequest) -> Run:
    """One run per client and version."""
    return run(request.param)


pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("operation", EXPECTED)
def test_an_operation_reads_what_was_set(finished: Run, operation: str) -> None:
    assert finished.read[operation] == EXPECTED[operation]


def test_the_highest_common_version_is_agreed(finished: Run) -> None:
    assert finished.read["server_version"] == finished.peer.version


def test_the_time_is_the_present(finished: Run) -> None:
    assert abs(finished.read["server_time"] - finished.ended_at) < 120


def test_futures_have_their_multiplier(finished: Run) -> None:
    futures = finished.read["futures"]

    assert [multiplier for _, multiplier in futures] == [50.0] * 4


def test_bars_are_the_same_for_every_client(finished: Run) -> None:
    bars = finished.read["historical_bars"]

    assert bars == run_once("historical_bars", bars)
    assert [bar[0] for bar in bars] == ["20260102", "20260105"]


def test_a_fill_is_told_with_its_commission(finished: Run) -> None:
    (execution,) = finished.executions

    fill = finished.read["market_order"]

    assert fill["order"] == [7.0, 0.0, 190.1]
    assert fill["fill"] == [7.0, 190.1, "BOT", "NASDAQ", 7.0, execution.exec_id]
    assert fill["commission"] == [execution.exec_id, execution.commission, "USD"]
    assert fill["perm_id"] == execution.perm_id


def test_executions_are_those_of_the_gateway(finished: Run) -> None:
    known = [[row.exec_id, row.quantity, row.price] for row in finished.executions]

    assert finished.read["executions"] == known


def test_a_preview_shows_margin_and_commission(finished: Run) -> None:
    margin, equity, commission = finished.read["what_if"]

    assert margin > 0
    assert equity == -commission == -1.0


def test_an_order_reaches_the_gateway_as_it_was_written(finished: Run) -> None:
    (order,) = [row.fields for row in finished.orders if row.fields.get("order.orderRef") == "mine"]

    expected = {
        "contract.symbol": "MSFT", "order.action": "BUY", "order.totalQuantity": "3",
        "order.lmtPrice": "1.5", "order.tif": "GTD", "order.outsideRth": "true",
        "order.transmit": "true", "order.ocaGroup": "one", "order.algoStrategy": "Adaptive",
        "order.algoParams.adaptivePriority": "Normal", "order.conditions.0.price": "500.25",
        "order.conditions.1.time": "20261230 10:00:00 UTC",
    }  # fmt: skip
    assert expected.items() <= order.items()


_FIRST: dict[str, object] = {}


def run_once(name: str, read: object) -> object:
    """What the first client read under this name."""
    return _FIRST.setdefault(name, read)
