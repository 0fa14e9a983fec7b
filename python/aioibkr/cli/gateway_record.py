"""What is written down about a gateway that was started in the background.

One file per port, readable by its owner alone, replaced as a whole. A process is known by its id
and, where ``/proc`` tells it, by when it began: an id alone may by now be somebody else's. Nothing
of its credentials is in the file.
"""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals
from typing import Self

from aioibkr.errors import ConfigError, GatewayProcessFailed

__all__ = ["GatewayRecord", "Process", "RecordFile", "state_directory"]

PROC = Path("/proc")
ENDED = {"Z", "X"}


@dataclass(frozen=True)
class Process:
    """A process that is recognised later."""

    pid: int
    began: str
    """Boot and clock tick of its start; empty where the system does not tell."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process that has an id now."""
        return cls(pid, began_at(pid) or "")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; who has only its id is not it."""
        if PROC.joinpath("self", "stat").exists():
            return began_at(self.pid) == self.began
        return signalled(os.kill, self.pid, 0)

    def signal(self, number: Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.is_alive:
            signalled(os.kill, self.pid, number)

    def signal_group(self, number: Signals) -> None:
        """Send a signal to the group it leads, if it still runs."""
        if self.is_alive:
            signalled(os.killpg, self.pid, number)


@dataclass(frozen=True, kw_only=True)
class GatewayRecord:
    """A gateway, who watches it, and how it stood when that was written."""

    supervisor: Process
    gateway: Process | None
    host: str
    port: int
    mode: str
    state: str
    restarts: int
    since: str
    """When the supervisor began, UTC."""
    grace: float
    log: str

    @property
    def stands(self) -> str:
        """Its state; ``orphaned`` without a supervisor, ``stale`` if nothing is left of it."""
        if self.supervisor.is_alive:
            return self.state
        if self.gateway is not None and self.gateway.is_alive:
            return "orphaned"
        return "failed" if self.state == "failed" else "stale"

    @property
    def is_alive(self) -> bool:
        """Whether its supervisor or the gateway still runs."""
        return self.supervisor.is_alive or self.stands == "orphaned"


class RecordFile:
    """The file of one port."""

    def __init__(self, directory: Path, port: int) -> None:
        self.path = directory / f"gateway-{port}.json"
        self.log = directory / f"gateway-{port}.log"

    def read(self) -> GatewayRecord | None:
        """The record; None without one.

        Raises:
            ConfigError: The file is not a record.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            found["supervisor"] = Process(**found["supervisor"])
            found["gateway"] = found["gateway"] and Process(**found["gateway"])
            return GatewayRecord(**found)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{self.path} is no record of a gateway: remove it") from error

    def claim(self, record: GatewayRecord) -> None:
        """Write the first record of a gateway; a stale one makes way.

        Raises:
            GatewayProcessFailed: Another one is alive.
        """
        there = self.read()
        if there is not None and not there.is_alive:
            self.remove()
        written = self._written(record)
        try:
            # Unlike a rename, a link replaces nobody's record.
            os.link(written, self.path)
        except FileExistsError:
            raise GatewayProcessFailed(
                f"a gateway for port {record.port} was started already: see {self.path}"
            ) from None
        finally:
            written.unlink()

    def replace(self, record: GatewayRecord) -> None:
        """Write the next record."""
        self._written(record).replace(self.path)

    def remove(self) -> None:
        """Forget the gateway."""
        self.path.unlink(missing_ok=True)

    def _written(self, record: GatewayRecord) -> Path:
        file = self.path.with_suffix(f".{os.getpid()}")
        file.unlink(missing_ok=True)
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as opened:
            json.dump(asdict(record), opened)
        return file


def state_directory(given: str | None) -> Path:
    """The directory of records and logs, made if need be; only its owner may look into it."""
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    directory = Path(given or f"{home}/aioibkr").expanduser().absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def began_at(pid: int) -> str | None:
    """Boot and clock tick of a process's start; None without a process or without /proc."""
    with contextlib.suppress(OSError, IndexError):
        stat = PROC.joinpath(str(pid), "stat").read_text()
        # The name, in parentheses, may hold anything; the state and 19 more fields follow it.
        fields = stat.rpartition(")")[2].split()
        if fields[0] not in ENDED:
            boot = PROC.joinpath("sys", "kernel", "random", "boot_id").read_text().strip()
            return f"{boot}:{fields[19]}"
    return None


def signalled(send: Callable[[int, int], None], pid: int, number: int) -> bool:
    """Whether there was somebody to take a signal."""
    try:
        send(pid, number)
    except ProcessLookupError:
        return False
    return True
