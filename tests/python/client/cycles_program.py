"""Opens and closes clients again and again, and prints what is left of them.

``python cycles_program.py PORT COUNT`` prints one JSON object after each tenth of the cycles.
"""

import asyncio
import ctypes
import gc
import json
import sys
from pathlib import Path

import aioibkr as ib

LIBC = ctypes.CDLL("libc.so.6")
PAGE_KIB = 4


class Allocated(ctypes.Structure):
    """What ``mallinfo2`` tells of all arenas."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks")),
        *((name, ctypes.c_size_t) for name in ("hblkhd", "usmblks", "fsmblks", "uordblks")),
        *((name, ctypes.c_size_t) for name in ("fordblks", "keepcost")),
    )


LIBC.mallinfo2.restype = Allocated


def left_over() -> dict[str, int]:
    """What the process holds at this moment."""
    gc.collect()
    LIBC.malloc_trim(0)
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    allocated = LIBC.mallinfo2()
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "resident_kib": resident * PAGE_KIB,
        "allocated_kib": (allocated.uordblks + allocated.hblkhd) // 1024,
        "blocks": sys.getallocatedblocks(),
    }


async def cycle(port: int) -> None:
    """Open a client with both links and everything it keeps, and close it."""
    async with (
        ib.connect(port=port, client_id=5, pacing=None) as client,
        client.quotes(ib.Stock("AAPL")) as quotes,
    ):
        _ = await anext(aiter(quotes))
        await client.wait_ready()


async def threads_to_end() -> None:
    """Wait until a closed link's thread, which nobody joins, is gone."""
    for _ in range(100):
        if left_over()["threads"] <= 3:
            return
        await asyncio.sleep(0.01)


async def main(port: int, count: int) -> None:
    """Run the cycles."""
    for number in range(1, count + 1):
        await cycle(port)
        if number % (count // 10) == 0:
            await threads_to_end()
            print(json.dumps(left_over()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
