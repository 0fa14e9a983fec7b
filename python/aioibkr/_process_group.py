"""A child process with everything it starts: one process group, ended as a whole.

The child has no standard input; its output is handed on line by line. Groups that are still there
when the interpreter exits are killed. Nothing can be done when the interpreter itself is killed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Self

__all__ = ["ProcessGroup"]

LONGEST_LINE = 65_536
TOO_LONG = b"(a line too long to show)"
POLL = 0.02
# Seconds for the dead to leave the table of processes: those whose parent is gone are init's.
BURIAL = 1.0
# Groups to kill at exit, by the process that started them: a forked child has no part in them.
_alive: dict[int, int] = {}


class ProcessGroup:
    """A running child and its group; made by `launch`."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.Task[None]) -> None:
        self._process = process
        self._output = output
        _alive[process.pid] = os.getpid()

    @classmethod
    async def launch(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        write: Callable[[str], None],
    ) -> Self:
        """Start a command in a session of its own; raises `OSError` where it cannot be started.

        Its output does not go through the event loop's own pipes, which would keep `ended` waiting
        for whoever else holds them.
        """
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return cls(process, asyncio.create_task(_hand_on(reading, write)))

    @property
    def pid(self) -> int:
        """Process id of the child, and of its group."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait until the child itself ended; its exit status, or minus the signal's number."""
        return await self._process.wait()

    async def stop(self, grace: float) -> int:
        """Ask the group to end, and kill what is left of it after ``grace`` seconds."""
        if grace > 0 and self._signal(signal.SIGTERM):
            await self._gone(grace)
        return await self.kill()

    async def kill(self) -> int:
        """Kill the group at once; the child's exit status."""
        self._signal(signal.SIGKILL)
        _alive.pop(self.pid, None)
        status = await self.ended()
        await self._gone(BURIAL)
        await self._last_words()
        return status

    async def _gone(self, timeout: float) -> None:
        """Wait until nobody of the group is left, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self.ended()
                while self._signal(0):  # noqa: ASYNC110 - a group tells nobody that it is gone
                    await asyncio.sleep(POLL)

    async def _last_words(self) -> None:
        """Give the last output a moment; who left the group may hold the pipe for ever."""
        await asyncio.wait([self._output], timeout=BURIAL)
        self._output.cancel()

    def _signal(self, number: int) -> bool:
        """Signal the group; whether there is one."""
        return _signal_group(self.pid, number)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # of a group that holds nothing but zombies, on macOS
        return False
    return True


@atexit.register
def _kill_groups() -> None:
    for group, owner in list(_alive.items()):
        if owner == os.getpid():
            _signal_group(group, signal.SIGKILL)


async def _hand_on(pipe: int, write: Callable[[str], None]) -> None:
    """Hand output on line by line; the rest of a line that is too long is dropped."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb")
    )
    try:
        async for line in _lines(reader):
            write(line.decode(errors="replace").rstrip("\r\n"))
    finally:
        transport.close()


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines only: a part could hold half a secret, which nobody would recognise."""
    pending, too_long = b"", False
    while chunk := await reader.read(LONGEST_LINE):
        *lines, pending = (pending + chunk).split(b"\n")
        if lines and too_long:
            lines[0], too_long = TOO_LONG, False
        for line in lines:
            yield line
        if too_long or len(pending) > LONGEST_LINE:
            pending, too_long = b"", True
    if pending or too_long:
        yield TOO_LONG if too_long else pending
