"""Types checked in both directions: right uses pass strict mypy, wrong ones fail as marked.

A case is a file in `cases/`. A line that must be refused ends in `# E: code`, or several codes
with commas; every other line must be accepted. Cases are judged as a user's files, with the
installed package.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CASES = sorted((HERE / "cases").glob("*.py"))
EXPECTED = re.compile(r"#\s*E:\s*([\w\-, ]+)$")
REPORTED = re.compile(r"^(?P<file>.+?):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")

Errors = set[tuple[str, int, str]]


def marked(files: list[Path]) -> Errors:
    """The errors that the files ask for."""
    return {
        (file.name, number, code.strip())
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        for found in [EXPECTED.search(line)]
        if found
        for code in found.group(1).split(",")
    }


def reported(files: list[Path], cache: Path) -> Errors:
    """The errors that strict mypy finds."""
    options = [
        "--strict",
        "--config-file=",
        "--no-pretty",
        "--show-error-codes",
        "--no-error-summary",
    ]
    command = [sys.executable, "-m", "mypy", *options, f"--cache-dir={cache}", *map(str, files)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = (REPORTED.match(line) for line in done.stdout.splitlines())
    return {(Path(m["file"]).name, int(m["line"]), m["code"]) for m in found if m}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of mypy that the checks of the sources do not share."""
    return tmp_path_factory.mktemp("mypy")


def test_cases_are_judged_as_marked(cache: Path) -> None:
    assert CASES
    assert reported(CASES, cache) == marked(CASES)


def test_harness_notices_unmarked_error_and_unmet_mark(tmp_path: Path, cache: Path) -> None:
    case = tmp_path / "case.py"
    case.write_text("x: int = 'unmarked'\ny: int = 1  # E: assignment\n")

    assert reported([case], cache) == {("case.py", 1, "assignment")}
    assert marked([case]) == {("case.py", 2, "assignment")}
