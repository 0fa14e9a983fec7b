"""A process that forks: each child logs for itself, and leaves cleanly whatever its parent had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aioibkr.testing import MockGateway

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

PROGRAMS = Path(__file__).with_name("fork_programs.py")


def run(name: str, gateway: MockGateway, file: Path) -> str:
    """Run a program of `fork_programs` to its end; what it logged."""
    done = subprocess.run(
        [sys.executable, str(PROGRAMS), name, str(gateway.port), str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "panicked" not in done.stderr
    assert "Fatal" not in done.stderr
    return file.read_text(encoding="utf-8") if file.exists() else ""


@pytest.mark.parametrize(
    "name",
    [
        "configured_in_the_master",
        "configured_again_in_the_worker",
        "fork",
        "forkserver",
        "spawn",
    ],
)
def test_every_process_logs_whoever_configured_it(
    name: str, mock_gateway: MockGateway, tmp_path: Path
) -> None:
    logged = run(name, mock_gateway, tmp_path / "trading.log")

    assert logged.count(" is live\n") == 2, logged
    # The last lines of each: its control link and its feed link are closed.
    assert logged.count(" aioibkr.session closed\n") == 4, logged


def test_a_child_with_more_lines_than_the_queue_holds_leaves(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    name = "a_child_with_more_lines_than_the_queue_holds"
    logged = run(name, mock_gateway, tmp_path / "trading.log")

    assert logged.count("\n") > 4096


@pytest.mark.parametrize(
    "name",
    [
        "a_parent_with_lines_that_wait",
        "a_parent_that_is_writing",
        "everything_open",
        "a_child_that_ends_as_a_program",
    ],
)
def test_a_child_leaves_at_once_whatever_its_parent_has_open(
    name: str, mock_gateway: MockGateway, tmp_path: Path
) -> None:
    _ = run(name, mock_gateway, tmp_path / "trading.log")
