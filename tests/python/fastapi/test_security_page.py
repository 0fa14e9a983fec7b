"""Every claim of the page on security names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
HEAD = re.compile(r"^\| (?:attempt|port) .*\| shown by \|$")


def claims() -> list[str]:
    """The rows of the tables whose last column says what shows them."""
    found: list[str] = []
    is_claim = False
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            is_claim = False
        elif HEAD.match(line):
            is_claim = True
        elif is_claim and not line.startswith("|---"):
            found.append(line)
    return found


def shown_by(claim: str) -> str:
    """The last column of a row."""
    return claim.strip("| ").rpartition(" | ")[2]


def test_the_page_has_claims() -> None:
    assert len(claims()) > 25


def test_a_claim_names_tests_or_says_that_nothing_is_promised() -> None:
    silent = [claim for claim in claims() if not TEST.search(shown_by(claim))]

    assert [claim for claim in silent if shown_by(claim) != "no promise"] == []
    assert len(silent) == 3  # the gateway's own port (twice), and listening on the wire


def test_named_tests_exist() -> None:
    named = TEST.findall(PAGE)
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]

    assert missing == []
