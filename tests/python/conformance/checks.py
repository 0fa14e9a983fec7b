"""What is expected of operations whose answer is not one fixed value."""

from collections.abc import Callable

from python.conformance.peers import Run

_FIRST: dict[str, object] = {}


def _agreed(run: Run) -> None:
    assert run.read["server_version"] == run.peer.version


def _is_the_present(run: Run) -> None:
    assert abs(run.read["server_time"] - run.ended_at) < 120


def _has_its_multiplier(run: Run) -> None:
    assert [multiplier for _, multiplier in run.read["futures"]] == [50.0] * 4


def _same_for_every_client(run: Run) -> None:
    bars = run.read["historical_bars"]

    assert bars == _FIRST.setdefault("historical_bars", bars)
    assert [bar[0] for bar in bars] == ["20260102", "20260105"]


def _is_told_with_its_commission(run: Run) -> None:
    (execution,) = run.executions

    fill = run.read["market_order"]

    assert fill["order"] == [7.0, 0.0, 190.1]
    assert fill["fill"] == [7.0, 190.1, "BOT", "NASDAQ", 7.0, execution.exec_id]
    assert fill["commission"] == [execution.exec_id, execution.commission, "USD"]
    assert fill["perm_id"] == execution.perm_id


def _are_those_of_the_gateway(run: Run) -> None:
    known = [[row.exec_id, row.quantity, row.price] for row in run.executions]

    assert run.read["executions"] == known


def _shows_margin_and_commission(run: Run) -> None:
    margin, equity, commission = run.read["what_if"]

    assert margin > 0
    assert equity == -commission == -1.0


def _is_above_what_the_option_is_worth_today(run: Run) -> None:
    volatility, underlying, price, delta = run.read["option_price"]

    assert (volatility, underlying) == (0.31, 50.0)
    assert 50.0 - 40.0 < price < 50.0
    assert 0.5 < delta < 1.0


CHECKS: dict[str, Callable[[Run], None]] = {
    "server_version": _agreed,
    "server_time": _is_the_present,
    "futures": _has_its_multiplier,
    "historical_bars": _same_for_every_client,
    "market_order": _is_told_with_its_commission,
    "executions": _are_those_of_the_gateway,
    "what_if": _shows_margin_and_commission,
    "option_price": _is_above_what_the_option_is_worth_today,
}
