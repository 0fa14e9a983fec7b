"""The table of observed behaviour names tests that exist and that cite the row they show."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PAGE = ROOT / "docs" / "mock-gateway" / "behaviour.md"
ROW = re.compile(r"^\| ([A-Z]\d+|18\.\d+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.(?:rs|py))::(test_\w+)`")
NOT_SHOWN = "not shown: "


def rows() -> list[tuple[str, str]]:
    """Each row and what shows it."""
    return ROW.findall(PAGE.read_text())


def named_tests() -> list[tuple[str, str, str]]:
    """Row, file and test for each test a row names."""
    return [(row, file, test) for row, shown in rows() for file, test in TEST.findall(shown)]


def text_of(file: str, test: str) -> str:
    """A test with the comments above it or the text at its head; empty if there is none."""
    lines = (ROOT / file).read_text().splitlines()
    starts = [n for n, line in enumerate(lines) if re.search(rf"\b(fn|def) {test}\(", line)]
    if not starts:
        return ""
    first = last = starts[0]
    while first and lines[first - 1].lstrip().startswith(("///", "#", "@")):
        first -= 1
    while last + 1 < len(lines) and (not lines[last + 1] or lines[last + 1][0] in " )"):
        last += 1
    return "\n".join(lines[first : last + 1])


def test_the_page_has_rows() -> None:
    assert len(rows()) > 100


@pytest.mark.parametrize(("row", "file", "test"), named_tests())
def test_a_named_test_exists_and_cites_its_row(row: str, file: str, test: str) -> None:
    assert re.search(rf"(?<![\w.]){re.escape(row)}\b", text_of(file, test)), f"{file}::{test}"


def test_a_row_names_a_test_or_a_reason_once() -> None:
    found = rows()
    unshown = [row for row, shown in found if not TEST.search(shown)]
    reasons = [row for row, shown in found if shown.startswith(NOT_SHOWN)]

    assert unshown == reasons
    assert len({row for row, _ in found}) == len(found)


def test_a_table_has_no_other_lines() -> None:
    lines = PAGE.read_text().split("\n## ", 1)[1].splitlines()
    table = [line for line in lines if line.startswith("|")]

    assert [line for line in table if not ROW.match(line) and line not in HEAD] == []


HEAD = ("| row | shown by |", "|---|---|")
