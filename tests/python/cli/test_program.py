"""The command line: exit codes, messages, and what it refuses."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aioibkr.cli import main
from aioibkr.testing import MockGateway

WITHOUT = """
import sys
sys.modules["{package}"] = None
from aioibkr.cli import main
sys.exit(main(["serve", "--mock", "--port", "0"]))
"""


def test_check_tells_what_the_gateway_is(
    mock_gateway: MockGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["check", "--port", str(mock_gateway.port), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["accounts"] == ["DU1234567"]
    assert found["paper"] is True
    assert found["server_version"] >= 213


def test_check_speaks_to_people(
    mock_gateway: MockGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--port", str(mock_gateway.port)]) == 0

    assert "paper: yes" in capsys.readouterr().out


def test_check_without_a_gateway_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        code = main(["check", "--port", str(port), "--timeout", "0.3"])

    assert code == 3
    assert str(port) in capsys.readouterr().err


def test_a_command_logs_where_it_is_told(mock_gateway: MockGateway, tmp_path: Path) -> None:
    file = tmp_path / "log"
    program = ["check", "--port", str(mock_gateway.port), "--log-file", str(file)]

    subprocess.run([sys.executable, "-m", "aioibkr", *program, "--log-level", "debug"], check=True)

    assert "aioibkr.session" in file.read_text()
    assert "request=server_time" in file.read_text()


def test_a_log_file_that_cannot_be_written_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing" / "log"

    assert main(["check", "--log-file", str(missing)]) == 2

    assert str(missing) in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["check", "--port", "65536"],
        ["check", "--timeout", "0"],
        ["check", "--timeout", "nan"],
        ["serve", "--port", "many"],
    ],
)
def test_bad_usage_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


@pytest.mark.parametrize("package", ["fastapi", "uvicorn"])
def test_missing_extra_is_named(package: str) -> None:
    program = WITHOUT.format(package=package)

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "pip install 'aioibkr[server]'" in done.stderr


def test_module_and_script_are_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aioibkr", "--help"], capture_output=True, text=True, check=True
    )

    assert {"check", "serve", "mock-gateway"} <= set(done.stdout.replace(",", " ").split())
