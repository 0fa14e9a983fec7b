"""``aioibkr doctor --watch``: the same examination again and again, and a report of a trial.

The report is a file of JSON lines: one per round, and a summary at the end of the watch, however
that comes. What is remembered between rounds is the `Trial` alone.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from aioibkr.cli.doctor_checks import Finding, Question, examine, is_sound

__all__ = ["Trial", "Watch", "watch"]

Answer = TypeVar("Answer")
NEVER = timedelta()


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How long and how often one looks, seconds, and what is done with each line."""

    duration: float
    every: float
    report: str | None
    tell: Callable[[dict[str, object]], None]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a watch has seen so far. An outage lasts from a failed round to the next sound one."""

    began: datetime
    rounds: int = 0
    sound: int = 0
    reconnects: int = 0
    """Outages that ended."""
    longest_outage: timedelta = NEVER
    out_since: datetime | None = None

    def after(self, at: datetime, *, sound: bool) -> "Trial":
        """The trial after one more round."""
        counted = replace(self, rounds=self.rounds + 1, sound=self.sound + sound)
        if not sound:
            return replace(counted, out_since=self.out_since or at)
        if self.out_since is None:
            return counted
        longest = self.longest_until(at)
        return replace(
            counted, out_since=None, longest_outage=longest, reconnects=self.reconnects + 1
        )

    def longest_until(self, at: datetime) -> timedelta:
        """The longest outage, be it the present one."""
        present = NEVER if self.out_since is None else at - self.out_since
        return max(self.longest_outage, present)

    def summary(self, at: datetime) -> dict[str, object]:
        """The trial as its report ends with it."""
        share = round(100 * self.sound / self.rounds, 3) if self.rounds else None
        return {
            "began": self.began.isoformat(timespec="seconds"),
            "ended": at.isoformat(timespec="seconds"),
            "rounds": self.rounds,
            "availability_percent": share,
            "longest_outage_seconds": round(self.longest_until(at).total_seconds(), 1),
            "reconnects": self.reconnects,
        }


async def watch(question: Question, plan: Watch) -> Trial:
    """Examine until the time is over or SIGINT or SIGTERM comes; both end with the summary.

    Raises `OSError` if the report cannot be written.
    """
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopping.set)
    trial = Trial(began=datetime.now(UTC))
    end = loop.time() + plan.duration
    with lines_to(plan) as tell:
        while True:
            due = loop.time() + plan.every
            findings = await unless(stopping, examine(question))
            if findings is None:
                break
            at = datetime.now(UTC)
            trial = trial.after(at, sound=is_sound(findings))
            tell(round_of(at, findings))
            if due > end or await unless(stopping, pause_until(due)) is None:
                break
        tell({"summary": trial.summary(datetime.now(UTC))})
    return trial


async def pause_until(due: float) -> bool:
    """Wait for a time of the loop's clock."""
    await asyncio.sleep(due - asyncio.get_running_loop().time())
    return True


async def unless(stopping: asyncio.Event, work: Coroutine[object, object, Answer]) -> Answer | None:
    """The answer of some work; None if it was broken off."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


def round_of(at: datetime, findings: list[Finding]) -> dict[str, object]:
    """A round as a line: every verdict, and in full what was not as it should be."""
    return {
        "at": at.isoformat(timespec="milliseconds"),
        "sound": is_sound(findings),
        "checks": {finding.check: finding.verdict for finding in findings},
        "problems": [asdict(found) for found in findings if found.verdict in {"warn", "fail"}],
    }


@contextlib.contextmanager
def lines_to(plan: Watch) -> Iterator[Callable[[dict[str, object]], None]]:
    """Tell each line, and append it to the report if there is one."""
    if plan.report is None:
        yield plan.tell
        return
    with Path(plan.report).open("a", encoding="utf-8", buffering=1) as report:

        def tell(line: dict[str, object]) -> None:
            report.write(json.dumps(line) + "\n")
            plan.tell(line)

        yield tell
