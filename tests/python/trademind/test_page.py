"""The page on moving in names tests that exist for each line of the contract."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "trademind.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "shown by" not in line]
NAMED = sorted(set(TEST.findall(PAGE)))
FAULTS = 13


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_named_test_exists(file: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_line_names_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if not TEST.search(row)] == []


def test_every_fault_of_the_former_layer_is_there() -> None:
    told = [row for row in ROWS if row.startswith("| fault ")]

    assert [int(row.split()[2].strip(",")) for row in told] == list(range(1, FAULTS + 1))
