"""The official client against a gateway: reads what it can and prints it as one JSON object.

Runs in an environment of its own (``official_python``); imports nothing of ours.
"""

import json
import queue
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

DEADLINE = 10.0
Call = tuple[str, tuple[Any, ...]]


class Recorder(EWrapper, EClient):
    """Puts every callback of interest on one queue, with its arguments."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.calls: queue.Queue[Call] = queue.Queue()


def _recorded(name: str) -> Callable[..., None]:
    def record(self: Recorder, *arguments: object) -> None:
        self.calls.put((name, arguments))

    return record


CALLBACKS = [
    "nextValidId",
    "accountSummary",
    "accountSummaryEnd",
    "position",
    "positionEnd",
    "contractDetails",
    "tickPrice",
    "orderStatus",
    "execDetails",
    "commissionAndFeesReport",
]
for callback in CALLBACKS:
    setattr(Recorder, callback, _recorded(callback))


def wait_for(client: Recorder, name: str, seen: list[Call]) -> tuple[Any, ...]:
    """The arguments of the next call of ``name``; everything on the way is kept in ``seen``."""
    while True:
        call = client.calls.get(timeout=DEADLINE)
        seen.append(call)
        if call[0] == name:
            return call[1]


def stock(symbol: str) -> Contract:
    """A stock as the official client describes it."""
    contract = Contract()
    contract.symbol, contract.secType = symbol, "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


def market_order(quantity: int) -> Order:
    """A market order to buy."""
    order = Order()
    order.action, order.orderType, order.totalQuantity = "BUY", "MKT", Decimal(quantity)
    return order


def read_account(client: Recorder) -> dict[str, object]:
    """Account values and positions."""
    seen: list[Call] = []
    client.reqAccountSummary(1, "All", "NetLiquidation,TotalCashValue")
    wait_for(client, "accountSummaryEnd", seen)
    client.reqPositions()
    wait_for(client, "positionEnd", seen)
    summary = {call[2]: call[3] for name, call in seen if name == "accountSummary"}
    positions = {
        call[1].symbol: [str(call[2]), call[3]] for name, call in seen if name == "position"
    }
    return {"summary": summary, "positions": positions}


def read_quote(client: Recorder) -> dict[str, object]:
    """Bid, ask and last of the first ticks, and the contract's id."""
    seen: list[Call] = []
    client.reqContractDetails(2, stock("AAPL"))
    details = wait_for(client, "contractDetails", seen)[1]
    prices: dict[int, float] = {}
    client.reqMktData(3, stock("AAPL"), "", False, False, [])
    while not {1, 2, 4} <= prices.keys():
        _, tick_type, price, _ = wait_for(client, "tickPrice", seen)
        prices[tick_type] = price
    client.cancelMktData(3)
    return {"con_id": details.contract.conId, "prices": prices}


def fill_order(client: Recorder, order_id: int) -> dict[str, object]:
    """A market order, its execution, its commission and its last state."""
    seen: list[Call] = []
    client.placeOrder(order_id, stock("AAPL"), market_order(7))
    _, _, execution = wait_for(client, "execDetails", seen)
    (report,) = wait_for(client, "commissionAndFeesReport", seen)
    states = [call[1] for name, call in seen if name == "orderStatus"]
    return {
        "shares": str(execution.shares),
        "price": execution.price,
        "side": execution.side,
        "execution": execution.execId,
        "commission": report.commissionAndFees,
        "commission_of": report.execId,
        "states": states,
    }


def read_everything(client: Recorder) -> dict[str, object]:
    """All readings, in the order a program would make them."""
    (order_id,) = wait_for(client, "nextValidId", [])
    return {
        "server_version": client.serverVersion(),
        "order_id": order_id,
        "account": read_account(client),
        "quote": read_quote(client),
        "fill": fill_order(client, order_id),
    }


def main(host: str, port: int) -> None:
    """Connect, read everything, print it."""
    client = Recorder()
    client.connect(host, port, clientId=21)
    threading.Thread(target=client.run, daemon=True).start()
    try:
        print(json.dumps(read_everything(client)))
    finally:
        client.disconnect()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
