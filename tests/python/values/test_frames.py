"""Lists of values as tables: every class, exact cells, columns that do not depend on the cells."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aioibkr as ib
from aioibkr import _frames
from aioibkr._value_fields import FIELDS
from aioibkr.testing import MockGateway

AAPL = ib.Stock("AAPL")
LIMIT = ib.LimitOrder("BUY", "0.1", 189.5)
MOST = Decimal(10) ** 20 - Decimal("1e-8")
VALUES = sorted(FIELDS)


@pytest.fixture
async def held(mock_gateway: MockGateway) -> list[ib.Position]:
    """Two positions of which one is short."""
    for symbol in ("AAPL", "MSFT"):
        mock_gateway.set_price(symbol, bid=189.9, ask=190.1, last=190.0)
    mock_gateway.set_position("DU1234567", "AAPL", quantity=10, average_cost=180.0)
    mock_gateway.set_position("DU1234567", "MSFT", quantity=-3, average_cost=400.0)
    async with ib.connect(port=mock_gateway.port, client_id=1) as client:
        return sorted(await client.positions(), key=lambda position: position.contract.symbol)


@pytest.mark.parametrize("name", VALUES)
def test_no_values_have_the_columns_of_their_class(name: str) -> None:
    value_class = getattr(ib.models, name)

    table = ib.to_arrow([], value_class)
    frame = pl.DataFrame(table)

    assert len(table) == len(frame) == 0
    assert table.columns == frame.columns
    assert len(set(table.columns)) == len(table.columns) >= len(FIELDS[name])
    pandas = ib.to_frame([], value_class, library="pandas")
    assert list(pandas.columns) == table.columns


@pytest.mark.anyio
async def test_positions_become_typed_columns(held: list[ib.Position]) -> None:
    frame = ib.to_frame(held, library="polars")

    assert frame["contract_symbol"].to_list() == ["AAPL", "MSFT"]
    assert frame["quantity"].to_list() == [Decimal(10), Decimal(-3)]
    assert frame["average_cost"].to_list() == [one.average_cost for one in held]
    assert frame["market_price"].to_list() == [one.market_price for one in held]
    assert frame["contract_contract_id"].to_list() == [one.contract.contract_id for one in held]
    assert frame.schema == pl.DataFrame(ib.to_arrow([], ib.Position)).schema
    kinds = [frame.schema[name] for name in ("account", "quantity", "contract_contract_id")]
    assert kinds == [pl.String, pl.Decimal(38, 18), pl.Int64]
    times = ib.to_frame([], ib.Execution, library="polars")["time"]
    assert times.dtype == pl.Datetime("us", "UTC")


@pytest.mark.anyio
async def test_pandas_has_the_same_types_with_and_without_values(held: list[ib.Position]) -> None:
    frame = ib.to_frame(held, library="pandas")

    assert frame["contract_symbol"].tolist() == ["AAPL", "MSFT"]
    assert frame["quantity"].tolist() == [Decimal(10), Decimal(-3)]
    assert frame.dtypes.equals(ib.to_frame([], ib.Position, library="pandas").dtypes)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    expected = {
        "account": "string",
        "quantity": "object",
        "market_price": "float64",
        "contract_contract_id": "Int64",
        "contract_include_expired": "boolean",
    }
    assert {name: kinds[name] for name in expected} == expected
    executions = ib.to_frame([], ib.Execution, library="pandas")
    assert str(executions["time"].dtype) == "datetime64[us, UTC]"


@pytest.mark.anyio
async def test_fills_and_trades_show_what_is_inside(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    trade = await ib_client.place(AAPL, ib.MarketOrder("BUY", 5))
    done = await trade.done(timeout=20)

    fills = ib.to_frame(list(done.fills), library="polars").row(0, named=True)
    row = ib.to_frame([done], library="polars").row(0, named=True)

    execution = done.fills[0].execution
    assert fills["execution_contract_symbol"] == "AAPL"
    assert fills["execution_quantity"] == execution.quantity == Decimal(5)
    assert fills["execution_time"] == execution.time
    assert row["order_quantity"] == Decimal(5)
    assert row["submitted_at"] == done.submitted_at
    (written,) = json.loads(row["fills"])
    assert written["execution"]["execution_id"] == execution.execution_id
    assert written["execution"]["quantity"] == "5"


@pytest.mark.anyio
async def test_quotes_by_name_have_their_names(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    quote = await ib_client.quote(AAPL)

    by_name = ib.to_frame({"apple": quote}, library="polars")
    by_contract = ib.to_frame({quote.contract: quote}, library="polars")

    assert by_name.columns[0] == "index"
    assert by_name.row(0)[0] == "apple"
    assert by_name["received_at"].to_list() == [quote.received_at]
    assert by_name["model_greeks_delta"].to_list() == [None]
    assert by_contract["index_symbol"].to_list() == ["AAPL"]
    assert ib.to_arrow({7: quote}).columns[0] == "index"


@settings(derandomize=True)
@given(
    st.decimals(-MOST, MOST, places=8).filter(lambda one: len(one.as_tuple().digits) <= 28),
    st.one_of(st.none(), st.floats(0.01, 1e9)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
)
def test_cells_are_what_the_fields_are(quantity: Decimal, price: float | None, symbol: str) -> None:
    order = ib.Order(action="BUY", quantity=quantity, limit_price=price)
    contract = ib.Contract(symbol=symbol, strike=price)

    orders = ib.to_frame([order, LIMIT], library="polars")
    contracts = ib.to_frame([contract, AAPL], library="polars")

    assert orders["quantity"].to_list() == [order.quantity, Decimal("0.1")]
    assert orders["limit_price"].to_list() == [price, 189.5]
    assert contracts["symbol"].to_list() == [contract.symbol, "AAPL"]
    assert contracts["strike"].to_list() == [price, None]


@pytest.mark.parametrize("number", ["100000000000000000000", "0.0000000000000000001"])
def test_a_decimal_that_does_not_fit_is_refused_not_rounded(number: str) -> None:
    orders = [ib.MarketOrder("BUY", number)]

    with pytest.raises(ib.ConfigError, match=r"quantity \S+: .*decimals=\"float\""):
        ib.to_arrow(orders)
    assert ib.to_frame(orders, library="polars", decimals="float")["quantity"][0] == float(number)
    assert ib.to_frame(orders, library="pandas", decimals="float")["quantity"][0] == float(number)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "nothing": (lambda: ib.to_arrow([]), "say of which class"),
    "several classes": (lambda: ib.to_arrow([AAPL, LIMIT]), "several classes: Contract, Order"),
    "another class": (lambda: ib.to_arrow([AAPL], ib.Order), "several classes: Contract, Order"),
    "no value": (lambda: ib.to_arrow([1]), "int is no value"),
    "no class of ours": (lambda: ib.to_arrow([], dict), "dict is no value"),
    "a key that is no name": (lambda: ib.to_arrow({1.5: AAPL}), "float is no value"),
    "library": (lambda: ib.to_frame([AAPL], library="dask"), "library 'dask': give"),  # type: ignore[call-overload]
    "decimals": (lambda: ib.to_arrow([AAPL], decimals="exact"), "decimals 'exact': give"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_is_refused(case: tuple[Callable[[], object], str]) -> None:
    make, expected = case

    with pytest.raises(ib.ConfigError, match=expected):
        make()


def test_one_value_is_no_list() -> None:
    with pytest.raises(TypeError, match="values is one Contract: give a list or a mapping"):
        ib.to_arrow(AAPL)  # type: ignore[arg-type]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(ImportError, match="pip install polars"):
        ib.to_frame([AAPL], library="polars")
    assert type(ib.to_frame([AAPL])).__module__.startswith("pandas")

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas or polars: pip install pandas"):
        ib.to_frame([AAPL])
    assert len(ib.to_arrow([AAPL])) == 1


def test_json_has_no_number_that_json_lacks() -> None:
    told = _frames._json((float("inf"), float("nan"), datetime(2026, 1, 2, tzinfo=UTC)))

    assert json.loads(told) == ["inf", "nan", "2026-01-02T00:00:00+00:00"]
