"""Programs that stand in for a gateway's: the mock gateway's own, and some that misbehave."""

import contextlib
import os
import socket
import sys
from pathlib import Path

import aioibkr as ib

PRELUDE = """
import os, signal, socket, subprocess, sys, time
def listen():
    global server
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    server.accept()
"""


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mock_program(**options: str) -> ib.GatewayProgram:
    """The mock gateway as a program of its own."""
    arguments = ["-m", "aioibkr", "mock-gateway", "--port", "{port}"]
    arguments += [f"--{name}={value}" for name, value in options.items()]
    return ib.GatewayProgram(path=sys.executable, arguments=arguments, port=closed_port())


def script(code: str, **options: object) -> ib.GatewayProgram:
    """A program that may `listen()`, which returns after the first connection."""
    arguments = ["-c", PRELUDE + code, "{port}"]
    return ib.GatewayProgram(
        path=sys.executable,
        arguments=arguments,
        port=closed_port(),
        **options,  # type: ignore[arg-type]
    )


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not Path("/proc/self").exists()
    return False
