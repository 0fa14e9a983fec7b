"""The risk of a portfolio: its figures, its level by score, and what is not known."""

from dataclasses import replace

import pytest

from aioibkr import IBKRBroker, RiskLimits, RiskManager
from aioibkr._risk_manager import portfolio_risk
from aioibkr.broker import Account, Position
from aioibkr.testing import MockGateway
from python.broker.wishes import PAPER, until

LIMITS = RiskLimits()
EMPTY = Account("DU1", 100_000.0, 100_000.0, 400_000.0, 100_000.0, 0.0, 0.0)


def holding(*values: float) -> Account:
    """An account of 100,000 with positions of these values."""
    positions = [
        Position(f"S{number}", 1, 1.0, value, value, 0.0) for number, value in enumerate(values)
    ]
    return replace(EMPTY, positions=positions)


def test_figures_of_long_and_short_positions() -> None:
    account = replace(holding(8_000.0, -4_000.0), margin_available=70_000.0, daily_pnl=-200.0)

    risk = portfolio_risk(account, LIMITS)

    assert (risk.gross_exposure, risk.net_exposure) == (12_000.0, 4_000.0)
    assert (risk.margin_used, risk.margin_usage_pct) == (30_000.0, 0.3)
    assert (risk.max_position_concentration, risk.avg_position_concentration) == (0.08, 0.06)
    assert (risk.position_count, risk.daily_loss_limit_remaining) == (2, 800.0)
    assert (risk.risk_level, risk.warnings) == ("LOW", ())


@pytest.mark.parametrize(
    ("value", "margin_available", "daily", "level"),
    [
        (15_000.0, 50_000.0, -250.0, "LOW"),
        (16_000.0, 50_000.0, -250.0, "LOW"),
        (16_000.0, 49_000.0, -250.0, "MEDIUM"),
        (26_000.0, 100_000.0, 0.0, "MEDIUM"),
        (0.0, 24_000.0, 0.0, "MEDIUM"),
        (0.0, 100_000.0, -501.0, "MEDIUM"),
        (16_000.0, 49_000.0, -251.0, "MEDIUM"),
        (26_000.0, 49_000.0, -251.0, "HIGH"),
        (26_000.0, 24_000.0, 0.0, "HIGH"),
    ],
)
def test_level_is_by_score(value: float, margin_available: float, daily: float, level: str) -> None:
    account = replace(holding(value), margin_available=margin_available, daily_pnl=daily)

    assert portfolio_risk(account, LIMITS).risk_level == level


def test_what_is_not_known_counts_as_the_worst() -> None:
    unknown = portfolio_risk(replace(EMPTY, daily_pnl=None), LIMITS)
    worthless = portfolio_risk(replace(holding(5.0), portfolio_value=0.0), LIMITS)

    assert (unknown.risk_level, unknown.daily_loss_limit_remaining) == ("MEDIUM", None)
    assert unknown.warnings == ("the P&L of the day is not known",)
    assert worthless.risk_level == "HIGH"
    assert worthless.max_position_concentration is None
    assert "not above 0" in worthless.warnings[0]


def test_warnings_name_what_is_too_much() -> None:
    position = Position("OLD", 1, 12_000.0, 12_000.0, 12_000.0, 0.0, price_source="average_cost")
    account = replace(EMPTY, positions=[position], margin_available=20_000.0, daily_pnl=-600.0)

    warnings = portfolio_risk(account, LIMITS).warnings

    assert [word in text for word, text in zip(
        ("12.0%", "margin", "60%", "OLD"), warnings, strict=True
    )] == [True] * 4  # fmt: skip


def test_without_a_loss_limit_no_loss_counts() -> None:
    account = replace(EMPTY, daily_pnl=-90_000.0)

    risk = portfolio_risk(account, RiskLimits(daily_loss_limit=None))

    assert (risk.risk_level, risk.daily_loss_limit_remaining) == ("LOW", None)
    assert portfolio_risk(account, RiskLimits(daily_loss_limit=0)).risk_level == "MEDIUM"


async def test_portfolio_of_a_broker_is_judged(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position(PAPER, "AAPL", quantity=1000, average_cost=180.0)
    manager = RiskManager(ib_broker)

    async def held() -> bool:
        return (await manager.check_portfolio_risk()).position_count == 1

    await until(held)
    risk = await manager.check_portfolio_risk()

    assert risk.gross_exposure == 190_000.0
    assert manager.limits.max_position_pct == 0.1
    assert any("above its limit" in text for text in risk.warnings)
