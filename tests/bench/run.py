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
SEQUENTIAL, CONCURRENT = 2_000, 20_000
BAR_DAYS = 5  # of one-second bars in trading hours: 117 000
TIMEOUT = 60.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One configuration: a command, and whether the gateway floods it once it is ready."""

    name: str
    command: list[str]
    flood: int = 0
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
        return Run(name, words, flood, env)

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
        Run("ticks, split + decode", [rust, "decode", *address, str(TICKS)], TICKS),
        worker("ticks, columnar", "ticks", TICKS, flood=TICKS),
        worker("crowd", "crowd", 20),
    ]


def measure(run: Run, gateway: MockGateway) -> Figures:
    """Run one configuration to its end."""
    child = subprocess.Popen(
        run.command, stdout=subprocess.PIPE, text=True, env=os.environ | run.environment
    )
    try:
        assert child.stdout is not None
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{run.name}: did not get ready")
        if run.flood:
            gateway.flood("AAPL", count=run.flood + 200)
        printed, _ = child.communicate(timeout=TIMEOUT)
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0:
        raise RuntimeError(f"{run.name}: exit status {child.returncode}")
    figures: Figures = json.loads(printed)
    return figures


def collect(rounds: int, only: str | None) -> dict[str, list[Figures]]:
    """Interleaved runs; a configuration that fails has no figures."""
    results: dict[str, list[Figures]] = {}
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


def _cpu_per_tick(name: str) -> Callable[[dict[str, Figures]], str]:
    return lambda figures: f"{figures[name]['cpu_ns'] / figures[name]['ticks']:.1f} ns"


P50, RATE, CPU = "sequential_p50_s", "concurrent_per_s", "cpu_ns"
FUTURE = "requests, future_into_py"
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
