"""Writes docs/codes.md, the table of codes for users, from codes.tsv.

Run `python src/core/events/generate.py`; running it again must change nothing.
"""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
TABLE = Path(__file__).with_name("codes.tsv")
PAGE = ROOT / "docs" / "codes.md"
HEAD = """\
# Codes of IB

What a code means is one line of one table, `src/core/events/codes.tsv`, from which this page is
written by `src/core/events/generate.py`. A code stands in the `code` of an error and of a notice.

- **Ends**: what is over. `request` and `order` end the one that is named; of an order that is
  acknowledged, only its change. `depends`: what else the gateway says tells. A code that is not
  here ends no order, no line of market data and no link: orders are looked up in the gateway's
  lists, a line goes on. A request that waits for one answer fails with it.
- **Line**: what happens to a line of market data that is named. `falls back` asks for delayed data
  where that is allowed, and ends the line otherwise; `delayed` is the same, and nothing where
  delayed data was asked for; `reopens` asks again; `interrupted` waits.
- **Error**: the class of `aioibkr.errors` that a read or a line ends with; without one it is
  `RequestError` for a read, `MarketDataError` for a line, `OrderRejected` for an order.
- **Again**: whether the same read may be repeated as it is (`is_retryable` of the error). An order
  is never repeated as it is: place it under its key, and change first what was refused.

A text with "market data permissions" is `NotEntitled` whatever the code. Codes 2100 to 2199 that
are not listed are warnings.

| code | text has | class | ends | line | error | again | meaning |
|---|---|---|---|---|---|---|---|
"""
ERRORS = {
    "contract_not_found": "ContractNotFound",
    "not_entitled": "NotEntitled",
    "pacing": "PacingViolation",
    "lines": "LineLimit",
    "client_id": "ClientIdInUse",
    "no_data": "none: an empty answer",
}
RETRYABLE = {"pacing", "client_id"}
ENDS_A_LINE = {"request", "order", "link", "depends"}


class Row(NamedTuple):
    """One line of the table."""

    code: str
    text: str
    kind: str
    ends: str
    line: str
    failure: str
    subject: str
    meaning: str


def rows() -> list[Row]:
    """The lines of the table, in its order."""
    return [Row(*line.split("\t")) for line in TABLE.read_text().splitlines()]


def page() -> str:
    """The page for users."""
    return HEAD + "".join(map(_row, rows()))


def _row(row: Row) -> str:
    ends_line = "ends" if row.ends in ENDS_A_LINE else "goes on"
    line = ends_line if row.line == "-" else row.line.replace("_", " ")
    error = ERRORS.get(row.failure, "")
    cells = (row.code, row.text, row.kind, row.ends, line, error, _again(row), row.meaning)
    shown = ("" if cell == "-" else cell.replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(shown) + " |\n"


def _again(row: Row) -> str:
    if row.ends == "nothing" and row.failure == "-":
        return ""
    return "yes, later" if row.failure in RETRYABLE else "no"


if __name__ == "__main__":
    PAGE.write_text(page())
