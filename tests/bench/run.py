"""The bench: ratios in one run, never absolute promises.

``python tests/bench/run.py [--rounds N] [--only ROW] [--json FILE]`` prints a table and writes
JSON. Every configuration runs once per round, interleaved, each in a process of its own against
one mock gateway in this process; the medians are compared. The Rust peers are built on first use
(``cargo build --release -p aioibkr-bench-peers``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aioibkr.testing import MockGateway

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TICKS = 4_000_000
WALK = 2_100_000
CROWD, CROWD_TICKS, CROWD_WALK = 32, 1_000_000, 280_000
IDLE_S = 2.0
SEQUENTIAL, CONCURRENT = 2_000, 20_000
BAR_DAYS = 5  # of one-second bars in trading hours: 117 000
TIMEOUT = 60.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One configuration: a command, and what the gateway does once it is ready.

    ``flood`` and ``walk`` are ticks of each line; ``idle`` watches the gateway do nothing.
    """

    name: str
    command: list[str]
    flood: int = 0
    walk: int = 0
    idle: bool = False
    environment: dict[str, str] = field(default_factory=dict)


def peers() -> str:
    """Path of the Rust peers, built if needed."""
    build = ["cargo", "build", "--quiet", "--release", "-p", "aioibkr-bench-peers"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release" / "bench-peers")


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    rust = peers()

    def worker(name: str, task: str, *rest: object, flood: int = 0, **env: str) -> Run:
        words = [sys.executable, str(HERE / "worker.py"), task, *address, *map(str, rest)]
        return Run(name, words, flood, environment=env)

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
        Run("ticks, split", [rust, "split", *address, str(TICKS)], TICKS),
        Run("ticks, bare loop", [rust, "bare", str(TICKS)]),
        Run("ticks, 1000 lines", [rust, "split", *address, str(TICKS), "1000"], TICKS // 1000),
        *(
            Run(
                f"ticks, simulated, {wire}",
                [rust, "simulated", *address, str(WALK), wire],
                walk=WALK,
            )
            for wire in ("protobuf", "text")
        ),
        Run(
            "ticks, 32 clients",
            [rust, "crowd", *address, str(CROWD), str(CROWD_TICKS)],
            flood=CROWD_TICKS,
        ),
        Run(
            "ticks, 32 clients, simulated",
            [rust, "crowd", *address, str(CROWD), str(CROWD_WALK)],
            walk=CROWD_WALK,
        ),
        Run("idle, 32 clients", [rust, "idle", *address, str(CROWD)], idle=True),
        Run("ticks, split + decode", [rust, "decode", *address, str(TICKS)], TICKS),
        worker("ticks, columnar", "ticks", TICKS, flood=TICKS),
        worker("crowd", "crowd", 20),
    ]


def measure(run: Run, gateway: MockGateway) -> Figures:
    """Run one configuration to its end."""
    child = subprocess.Popen(
        run.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | run.environment,
    )
    own: Figures = {}
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{run.name}: did not get ready")
        if run.flood:
            gateway.flood("AAPL", count=run.flood + 200)
        if run.walk:
            walk(gateway, run.walk)
        if run.idle:
            own = idle_cpu()
        printed, _ = child.communicate(timeout=TIMEOUT)
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0:
        raise RuntimeError(f"{run.name}: exit status {child.returncode}")
    figures: Figures = json.loads(printed)
    return figures | own


def walk(gateway: MockGateway, ticks: int) -> None:
    """Let the price walk as fast as it can, at least this many ticks.

    A step is seven ticks: bid, ask and last with a size each, and the volume.
    """
    gateway.walk_price("AAPL", interval=0.001)
    for _ in range(ticks // 70_000 + 1):
        gateway.advance(10.0)
    gateway.hold_price("AAPL")
    gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)


def idle_cpu() -> Figures:
    """User and system time per second of this process, which the gateway is in."""
    start, cpu = time.perf_counter(), time.process_time()
    time.sleep(IDLE_S)
    return {"cpu_share": (time.process_time() - cpu) / (time.perf_counter() - start)}


def start_time() -> float:
    """Median time to start a mock gateway and have it listen."""
    spent = []
    for _ in range(20):
        start = time.perf_counter()
        gateway = MockGateway(port=0)
        spent.append(time.perf_counter() - start)
        gateway.stop()
    return statistics.median(spent)


def collect(rounds: int, only: str | None) -> dict[str, list[Figures]]:
    """Interleaved runs; a configuration that fails has no figures."""
    results: dict[str, list[Figures]] = {"gateway": [{"start_s": start_time()}]}
    with MockGateway(port=0, seed=1) as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        chosen = [r for r in runs([gateway.host, str(gateway.port)]) if not only or only in r.name]
        for number in range(rounds):
            for run in chosen:
                print(f"round {number + 1}: {run.name}", file=sys.stderr, flush=True)
                try:
                    results.setdefault(run.name, []).append(measure(run, gateway))
                except (RuntimeError, subprocess.TimeoutExpired, ValueError) as error:
                    print(f"  no result: {error}", file=sys.stderr)
    return results


def medians(results: dict[str, list[Figures]]) -> dict[str, Figures]:
    """The median of each figure of each configuration."""
    return {
        name: {key: statistics.median(run[key] for run in figures) for key in figures[0]}
        for name, figures in results.items()
        if figures
    }


@dataclass(frozen=True)
class Row:
    """One line of the table: a ratio or a figure, and the goal it is held against."""

    name: str
    goal: str
    value: Callable[[dict[str, Figures]], str]


def _ratio(
    top: tuple[str, str], bottom: tuple[str, str], per: str | None = None
) -> Callable[[dict[str, Figures]], str]:
    def value(figures: dict[str, Figures]) -> str:
        def read(pick: tuple[str, str]) -> float:
            name, key = pick
            return figures[name][key] / (figures[name][per] if per else 1.0)

        return f"{read(top) / read(bottom):.2f}"

    return value


def _figure(name: str, key: str, scale: float, unit: str) -> Callable[[dict[str, Figures]], str]:
    return lambda figures: f"{figures[name][key] * scale:.2f} {unit}"


def _ticks_per_second(name: str, key: str = "ticks") -> Callable[[dict[str, Figures]], str]:
    return lambda figures: f"{figures[name][key] / figures[name]['wall_s'] / 1e6:.2f} M/s"


def _rate_ratio(top: str, bottom: str) -> Callable[[dict[str, Figures]], str]:
    def rate(figures: dict[str, Figures], name: str) -> float:
        return figures[name]["ticks"] / figures[name]["wall_s"]

    return lambda figures: f"{rate(figures, top) / rate(figures, bottom):.2f}"


def _cpu_per_tick(name: str) -> Callable[[dict[str, Figures]], str]:
    return lambda figures: f"{figures[name]['cpu_ns'] / figures[name]['ticks']:.1f} ns"


P50, RATE, CPU = "sequential_p50_s", "concurrent_per_s", "cpu_ns"
FUTURE = "requests, future_into_py"
WALKED, WALKED_TEXT = "ticks, simulated, protobuf", "ticks, simulated, text"
FLOODED, CROWDED = "ticks, 32 clients", "ticks, 32 clients, simulated"
SHARE = "slowest_to_fastest"
# The gateway's own ceiling: peers that do no more than cut the stream into frames. A tick of a
# simulated price is a tickPrice or a tickSize, as IB counts them; price ticks alone stand below.
CEILING = [
    Row("gateway: start", "< 50 ms", _figure("gateway", "start_s", 1e3, "ms")),
    Row("gateway: bare loop", "", _ticks_per_second("ticks, bare loop")),
    Row("gateway: flood", "", _ticks_per_second("ticks, split")),
    Row("gateway: flood / bare loop", ">= 0.8", _rate_ratio("ticks, split", "ticks, bare loop")),
    Row(
        "gateway: flood of 1000 lines / bare loop",
        ">= 0.8",
        _rate_ratio("ticks, 1000 lines", "ticks, bare loop"),
    ),
    Row("gateway: simulated, price + size ticks", ">= 2 M/s", _ticks_per_second(WALKED)),
    Row("gateway: simulated, price ticks alone", "", _ticks_per_second(WALKED, "price_ticks")),
    Row("gateway: simulated in text, price + size", ">= 0.5 M/s", _ticks_per_second(WALKED_TEXT)),
    Row(
        "gateway: simulated in text, price alone", "", _ticks_per_second(WALKED_TEXT, "price_ticks")
    ),
    Row("gateway: flood of 32 clients, together", "", _ticks_per_second(FLOODED)),
    Row("gateway: flood, slowest / fastest of 32", "", _figure(FLOODED, SHARE, 1, "")),
    Row("gateway: simulated to 32, together", "", _ticks_per_second(CROWDED)),
    Row("gateway: simulated, slowest / fastest", "", _figure(CROWDED, SHARE, 1, "")),
    Row(
        "gateway: CPU for 32 idle clients",
        "",
        _figure("idle, 32 clients", "cpu_share", 1e6, "us/s"),
    ),
]
ROWS = [
    Row("import", "<= 30 ms", _figure("import", "wall_s", 1e3, "ms")),
    Row("connect, p50", "", _figure("connect", "p50_s", 1e3, "ms")),
    Row("sequential p50", "", _figure("requests", P50, 1e6, "us")),
    Row("sequential p50 on uvloop", "", _figure("requests on uvloop", P50, 1e6, "us")),
    Row("sequential p50, future_into_py", "", _figure(FUTURE, P50, 1e6, "us")),
    Row("sequential p50, ibapi in Rust", "", _figure("requests, ibapi", P50, 1e6, "us")),
    Row("sequential p50 / future_into_py", "<= 0.8", _ratio(("requests", P50), (FUTURE, P50))),
    Row("100 tasks, requests/s", "", _figure("requests", RATE, 1e-3, "k/s")),
    Row("100 tasks, ibapi in Rust", "", _figure("requests, ibapi", RATE, 1e-3, "k/s")),
    Row("100 tasks / future_into_py", ">= 1.5", _ratio(("requests", RATE), (FUTURE, RATE))),
    Row(
        "100 tasks, current_thread / one worker",
        "",
        _ratio(("requests", RATE), ("requests, one worker", RATE)),
    ),
    Row("117 k bars, request", "", _figure("bars", "fetch_s", 1e3, "ms")),
    Row("117 k bars, ibapi in Rust", "", _figure("bars, ibapi", "wall_s", 1e3, "ms")),
    Row("117 k bars, all made objects", "", _figure("bars", "objects_s", 1e3, "ms")),
    Row("stall while bars arrive", "<= 5 ms", _figure("bars", "stall_s", 1e3, "ms")),
    Row("tick: split", "", _cpu_per_tick("ticks, split")),
    Row("tick: split + decode", "", _cpu_per_tick("ticks, split + decode")),
    Row("tick: columnar batches", "", _cpu_per_tick("ticks, columnar")),
    Row(
        "tick CPU / split + decode",
        "<= 2.5",
        _ratio(("ticks, columnar", CPU), ("ticks, split + decode", CPU), "ticks"),
    ),
    Row("ticks lost without a report", "0", _figure("ticks, columnar", "lost", 1, "")),
    *CEILING,
    Row("stall in a crowd of 100", "<= 5 ms", _figure("crowd", "stall_s", 1e3, "ms")),
    Row("crowd, calls/s", "", _figure("crowd", "calls_per_s", 1e-3, "k/s")),
]


def table(figures: dict[str, Figures]) -> str:
    """The rows as text; a row whose peer failed says so."""
    lines = [f"{'measure':<42}{'goal':>10}{'median':>16}", "-" * 68]
    for row in ROWS:
        try:
            value = row.value(figures)
        except (KeyError, ZeroDivisionError):
            value = "no result"
        lines.append(f"{row.name:<42}{row.goal:>10}{value:>16}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="configurations whose name contains this")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "latest.json")
    options = parser.parse_args()
    results = collect(options.rounds, options.only)
    figures = medians(results)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"{options.rounds} rounds, pacing off")  # fmt: skip
    print(table(figures))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    written = {"time": time.time(), "medians": figures, "runs": results}
    options.json.write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
