"""A connected official client, and what its operations need again and again."""

# The foreign interface has positional flags and untyped objects.
# ruff: noqa: FBT003
# mypy: ignore-errors

import queue
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

CLIENT_ID = 31
PATIENCE = 10.0
CALLBACKS = (  # noqa: SIM905 -- a list of words reads better
    "nextValidId managedAccounts currentTime accountSummary accountSummaryEnd updateAccountValue "
    "updatePortfolio accountDownloadEnd position positionEnd contractDetails contractDetailsEnd "
    "tickPrice tickSize tickSnapshotEnd marketDataType historicalData historicalDataEnd pnl "
    "pnlSingle openOrder orderStatus openOrderEnd execDetails execDetailsEnd "
    "commissionAndFeesReport completedOrder completedOrdersEnd error "
    "positionMulti positionMultiEnd accountUpdateMulti accountUpdateMultiEnd familyCodes userInfo "
    "symbolSamples securityDefinitionOptionParameter securityDefinitionOptionParameterEnd "
    "marketRule smartComponents mktDepthExchanges updateMktDepth updateMktDepthL2 tickGeneric "
    "tickByTickAllLast tickByTickBidAsk tickByTickMidPoint realtimeBar historicalDataUpdate "
    "historicalTicksLast historicalTicksBidAsk headTimestamp histogramData historicalSchedule "
    "scannerParameters scannerData scannerDataEnd newsProviders historicalNews historicalNewsEnd "
    "newsArticle updateNewsBulletin tickOptionComputation"
).split()


class Session(EWrapper, EClient):
    """A connected client whose callbacks are kept, by name, with their arguments."""

    def __init__(self, host: str, port: int) -> None:
        EClient.__init__(self, self)
        self.calls: queue.Queue[tuple[str, tuple]] = queue.Queue()
        self.seen: list[tuple[str, tuple]] = []
        self.last_id = 1000
        self.connect(host, port, clientId=CLIENT_ID)
        threading.Thread(target=self.run, daemon=True).start()
        self.order_id = self.next_call("nextValidId")[0]

    def new_id(self) -> int:
        """A request id nobody has used."""
        self.last_id += 1
        return self.last_id

    def new_order(self) -> int:
        """An order id nobody has used."""
        self.order_id += 1
        return self.order_id - 1

    def next_call(self, name: str, fits: Callable[..., bool] = lambda *_: True) -> tuple:
        """The arguments of the next call of this name that fits."""
        while True:
            call = self.calls.get(timeout=PATIENCE)
            self.seen.append(call)
            if call[0] == name and fits(*call[1]):
                return call[1]

    def rows(self, name: str, end: str) -> list[tuple]:
        """The arguments of every call of a name up to the call that ends it."""
        start = len(self.seen)
        self.next_call(end)
        return [arguments for known, arguments in self.seen[start:] if known == name]

    def error_of(self, code: int) -> int:
        """Wait for an error and return its code."""
        return int(self.next_call("error", lambda *e: code in e)[2])


def _recorded(name: str) -> Callable[..., None]:
    def record(self: Session, *arguments: object) -> None:
        self.calls.put((name, arguments))

    return record


for callback in CALLBACKS:
    setattr(Session, callback, _recorded(callback))


def contract_of(kind: str, symbol: str, exchange: str, currency: str = "USD") -> Contract:
    contract = Contract()
    contract.symbol, contract.secType = symbol, kind
    contract.exchange, contract.currency = exchange, currency
    return contract


def stock(symbol: str) -> Contract:
    return contract_of("STK", symbol, "SMART")


def order_of(kind: str, quantity: int, limit: float | None = None) -> Order:
    order = Order()
    order.action, order.orderType, order.totalQuantity = "BUY", kind, Decimal(quantity)
    if limit is not None:
        order.lmtPrice = limit
    return order


def details_of(session: Session, contract: Contract) -> list[Any]:
    session.reqContractDetails(session.new_id(), contract)
    return [row[1] for row in session.rows("contractDetails", "contractDetailsEnd")]


def ticks_of(session: Session, contract: Contract, kinds: set[int]) -> dict[int, float]:
    """The first price or size of each kind."""
    number, ticks = session.new_id(), {}
    session.reqMktData(number, contract, "", False, False, [])
    while not kinds <= ticks.keys():
        name, row = session.calls.get(timeout=PATIENCE)
        session.seen.append((name, row))
        if name in {"tickPrice", "tickSize"} and row[0] == number:
            ticks.setdefault(row[1], float(row[2]))
    session.cancelMktData(number)
    return ticks
