"""`IBKRIntegration.sync_portfolio`: writes as configured, and answers whatever fails."""

import subprocess
import sys

import pytest
from sqlalchemy import MetaData

from aioibkr import ConfigError, IBKRIntegration, Settings
from aioibkr.integrations.sqlalchemy import Sessions
from aioibkr.testing import MockGateway
from python.sqlalchemy.conftest import Database
from python.sqlalchemy.models import Base, Holding, LooseHolding, PortfolioSnapshot

WITHOUT_SQLALCHEMY = """
import sys
sys.modules["sqlalchemy"] = None
from aioibkr import IBKRIntegration
try:
    IBKRIntegration().configure(holdings=object)
except ImportError as error:
    print(error)
"""


def integration_of(gateway: MockGateway) -> IBKRIntegration:
    """An integration that may connect to a gateway."""
    settings = Settings(ibkr_enabled=True, ibkr_port=gateway.port, ibkr_connect_timeout=5)
    return IBKRIntegration(settings)


async def test_it_writes_with_the_sessions_it_was_configured_with(
    database: Database, sessions: Sessions, mock_gateway: MockGateway
) -> None:
    mock_gateway.set_position("DU1234567", "AAPL", quantity=10, average_cost=100.0)
    integration = integration_of(mock_gateway)
    integration.configure(holdings=Holding, snapshots=PortfolioSnapshot, sessions=sessions)

    answer = await integration.sync_portfolio()
    await integration.disconnect()

    assert answer.keys() == {"success", "cash_balance", "portfolio_value", "positions_count"}
    assert (answer["success"], answer["positions_count"]) == (True, 1)
    assert [row["symbol"] for row in database.rows(Holding)] == ["AAPL"]


async def test_it_writes_with_the_session_it_is_given(
    database: Database, mock_gateway: MockGateway
) -> None:
    integration = integration_of(mock_gateway)
    integration.configure(holdings=Holding, snapshots=PortfolioSnapshot)

    async with database.awaited() as session:
        first = await integration.sync_portfolio(session)
    with database.blocking() as session:
        second = await integration.sync_portfolio(session)
    await integration.disconnect()

    assert first["success"] is second["success"] is True
    assert len(database.rows(PortfolioSnapshot)) == 2


async def test_what_fails_is_an_answer_that_says_why(
    database: Database, mock_gateway: MockGateway
) -> None:
    integration = integration_of(mock_gateway)

    answers = [await integration.sync_portfolio(database.awaited)]
    integration.configure(holdings=Holding, snapshots=PortfolioSnapshot)
    answers.append(await integration.sync_portfolio())
    answers.append(await integration.sync_portfolio(object()))
    Base.metadata.drop_all(database.engine)
    answers.append(await integration.sync_portfolio(database.awaited))
    await integration.disconnect()
    mock_gateway.down()
    answers.append(await integration.sync_portfolio(database.awaited))

    assert all(answer.keys() == {"success", "error"} for answer in answers)
    assert not any(answer["success"] for answer in answers)
    words = [str(answer["error"]) for answer in answers]
    assert "configure(holdings=" in words[0]
    assert "configure(sessions=" in words[1]
    assert "is no session" in words[2]
    assert "holdings" in words[3] or "portfolio_snapshots" in words[3]
    assert words[4]


def test_classes_are_looked_at_when_they_are_given() -> None:
    class Thin(Base):
        __table__ = LooseHolding.metadata.tables["loose_holdings"].to_metadata(MetaData())
        __mapper_args__ = {"exclude_properties": ["quantity"]}  # noqa: RUF012

    integration = IBKRIntegration(Settings())

    with pytest.raises(ConfigError, match="'quantity'"):
        integration.configure(holdings=Thin, snapshots=PortfolioSnapshot)
    with pytest.raises(ConfigError, match="not a mapped class"):
        integration.configure(holdings=object)
    with pytest.raises(ConfigError, match="give both"):
        integration.configure(snapshots=PortfolioSnapshot)


def test_a_missing_extra_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SQLALCHEMY],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert "pip install 'aioibkr[sqlalchemy]'" in done.stdout
