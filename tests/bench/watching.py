"""What a measuring process watches: its clocks, its loop, its size. Standard library only."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Self


def ready() -> None:
    """Say that the gateway may begin."""
    print("ready", flush=True)


def resident_mb() -> float:
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Meter:
    """Time and CPU time from its making on, by when ``start`` ticks had been seen."""

    def __init__(self, start: int) -> None:
        self.start = start
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self, seen: int) -> dict[str, float]:
        """Figures of the ticks seen since then."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return {"ticks": seen - self.start, "cpu_ns": cpu * 1e9, "wall_s": wall}


class Stalls:
    """Watches the running loop: the longest time it did not come back to a waiting callback."""

    STEP = 0.001

    def __init__(self) -> None:
        self.worst = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.002)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(self.STEP)
            self.worst = max(self.worst, time.perf_counter() - start - self.STEP)
