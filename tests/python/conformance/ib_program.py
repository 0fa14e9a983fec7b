"""ib_insync or ib_async against a gateway: does each operation and prints what it read as JSON.

Runs in an environment of its own with ``MODULE HOST PORT``; imports nothing of ours.
"""

# The foreign interface has positional flags and untyped objects; the output is the answer, and an
# operation that fails is an answer too.
# ruff: noqa: ANN401, BLE001, FBT003, T201
# mypy: ignore-errors

import json
import sys
from typing import Any

import ib_families
from ib_session import Session


def server_version(session: Session) -> int:
    return session.ib.client.serverVersion()


def managed_accounts(session: Session) -> list[str]:
    return session.ib.managedAccounts()


def server_time(session: Session) -> float:
    return session.ib.reqCurrentTime().timestamp()


def account_summary(session: Session) -> str:
    rows = session.ib.accountSummary()
    return next(row.value for row in rows if row.tag == "NetLiquidation")


def account_value(session: Session) -> str:
    rows = session.ib.accountValues()
    return next(row.value for row in rows if row.tag == "NetLiquidation" and row.currency == "USD")


def portfolio(session: Session) -> list[object]:
    (row,) = session.ib.portfolio()
    return [row.contract.symbol, row.contract.primaryExchange, row.position, row.averageCost,
            row.marketPrice, row.account]  # fmt: skip


def positions(session: Session) -> list[object]:
    (row,) = session.ib.positions()
    return [row.contract.symbol, row.contract.conId, row.position, row.avgCost, row.account]


def contract_details(session: Session) -> list[object]:
    (row,) = session.ib.reqContractDetails(session.lib.Stock("AAPL", "SMART", "USD"))
    return [row.contract.conId, row.contract.primaryExchange, row.contract.tradingClass,
            row.longName, row.minTick, row.stockType, row.priceMagnifier]  # fmt: skip


def futures(session: Session) -> list[list[object]]:
    rows = session.ib.reqContractDetails(session.lib.Future("ES", exchange="CME"))
    return sorted([row.contract.localSymbol, float(row.contract.multiplier)] for row in rows)


def forex(session: Session) -> list[object]:
    (row,) = session.ib.reqContractDetails(session.lib.Forex("EURUSD"))
    return [row.contract.symbol, row.contract.currency, row.contract.secType]


def ambiguous_contract(session: Session) -> list[str]:
    rows = session.ib.reqContractDetails(session.lib.Stock("AMB", "SMART", "USD"))
    return sorted(row.contract.primaryExchange for row in rows)


def unknown_contract(session: Session) -> int:
    session.ib.reqContractDetails(session.lib.Stock("NOPE", "SMART", "USD"))
    return session.error_of(200)


def quote(session: Session) -> dict[str, float]:
    contract = session.stock("AAPL")
    ticker = session.ib.reqMktData(contract)
    session.wait(lambda: ticker.open == ticker.open and ticker.volume == ticker.volume)
    names = {"bid": "bid", "ask": "ask", "last": "last", "bid_size": "bidSize",
             "ask_size": "askSize", "last_size": "lastSize", "volume": "volume", "open": "open",
             "high": "high", "low": "low", "close": "close"}  # fmt: skip
    session.ib.cancelMktData(contract)
    return {ours: getattr(ticker, theirs) for ours, theirs in names.items()}


def snapshot(session: Session) -> list[float]:
    (ticker,) = session.ib.reqTickers(session.stock("AAPL"))
    return [ticker.bid, ticker.ask, ticker.last]


def not_entitled(session: Session) -> int:
    session.ib.reqMktData(session.stock("TSLA"))
    return session.error_of(354)


def delayed_quote(session: Session) -> list[object]:
    contract = session.stock("TSLA")
    session.ib.reqMarketDataType(3)
    ticker = session.ib.reqMktData(contract, snapshot=False)
    session.wait(lambda: ticker.bid == ticker.bid and ticker.ask == ticker.ask)
    session.ib.reqMarketDataType(1)
    return [ticker.marketDataType, ticker.bid, ticker.ask]


def historical_bars(session: Session) -> list[list[object]]:
    bars = session.ib.reqHistoricalData(
        session.stock("AAPL"), "20260105-21:00:00", "2 D", "1 day", "TRADES", True, formatDate=1
    )
    return [
        [bar.date.strftime("%Y%m%d"), bar.open, bar.high, bar.low, bar.close, bar.volume,
         bar.barCount] for bar in bars
    ]  # fmt: skip


def pnl(session: Session) -> list[float]:
    row = session.ib.reqPnL(session.ib.managedAccounts()[0])
    session.wait(lambda: row.dailyPnL == row.dailyPnL)
    return [row.dailyPnL, row.unrealizedPnL, row.realizedPnL]


def pnl_single(session: Session) -> list[float]:
    row = session.ib.reqPnLSingle(session.ib.managedAccounts()[0], "", 272093)
    session.wait(lambda: row.value == row.value)
    return [row.position, row.value]


def market_order(session: Session) -> dict[str, object]:
    trade = session.ib.placeOrder(session.stock("AAPL"), session.lib.MarketOrder("BUY", 7))
    session.wait(lambda: trade.fills and trade.fills[0].commissionReport.execId)
    session.wait(lambda: trade.orderStatus.status == "Filled")
    (fill,) = trade.fills
    execution, report = fill.execution, fill.commissionReport
    return {
        "order": [trade.orderStatus.filled, trade.orderStatus.remaining,
                  trade.orderStatus.avgFillPrice],
        "fill": [execution.shares, execution.price, execution.side, execution.exchange,
                 execution.cumQty, execution.execId],
        "commission": [report.execId, report.commission, report.currency],
        "perm_id": trade.orderStatus.permId,
    }  # fmt: skip


def full_order(session: Session) -> Any:
    """An order with every kind of optional part."""
    lib = session.lib
    order = lib.LimitOrder("BUY", 3, 1.5)
    order.tif, order.goodTillDate = "GTD", "20261231 16:00:00 US/Eastern"
    order.outsideRth, order.orderRef, order.account = True, "mine", "DU1234567"
    order.ocaGroup, order.ocaType = "one", 2
    order.algoStrategy = "Adaptive"
    order.algoParams = [lib.TagValue("adaptivePriority", "Normal")]
    order.conditions = [
        lib.PriceCondition(condType=1, conjunction="a", isMore=True, price=500.25, conId=265598,
                           exch="SMART", triggerMethod=2),
        lib.TimeCondition(condType=3, conjunction="o", isMore=True, time="20261230 10:00:00 UTC"),
    ]  # fmt: skip
    order.conditionsIgnoreRth = True
    return order


def limit_order(session: Session) -> list[object]:
    trade = session.ib.placeOrder(session.stock("MSFT"), full_order(session))
    session.resting = trade
    session.wait(lambda: trade.orderStatus.status in {"PreSubmitted", "Submitted"})
    return [trade.orderStatus.filled, trade.orderStatus.remaining]


def told(order: Any, symbol: str) -> dict[str, object]:
    """What an echoed order says."""
    return {
        "symbol": symbol,
        "terms": [order.action, float(order.totalQuantity), order.orderType, order.lmtPrice,
                  order.tif, order.goodTillDate, order.outsideRth, order.orderRef, order.account],
        "oca": [order.ocaGroup, order.ocaType],
        "algo": [order.algoStrategy, *([p.tag, p.value] for p in order.algoParams)],
    }  # fmt: skip


def conditions_of(order: Any) -> list[list[object]]:
    price, time = order.conditions
    return [
        [price.conjunction, price.isMore, price.price, price.conId, price.exch,
         price.triggerMethod],
        [time.conjunction, time.isMore, time.time],
        [order.conditionsIgnoreRth, order.conditionsCancelOrder],
    ]  # fmt: skip


def open_orders(session: Session) -> dict[str, object]:
    session.ib.reqOpenOrders()
    (trade,) = session.ib.openTrades()
    return {**told(trade.order, trade.contract.symbol), "conditions": conditions_of(trade.order)}


def all_open_orders(session: Session) -> list[list[object]]:
    trades = session.ib.reqAllOpenOrders()
    return sorted([trade.contract.symbol, float(trade.order.totalQuantity)] for trade in trades)


def cancel(session: Session) -> list[object]:
    trade = session.resting
    session.ib.cancelOrder(trade.order)
    session.wait(lambda: trade.orderStatus.status == "Cancelled")
    return [trade.orderStatus.status, session.error_of(202)]


def global_cancel(session: Session) -> list[str]:
    contract = session.stock("MSFT")
    orders = [session.lib.LimitOrder("BUY", 1, price) for price in (1.25, 1.5)]
    trades = [session.ib.placeOrder(contract, order) for order in orders]
    session.wait(lambda: all(trade.orderStatus.permId for trade in trades))
    session.ib.reqGlobalCancel()
    session.wait(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades))
    return [trade.orderStatus.status for trade in trades]


def refused_order(session: Session) -> int:
    order = session.lib.Order(action="BUY", totalQuantity=1, orderType="NOPE")
    session.ib.placeOrder(session.stock("AAPL"), order)
    return session.error_of(321)


def what_if(session: Session) -> list[float]:
    state = session.ib.whatIfOrder(session.stock("AAPL"), session.lib.MarketOrder("BUY", 10))
    return [float(state.initMarginChange), float(state.equityWithLoanChange), state.commission]


def completed_orders(session: Session) -> list[list[object]]:
    trades = session.ib.reqCompletedOrders(False)
    return sorted(
        [trade.order.orderType, trade.orderStatus.status, trade.order.filledQuantity]
        for trade in trades
    )


def executions(session: Session) -> list[list[object]]:
    rows = session.ib.reqExecutions()
    return [[row.execution.execId, row.execution.shares, row.execution.price] for row in rows]


OPERATIONS = (
    server_version, managed_accounts, server_time, account_summary, account_value, portfolio,
    positions, contract_details, futures, forex, ambiguous_contract, unknown_contract, quote,
    snapshot, not_entitled, delayed_quote, historical_bars, pnl, pnl_single, market_order,
    limit_order, open_orders, all_open_orders, cancel, global_cancel, refused_order, what_if,
    completed_orders, executions, *ib_families.OPERATIONS,
)  # fmt: skip


def main(module: str, host: str, port: int) -> None:
    """Connect, do every operation, print what was read."""
    session = Session(module, host, port)
    read: dict[str, object] = {}
    for operation in OPERATIONS:
        try:
            read[operation.__name__] = operation(session)
        except Exception as failure:
            read[operation.__name__] = f"failed: {failure!r}"
    print(json.dumps(read))
    session.ib.disconnect()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
