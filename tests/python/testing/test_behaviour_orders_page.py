"""The table of how orders behave names tests that exist and that cite the row they show."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PAGE = ROOT / "docs" / "mock-gateway" / "behaviour-orders.md"
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.rs)::(test_\w+)`")


def rows() -> list[tuple[str, str]]:
    """Each row and what shows it."""
    return ROW.findall(PAGE.read_text())


def text_of(file: str, test: str) -> str:
    """A test with the comments above it; empty if there is none."""
    lines = (ROOT / file).read_text().splitlines()
    first = last = next((n for n, line in enumerate(lines) if f"fn {test}(" in line), -1)
    if first < 0:
        return ""
    while lines[first - 1].startswith(("///", "#")):
        first -= 1
    while lines[last] != "}":
        last += 1
    return "\n".join(lines[first : last + 1])


@pytest.mark.parametrize(("row", "shown"), rows())
def test_a_row_is_shown_by_tests_that_cite_it(row: str, shown: str) -> None:
    tests = TEST.findall(shown)

    assert tests
    assert [test for test in tests if not re.search(rf"\b{row}\b", text_of(*test))] == []


def test_no_row_stands_twice_and_every_named_test_exists() -> None:
    found = [row for row, _ in rows()]

    assert len(found) > 100
    assert len(set(found)) == len(found)
    assert [test for test in TEST.findall(PAGE.read_text()) if not text_of(*test)] == []
