"""A PostgreSQL server of the tests' own: the distribution's package, a directory that goes with it.

``python tests/python/sqlalchemy/postgresql.py`` installs the package where it is missing and this
user may (Debian and its kin). A test that needs the server and finds none fails and says so.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "postgresql"
APT = "/usr/bin/apt-get"
DISTRIBUTION = Path("/usr/lib/postgresql")
OWNER = "postgres"
"""Who runs the server when the tests run as root, which it refuses to."""
TIME = 60.0
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=50")


@dataclass(frozen=True)
class Server:
    """A server that is running, on loopback, where every user is trusted."""

    port: int
    programs: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, driver: str, database: str = "postgres") -> str:
        """Where SQLAlchemy finds a database of it through a driver."""
        return f"postgresql+{driver}://{OWNER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def run(self, statement: str) -> None:
        """Run one statement."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER]
        _run([str(self.programs / "psql"), *address, "-q", "-d", "postgres", "-c", statement])


def programs() -> Path:
    """Where the server's programs are; raises `FileNotFoundError` that says what to install."""
    found = shutil.which("initdb")
    versions = sorted(DISTRIBUTION.glob("*/bin/initdb"), key=lambda path: _number(path.parts[-3]))
    if not versions and found is None:
        raise FileNotFoundError(
            f"PostgreSQL is not installed: `apt-get install {PACKAGE}` (Debian, Ubuntu), "
            "`brew install postgresql` (macOS), or put its programs on PATH"
        )
    return versions[-1].parent if versions else Path(found or "").resolve().parent


@contextmanager
def running() -> Iterator[Server]:
    """A server for the length of a block, on a port of its own, its data gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="aioibkr-pg-"))
    server = Server(_free_port(), programs())
    control = [
        str(server.programs / "pg_ctl"),
        "-D",
        str(home / "data"),
        "-w",
        "-t",
        str(int(TIME)),
    ]
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={home}", *FAST]
    options = " ".join([f"-p {server.port}", *(f"-c {setting}" for setting in settings)])
    try:
        _give_away(home)
        trust = ["-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C", "--no-sync"]
        _run([str(server.programs / "initdb"), "-D", str(home / "data"), *trust])
        _run([*control, "-l", str(home / "log"), "-o", options, "start"])
        try:
            yield server
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def install() -> int:
    """Install the distribution's package unless it is there; the exit status."""
    try:
        print(f"PostgreSQL: {programs()}")
    except FileNotFoundError as missing:
        if os.geteuid() != 0 or not Path(APT).exists():
            print(missing, file=sys.stderr)
            return 1
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", PACKAGE],
        ):
            subprocess.run([APT, *words], check=True, env=environment)
    return 0


def _run(command: list[str]) -> None:
    """Run a program as the server's owner; raises `RuntimeError` with its words if it fails."""
    done = subprocess.run(
        [*_as_owner(), *command],
        capture_output=True,
        text=True,
        timeout=TIME,
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def _as_owner() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]


def _give_away(directory: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(directory, OWNER, OWNER)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0


if __name__ == "__main__":
    sys.exit(install())
