"""``aioibkr gateway``: programs of their own, started in the background, found again and ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aioibkr.cli import gateway, main
from aioibkr.cli.gateway_record import GatewayRecord, Process, RecordFile
from python.client.gateway_programs import PRELUDE, alive, closed_port

MOCK = ["-m", "aioibkr", "mock-gateway", "--port", "{port}"]


class Started:
    """The commands for the gateway of one port."""

    def __init__(self, directory: Path) -> None:
        self.port = closed_port()
        self.file = RecordFile(directory, self.port)
        self.which = ["--port", str(self.port), "--state-dir", str(directory)]

    def run(self, action: str, *arguments: str) -> int:
        """Run a command; its exit code."""
        return main(["gateway", action, *self.which, *arguments])

    def start(self, *options: str, program: list[str] | None = None) -> int:
        """Start a program, by default the mock gateway's."""
        return self.run("start", *options, sys.executable, "--", *(program or MOCK))

    @property
    def record(self) -> GatewayRecord:
        """The record, which must be there."""
        found = self.file.read()
        assert found is not None
        return found

    def pids(self) -> list[int]:
        """Supervisor and gateway."""
        assert self.record.gateway is not None
        return [self.record.supervisor.pid, self.record.gateway.pid]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """A port for a gateway; what was started there is killed at the end."""
    it = Started(tmp_path / "state")
    (tmp_path / "state").mkdir(mode=0o700)
    yield it
    record = it.file.read()
    if record is not None:
        record.supervisor.signal(signal.SIGKILL)
        if record.gateway is not None:
            record.gateway.signal_group(signal.SIGKILL)


def eventually(reached: object) -> None:
    """Wait until something is true; fails after ten seconds."""
    assert callable(reached)
    end = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_start_leaves_it_running_and_stop_ends_it(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    assert started.start("--json") == 0
    told = json.loads(capsys.readouterr().out)
    pids = started.pids()
    assert (told["state"], told["listening"], told["port"]) == ("running", True, started.port)
    assert started.run("status") == 0
    assert main(["check", "--port", str(started.port)]) == 0

    assert started.run("stop") == 0

    assert [alive(pid) for pid in pids] == [False, False]
    assert not started.file.path.exists()
    assert started.run("status") == 1
    assert started.run("stop") == 1


def test_record_and_log_are_its_owners_alone(started: Started) -> None:
    started.start()

    modes = [file.stat().st_mode & 0o777 for file in (started.file.path, started.file.log)]

    assert modes == [0o600, 0o600]
    assert "listening on" in started.file.log.read_text()


def test_a_second_start_is_refused(started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    started.start()
    pids = started.pids()

    assert started.start() == 1

    assert "nothing was started" in capsys.readouterr().err
    assert started.pids() == pids
    assert started.run("status") == 0


def test_a_killed_gateway_is_brought_back(started: Started) -> None:
    started.start()
    supervisor, child = started.pids()

    os.kill(child, signal.SIGKILL)
    eventually(lambda: (started.record.restarts, started.record.state) == (1, "running"))

    assert started.record.supervisor.pid == supervisor
    assert started.record.gateway != Process.of(child)
    assert started.run("status") == 0


def test_a_gateway_without_supervisor_is_told_and_stopped(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    started.start()
    supervisor, child = started.pids()

    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not alive(supervisor))

    assert started.run("status") == 1
    assert "orphaned" in capsys.readouterr().out
    assert started.run("stop") == 0
    assert not alive(child)


def test_a_stale_record_is_told_and_makes_way(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    started.start()
    for pid in started.pids():
        os.kill(pid, signal.SIGKILL)
        eventually(lambda pid=pid: not alive(pid))

    assert started.run("status") == 1
    assert "stale" in capsys.readouterr().out
    assert started.start() == 0
    assert started.record.state == "running"


def test_another_process_with_its_id_is_left_alone(started: Started) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleeping, start_new_session=True) as other:
        ours = Process(other.pid, "an earlier boot:1")
        started.start()
        record = started.record
        started.run("stop")
        fields = {**vars(record), "supervisor": ours, "gateway": ours, "grace": 0.1}
        started.file.replace(GatewayRecord(**fields))

        assert started.run("status") == 1
        assert started.run("stop") == 0

        assert other.poll() is None
        other.kill()


def test_who_never_listens_is_given_up_in_time(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    assert started.start("--timeout", "0.5", program=["-c", "import time; time.sleep(60)"]) == 3

    assert "did not listen on" in capsys.readouterr().err
    assert started.file.read() is None


def test_who_is_given_up_is_told_as_failed(
    started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    code = PRELUDE + "listen(); time.sleep(0.5); sys.exit(3)"
    assert started.start("--restart", "never", program=["-c", code, "{port}"]) == 0

    eventually(lambda: not started.record.supervisor.is_alive)

    assert started.run("status") == 1
    assert "failed" in capsys.readouterr().out
    assert "ended with status 3" in started.file.log.read_text()


def test_who_ignores_the_request_to_end_is_killed(started: Started) -> None:
    code = PRELUDE + "signal.signal(signal.SIGTERM, signal.SIG_IGN); listen(); time.sleep(60)"
    assert started.start("--grace", "0.2", program=["-c", code, "{port}"]) == 0
    pids = started.pids()

    assert started.run("stop") == 0

    assert [alive(pid) for pid in pids] == [False, False]


def test_a_supervisor_that_does_not_answer_is_killed_too(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "MARGIN", 0.1)
    started.start("--grace", "0.2")
    pids = started.pids()
    os.kill(pids[0], signal.SIGSTOP)

    assert started.run("stop") == 0

    eventually(lambda: [alive(pid) for pid in pids] == [False, False])


def test_a_stubborn_gateway_without_supervisor_is_killed(started: Started) -> None:
    code = PRELUDE + "signal.signal(signal.SIGTERM, signal.SIG_IGN); listen(); time.sleep(60)"
    started.start("--grace", "0.2", program=["-c", code, "{port}"])
    supervisor, stubborn = started.pids()
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not alive(supervisor))

    assert started.run("stop") == 0

    assert not alive(stubborn)


def test_a_supervisor_that_is_interrupted_ends_its_gateway(started: Started) -> None:
    started.start()
    supervisor, running = started.pids()

    os.kill(supervisor, signal.SIGHUP)
    eventually(lambda: not alive(supervisor))

    assert not alive(running)
    assert started.file.read() is None


def test_no_credential_is_in_the_log_or_the_record(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWSPASSWORD", "s3cret")
    monkeypatch.setenv("BROKER_PIN", "pin-4711")
    code = PRELUDE + "print(os.environ['TWSPASSWORD'], os.environ['BROKER_PIN'], flush=True)\n"
    code += "listen(); time.sleep(60)"

    assert started.start("--secret", "BROKER_PIN", program=["-c", code, "{port}"]) == 0
    eventually(lambda: "***" in started.file.log.read_text())

    supervisor = Path(f"/proc/{started.record.supervisor.pid}/cmdline").read_text()
    written = started.file.log.read_text() + started.file.path.read_text() + supervisor
    assert "*** ***" in written
    assert "s3cret" not in written
    assert "pin-4711" not in written


def test_no_program_is_bad_usage(
    started: Started, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IBKR_GATEWAY_PROGRAM", raising=False)

    assert started.run("start") == 2
    assert "IBKR_GATEWAY_PROGRAM" in capsys.readouterr().err
    assert started.run("start", "/nowhere/ibcstart.sh") == 2


def test_a_record_that_is_none_is_refused(started: Started) -> None:
    started.file.path.write_text("{")

    assert started.run("status") == 2

    started.file.path.unlink()
