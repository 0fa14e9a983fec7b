"""`aioibkr serve` ends within 5 s of SIGTERM or SIGINT, whatever is open (X6)."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from python.cli.test_serve import PATIENCE, first_line, program

STOPS = [signal.SIGINT, signal.SIGTERM]
LIMIT = 5.0
ORDER = {"symbol": "AAPL", "quantity": 1, "side": "buy", "order_type": "market"}
HALF_BODY = (
    b"POST /api/ibkr/orders HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)
OPEN = {
    "half a body": HALF_BODY,
    "half a head": HALF_BODY[:40],
    "nothing yet": b"",
    "an idle connection": b"GET /api/ibkr/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def port_of(running: "subprocess.Popen[str]") -> int:
    """The port a service says that it listens on."""
    return int(first_line(running).strip().rpartition(":")[2])


def ended(running: "subprocess.Popen[str]", stop: signal.Signals) -> str:
    """What a service logs after a signal; fails when it does not end in time."""
    running.send_signal(stop)
    began = time.monotonic()
    _, errors = running.communicate(timeout=PATIENCE)

    assert time.monotonic() - began < LIMIT
    assert running.returncode == 0, errors
    assert "Traceback" not in errors
    return errors


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("sent", OPEN.values(), ids=OPEN)
def test_open_connection_does_not_keep_it(sent: bytes, stop: signal.Signals) -> None:
    with (
        program("serve", "--mock", "--port", "0") as running,
        socket.create_connection(("127.0.0.1", port_of(running)), PATIENCE) as open_one,
    ):
        open_one.sendall(sent)
        if sent.endswith(b"\r\n\r\n"):
            assert open_one.recv(1)

        ended(running, stop)


@pytest.mark.parametrize("stop", STOPS)
def test_open_websocket_does_not_keep_it(stop: signal.Signals) -> None:
    with program("serve", "--mock", "--port", "0") as running:
        url = f"ws://127.0.0.1:{port_of(running)}/api/ibkr/ws"
        with connect(url, proxy=None) as opened:
            opened.send('{"action": "subscribe", "channel": "session"}')
            assert opened.recv(timeout=PATIENCE)

            ended(running, stop)


@contextlib.contextmanager
def stopped_gateway_behind() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A service whose gateway has been stopped, as a program is that hangs; and its port."""
    with program("mock-gateway", "--port", "0") as gateway:
        at = first_line(gateway).strip().rpartition(":")[2]
        arguments = ("serve", "--port", "0", "--gateway-port", at)
        with program(*arguments, IBKR_ORDER_TIMEOUT="60", IBKR_READ_TIMEOUT="60") as running:
            port = port_of(running)
            ready = f"http://127.0.0.1:{port}/api/ibkr/health?probe=readiness"
            end = time.monotonic() + PATIENCE
            while httpx.get(ready).status_code != 200:
                assert time.monotonic() < end
            warm = httpx.get(f"http://127.0.0.1:{port}/api/ibkr/quote/AAPL", timeout=PATIENCE)
            assert warm.status_code == 200
            gateway.send_signal(signal.SIGSTOP)
            try:
                yield running, port
            finally:
                gateway.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("stop", STOPS)
def test_order_in_flight_is_told_as_unknown(stop: signal.Signals) -> None:
    with stopped_gateway_behind() as (running, port):
        url = f"http://127.0.0.1:{port}/api/ibkr/orders"
        answers: list[httpx.Response] = []
        call = threading.Thread(target=place, args=[url, answers])
        call.start()
        deadline = time.monotonic() + PATIENCE
        scrape = f"http://127.0.0.1:{port}/metrics"
        while written(httpx.get(scrape).text) < 1:
            assert time.monotonic() < deadline

        errors = ended(running, stop)
        call.join(PATIENCE)

    assert "order 'in-flight', BUY 1 AAPL: outcome unknown" in errors
    assert [answer.status_code for answer in answers] == [504]
    assert answers[0].json()["key"] == "in-flight"


def place(url: str, answers: list[httpx.Response]) -> None:
    """Place an order that nobody answers."""
    limit = {**ORDER, "order_type": "limit", "price": 1.0}
    headers = {"Idempotency-Key": "in-flight"}
    answers.append(httpx.post(url, json=limit, headers=headers, timeout=PATIENCE))


def written(scrape: str) -> float:
    """How many orders have been written to the gateway, by a scrape."""
    (line,) = [row for row in scrape.splitlines() if row.startswith("aioibkr_orders_placed_total")]
    return float(line.rpartition(" ")[2])
