"""``aioibkr serve --mock`` and ``aioibkr mock-gateway`` as programs of their own."""

import contextlib
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


@contextlib.contextmanager
def program(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of ``aioibkr`` that runs as long as the block."""
    command = [sys.executable, "-m", "aioibkr", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
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
    assert "in use" in errors


def test_mock_gateway_says_where_it_listens() -> None:
    with program("mock-gateway", "--port", "0") as running:
        assert re.match(r"listening on 127\.0\.0\.1:\d+", first_line(running))
