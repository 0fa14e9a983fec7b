"""Every example runs as it stands; those for another client run in that client's environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aioibkr
from python.conformance.environments import interpreter_of

ROOT = Path(__file__).resolve().parent.parent.parent.parent
EXAMPLES = ROOT / "python" / "examples"
CONFORMANCE = ROOT / "tests" / "python" / "conformance"
OWN = {
    "alerts_and_events.py": "",
    "faults_on_demand.py": "",
    "fastapi_app.py": "",
    "limits_on_demand.py": "",
    "mock_gateway_by_command.py": "server version 226\n",
    "mock_gateway_in_a_test.py": "",
    "orders_over_a_websocket.py": "",
    "paper_and_live.py": "",
    "portfolio_in_sql.py": "",
    "positions_into_polars.py": "",
    "prices_from_a_file.py": "",
    "recording_in_a_test.py": "",
    "scenario_in_a_test.py": "",
    "stream_quotes_and_depth.py": "",
    "stream_ticks_into_polars.py": "",
}
IB_ASYNC = "ib_async_on_mock_gateway.py"
OFFICIAL = "official_client_on_mock_gateway.py"

pytestmark = pytest.mark.timeout(180)


def printed_by(interpreter: Path | str, program: Path) -> str:
    """What a program prints; it must succeed. It finds our package wherever this test did."""
    package = Path(aioibkr.__file__).parent.parent
    done = subprocess.run(
        [str(interpreter), str(program)],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*OWN, IB_ASYNC, OFFICIAL}


@pytest.mark.parametrize("name", OWN)
def test_an_example_runs(name: str) -> None:
    assert printed_by(sys.executable, EXAMPLES / name) == OWN[name]


def test_the_ib_async_example_runs_with_ib_async() -> None:
    interpreter = interpreter_of("ib_async", CONFORMANCE / "ib_async.lock")

    printed_by(interpreter, EXAMPLES / IB_ASYNC)


def test_the_ib_async_example_runs_with_ib_insync(tmp_path: Path) -> None:
    interpreter = interpreter_of("ib_insync", CONFORMANCE / "ib_insync.lock")
    program = tmp_path / "ib_insync_on_mock_gateway.py"
    text = (EXAMPLES / IB_ASYNC).read_text()
    program.write_text(text.replace("from ib_async import", "from ib_insync import"))

    printed_by(interpreter, program)


def test_the_official_client_example_runs(official_python: Path) -> None:
    printed_by(official_python, EXAMPLES / OFFICIAL)
