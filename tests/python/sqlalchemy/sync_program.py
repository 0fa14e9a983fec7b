"""Syncs a portfolio again and again: one of several processes on the same tables.

``python sync_program.py HOST PORT CLIENT_ID URL COUNT`` ends with 0 when every sync succeeded.
"""

import asyncio
import sys

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

import aioibkr as ib
from aioibkr.integrations.sqlalchemy import sync_portfolio
from python.sqlalchemy.models import Holding, PortfolioSnapshot


async def main(host: str, port: int, client_id: int, url: str, count: int) -> None:
    """Sync so many times, three at once."""
    engine = create_async_engine(url)
    sessions = async_sessionmaker(engine)
    async with ib.connect(host=host, port=port, client_id=client_id) as client:
        for _ in range(count):
            syncs = (sync_portfolio(sessions, client, Holding, PortfolioSnapshot) for _ in "abc")
            await asyncio.gather(*syncs)
    await engine.dispose()


if __name__ == "__main__":
    host, port, client_id, url, count = sys.argv[1:]
    asyncio.run(main(host, int(port), int(client_id), url, int(count)))
