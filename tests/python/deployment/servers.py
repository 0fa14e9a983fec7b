"""A web server in a process group of its own: started, asked, told to stop, and gone."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx

import aioibkr
from aioibkr.testing import MockGateway
from python.deployment.pages import block_of, command_of

PATIENCE = 40.0
STOP = 10.0

Answer = dict[str, object]


class Service:
    """A service that is run as the page says."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def log(self) -> str:
        """All it has written."""
        return self._log.read_text()

    def get(self, path: str) -> Answer:
        """Ask on a new connection, so that any worker may answer; {} while nobody does."""
        try:
            answer: Answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=15).json()
        except (httpx.TransportError, ValueError):
            return {}
        return answer

    def post(self, path: str) -> httpx.Response:
        """The same for a POST."""
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", timeout=15)

    def workers(self, count: int) -> dict[object, object]:
        """Client ids by process, once so many are connected."""
        found: dict[object, object] = {}

        def asked() -> bool:
            answer = self.get("/worker")
            if answer.get("connected"):
                found[answer["pid"]] = answer["client_id"]
            return len(found) >= count

        wait(asked, self)
        return found


@contextmanager
def service(
    section: str,
    gateway: MockGateway,
    directory: Path,
    *,
    change: tuple[str, str] = ("", ""),
    env: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Service]:
    """The application of the page, served by the command of a section until the block ends.

    A `change` puts another word in the place of one of the command's.
    """
    (directory / "service.py").write_text(block_of("The application", "python"))
    port = free_port()
    set_there, command = command_of(section, port)
    command = [change[1] if word == change[0] else word for word in command]
    log = directory / "log.txt"
    package = Path(aioibkr.__file__).parent.parent
    environment = os.environ | {
        "IBKR_ENABLED": "true",
        "IBKR_PORT": str(gateway.port),
        "PYTHONPATH": str(package),
        "PYTHONWARNINGS": "default",
        "PYTHONUNBUFFERED": "1",
        "HOME": str(directory),  # where servers keep files of their own
    }
    with (
        log.open("wb") as written,
        subprocess.Popen(
            command,
            cwd=directory,
            env=environment | set_there | dict(env),
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Service(process, port, log)
            process.send_signal(signal.SIGTERM)
            process.wait(STOP)
            wait(lambda: not is_there(process.pid), Service(process, port, log))
        finally:
            if is_there(process.pid):
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_there(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait(claim: Callable[[], bool], service: Service) -> None:
    """Wait until a claim holds; what the service wrote is told when it does not."""
    limit = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < limit, service.log
        time.sleep(0.05)
