"""The risk of a whole portfolio at a glance; the rules for orders are the client's.

`portfolio_risk` is pure. A figure that is not known counts as the worst and is named in a warning:
unknown is not harmless.
"""

from dataclasses import dataclass
from typing import Literal

from aioibkr._broker import IBKRBroker
from aioibkr._broker_models import Account, Position
from aioibkr._broker_orders import ApplicationOrder
from aioibkr.models import RiskLimits

__all__ = ["PortfolioRisk", "RiskManager", "portfolio_risk"]

RiskLevel = Literal["LOW", "MEDIUM", "HIGH"]
# What makes one point and what two: shares of the account's value, and of the daily loss limit.
CONCENTRATION = (0.15, 0.25)
MARGIN = (0.5, 0.75)
LOSS = (0.25, 0.5)
WORST = 2
MEDIUM, HIGH = 2, 4


@dataclass(frozen=True)
class PortfolioRisk:
    """The risk of a portfolio. Shares are of the account's value; None where that says nothing."""

    gross_exposure: float
    net_exposure: float
    portfolio_value: float
    buying_power: float
    margin_used: float
    margin_usage_pct: float | None
    max_position_concentration: float | None
    avg_position_concentration: float | None
    position_count: int
    daily_pnl: float | None
    daily_loss_limit: float | None
    daily_loss_limit_remaining: float | None
    risk_level: RiskLevel
    warnings: tuple[str, ...]


class RiskManager:
    """Judges the portfolio of a broker, and orders by the broker's own rules.

    Its limits are those of the broker unless others are given, which then hold for the portfolio.
    """

    def __init__(self, broker: IBKRBroker, limits: RiskLimits | None = None) -> None:
        self._broker = broker
        self._limits = limits or broker.limits

    @property
    def limits(self) -> RiskLimits:
        """The limits it judges by."""
        return self._limits

    async def check_portfolio_risk(self) -> PortfolioRisk:
        """Judge the portfolio as it is now.

        Raises `StateUnknown` while account or positions are not known.
        """
        return portfolio_risk(await self._broker.get_account(), self._limits)

    async def validate_order(self, order: ApplicationOrder) -> tuple[bool, str]:
        """As `IBKRBroker.validate_order`."""
        return await self._broker.validate_order(order)


def portfolio_risk(account: Account, limits: RiskLimits) -> PortfolioRisk:
    """The risk of an account with its positions."""
    values = [position.market_value for position in account.positions]
    shares = [_share(abs(value), account.portfolio_value) for value in values]
    known = [share for share in shares if share is not None]
    used = max(account.portfolio_value - account.margin_available, 0.0)
    usage = _share(used, account.portfolio_value)
    greatest = 0.0 if not shares else max(known, default=None)
    loss = _loss_share(account.daily_pnl, limits.daily_loss_limit)
    scores = (_score(greatest, CONCENTRATION), _score(usage, MARGIN), _score(loss, LOSS))
    return PortfolioRisk(
        gross_exposure=sum(map(abs, values), 0.0),
        net_exposure=sum(values, 0.0),
        portfolio_value=account.portfolio_value,
        buying_power=account.buying_power,
        margin_used=used,
        margin_usage_pct=usage,
        max_position_concentration=greatest,
        avg_position_concentration=sum(known) / len(known) if known else greatest,
        position_count=len(values),
        daily_pnl=account.daily_pnl,
        daily_loss_limit=limits.daily_loss_limit,
        daily_loss_limit_remaining=_remaining(account.daily_pnl, limits.daily_loss_limit),
        risk_level=_level(sum(scores)),
        warnings=tuple(_warnings(account, limits, greatest=greatest, usage=usage, loss=loss)),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _loss_share(daily: float | None, limit: float | None) -> float | None:
    """The share of the limit that is lost, 0 without a loss or a limit; None when not known."""
    if limit is None:
        return 0.0
    if daily is None:
        return None
    lost = max(-daily, 0.0)
    return lost / limit if limit > 0 else float(lost > 0)


def _remaining(daily: float | None, limit: float | None) -> float | None:
    return None if daily is None or limit is None else max(0.0, limit + daily)


def _score(figure: float | None, steps: tuple[float, float]) -> int:
    return WORST if figure is None else sum(figure > step for step in steps)


def _level(score: int) -> RiskLevel:
    if score >= HIGH:
        return "HIGH"
    return "MEDIUM" if score >= MEDIUM else "LOW"


def _warnings(
    account: Account,
    limits: RiskLimits,
    *,
    greatest: float | None,
    usage: float | None,
    loss: float | None,
) -> list[str]:
    most = limits.max_position_pct
    said = {
        f"portfolio value {account.portfolio_value} is not above 0": usage is None,
        f"a position is {greatest or 0:.1%} of the portfolio, above its limit of {most or 0:.1%}": (
            most is not None and greatest is not None and greatest > most
        ),
        f"margin usage of {usage or 0:.1%} is high": usage is not None and usage > MARGIN[1],
        "the P&L of the day is not known": loss is None,
        f"the day has cost {loss or 0:.0%} of the daily loss limit": loss and loss > LOSS[1],
        **dict.fromkeys(_unpriced(account.positions), True),
    }
    return [text for text, holds in said.items() if holds]


def _unpriced(positions: list[Position]) -> list[str]:
    """Positions whose value says nothing of the market."""
    unpriced = [each.symbol for each in positions if each.price_source == "average_cost"]
    return [f"no price is known of {symbol}: it counts at its cost" for symbol in unpriced]
