"""The WebSocket: how late a quote is at 200 clients, and what ten that never read cost."""

from __future__ import annotations

import sys
import time

from aioibkr.testing import MockGateway
from bench.measuring import HERE, Figures, Row, Run, figure

NAME = "websocket, 200 clients"
CLIENTS, STOPPED, SYMBOLS = 200, 10, 100
QUOTES_PER_S = 100
SECONDS = 8.0


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    counts = [str(count) for count in (CLIENTS, STOPPED, SYMBOLS)]
    worker = [sys.executable, str(HERE / "websocket_worker.py"), *address, *counts]
    return [Run(NAME, worker, drive=quote)]


def quote(gateway: MockGateway) -> Figures:
    """Quotes of every symbol, at their rate; a size is the microsecond it was made at."""
    symbols = [f"S{number:05}" for number in range(1, SYMBOLS + 1)]
    start, rounds = time.perf_counter(), int(SECONDS * QUOTES_PER_S)
    for number in range(rounds):
        for symbol in symbols:
            now = time.perf_counter_ns() // 1000
            gateway.set_price(symbol, last=100.0 + number % 2, last_size=now)
        time.sleep(max(0.0, start + (number + 1) / QUOTES_PER_S - time.perf_counter()))
    return {"quotes_per_s": rounds * SYMBOLS / (time.perf_counter() - start)}


ROWS = [
    Row("quotes made at the gateway", "", figure(NAME, "quotes_per_s", 1e-3), "k/s"),
    Row("gateway's write to a client's socket: p50", "", figure(NAME, "p50_s", 1e3), "ms"),
    Row("gateway's write to a client's socket: p99", "< 100 ms", figure(NAME, "p99_s", 1e3), "ms"),
    Row("messages to all clients", "", figure(NAME, "messages_per_s"), "/s"),
    Row("RSS grown, ten clients never read", "<= 64 MB", figure(NAME, "grown_mb"), "MB"),
    Row("CPU of the service", "", figure(NAME, "cpu_share", 1e2), "%"),
    Row("CPU of its clients", "", figure(NAME, "clients_cpu_share", 1e2), "%"),
]
