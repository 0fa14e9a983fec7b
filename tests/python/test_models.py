"""Values that users make: contracts, orders, limits."""

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal

import pytest

import aioibkr as ib

CONTRACTS = {
    "STK": ib.Stock("AAPL", primary_exchange="NASDAQ"),
    "OPT": ib.Option("AAPL", "20261218", 200.0, "C"),
    "FUT": ib.Future("ES", "202612", "CME"),
    "FOP": ib.FutureOption("ES", "20261218", 5000.0, "PUT", "CME"),
    "CASH": ib.Forex("EUR.USD"),
    "IND": ib.Index("SPX", "CBOE"),
    "CFD": ib.CFD("IBUS500"),
    "CRYPTO": ib.Crypto("BTC"),
    "BOND": ib.Bond("912828ZT0"),
    "FUND": ib.Fund("VFIAX"),
    "WAR": ib.Warrant("ABN", "20261218", 20.0, "P", exchange="FWB", currency="EUR"),
}


@pytest.mark.parametrize("kind", CONTRACTS)
def test_contract_says_its_kind(kind: str) -> None:
    assert CONTRACTS[kind].security_type == kind


def test_contract_keeps_every_field() -> None:
    option = ib.Option("AAPL", "20261218", 200.0, "CALL", multiplier="100", trading_class="AAPL")

    assert (option.symbol, option.expiry, option.strike, option.right) == (
        "AAPL",
        "20261218",
        200.0,
        "C",
    )
    assert (option.exchange, option.currency, option.multiplier) == ("SMART", "USD", "100")
    assert option.contract_id is None


def test_forex_splits_the_pair() -> None:
    assert all(ib.Forex(pair) == ib.Forex("EURUSD") for pair in ("EUR.USD", "eur/usd"))
    assert (ib.Forex("EURUSD").symbol, ib.Forex("EURUSD").currency) == ("EUR", "USD")


@pytest.mark.parametrize("value", [*CONTRACTS.values(), ib.LimitOrder("BUY", "1.5", 10.0)])
def test_value_equals_its_copies_and_its_repr(value: ib.Contract | ib.Order) -> None:
    names = {"Contract": ib.Contract, "Order": ib.Order, "Decimal": Decimal}
    others = [
        copy.copy(value),
        copy.deepcopy(value),
        pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own
        eval(repr(value), names),  # noqa: S307 - our own
        value.replace(),
    ]

    assert all(other == value for other in others)
    assert {hash(other) for other in others} == {hash(value)}


def test_values_that_differ_are_not_equal() -> None:
    assert ib.Stock("AAPL") != ib.Stock("MSFT")
    assert ib.Stock("AAPL") != "AAPL"
    assert ib.Stock("AAPL").replace(exchange="NYSE") == ib.Stock("AAPL", "NYSE")
    assert ib.MarketOrder("BUY", 1) != ib.MarketOrder("SELL", 1)


def test_repr_escapes_what_a_symbol_may_hold() -> None:
    assert repr(ib.Stock("A'B\\C")) == (
        r"Contract(symbol='A\'B\\C', security_type='STK', exchange='SMART', currency='USD')"
    )


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        ib.Stock("AAPL").symbol = "MSFT"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        ib.MarketOrder("BUY", 1).quantity = Decimal(2)  # type: ignore[misc]


@pytest.mark.parametrize("kind", [ib.Quote, ib.Greeks, ib.DepthBook, ib.DepthLevel, ib.Bar])
def test_what_a_market_says_is_not_made_by_hand(kind: type) -> None:
    with pytest.raises(TypeError, match="cannot create"):
        kind()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: ib.Forex("EURO"), "pair 'EURO'"),
        (lambda: ib.Contract(strike=float("nan")), "strike NaN"),
        (lambda: ib.Contract(strike=-1.0), "strike -1"),
        (lambda: ib.Contract(right="X"), 'right "X"'),
        (lambda: ib.Contract(contract_id=0), "contract_id 0"),
        (lambda: ib.Order(action="HOLD", quantity=1), 'action "HOLD"'),
        (lambda: ib.RiskLimits(max_order_value=float("nan")), "max_order_value NaN"),
        (lambda: ib.RiskLimits(max_position_pct=1.5), "max_position_pct 1.5"),
        (lambda: ib.RiskLimits(max_order_size=-1), "max_order_size -1"),
        (lambda: ib.RiskLimits(max_open_orders=-1), "max_open_orders -1"),
    ],
)
def test_value_that_cannot_be_meant_is_refused(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        make()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (100, "100"),
        (10.5, "10.5"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (Decimal("0.30"), "0.30"),
        (Decimal("1E+3"), "1000"),
        (" 2.50 ", "2.50"),
    ],
)
def test_quantity_is_taken_exactly(given: ib.models.Quantity, meant: str) -> None:
    quantity = ib.MarketOrder("BUY", given).quantity

    assert isinstance(quantity, Decimal)
    assert format(quantity, "f") == meant


@pytest.mark.parametrize(
    "given",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("-Infinity"),
        1e300,
        10**40,
        Decimal("1.00000000000000000000000000000000001"),
        "many",
        "",
    ],
    ids=str,
)
def test_quantity_that_cannot_be_held_is_refused(given: ib.models.Quantity) -> None:
    with pytest.raises(ib.ConfigError, match="quantity"):
        ib.MarketOrder("BUY", given)


@pytest.mark.parametrize("given", [True, None, [1], b"1"])
def test_quantity_of_another_type_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match="quantity: give an int, float, Decimal or str"):
        ib.MarketOrder("BUY", given)  # type: ignore[arg-type]


def test_orders_carry_their_prices() -> None:
    limit = ib.LimitOrder("BUY", 1, 10.5, time_in_force="GTC", outside_rth=True, order_ref="me")
    stop = ib.StopOrder("SELL", 1, 9.5)
    both = ib.StopLimitOrder("SELL", 1, 9.4, 9.5, account="DU1")

    assert (limit.order_type, limit.limit_price, limit.stop_price) == ("LMT", 10.5, None)
    assert (limit.time_in_force, limit.outside_rth, limit.order_ref) == ("GTC", True, "me")
    assert (stop.order_type, stop.limit_price, stop.stop_price) == ("STP", None, 9.5)
    assert (both.order_type, both.limit_price, both.stop_price) == ("STP LMT", 9.4, 9.5)
    assert both.account == "DU1"
    assert ib.MarketOrder("BUY", 1).order_type == "MKT"


def test_limits_have_the_applications_defaults() -> None:
    limits = ib.RiskLimits()

    assert limits.max_order_size == Decimal(1000)
    assert (limits.max_order_value, limits.max_position_pct) == (50_000.0, 0.10)
    assert (limits.daily_loss_limit, limits.max_open_orders) == (1000.0, 10)
    assert (limits.max_daily_orders, limits.allow_short) == (100, False)
    assert ib.RiskLimits(max_order_size=None).max_order_size is None
