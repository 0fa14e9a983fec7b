"""The command line of the bench: chooses configurations, measures, prints, writes."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

from aioibkr.testing import MockGateway
from bench import account, database, feed, gateway, rows, session, websocket
from bench.measuring import HERE, Figures, Row, Run, collect, medians, table

PARTS = {
    "requests": (rows.runs, rows.ROWS),
    "gateway": (gateway.runs, gateway.ROWS),
    "feed": (feed.runs, feed.ROWS),
    "session": (session.runs, session.ROWS),
    "database": (database.runs, database.ROWS),
    "websocket": (websocket.runs, websocket.ROWS),
    "account": (account.runs, account.ROWS),
}


def main(description: str) -> None:
    """Measure, print, write."""
    options = _options(description)
    before = os.getloadavg()[0]
    with MockGateway(port=0, seed=1) as mock:
        mock.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        feed.list_stocks(mock)
        chosen, shown = _chosen(options.only, [mock.host, str(mock.port)])
        results = collect(chosen, options.rounds, mock)
    if options.only in {"", "gateway"}:
        results["gateway, start"] = [{"start_s": gateway.start_time()}]
    figures = medians(results)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"{options.rounds} rounds, pacing off, load {before:.1f} before")  # fmt: skip
    print(table(shown, figures))
    _write(options.json, {"medians": figures, "runs": results})


def _options(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    named = f"{' or '.join(PARTS)}, or configurations whose name contains this"
    parser.add_argument("--only", default="", help=named)
    parser.add_argument("--json", type=Path, default=HERE / "results" / "latest.json")
    return parser.parse_args()


def _chosen(only: str, address: list[str]) -> tuple[list[Run], list[Row]]:
    """The configurations of a part, or those of a name, and the rows to show."""
    parts = [PARTS[only]] if only in PARTS else [*PARTS.values()]
    runs = [run for part, _ in parts for run in part(address)]
    if only not in PARTS:
        runs = [run for run in runs if only in run.name]
    return runs, [row for _, part in parts for row in part]


def _write(file: Path, results: dict[str, dict[str, Figures] | dict[str, list[Figures]]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"time": time.time()} | results, indent=1))
