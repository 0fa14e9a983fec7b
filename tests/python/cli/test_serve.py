"""``aioibkr serve --mock`` and ``aioibkr mock-gateway`` as programs of their own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

PATIENCE = 15.0
TOKEN = "correct-horse-battery-staple"  # noqa: S105 - of a test


@contextlib.contextmanager
def program(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of ``aioibkr`` that runs as long as the block."""
    command = [sys.executable, "-m", "aioibkr", *arguments]
    pipe = subprocess.PIPE
    around = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=around) as it:
        try:
            yield it
        finally:
            it.kill()


def first_line(running: "subprocess.Popen[str]") -> str:
    """The first line it prints; the pipe ends when the program does."""
    assert running.stdout is not None
    return running.stdout.readline()


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    """A client of ``serve --mock``."""
    with program("serve", "--mock", "--port", "0") as running:
        found = re.search(r"http://127\.0\.0\.1:\d+", first_line(running))
        assert found
        with httpx.Client(base_url=found.group(), timeout=PATIENCE) as client:
            yield client


def filled(web: httpx.Client, order_id: str) -> dict[str, Any]:
    """The order once it is filled; fails when it is not in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        order: dict[str, Any] = web.get(f"/api/ibkr/orders/{order_id}").json()
        if order["status"] == "FILLED":
            return order
    raise TimeoutError(f"order {order_id} is not filled: {order}")


def test_served_mock_trades(web: httpx.Client) -> None:
    account = web.get("/api/ibkr/account").json()["account"]
    order = {"symbol": "AAPL", "quantity": 10, "side": "buy", "order_type": "market"}

    receipt = web.post("/api/ibkr/orders", json=order).json()
    detail = filled(web, receipt["order_id"])
    positions = web.get("/api/ibkr/positions").json()

    assert account["account_id"] == "DU1234567"
    assert detail["filled_at"] is not None
    assert [(held["symbol"], held["quantity"]) for held in positions] == [("AAPL", 10)]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_cleanly(stop: signal.Signals) -> None:
    with program("serve", "--mock", "--port", "0", "--account", "DU7654321") as running:
        assert first_line(running).startswith("serving on http://127.0.0.1:")

        running.send_signal(stop)
        _, errors = running.communicate(timeout=PATIENCE)

    assert running.returncode == 0
    assert "Traceback" not in errors


def test_port_in_use_is_said() -> None:
    with program("serve", "--mock", "--port", "0") as first:
        port = first_line(first).strip().rpartition(":")[2]
        with program("serve", "--mock", "--port", port) as second:
            _, errors = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in errors


def test_start_says_what_is_served_and_what_to_try() -> None:
    with program("serve", "--mock", "--port", "0") as running:
        url = first_line(running).split()[-1]
        assert running.stdout is not None
        told = "".join(running.stdout.readline() for _ in range(8))

    assert re.search(r"gateway +127\.0\.0\.1:\d+ \(mock gateway, client id 1, ", told)
    assert re.search(r"account +DU1234567 \(paper\)", told)
    assert re.search(r"orders +on$", told, re.MULTILINE)
    assert "no token" in told
    assert told.count(url) == 3


def test_orders_are_off_when_told_so() -> None:
    with program("serve", "--mock", "--port", "0", "--no-orders") as running:
        url = first_line(running).split()[-1]
        assert running.stdout is not None
        told = "".join(running.stdout.readline() for _ in range(4))
        order = {"symbol": "AAPL", "quantity": 1, "side": "buy", "order_type": "market"}
        answer = httpx.post(f"{url}/api/ibkr/orders", json=order, timeout=PATIENCE)

    assert "orders   off" in told
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example"])  # noqa: S104
def test_other_machines_need_a_token(host: str) -> None:
    with program("serve", "--mock", "--host", host, "--port", "0", IBKR_HTTP_TOKEN="") as running:
        _, errors = running.communicate(timeout=PATIENCE)

    assert running.returncode == 2
    assert "IBKR_HTTP_TOKEN" in errors


def test_token_that_protects_nothing_ends_the_start() -> None:
    with program("serve", "--mock", "--port", "0", IBKR_HTTP_TOKEN="feeble") as running:  # noqa: S106
        _, errors = running.communicate(timeout=PATIENCE)

    assert running.returncode == 2
    assert "16 or more" in errors
    assert "feeble" not in errors


def test_token_is_no_option() -> None:
    command = [sys.executable, "-m", "aioibkr", "serve", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"--[\w-]*token[\w-]*", told)) == {"--token-file"}


def test_service_of_all_addresses_lets_in_whoever_brings_the_token() -> None:
    arguments = ("serve", "--mock", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    with program(*arguments, IBKR_HTTP_TOKEN=TOKEN) as running:
        port = first_line(running).strip().rpartition(":")[2]
        url = f"http://127.0.0.1:{port}/api/ibkr/account"
        without = httpx.get(url, timeout=PATIENCE)
        owner = httpx.get(url, headers={"X-API-Key": TOKEN}, timeout=PATIENCE)
        assert running.stdout is not None
        told = "".join(running.stdout.readline() for _ in range(8))
        running.terminate()
        _, errors = running.communicate(timeout=PATIENCE)

    assert (without.status_code, owner.status_code) == (401, 200)
    assert "$IBKR_HTTP_TOKEN" in told
    assert TOKEN not in told + errors


def test_mock_gateway_says_where_it_listens() -> None:
    with program("mock-gateway", "--port", "0") as running:
        assert re.match(r"listening on 127\.0\.0\.1:\d+", first_line(running))
