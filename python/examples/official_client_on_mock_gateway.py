"""Code written for the official client, tested without an account; pytest runs it, or python."""

# mypy: ignore-errors
# The official client is installed where this runs, not where types are checked.
# ruff: noqa: ARG002, D102, N802, N803 - the names are the client's

import queue
import threading
from decimal import Decimal

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import Execution
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from aioibkr.testing import MockGateway


class Buyer(EWrapper, EClient):
    """Buys once it knows its first order id: the code under test."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.fills = queue.Queue()

    def nextValidId(self, orderId: int) -> None:
        contract, order = Contract(), Order()
        contract.symbol, contract.secType = "AAPL", "STK"
        contract.exchange, contract.currency = "SMART", "USD"
        order.action, order.orderType, order.totalQuantity = "BUY", "MKT", Decimal(10)
        self.placeOrder(orderId, contract, order)

    def execDetails(self, reqId: int, contract: Contract, execution: Execution) -> None:
        self.fills.put(execution)


def test_buying_pays_the_ask() -> None:
    """The client's view and the gateway's agree."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        buyer = Buyer()
        buyer.connect(gateway.host, gateway.port, clientId=1)
        threading.Thread(target=buyer.run, daemon=True).start()

        fill = buyer.fills.get(timeout=10)

        buyer.disconnect()
        (execution,) = gateway.executions()
        assert (fill.execId, fill.price) == (execution.exec_id, 190.1)


if __name__ == "__main__":
    test_buying_pays_the_ask()
