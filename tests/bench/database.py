"""Databases: what writing a portfolio of 500 positions costs."""

from __future__ import annotations

import sys

from bench.measuring import HERE, Row, Run, figure

SQLITE, POSTGRESQL = "database, sqlite", "database, postgresql"


def runs(_address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round; each has a gateway of its own."""
    program = [sys.executable, str(HERE / "database_worker.py")]
    return [Run(name, [*program, name.split()[1]]) for name in (SQLITE, POSTGRESQL)]


ROWS = [
    Row("sync of 500 positions, SQLite", "<= 30 ms", figure(SQLITE, "p50_s", 1e3), "ms"),
    Row("sync of 500 positions, PostgreSQL", "<= 60 ms", figure(POSTGRESQL, "p50_s", 1e3), "ms"),
    Row("CPU of a sync, SQLite", "", figure(SQLITE, "cpu_s", 1e3), "ms"),
    Row("CPU of a sync, PostgreSQL", "", figure(POSTGRESQL, "cpu_s", 1e3), "ms"),
    Row("statements of a sync, lock and two tables", "<= 3", figure(POSTGRESQL, "statements")),
]
