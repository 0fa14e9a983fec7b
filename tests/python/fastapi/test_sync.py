"""`POST …/sync`: the portfolio into the application's own tables, or 503 with the reason."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from aioibkr import IBKRIntegration, Settings
from aioibkr.integrations.fastapi import lifespan, router
from aioibkr.integrations.fastapi.problems import MEDIA_TYPE
from aioibkr.testing import MockGateway
from python.broker.wishes import PAPER
from python.sqlalchemy.models import Base, Holding, PortfolioSnapshot

PATHS = ["/api/ibkr/sync", "/api/portfolio/sync"]
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    """Sessions with the application's database, which is empty."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'app.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield async_sessionmaker(engine)
    await engine.dispose()


@pytest.fixture
def integration(mock_gateway: MockGateway) -> IBKRIntegration:
    """An integration of an application of one position."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(PAPER, "AAPL", quantity=10, average_cost=180.0)
    return IBKRIntegration(Settings(ibkr_enabled=True, ibkr_port=mock_gateway.port), name="sync")


@pytest.fixture
async def web(integration: IBKRIntegration) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    app = FastAPI()
    app.include_router(router(integration=integration))
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(integration)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_sync_writes_the_portfolio(
    web: httpx.AsyncClient, integration: IBKRIntegration, sessions: Sessions, path: str
) -> None:
    integration.configure(holdings=Holding, snapshots=PortfolioSnapshot, sessions=sessions)

    answer = await web.post(path)

    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {
        "status",
        "message",
        "cash_balance",
        "portfolio_value",
        "positions_count",
    }
    assert (body["status"], body["positions_count"]) == ("success", 1)
    async with sessions() as session:
        held = (await session.scalars(select(Holding))).one()
        taken = (await session.scalars(select(PortfolioSnapshot))).one()
    assert (held.symbol, held.quantity) == ("AAPL", 10)
    assert float(taken.total_value) == body["portfolio_value"]


@pytest.mark.parametrize("path", PATHS)
async def test_sync_without_tables_is_503_with_the_reason(
    web: httpx.AsyncClient, path: str
) -> None:
    answer = await web.post(path)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "holdings" in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
async def test_sync_after_disconnect_changes_nothing(
    web: httpx.AsyncClient,
    integration: IBKRIntegration,
    sessions: Sessions,
    mock_gateway: MockGateway,
    path: str,
) -> None:
    integration.configure(holdings=Holding, snapshots=PortfolioSnapshot, sessions=sessions)
    mock_gateway.down()
    await web.post("/api/ibkr/disconnect")

    answer = await web.post(path)

    assert answer.status_code == 503
    assert str(mock_gateway.port) in answer.json()["detail"]
    async with sessions() as session:
        assert (await session.scalars(select(Holding))).all() == []
