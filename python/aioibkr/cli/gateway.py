"""``aioibkr gateway start|stop|status``: a gateway's program in the background.

``start`` leaves a supervisor behind, which is this same command with ``--foreground``; ``status``
and ``stop`` find it by the record that it keeps. No credential is an option of these commands.
"""

import argparse
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from aioibkr.cli.gateway_record import GatewayRecord, RecordFile, state_directory
from aioibkr.cli.gateway_supervisor import supervise
from aioibkr.cli.options import AddParser, port, seconds
from aioibkr.errors import ConfigError, GatewayProcessFailed

__all__ = ["add_to"]

PROGRAM = "IBKR_GATEWAY_PROGRAM"
PORTS = {"paper": 4002, "live": 4001}
POLL = 0.05
# Seconds that ending may take beyond the grace that the gateway has.
MARGIN = 10.0


def add_to(add_parser: AddParser) -> None:
    """Add the command to the program."""
    parser = add_parser("gateway", help="start, stop or look after a gateway's program")
    actions = parser.add_subparsers(dest="action", required=True, metavar="start|stop|status")
    for name, run, text in (
        ("start", start, "start it in the background and wait until its port is open"),
        ("stop", stop, "end it and everything it started"),
        ("status", status, "tell how it stands: 0 if it can be connected to"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        add_which(action)
        action.set_defaults(run=run)
        if name == "start":
            add_program(action)


def add_which(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which gateway."""
    parser.add_argument("--mode", choices=list(PORTS), default="paper", help="(%(default)s)")
    parser.add_argument("--port", type=port, help="its port (4002 for paper, 4001 for live)")
    parser.add_argument("--state-dir", help="records and logs ($XDG_STATE_HOME/aioibkr)")
    parser.add_argument("--json", action="store_true", help="print one JSON line")


def add_program(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to start, and how."""
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (%(default)s)")
    parser.add_argument("--credentials-file", help="its configuration, chmod 600")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="variable to mask, besides IBC's",
    )
    parser.add_argument("--restart", choices=["crash", "always", "never"], default="crash")
    parser.add_argument("--attempts", type=int, default=5, help="restarts in a row (%(default)s)")
    parser.add_argument("--timeout", type=seconds, default=120.0, help="seconds (%(default)s)")
    parser.add_argument(
        "--grace", type=seconds, default=15.0, help="seconds for ending (%(default)s)"
    )
    parser.add_argument("--foreground", action="store_true", help="stay, until it is interrupted")
    parser.add_argument(
        "program",
        nargs="?",
        default=os.environ.get(PROGRAM, "").strip(),
        help=f"the program (${PROGRAM})",
    )
    parser.add_argument("arguments", nargs="*", help="its arguments, after --; never credentials")


def start(options: argparse.Namespace) -> int:
    """Start a gateway in the background; 0 once its port is open."""
    if not options.program:
        raise ConfigError(f"name the gateway's program, or set {PROGRAM}")
    file = file_of(options)
    if options.foreground:
        return supervise(options, file)
    there = file.read()
    if there is not None and there.is_alive:
        raise GatewayProcessFailed(f"{described(there)}: nothing was started")
    pid, said = detach(options, file)
    return awaited(options, file, pid, said)


def detach(options: argparse.Namespace, file: RecordFile) -> tuple[int, int]:
    """Start the supervisor; its process id, and where in the log it begins."""
    number = os.open(file.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        said = os.fstat(number).st_size
        streams = [(os.POSIX_SPAWN_DUP2, number, stream) for stream in (1, 2)]
        nothing = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        command = [sys.executable, "-m", "aioibkr", *foreground(options)]
        pid = os.posix_spawn(
            sys.executable, command, os.environ, file_actions=[*nothing, *streams], setsid=True
        )
    finally:
        os.close(number)
    return pid, said


def foreground(options: argparse.Namespace) -> list[str]:
    """The command line of the supervisor."""
    names = [
        "mode",
        "port",
        "state_dir",
        "host",
        "credentials_file",
        "restart",
        "attempts",
        "timeout",
        "grace",
    ]
    given = {name: vars(options)[name] for name in names if vars(options)[name] is not None}
    said = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    secrets = [f"--secret={name}" for name in options.secret]
    program = [options.program, "--", *options.arguments]
    return ["gateway", "start", "--foreground", *said, *secrets, *program]


def awaited(options: argparse.Namespace, file: RecordFile, pid: int, said: int) -> int:
    """Wait until the gateway runs, or the supervisor gave up and said why; it has a timeout."""
    try:
        while True:
            record = file.read()
            if record and record.supervisor.pid == pid and record.state == "running":
                told(record, options)
                return 0
            ended, wait_status = os.waitpid(pid, os.WNOHANG)
            if ended:
                print(words_in(file.log, said), file=sys.stderr)
                return max(1, os.waitstatus_to_exitcode(wait_status))
            time.sleep(POLL)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        raise


def words_in(log: Path, begin: int) -> str:
    """What the supervisor said in its log, and where to read more."""
    with log.open(encoding="utf-8", errors="replace") as opened:
        opened.seek(begin)
        said = [line for line in opened if line.startswith("aioibkr gateway: ")]
    return "".join(said) + f"its log is {log}"


def stop(options: argparse.Namespace) -> int:
    """End a gateway and its supervisor, by force where they do not follow; 0 once they are gone."""
    file = file_of(options)
    record = file.read()
    if record is None:
        print(f"no gateway is known for port {port_of(options)}", file=sys.stderr)
        return 1
    stands = record.stands
    record.supervisor.signal(signal.SIGTERM)
    if stands == "orphaned" and record.gateway:
        record.gateway.signal_group(signal.SIGTERM)
    margin = MARGIN if stands != "orphaned" else 0.0
    if not within(record.grace + margin, lambda: not (file.read() or record).is_alive):
        kill(file.read() or record)
    file.remove()
    answer = {"port": record.port, "was": stands, "is": "stopped"}
    words = f"the gateway for port {record.port} was {stands} and is stopped"
    print(json.dumps(answer) if options.json else words)
    return 0


def kill(record: GatewayRecord) -> None:
    """End by force; the supervisor first, which would start the gateway again."""
    record.supervisor.signal(signal.SIGKILL)
    if record.gateway is not None:
        record.gateway.signal_group(signal.SIGKILL)
    within(MARGIN, lambda: not record.is_alive)


def status(options: argparse.Namespace) -> int:
    """Tell how a gateway stands; 0 if it can be connected to, 3 if not yet, 1 if it is gone."""
    record = file_of(options).read()
    if record is None:
        print(f"no gateway is known for port {port_of(options)}", file=sys.stderr)
        return 1
    told(record, options)
    if not record.supervisor.is_alive:
        return 1
    return 0 if record.state == "running" and listens(record) else 3


def told(record: GatewayRecord, options: argparse.Namespace) -> None:
    """Print how a gateway stands."""
    found = {**asdict(record), "state": record.stands, "listening": listens(record)}
    print(json.dumps(found) if options.json else described(record))


def described(record: GatewayRecord) -> str:
    """How a gateway stands, in words."""
    meaning = {
        "orphaned": "orphaned: its supervisor is gone, nobody restarts it; stop it and start anew",
        "stale": "stale: its record is left, the processes are gone; start it anew",
        "failed": f"failed: it was given up after {record.restarts} restarts; see {record.log}",
    }
    pid = record.gateway.pid if record.gateway else "none"
    stands = record.stands
    return (
        f"the gateway for {record.host}:{record.port} ({record.mode}) is "
        f"{meaning.get(stands, stands)} (pid {pid}, supervisor {record.supervisor.pid}, "
        f"{record.restarts} restarts, since {record.since})"
    )


def listens(record: GatewayRecord) -> bool:
    """Whether its port accepts a connection."""
    try:
        socket.create_connection((record.host, record.port), timeout=1.0).close()
    except OSError:
        return False
    return True


def within(limit: float, reached: Callable[[], bool]) -> bool:
    """Whether something comes about in so many seconds."""
    end = time.monotonic() + limit
    while not reached():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL)
    return True


def file_of(options: argparse.Namespace) -> RecordFile:
    """The record of the gateway that is meant."""
    return RecordFile(state_directory(options.state_dir), port_of(options))


def port_of(options: argparse.Namespace) -> int:
    """The port given, or that of the mode."""
    given: int | None = options.port
    return PORTS[options.mode] if given is None else given
