"""Sessions: how soon a client is back, what watching costs, that one link's loss is no other's."""

from __future__ import annotations

import sys

from bench.measuring import HERE, Row, Run, figure

RECONNECT, SUPERVISION, APART = "session, reconnect", "session, supervision", "session, apart"


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    program = [sys.executable, str(HERE / "session_worker.py")]
    names = (RECONNECT, SUPERVISION, APART)
    return [Run(name, [*program, name.split()[1], *address]) for name in names]


ROWS = [
    Row("port is back until ready", "< 100 ms", figure(RECONNECT, "ready_s", 1e3), "ms"),
    Row("port is back until streams have data", "", figure(RECONNECT, "data_s", 1e3), "ms"),
    Row(
        "CPU while two links are live and idle", "< 1 %", figure(SUPERVISION, "cpu_share", 1e2), "%"
    ),
    Row("links replaced for another link's loss", "= 0", figure(APART, "strays")),
]
