"""Runs the suites that depend on the time of day at eight moments, on a clock of libfaketime's.

The market of the mock gateway follows the wall clock unless a test gives it a start of its own, so
a test can pass at noon and fail at night, or next year. `python3 tests/moments.py` runs all
moments, `python3 tests/moments.py NAME …` some. Needs what `tests/run.py` has built, cargo-nextest
and libfaketime (Debian: `apt-get install faketime`). Only the wall clock is moved: durations are
measured on another one.
"""

import argparse
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from run import PYTHON, ROOT, RUST_TESTED, StepFailed, run

# In UTC. New York is five hours behind, from March 14, 2027, 07:00 on four.
MOMENTS = {
    "session": datetime(2026, 12, 2, 15, 30, tzinfo=UTC),
    "after close": datetime(2026, 12, 7, 21, 30, tzinfo=UTC),
    "night": datetime(2026, 12, 9, 6, 15, tzinfo=UTC),
    "weekend": datetime(2026, 12, 5, 16, 0, tzinfo=UTC),
    "holiday": datetime(2026, 12, 25, 16, 0, tzinfo=UTC),
    "half day": datetime(2026, 12, 24, 18, 30, tzinfo=UTC),
    "year end": datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC),
    "summer time": datetime(2027, 3, 14, 6, 59, 50, tzinfo=UTC),
}
LIBRARIES = ("/usr/lib", "/usr/local/lib", "/usr/lib64")
# Each moment is run as often as these take: everything that asks for bars, ticks, hours or days.
RUST = "test(/bars|history|stale|schedule|ticks|midnight|session|outage|backfill|news|order_life/)"
RUST_FILTER = f"package(aioibkr-tests) & ({RUST}) & not test(/adversity|flood|ibapi_peer/)"
PYTHON_TESTS = (
    "client/test_streams_bars.py",
    "client/test_streams_tick_by_tick.py",
    "client/test_reading.py",
    "client/test_health.py",
    "broker/test_reading.py",
    "testing/test_staging.py",
    "fastapi/test_orders.py",
)
LIMIT = 180


def main() -> int:
    """Run the moments named, or all; 1 if a suite failed at one of them."""
    names = arguments()
    failed = [name for name in names if not holds_at(name)]
    print(f"\n{len(names) - len(failed)} passed, {len(failed)} failed {failed or ''}".rstrip())
    return 1 if failed else 0


def arguments() -> list[str]:
    """The moments asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MOMENTS))
    names = parser.parse_args().names
    if unknown := set(names) - set(MOMENTS):
        parser.error(f"no moment is called {min(unknown)!r}: {', '.join(MOMENTS)}")
    return names or list(MOMENTS)


def holds_at(name: str) -> bool:
    """Run the suites at a moment, with a heading; tell whether they passed."""
    moment = MOMENTS[name]
    print(f"\n--- {name}: {moment:%a %Y-%m-%d %H:%M:%S} UTC", flush=True)
    with ThreadPoolExecutor() as suites:
        clock = clock_of(moment)
        running = [suites.submit(suite, clock) for suite in (test_rust, test_python)]
    failures = [failure for suite in running if (failure := suite.exception())]
    for failure in failures:
        print(f"--- {name}: FAILED: {failure}", flush=True)
    return not failures


def clock_of(moment: datetime) -> dict[str, str]:
    """The environment of a program whose clock shows this moment now, and its children's."""
    ahead = int(moment.timestamp() - time.time())
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{ahead:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Test programs are rewritten only when these change; cached bytecode has real times.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def library() -> Path:
    """Where libfaketime is; raises `StepFailed` saying how to install it."""
    for root in map(Path, LIBRARIES):
        for found in sorted(root.glob("**/faketime/libfaketimeMT.so.1")):
            return found
    raise StepFailed("libfaketime is not installed: apt-get install faketime")


def test_rust(clock: dict[str, str]) -> None:
    """Run the Rust tests on a clock; cargo itself keeps the real one."""
    runner = f"CARGO_TARGET_{platform.machine().upper()}_UNKNOWN_LINUX_GNU_RUNNER"
    words = " ".join(["env", *(f"{name}={value}" for name, value in clock.items())])
    shown = ["--status-level=fail", "--no-fail-fast", "-E", RUST_FILTER]
    run("cargo", "nextest", "run", *RUST_TESTED, *shown, limit=LIMIT, **{runner: words})


def test_python(clock: dict[str, str]) -> None:
    """Run the Python tests on a clock."""
    tests = [ROOT / "tests" / "python" / name for name in PYTHON_TESTS]
    run(PYTHON, "-m", "pytest", "-q", "-k", "not uvloop", *tests, limit=LIMIT, **clock)


if __name__ == "__main__":
    sys.exit(main())
