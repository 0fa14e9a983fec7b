"""Writes the table of the documentation from a run, when asked to."""

from collections.abc import Generator

import pytest

from python.conformance.operations import NOT_OFFERED, OPERATIONS
from python.conformance.peers import PEERS, Peer
from python.conformance.table import write

_RESULTS: dict[tuple[str, str], bool | None] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag."""
    parser.addoption("--write-conformance", action="store_true", help="write docs/conformance.md")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what became of an operation; once every client did every one, write the table."""
    report = yield
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if call.when == "call" and item.config.getoption("--write-conformance", default=False):
        _keep(parameters.get("finished"), parameters.get("operation"), passed=report.passed)
    return report


def _keep(peer: object, operation: object, *, passed: bool) -> None:
    if not isinstance(peer, Peer) or not isinstance(operation, str):
        return
    absent = operation in NOT_OFFERED.get(peer.name, {})
    _RESULTS[peer.label, operation] = None if passed and absent else passed
    if len(_RESULTS) == len(PEERS) * len(OPERATIONS):
        write(_RESULTS)
