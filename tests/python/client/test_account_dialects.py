"""A currency's own figures are told apart from the account's, in the dialect of any gateway."""

from collections.abc import Iterator

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, Profile

ACCOUNT = "DU1234567"
EUROPEAN = ib.Stock("SAP", "IBIS", "EUR")
pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["plain", "prefixed"])
def dialect(request: pytest.FixtureRequest) -> Iterator[MockGateway]:
    """A gateway that has, or has not, ``$LEDGER-`` before the keys of a currency."""
    with MockGateway(profile=Profile(ledger_prefix=request.param)) as gateway:
        gateway.set_account_value(ACCOUNT, "ExchangeRate", 1.25, currency="EUR")
        gateway.add_instrument("SAP", con_id=14204, price=100.0, exchange="IBIS", currency="EUR")
        yield gateway


async def test_limits_value_an_order_in_foreign_money(dialect: MockGateway) -> None:
    limits = ib.RiskLimits(max_order_value=1300.0, max_position_pct=None, daily_loss_limit=None)
    async with ib.connect(port=dialect.port, risk=limits) as client:
        await client.place(EUROPEAN, ib.LimitOrder("BUY", 10, 100.0))

        with pytest.raises(ib.OrderRefused, match=r"order value 1375\.00") as caught:
            await client.place(EUROPEAN, ib.LimitOrder("BUY", 11, 100.0))

    assert caught.value.details["rule"] == "value"


async def test_rows_have_the_names_users_know(dialect: MockGateway) -> None:
    async with ib.connect(port=dialect.port) as client:
        rows = await client.account_values()
        snapshot = await client.account_summary()

    assert not [row.tag for row in rows if row.tag.startswith("$")]
    assert {"CashBalance", "ExchangeRate", "NetLiquidation"} <= {row.tag for row in rows}
    assert snapshot.currency == "USD"


async def test_both_meanings_of_a_key_are_kept() -> None:
    with MockGateway(profile=Profile(ledger_prefix=True)) as gateway:
        async with ib.connect(port=gateway.port) as client:
            rows = await client.account_values()

    accrued = [row for row in rows if (row.tag, row.currency) == ("AccruedCash", "USD")]
    assert sorted(row.is_ledger for row in accrued) == [False, True]
    assert len(set(accrued)) == 2
    assert "is_ledger=True" in repr(next(row for row in accrued if row.is_ledger))
