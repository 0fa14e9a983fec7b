"""The table of the conformance list in the documentation, written from a run.

``python -m pytest tests/python/conformance --write-conformance`` writes it once every test is done.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from python.conformance.environments import ROOT
from python.conformance.operations import NOT_OFFERED, OPERATIONS
from python.conformance.peers import PEERS

PAGE = ROOT / "docs" / "conformance.md"
TITLES = {
    "ib_insync": "ib_insync 0.9.86", "ib_async": "ib_async 2.1.0",
    "official": "official Python client 10.46.1", "ibapi": "ibapi crate 5.5",
}  # fmt: skip
MARKS = {True: "yes", False: "**no**", None: "n/a"}

# What a client made of an operation, by the label of the client and the operation; `None` where the
# client does not offer it.
Results = Mapping[tuple[str, str], bool | None]


def page(results: Results) -> str:
    """The whole page."""
    offered = sum(1 for passed in results.values() if passed is not None)
    passed = sum(1 for passed in results.values() if passed)
    return "\n".join([
        "# Conformance of the mock gateway",
        "",
        "Every client below, unmodified, did every operation against a mock gateway of its own and",
        "read what the test had set through the control API. The number is the server version that",
        "both agreed on: text up to 200, both encodings from 201, protobuf only from 213.",
        "",
        f"{len(OPERATIONS)} operations, {len(PEERS)} clients and versions: of the {offered} pairs",
        f"that a client offers, {passed} pass. This page is written by",
        "`python -m pytest tests/python/conformance --write-conformance`.",
        "",
        *_table(results),
        "",
        "n/a: the client does not offer it.",
        "",
        *_absent(),
        "",
    ])  # fmt: skip


def operations_of(text: str) -> list[str]:
    """The operations a page lists."""
    return [cells[0].strip("`") for cells in _rows(text)]


def peers_of(text: str) -> list[str]:
    """The clients a page lists, by label."""
    name, labels = "", []
    header = next(line for line in text.splitlines() if line.startswith("| operation"))
    for cell in _cells(header)[1:]:
        *title, version = cell.split()
        name = next(known for known, full in TITLES.items() if full == " ".join(title))
        labels.append(f"{name}-{version}")
    return labels


def marks_of(text: str) -> set[str]:
    """The marks a page has in its table."""
    return {mark for cells in _rows(text) for mark in cells[1:]}


def write(results: Results, to: Path = PAGE) -> None:
    """Put the page in the documentation."""
    to.write_text(page(results), encoding="utf-8")


def _table(results: Results) -> list[str]:
    titles = [f"{TITLES[peer.name]} {peer.version}" for peer in PEERS]
    rows = [_row([f"`{name}`", *_marks(results, name)]) for name in OPERATIONS]
    return [_row(["operation", *titles]), _row(["---"] * (1 + len(titles))), *rows]


def _marks(results: Results, operation: str) -> list[str]:
    return [MARKS[results[peer.label, operation]] for peer in PEERS]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _absent() -> list[str]:
    return [
        f"- {TITLES[name]}, `{operation}`: {reason}."
        for name, reasons in NOT_OFFERED.items()
        for operation, reason in reasons.items()
    ]


def _rows(text: str) -> list[list[str]]:
    return [_cells(line) for line in text.splitlines() if line.startswith("| `")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
