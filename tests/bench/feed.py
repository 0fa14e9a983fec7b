"""The feed: what is run for market data and orders beside it, and what the table shows."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

from aioibkr.testing import MockGateway
from bench.measuring import (
    HERE,
    Row,
    Run,
    beside_control,
    cpu,
    cpu_ratio,
    figure,
    peers,
    rate,
    rate_ratio,
    ratio,
)
from python.conformance.environments import interpreter_of

TICKS = 4_000_000
IBAPI_TICKS, IB_ASYNC_TICKS, OFFICIAL_TICKS = 1_000_000, 200_000, 100_000
SLOW_TICKS = 1_000_000
LINES = (1, 10, 100, 1000)
FORMS = {"columnar": 12_000_000, "lists": 2_000_000, "async for": 2_000_000}
PAUSES_MS = (0, 1, 20)
MEMORY_LINES = (500, 5000)
ORDERS = 400
STALL_MS = 5
FIRST_CONTRACT = 900_001
ENDLESS = 1 << 40
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # numpy adds up a column; its idle threads cost CPU

Drive = Callable[[MockGateway], None]
Program = list[str]


def list_stocks(gateway: MockGateway) -> None:
    """List the stocks that lines are opened for."""
    for number in range(1, max(MEMORY_LINES) + 1):
        gateway.add_instrument(_symbol(number), con_id=FIRST_CONTRACT + number, price=100.0)


def _symbol(number: int) -> str:
    return f"S{number:05}"


def flood(lines: int, ticks: int) -> Drive:
    """So many ticks over the first lines, and a few more for readers that miss the beginning."""
    symbols = [_symbol(number) for number in range(1, lines + 1)]
    return lambda gateway: gateway.flood(symbols, count=-(-(ticks + 200) // lines))


def single_ticks(gateway: MockGateway) -> None:
    """One trade after the other; its size is the microsecond it was made at."""
    for number in range(300):
        time.sleep(0.003)
        price, now = 100.0 + number % 2, time.perf_counter_ns() // 1000
        gateway.set_price(_symbol(1), last=price, last_size=now)


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    conformance = HERE.parent / "python"
    foreign = conformance / "conformance" / "ib_async.lock"
    official = conformance / "official" / "requirements.lock"
    programs = {
        "ours": [sys.executable, str(HERE / "feed_worker.py")],
        "rust": [peers()],
        "ib_async": [
            str(interpreter_of("ib_async", foreign)), str(HERE / "peers" / "ib_async_peer.py")
        ],
        "official": [
            str(interpreter_of("official", official)), str(HERE / "peers" / "official_peer.py")
        ],
    }  # fmt: skip

    def run(name: str, program: str, *rest: object, drive: Drive | None = None) -> Run:
        task, *numbers = map(str, rest)
        return Run(name, [*programs[program], task, *address, *numbers], drive, ONE_THREAD)

    return [
        *_throughput(run),
        *_latency(run),
        *_losses(run),
        *_memory(run),
    ]


Maker = Callable[..., Run]


def _throughput(run: Maker) -> list[Run]:
    made = [
        Run("gateway, bare loop", [peers(), "bare", str(TICKS)]),
        run("floor, split", "rust", "split", TICKS, 1, drive=flood(1, TICKS)),
        run("floor, decode", "rust", "decode", TICKS, 1, drive=flood(1, TICKS)),
        run("official, 1", "official", "ticks", 1, OFFICIAL_TICKS, drive=flood(1, OFFICIAL_TICKS)),
    ]
    for lines in LINES:
        for form, ticks in FORMS.items():
            words = (f"{form}, {lines}", "ours", form, lines, ticks)
            made.append(run(*words, drive=flood(lines, ticks)))
        for peer, program, ticks in (
            ("ib_async", "ib_async", IB_ASYNC_TICKS),
            ("ibapi", "rust", IBAPI_TICKS),
        ):
            words = (f"{peer}, {lines}", program, "ticks", lines, ticks)
            made.append(run(*words, drive=flood(lines, ticks)))
    return made


def _latency(run: Maker) -> list[Run]:
    return [
        run("latency", "ours", "latency", drive=single_ticks),
        run("latency, ib_async", "ib_async", "latency", drive=single_ticks),
        run("orders, idle", "ours", "orders", ORDERS, "idle"),
        run("control", "ours", "control"),
        run("orders, flood", "ours", "orders", ORDERS, "flood", drive=flood(1, ENDLESS)),
        replace(
            run("orders, beside", "ours", "orders", ORDERS, "beside", drive=flood(1, ENDLESS)),
            companion=run("", "rust", "split", ENDLESS, 1).command,
        ),
    ]


def _losses(run: Maker) -> list[Run]:
    return [
        run(
            f"slow reader, {pause} ms", "ours", "slow", SLOW_TICKS, pause,
            drive=flood(1, SLOW_TICKS),
        )
        for pause in PAUSES_MS
    ]  # fmt: skip


def _memory(run: Maker) -> list[Run]:
    return [
        run(f"memory {peer}, {lines}", program, "memory", lines)
        for lines in MEMORY_LINES
        for peer, program in (("ours", "ours"), ("ib_async", "ib_async"), ("ibapi", "rust"))
    ]


def _rates() -> list[Row]:
    names = [f"{form}, {lines}" for form in (*FORMS, "ib_async", "ibapi") for lines in LINES]
    floors = ["floor, split", "floor, decode"]
    return [
        row
        for name in (*floors, *names, "official, 1")
        for row in (
            Row(f"{name}: ticks", "", rate(name), "M/s"),
            Row(f"{name}: CPU of a tick", "", cpu(name), "ns"),
        )
    ]


def _unreported() -> list[Row]:
    return [
        Row(
            f"unreported, reader pauses {pause} ms",
            "= 0",
            figure(f"slow reader, {pause} ms", "unreported"),
        )
        for pause in PAUSES_MS
    ]


def _sizes() -> list[Row]:
    return [
        Row(f"RSS, {lines} lines, {peer}", "", figure(f"memory {peer}, {lines}", "rss_mb"), "MB")
        for lines in MEMORY_LINES
        for peer in ("ours", "ib_async", "ibapi")
    ]


def _stalls() -> list[Row]:
    control = figure("control", "stall_s", 1e3)
    return [Row("event loop stall, nothing of ours", "", control, "ms")] + [
        Row(
            f"event loop stall, {form}",
            f"<= {STALL_MS} ms",
            beside_control(figure(f"{form}, 1", "stall_s", 1e3), control, STALL_MS),
            "ms",
        )
        for form in FORMS
    ]


P50, P99 = "p50_s", "p99_s"
IDLE, FLOOD, BESIDE = "orders, idle", "orders, flood", "orders, beside"
ROWS = [
    Row("gateway's ceiling: bare loop", "", rate("gateway, bare loop"), "M/s"),
    Row("gateway's ceiling: its flood", "", rate("floor, split"), "M/s"),
    *_rates(),
    Row("one tick, idle: p50", "", figure("latency", P50, 1e6), "us"),
    Row("one tick, idle: p99", "", figure("latency", P99, 1e6), "us"),
    Row("one tick, idle: p50, ib_async", "", figure("latency, ib_async", P50, 1e6), "us"),
    Row("one tick, idle: p99, ib_async", "", figure("latency, ib_async", P99, 1e6), "us"),
    Row("order acknowledged, idle: p50", "", figure(IDLE, P50, 1e6), "us"),
    Row("order acknowledged, idle: p99", "", figure(IDLE, P99, 1e6), "us"),
    Row("order acknowledged, flood: p50", "", figure(FLOOD, P50, 1e6), "us"),
    Row("order acknowledged, flood: p99", "", figure(FLOOD, P99, 1e6), "us"),
    Row("order acknowledged, another's flood: p50", "", figure(BESIDE, P50, 1e6), "us"),
    Row("order acknowledged, another's flood: p99", "", figure(BESIDE, P99, 1e6), "us"),
    *_sizes(),
    Row("columnar / ib_async, ticks", ">= 40", rate_ratio("columnar, 1", "ib_async, 1")),
    Row("lists / ib_async, ticks", "", rate_ratio("lists, 1", "ib_async, 1")),
    Row("async for / ib_async, ticks", ">= 10", rate_ratio("async for, 1", "ib_async, 1")),
    Row("columnar / split + decode, CPU", "<= 2.5", cpu_ratio("columnar, 1", "floor, decode")),
    Row("columnar, 1000 lines / 1", ">= 0.85", rate_ratio("columnar, 1000", "columnar, 1")),
    Row("async for, 1000 lines / 1", ">= 0.85", rate_ratio("async for, 1000", "async for, 1")),
    *_unreported(),
    Row("order acknowledged p99, flood / idle", "<= 2", ratio((FLOOD, P99), (IDLE, P99))),
    Row(
        "order acknowledged p99, flood / another's flood",
        "",
        ratio((FLOOD, P99), (BESIDE, P99)),
    ),
    Row(
        "RSS, 500 lines / ib_async",
        "<= 0.8",
        ratio(("memory ours, 500", "rss_mb"), ("memory ib_async, 500", "rss_mb")),
    ),
    *_stalls(),
]
