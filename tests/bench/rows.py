"""Requests, bars and the loop: what is run and what the table shows."""

from __future__ import annotations

import sys

from bench.measuring import HERE, Row, Run, figure, peers, ratio

SEQUENTIAL, CONCURRENT = 2_000, 20_000
PLACED = 500  # market orders, each through broker and client
BAR_DAYS = 5  # of one-second bars in trading hours: 117 000


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    rust = peers()

    def worker(name: str, task: str, *rest: object, **env: str) -> Run:
        words = [sys.executable, str(HERE / "worker.py"), task, *address, *map(str, rest)]
        return Run(name, words, environment=env)

    counts = (SEQUENTIAL, CONCURRENT)
    return [
        worker("import", "import"),
        worker("connect", "connect"),
        worker("requests", "requests-bridge", *counts),
        worker("requests on uvloop", "requests-bridge", *counts, "--uvloop"),
        worker("requests, one worker", "requests-bridge", *counts, AIOIBKR_RUNTIME="worker"),
        worker("requests, future_into_py", "requests-future", *counts),
        Run("requests, ibapi", [rust, "time", *address, *map(str, counts)]),
        worker("bars", "bars", BAR_DAYS),
        Run("bars, ibapi", [rust, "bars", *address, str(BAR_DAYS)]),
        worker("crowd", "crowd", 20),
        worker("placing", "placing", PLACED),
    ]


P50, RATE = "sequential_p50_s", "concurrent_per_s"
FUTURE = "requests, future_into_py"
ROWS = [
    Row("import", "<= 30 ms", figure("import", "wall_s", 1e3), "ms"),
    Row("connect, p50", "", figure("connect", "p50_s", 1e3), "ms"),
    Row("sequential p50", "", figure("requests", P50, 1e6), "us"),
    Row("sequential p50 on uvloop", "", figure("requests on uvloop", P50, 1e6), "us"),
    Row("sequential p50, future_into_py", "", figure(FUTURE, P50, 1e6), "us"),
    Row("sequential p50, ibapi in Rust", "", figure("requests, ibapi", P50, 1e6), "us"),
    Row("sequential p50 / future_into_py", "<= 0.8", ratio(("requests", P50), (FUTURE, P50))),
    Row("100 tasks, requests", "", figure("requests", RATE, 1e-3), "k/s"),
    Row("100 tasks, ibapi in Rust", "", figure("requests, ibapi", RATE, 1e-3), "k/s"),
    Row("100 tasks / future_into_py", ">= 1.5", ratio(("requests", RATE), (FUTURE, RATE))),
    Row(
        "100 tasks, current_thread / one worker",
        "",
        ratio(("requests", RATE), ("requests, one worker", RATE)),
    ),
    Row("117 k bars, request", "", figure("bars", "fetch_s", 1e3), "ms"),
    Row("117 k bars, ibapi in Rust", "", figure("bars, ibapi", "wall_s", 1e3), "ms"),
    Row("117 k bars, all made objects", "", figure("bars", "objects_s", 1e3), "ms"),
    Row("stall while bars arrive", "<= 5 ms", figure("bars", "stall_s", 1e3), "ms"),
    Row("stall in a crowd of 100", "<= 5 ms", figure("crowd", "stall_s", 1e3), "ms"),
    Row("broker places, p50", "", figure("placing", "broker_p50_s", 1e6), "us"),
    Row("client places, p50", "", figure("placing", "client_p50_s", 1e6), "us"),
    Row(
        "broker places / client places",
        "<= 1.3",
        ratio(("placing", "broker_p50_s"), ("placing", "client_p50_s")),
    ),
    Row("crowd, calls", "", figure("crowd", "calls_per_s", 1e-3), "k/s"),
]
