"""The official client against a gateway: does each operation and prints what it read as JSON.

Runs in an environment of its own with ``HOST PORT``; imports nothing of ours.
"""

# The foreign interface has positional flags and untyped objects; the output is the answer, and an
# operation that fails is an answer too.
# ruff: noqa: BLE001, FBT003, T201
# mypy: ignore-errors

import json
import sys
import time

import official_families
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.order_condition import PriceCondition, TimeCondition
from ibapi.tag_value import TagValue
from official_session import (
    PATIENCE,
    Session,
    contract_of,
    details_of,
    order_of,
    stock,
    ticks_of,
)


def server_version(session: Session) -> int:
    return session.serverVersion()


def managed_accounts(session: Session) -> list[str]:
    session.reqManagedAccts()
    return session.next_call("managedAccounts")[0].split(",")


def server_time(session: Session) -> float:
    session.reqCurrentTime()
    return session.next_call("currentTime")[0]


def account_summary(session: Session) -> str:
    number = session.new_id()
    session.reqAccountSummary(number, "All", "NetLiquidation,TotalCashValue")
    rows = session.rows("accountSummary", "accountSummaryEnd")
    session.cancelAccountSummary(number)
    return next(row[3] for row in rows if row[2] == "NetLiquidation")


def account_value(session: Session) -> str:
    session.reqAccountUpdates(True, "DU1234567")
    start = len(session.seen)
    session.next_call("accountDownloadEnd")
    session.updates = session.seen[start:]
    rows = [row for name, row in session.updates if name == "updateAccountValue"]
    return next(row[1] for row in rows if row[0] == "NetLiquidation" and row[2] == "USD")


def portfolio(session: Session) -> list[object]:
    (row,) = [row for name, row in session.updates if name == "updatePortfolio"]
    session.reqAccountUpdates(False, "DU1234567")
    contract, position, price, _, cost, *_, account = row
    return [contract.symbol, contract.primaryExchange, float(position), cost, price, account]


def positions(session: Session) -> list[object]:
    session.reqPositions()
    ((account, contract, position, cost),) = session.rows("position", "positionEnd")
    session.cancelPositions()
    return [contract.symbol, contract.conId, float(position), cost, account]


def contract_details(session: Session) -> list[object]:
    (row,) = details_of(session, stock("AAPL"))
    return [row.contract.conId, row.contract.primaryExchange, row.contract.tradingClass,
            row.longName, row.minTick, row.stockType, row.priceMagnifier]  # fmt: skip


def futures(session: Session) -> list[list[object]]:
    rows = details_of(session, contract_of("FUT", "ES", "CME"))
    return sorted([row.contract.localSymbol, float(row.contract.multiplier)] for row in rows)


def forex(session: Session) -> list[object]:
    (row,) = details_of(session, contract_of("CASH", "EUR", "IDEALPRO"))
    return [row.contract.symbol, row.contract.currency, row.contract.secType]


def ambiguous_contract(session: Session) -> list[str]:
    return sorted(row.contract.primaryExchange for row in details_of(session, stock("AMB")))


def unknown_contract(session: Session) -> int:
    session.reqContractDetails(session.new_id(), stock("NOPE"))
    return session.error_of(200)


def quote(session: Session) -> dict[str, float]:
    kinds = {"bid": 1, "ask": 2, "last": 4, "bid_size": 0, "ask_size": 3, "last_size": 5,
             "volume": 8, "open": 14, "high": 6, "low": 7, "close": 9}  # fmt: skip
    ticks = ticks_of(session, stock("AAPL"), set(kinds.values()))
    return {name: ticks[kind] for name, kind in kinds.items()}


def snapshot(session: Session) -> list[float]:
    start = len(session.seen)
    session.reqMktData(session.new_id(), stock("AAPL"), "", True, False, [])
    session.next_call("tickSnapshotEnd")
    prices = {row[1]: row[2] for name, row in session.seen[start:] if name == "tickPrice"}
    return [prices[1], prices[2], prices[4]]


def not_entitled(session: Session) -> int:
    session.reqMktData(session.new_id(), stock("TSLA"), "", False, False, [])
    return session.error_of(354)


def delayed_quote(session: Session) -> list[object]:
    session.reqMarketDataType(3)
    ticks = ticks_of(session, stock("TSLA"), {66, 67})
    session.reqMarketDataType(1)
    kinds = [row[1] for name, row in session.seen if name == "marketDataType"]
    return [kinds[-1], ticks[66], ticks[67]]


def historical_bars(session: Session) -> list[list[object]]:
    session.reqHistoricalData(session.new_id(), stock("AAPL"), "20260105-21:00:00", "2 D", "1 day",
                              "TRADES", 1, 1, False, [])  # fmt: skip
    bars = [row[1] for row in session.rows("historicalData", "historicalDataEnd")]
    _, *window = session.seen[-1][1]
    assert all(window), "the window of the bars is missing"
    return [[bar.date, bar.open, bar.high, bar.low, bar.close, float(bar.volume), bar.barCount]
            for bar in bars]  # fmt: skip


def pnl(session: Session) -> list[float]:
    session.reqPnL(session.new_id(), "DU1234567", "")
    return list(session.next_call("pnl")[1:])


def pnl_single(session: Session) -> list[float]:
    session.reqPnLSingle(session.new_id(), "DU1234567", "", 272093)
    _, position, *_, value = session.next_call("pnlSingle")
    return [float(position), value]


def market_order(session: Session) -> dict[str, object]:
    number = session.new_order()
    start = len(session.seen)
    session.placeOrder(number, stock("AAPL"), order_of("MKT", 7))
    (report,) = session.next_call("commissionAndFeesReport")
    calls = session.seen[start:]
    (execution,) = [row[2] for name, row in calls if name == "execDetails"]
    state = [row for name, row in calls if name == "orderStatus"][-1]
    return {
        "order": [float(state[2]), float(state[3]), state[4]],
        "fill": [float(execution.shares), execution.price, execution.side, execution.exchange,
                 float(execution.cumQty), execution.execId],
        "commission": [report.execId, report.commissionAndFees, report.currency],
        "perm_id": state[5],
    }  # fmt: skip


def full_order() -> Order:
    """An order with every kind of optional part."""
    order = order_of("LMT", 3, 1.5)
    order.tif, order.goodTillDate = "GTD", "20261231 16:00:00 US/Eastern"
    order.outsideRth, order.orderRef, order.account = True, "mine", "DU1234567"
    order.ocaGroup, order.ocaType = "one", 2
    order.algoStrategy = "Adaptive"
    order.algoParams = [TagValue("adaptivePriority", "Normal")]
    price = PriceCondition(2, 265598, "SMART", True, 500.25)
    price.isConjunctionConnection = True
    moment = TimeCondition(True, "20261230 10:00:00 UTC")
    moment.isConjunctionConnection = False
    order.conditions = [price, moment]
    order.conditionsIgnoreRth = True
    return order


def limit_order(session: Session) -> list[object]:
    session.resting = session.new_order()
    session.placeOrder(session.resting, stock("MSFT"), full_order())
    row = session.next_call(
        "orderStatus",
        lambda number, state, *_: (
            number == session.resting and state in {"PreSubmitted", "Submitted"}
        ),
    )
    return [float(row[2]), float(row[3])]


def told(order: Order, symbol: str) -> dict[str, object]:
    """What an echoed order says."""
    return {
        "symbol": symbol,
        "terms": [order.action, float(order.totalQuantity), order.orderType, order.lmtPrice,
                  order.tif, order.goodTillDate, order.outsideRth, order.orderRef, order.account],
        "oca": [order.ocaGroup, order.ocaType],
        "algo": [order.algoStrategy, *([p.tag, p.value] for p in order.algoParams)],
    }  # fmt: skip


def conditions_of(order: Order) -> list[list[object]]:
    price, moment = order.conditions
    joined = ["a" if c.isConjunctionConnection else "o" for c in order.conditions]
    return [
        [joined[0], price.isMore, price.price, price.conId, price.exchange, price.triggerMethod],
        [joined[1], moment.isMore, moment.time],
        [order.conditionsIgnoreRth, order.conditionsCancelOrder],
    ]


def open_orders(session: Session) -> dict[str, object]:
    session.reqOpenOrders()
    ((_, contract, order, _),) = session.rows("openOrder", "openOrderEnd")
    return {**told(order, contract.symbol), "conditions": conditions_of(order)}


def all_open_orders(session: Session) -> list[list[object]]:
    session.reqAllOpenOrders()
    rows = session.rows("openOrder", "openOrderEnd")
    return sorted([row[1].symbol, float(row[2].totalQuantity)] for row in rows)


def cancel(session: Session) -> list[object]:
    number = session.resting
    session.cancelOrder(number, OrderCancel())
    names = {"orderStatus", "error"}
    state = code = None
    while state is None or code is None:
        name, row = session.calls.get(timeout=PATIENCE)
        if name in names and row[0] == number:
            state = row[1] if name == "orderStatus" and row[1] == "Cancelled" else state
            code = row[2] if name == "error" else code
    return [state, code]


def global_cancel(session: Session) -> list[str]:
    numbers = [session.new_order(), session.new_order()]
    for number, price in zip(numbers, (1.25, 1.5), strict=True):
        session.placeOrder(number, stock("MSFT"), order_of("LMT", 1, price))
        session.next_call("orderStatus", lambda known, *_, number=number: known == number)
    session.reqGlobalCancel(OrderCancel())
    return [
        session.next_call("orderStatus", lambda _, state, *__: state == "Cancelled")[1]
        for _ in numbers
    ]


def refused_order(session: Session) -> int:
    session.placeOrder(session.new_order(), stock("AAPL"), order_of("NOPE", 1))
    return session.error_of(321)


def what_if(session: Session) -> list[float]:
    order = order_of("MKT", 10)
    order.whatIf = True
    number = session.new_order()
    session.placeOrder(number, stock("AAPL"), order)
    state = session.next_call("openOrder", lambda known, *_: known == number)[3]
    return [float(state.initMarginChange), float(state.equityWithLoanChange),
            state.commissionAndFees]  # fmt: skip


def completed_orders(session: Session) -> list[list[object]]:
    session.reqCompletedOrders(False)
    rows = session.rows("completedOrder", "completedOrdersEnd")
    return sorted(
        [order.orderType, state.status, float(order.filledQuantity)] for _, order, state in rows
    )


def executions(session: Session) -> list[list[object]]:
    session.reqExecutions(session.new_id(), ExecutionFilter())
    rows = [row[2] for row in session.rows("execDetails", "execDetailsEnd")]
    return [[row.execId, float(row.shares), row.price] for row in rows]


OPERATIONS = (
    server_version, managed_accounts, server_time, account_summary, account_value, portfolio,
    positions, contract_details, futures, forex, ambiguous_contract, unknown_contract, quote,
    snapshot, not_entitled, delayed_quote, historical_bars, pnl, pnl_single, market_order,
    limit_order, open_orders, all_open_orders, cancel, global_cancel, refused_order, what_if,
    completed_orders, executions, *official_families.OPERATIONS,
)  # fmt: skip


def main(host: str, port: int) -> None:
    """Connect, do every operation, print what was read."""
    session = Session(host, port)
    read: dict[str, object] = {}
    for operation in OPERATIONS:
        try:
            read[operation.__name__] = operation(session)
        except Exception as failure:
            read[operation.__name__] = f"failed: {failure!r}"
    print(json.dumps(read))
    session.disconnect()
    time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
