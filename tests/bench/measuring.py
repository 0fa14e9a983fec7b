"""Runs one configuration at a time, and says what a table's row shows of the medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aioibkr.testing import MockGateway

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TIMEOUT = 60.0

Figures = dict[str, float]
Medians = dict[str, Figures]


@dataclass(frozen=True)
class Run:
    """One configuration: a command, and what the gateway does once it is ready."""

    name: str
    command: list[str]
    drive: Callable[[MockGateway], Figures | None] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    companion: list[str] = field(default_factory=list)
    """Another program that is ready before and runs beside it."""


@dataclass(frozen=True)
class Row:
    """One line of the table: a ratio or a figure, and the goal it is held against."""

    name: str
    goal: str
    value: Callable[[Medians], float]
    unit: str = ""

    def cells(self, medians: Medians) -> tuple[str, str, str]:
        """Goal, figure and verdict as text; a row whose peer failed says so."""
        try:
            value = self.value(medians)
        except (KeyError, ZeroDivisionError):
            return self.goal, "no result", ""
        shown = f"{value:.3g}" if abs(value) < 1 else f"{value:,.2f}"
        return self.goal, f"{shown} {self.unit}".strip(), self._verdict(value)

    def _verdict(self, value: float) -> str:
        if not self.goal:
            return ""
        relation, bound = self.goal.split()[:2]
        met = {
            "<=": value <= float(bound), "<": value < float(bound),
            ">=": value >= float(bound), "=": value == float(bound),
        }[relation]  # fmt: skip
        return "met" if met else "not met"


def peers() -> str:
    """Path of the Rust peers, built if needed."""
    build = ["cargo", "build", "--quiet", "--release", "-p", "aioibkr-bench-peers"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release" / "bench-peers")


def measure(run: Run, gateway: MockGateway) -> Figures:
    """Run one configuration to its end."""
    with ExitStack() as children:
        if run.companion:
            children.enter_context(_ready(run, run.companion))
        child = children.enter_context(_ready(run, run.command))
        driven = (run.drive and run.drive(gateway)) or {}
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.close()
        printed = child.stdout.read()
        child.wait()
    if child.returncode != 0:
        raise RuntimeError(f"{run.name}: exit status {child.returncode}")
    figures: Figures = json.loads(printed)
    return figures | driven


@contextmanager
def _ready(run: Run, command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A program that said it is ready; ended with the block, or when its time is over."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | run.environment,
    )
    limit = threading.Timer(TIMEOUT, child.kill)
    limit.start()
    try:
        if child.stdout is None or child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{run.name}: did not get ready")
        yield child
    finally:
        limit.cancel()
        child.kill()
        child.wait()


def collect(runs: list[Run], rounds: int, gateway: MockGateway) -> dict[str, list[Figures]]:
    """Interleaved runs, every other round in reverse; one that fails has no figures."""
    results: dict[str, list[Figures]] = {}
    for number in range(rounds):
        for run in runs[:: 1 if number % 2 == 0 else -1]:
            print(f"round {number + 1}: {run.name}", file=sys.stderr, flush=True)
            try:
                results.setdefault(run.name, []).append(measure(run, gateway))
            except (RuntimeError, ValueError) as error:
                print(f"  no result: {error}", file=sys.stderr)
    return results


def medians(results: dict[str, list[Figures]]) -> Medians:
    """The median of each figure of each configuration."""
    return {
        name: {key: statistics.median(run[key] for run in figures) for key in figures[0]}
        for name, figures in results.items()
        if figures
    }


def figure(name: str, key: str, scale: float = 1.0) -> Callable[[Medians], float]:
    """One figure of one configuration."""
    return lambda medians: medians[name][key] * scale


def ratio(top: tuple[str, str], bottom: tuple[str, str]) -> Callable[[Medians], float]:
    """One figure over another."""
    return lambda medians: medians[top[0]][top[1]] / medians[bottom[0]][bottom[1]]


def beside_control(
    value: Callable[[Medians], float], control: Callable[[Medians], float], bound: float
) -> Callable[[Medians], float]:
    """A figure of a machine that does not itself exceed the bound; else there is no result."""

    def held(medians: Medians) -> float:
        if control(medians) > bound:
            raise KeyError(bound)
        return value(medians)

    return held


def rate(name: str, key: str = "ticks") -> Callable[[Medians], float]:
    """Millions of ticks a second."""
    return lambda medians: medians[name][key] / medians[name]["wall_s"] / 1e6


def rate_ratio(top: str, bottom: str) -> Callable[[Medians], float]:
    """How many times as many ticks a second."""
    return lambda medians: rate(top)(medians) / rate(bottom)(medians)


def cpu(name: str) -> Callable[[Medians], float]:
    """Nanoseconds of a process's CPU time for each tick."""
    return lambda medians: medians[name]["cpu_ns"] / medians[name]["ticks"]


def cpu_ratio(top: str, bottom: str) -> Callable[[Medians], float]:
    """How many times as much CPU time for each tick."""
    return lambda medians: cpu(top)(medians) / cpu(bottom)(medians)


def table(rows: list[Row], medians: Medians) -> str:
    """The rows as text."""
    lines = [f"{'measure':<50}{'goal':>11}{'median':>16}  verdict", "-" * 87]
    for row in rows:
        goal, value, verdict = row.cells(medians)
        lines.append(f"{row.name:<50}{goal:>11}{value:>16}  {verdict}".rstrip())
    return "\n".join(lines)
