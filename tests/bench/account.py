"""``GET /account``: against a route that returns a constant, and against what it replaces."""

from __future__ import annotations

import sys

from bench.measuring import HERE, Row, Run, figure, ratio
from python.conformance.environments import ROOT, interpreter_of

REQUESTS, CONNECTIONS = 5_000, 50
# The threaded bridge asks the gateway each time.
REQUESTS_THREADED = 1_000
OURS, KEPT = "account, ours", "account, ours without HTTP"
CONSTANT, INSYNC, THREADED = "account, constant", "account, ib_insync", "account, threaded"
TESTS = ROOT / "tests" / "python"


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    foreign = {
        INSYNC: interpreter_of("ib_insync", TESTS / "conformance" / "ib_insync.lock"),
        THREADED: interpreter_of("official", TESTS / "official" / "requirements.lock"),
    }

    def worker(name: str, requests: int) -> Run:
        kind = name.split(", ")[1].split(maxsplit=1)[0]
        words = [sys.executable, str(HERE / "account_worker.py"), kind, *address, str(requests)]
        if name not in foreign:
            return Run(name, [*words, str(CONNECTIONS)])
        home = foreign[name].parent.parent
        (site,) = home.glob("lib/python*/site-packages")
        return Run(name, [*words, str(CONNECTIONS)], environment={"PEER_SITE": str(site)})

    broker = [sys.executable, str(HERE / "account_worker.py"), "broker", *address, "5000", "1"]
    return [
        worker(OURS, REQUESTS),
        worker(CONSTANT, REQUESTS),
        worker(INSYNC, REQUESTS),
        worker(THREADED, REQUESTS_THREADED),
        Run(KEPT, broker),
    ]


RATE, P99, CPU = "requests_per_s", "p99_s", "cpu_s"
ROWS = [
    Row("GET /account, 50 connections", "", figure(OURS, RATE, 1e-3), "k/s"),
    Row("GET /account / a constant", ">= 0.95", ratio((OURS, RATE), (CONSTANT, RATE))),
    Row("GET /account / ib_insync", ">= 1.0", ratio((OURS, RATE), (INSYNC, RATE))),
    Row("GET /account / threaded bridge", ">= 3", ratio((OURS, RATE), (THREADED, RATE))),
    Row("GET /account p99 / a constant's", "<= 1.5", ratio((OURS, P99), (CONSTANT, P99))),
    Row("CPU of a GET /account", "", figure(OURS, CPU, 1e6), "us"),
    Row("CPU of a constant / of GET /account", "", ratio((CONSTANT, CPU), (OURS, CPU))),
    Row("CPU of ib_insync / of GET /account", "", ratio((INSYNC, CPU), (OURS, CPU))),
    Row("CPU of threaded bridge / of GET /account", "", ratio((THREADED, CPU), (OURS, CPU))),
    Row("broker.get_account()", "", figure(KEPT, "call_s", 1e6), "us"),
]
