"""Code written for ib_async, tested without an account; pytest runs it, or python."""

# mypy: ignore-errors
# ib_async is installed where this runs, not where types are checked.

from ib_async import IB, MarketOrder, Stock, Trade

from aioibkr.testing import MockGateway, faults


def buy(ib: IB, symbol: str, quantity: int) -> Trade:
    """Buy at the market and wait for the end of the order: the code under test."""
    contract = Stock(symbol, "SMART", "USD")
    ib.qualifyContracts(contract)
    trade = ib.placeOrder(contract, MarketOrder("BUY", quantity))
    while not (trade.isDone() or trade.orderStatus.status == "Inactive"):
        ib.waitOnUpdate(timeout=5)
    return trade


def test_buying_pays_the_ask() -> None:
    """The client's view and the gateway's agree."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        ib = IB()
        ib.connect(gateway.host, gateway.port, clientId=1)

        trade = buy(ib, "AAPL", 10)

        ib.disconnect()
        (execution,) = gateway.executions()
        assert trade.orderStatus.avgFillPrice == execution.price == 190.1
        assert gateway.requests("place_order")[0].fields["order.orderType"] == "MKT"


def test_a_refused_order_buys_nothing() -> None:
    """A refusal as IB words it, on demand."""
    with MockGateway() as gateway:
        gateway.inject(faults.RejectOrder(201, "Order rejected - reason: no margin"))
        ib = IB()
        ib.connect(gateway.host, gateway.port, clientId=1)

        trade = buy(ib, "AAPL", 10)

        ib.disconnect()
        assert trade.filled() == 0
        assert any("no margin" in entry.message for entry in trade.log)
        assert gateway.executions() == []


if __name__ == "__main__":
    test_buying_pays_the_ask()
    test_a_refused_order_buys_nothing()
