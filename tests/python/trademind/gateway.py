"""A mock gateway in another process, which can be stopped and killed as a real one can."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("gateway_program.py")
PATIENCE = 15.0


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """The process, while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, name: str, *arguments: object, **options: object) -> Any:  # noqa: ANN401
        """Call a method of its `MockGateway`, or read an attribute."""
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(json.dumps([name, arguments, options]).encode() + b"\n")
        return await self.heard()

    async def heard(self) -> Any:  # noqa: ANN401 - whatever it says
        """The next line it says."""
        pipe = self._process.stdout
        assert pipe is not None
        line = await asyncio.wait_for(pipe.readline(), PATIENCE)
        return json.loads(line)

    async def stop(self) -> None:
        """Hold it: its sockets stay open and answer nothing.

        A process of several threads goes on for a moment; the wait is for its last one.
        """
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitpid, self._process.pid, os.WUNTRACED)

    def go_on(self) -> None:
        """Let it go on; it reads what was sent meanwhile."""
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def gateway_at(port: int) -> AsyncIterator[Gateway]:
    """A gateway on a port, killed at the end of the block if it still runs."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(port), stdin=pipe, stdout=pipe
    )
    gateway = Gateway(process)
    try:
        assert await gateway.heard() == port
        yield gateway
    finally:
        await gateway.kill()
