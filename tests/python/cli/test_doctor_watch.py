"""``aioibkr doctor --watch``: rounds, the report, its summary, and how it ends."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aioibkr.cli import main
from aioibkr.cli.doctor_watch import Trial
from aioibkr.cli.options import duration
from aioibkr.testing import MockGateway, faults

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def trial_of(rounds: str, *, minutes: int = 1) -> Trial:
    """A trial with a round per minute: ``+`` sound, ``-`` failed."""
    trial = Trial(began=START)
    for at, sound in enumerate(rounds):
        trial = trial.after(START + timedelta(minutes=at * minutes), sound=sound == "+")
    return trial


@pytest.mark.parametrize(
    ("rounds", "percent", "longest", "reconnects"),
    [
        ("", None, 0.0, 0),
        ("++++", 100.0, 0.0, 0),
        ("+-++", 75.0, 60.0, 1),
        ("-++-", 50.0, 60.0, 1),
        ("+--+-+", 50.0, 120.0, 2),
        ("---", 0.0, 180.0, 0),
        ("-+----", 16.667, 240.0, 1),
    ],
)
def test_summary_of_a_trial(
    rounds: str, percent: float | None, longest: float, reconnects: int
) -> None:
    summary = trial_of(rounds).summary(START + timedelta(minutes=len(rounds)))

    assert summary["rounds"] == len(rounds)
    assert summary["availability_percent"] == percent
    assert summary["longest_outage_seconds"] == longest
    assert summary["reconnects"] == reconnects


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("14d", 1_209_600), ("0.5m", 30)]
)
def test_times_have_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["90", "0s", "-1m", "1w", "m", "1 d", "infd", "nans", "1e3s", "\u0661s"]
)
def test_what_is_no_time_is_bad_usage(text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", f"--watch={text}"])

    assert ended.value.code == 2


def test_report_has_every_round_and_a_summary(mock_gateway: MockGateway, tmp_path: Path) -> None:
    report = tmp_path / "trial.jsonl"
    report.write_text('{"an earlier": "watch"}\n')
    times = ["--watch", "0.3s", "--every", "0.1s", "--report", str(report)]

    assert main(["doctor", "--port", str(mock_gateway.port), "--json", *times]) == 0

    earlier, *rounds, last = [json.loads(line) for line in report.read_text().splitlines()]
    assert earlier == {"an earlier": "watch"}
    assert len(rounds) >= 2
    assert all(line["sound"] and line["problems"] == [] for line in rounds)
    assert set(rounds[0]["checks"].values()) == {"ok"}
    assert last["summary"]["availability_percent"] == 100.0
    assert last["summary"]["rounds"] == len(rounds)


def next_line(running: "subprocess.Popen[str]") -> dict[str, object]:
    """The next line of a program."""
    assert running.stdout is not None
    line: dict[str, object] = json.loads(running.stdout.readline())
    return line


@contextlib.contextmanager
def watching(port: int, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The command as a program of its own that watches as long as the block."""
    command = [sys.executable, "-m", "aioibkr", "doctor", "--port", str(port), "--json"]
    command += ["--watch", "1h", "--every", "0.05s", "--timeout", "1", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_summary(
    end: signal.Signals, mock_gateway: MockGateway, tmp_path: Path
) -> None:
    report = tmp_path / "trial.jsonl"
    with watching(mock_gateway.port, "--report", str(report)) as running:
        assert next_line(running)["sound"]

        running.send_signal(end)
        said, _ = running.communicate(timeout=15)

    assert running.returncode == 0
    assert "summary" in json.loads(said.splitlines()[-1])
    assert "summary" in json.loads(report.read_text().splitlines()[-1])


def test_an_outage_is_told_measured_and_survived(mock_gateway: MockGateway) -> None:
    with watching(mock_gateway.port) as running:
        assert next_line(running)["sound"]
        mock_gateway.down()
        while next_line(running)["sound"]:
            pass
        mock_gateway.up()
        while not next_line(running)["sound"]:
            pass

        running.terminate()
        said, _ = running.communicate(timeout=15)

    summary = json.loads(said.splitlines()[-1])["summary"]
    assert running.returncode == 1
    assert summary["reconnects"] == 1
    assert summary["longest_outage_seconds"] > 0
    assert 0 < summary["availability_percent"] < 100


def test_a_signal_breaks_a_round_off(mock_gateway: MockGateway) -> None:
    mock_gateway.inject(faults.Mute("req_current_time"))
    with watching(mock_gateway.port, "--timeout", "30") as running:
        while not mock_gateway.requests("req_current_time"):
            assert running.poll() is None
            time.sleep(0.01)
        began = time.monotonic()

        running.terminate()
        said, _ = running.communicate(timeout=15)

    assert time.monotonic() - began < 10
    assert json.loads(said)["summary"]["rounds"] == 0


def test_people_are_told_of_changes_only(
    mock_gateway: MockGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    port = str(mock_gateway.port)

    assert main(["doctor", "--port", port, "--watch", "0.3s", "--every", "0.1s"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  ")[2] for line in lines if "sound" in line] == ["sound"]
    assert "availability percent: 100.0" in lines


def test_a_report_needs_a_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--report", str(tmp_path / "trial.jsonl")]) == 2

    assert "--watch" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_said(mock_gateway: MockGateway, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "trial.jsonl")

    code = main(["doctor", "--port", str(mock_gateway.port), "--watch", "1s", "--report", nowhere])

    assert code == 1
