"""Syncs of a portfolio in a process of their own: prints ``ready``, works, prints JSON.

``python database_worker.py sqlite|postgresql``. The gateway with the positions is in this process,
the PostgreSQL server one of the tests' own.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import sync_portfolio
from aioibkr.testing import MockGateway
from python.sqlalchemy import postgresql
from python.sqlalchemy.models import Base, Holding, PortfolioSnapshot

ACCOUNT = "DU1234567"
POSITIONS, WARM, ROUNDS = 500, 5, 40


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Where an empty database is, for the length of a block."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as directory:
            yield f"sqlite+aiosqlite:///{directory}/bench.db"
    else:
        with postgresql.running() as server:
            yield server.url("asyncpg", server.new_database())


def stage(gateway: MockGateway) -> None:
    """List as many instruments, and hold each."""
    for number in range(POSITIONS):
        symbol = f"S{number}"
        gateway.add_instrument(symbol, con_id=100_000 + number, price=10.0 + number)
        gateway.set_position(ACCOUNT, symbol, quantity=1 + number, average_cost=9.5)


async def measure(gateway: MockGateway, url: str) -> dict[str, float]:
    """The median of a sync, the CPU time of one, and its statements."""
    engine, statements = create_async_engine(url), [0]
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, walls = async_sessionmaker(engine), []
    async with ib.connect(host=gateway.host, port=gateway.port, pacing=None) as client:

        async def sync() -> None:
            await sync_portfolio(sessions, client, Holding, PortfolioSnapshot)

        for _ in range(WARM):
            await sync()
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *_: count(statements))
        began = time.process_time()
        for _ in range(ROUNDS):
            start = time.perf_counter()
            await sync()
            walls.append(time.perf_counter() - start)
        cpu = time.process_time() - began
    await engine.dispose()
    return {
        "p50_s": statistics.median(walls),
        "cpu_s": cpu / ROUNDS,
        "statements": statements[0] / ROUNDS,
    }


def count(statements: list[int]) -> None:
    """One more."""
    statements[0] += 1


def main(kind: str) -> None:
    """Stage, wait for the word, measure, print."""
    with MockGateway() as gateway, database(kind) as url:
        stage(gateway)
        print("ready", flush=True)
        sys.stdin.read()
        print(json.dumps(asyncio.run(measure(gateway, url))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
