"""The official client: the request families beyond accounts, quotes and single orders."""

# The foreign interface has positional flags and untyped objects.
# ruff: noqa: FBT003
# mypy: ignore-errors

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.scanner import ScannerSubscription
from official_session import Session, contract_of, details_of, order_of, stock

ACCOUNT = "DU1234567"


def positions_multi(session: Session) -> list[object]:
    number = session.new_id()
    session.reqPositionsMulti(number, ACCOUNT, "")
    rows = session.rows("positionMulti", "positionMultiEnd")
    session.cancelPositionsMulti(number)
    held = [[row[3].symbol, float(row[4]), row[5]] for row in rows]
    return [row for row in held if row[0] == "MSFT"]


def account_updates_multi(session: Session) -> str:
    number = session.new_id()
    session.reqAccountUpdatesMulti(number, ACCOUNT, "", False)
    rows = session.rows("accountUpdateMulti", "accountUpdateMultiEnd")
    session.cancelAccountUpdatesMulti(number)
    return next(row[4] for row in rows if row[3] == "NetLiquidation" and row[5] == "USD")


def family_codes(session: Session) -> list[list[str]]:
    session.reqFamilyCodes()
    return [[row.accountID, row.familyCodeStr] for row in session.next_call("familyCodes")[0]]


def user_info(session: Session) -> str:
    session.reqUserInfo(session.new_id())
    return session.next_call("userInfo")[1]


def symbol_search(session: Session) -> list[list[object]]:
    session.reqMatchingSymbols(session.new_id(), "LIVE")
    rows = [row.contract for row in session.next_call("symbolSamples")[1]]
    return [[row.symbol, row.conId, row.secType] for row in rows]


def option_parameters(session: Session) -> list[object]:
    session.reqSecDefOptParams(session.new_id(), "UNDL", "", "STK", 9101)
    rows = session.rows("securityDefinitionOptionParameter",
                        "securityDefinitionOptionParameterEnd")  # fmt: skip
    return sorted({(row[2], *row[5], *row[6]) for row in rows})


def market_rule(session: Session) -> list[list[float]]:
    session.reqMarketRule(109)
    return [[step.lowEdge, step.increment] for step in session.next_call("marketRule")[1]]


def smart_components(session: Session) -> list[str]:
    session.reqSmartComponents(session.new_id(), "9c0001")
    rows = session.next_call("smartComponents")[1]
    if isinstance(rows, dict):  # in protobuf form the client hands over pairs by bit
        pairs = rows.values()
    else:
        pairs = [(row.exchange, row.exchangeLetter) for row in rows]
    return sorted(exchange for exchange, letter in pairs if letter in {"Q", "N"})


def depth_exchanges(session: Session) -> list[str]:
    session.reqMktDepthExchanges()
    rows = session.next_call("mktDepthExchanges")[0]
    return sorted({row.exchange for row in rows} & {"CME", "NASDAQ"})


def depth(session: Session) -> list[list[object]]:
    contract = details_of(session, contract_of("FUT", "ES", "CME"))[0].contract
    number = session.new_id()
    session.reqMktDepth(number, contract, 5, False, [])
    rows = [session.next_call("updateMktDepth") for _ in range(3)]
    session.cancelMktDepth(number, False)
    # Side 1 is the bid; the interface lists bids first, best first.
    rows.sort(key=lambda row: (-row[3], row[1]))
    return [[row[4], float(row[5])] for row in rows]


def smart_depth(session: Session) -> list[list[object]]:
    number = session.new_id()
    session.reqMktDepth(number, stock("AAPL"), 5, True, [])
    rows = [session.next_call("updateMktDepthL2") for _ in range(2)]
    session.cancelMktDepth(number, True)
    rows.sort(key=lambda row: (-row[4], row[1]))
    return [[row[5], float(row[6]), row[2]] for row in rows]


def generic_tick(session: Session) -> float:
    number = session.new_id()
    session.reqMktData(number, stock("LIVE"), "106", False, False, [])
    volatility = session.next_call("tickGeneric", lambda *row: row[:2] == (number, 24))[2]
    session.cancelMktData(number)
    return volatility


def ticks_one_by_one(session: Session, kind: str, callback: str) -> list[tuple]:
    """The first four ticks."""
    number = session.new_id()
    session.reqTickByTickData(number, stock("LIVE"), kind, 0, False)
    ticks = [session.next_call(callback) for _ in range(4)]
    session.cancelTickByTickData(number)
    return ticks


def tick_by_tick_last(session: Session) -> list[object]:
    *_, price, size, _, exchange, _ = ticks_one_by_one(session, "Last", "tickByTickAllLast")[0]
    return [price, float(size), exchange]


def tick_by_tick_bid_ask(session: Session) -> list[tuple[float, ...]]:
    ticks = ticks_one_by_one(session, "BidAsk", "tickByTickBidAsk")
    return sorted({tuple(float(value) for value in tick[2:6]) for tick in ticks})


def tick_by_tick_mid_point(session: Session) -> list[float]:
    return sorted({tick[2] for tick in ticks_one_by_one(session, "MidPoint", "tickByTickMidPoint")})


def real_time_bars(session: Session) -> list[float]:
    number = session.new_id()
    session.reqRealTimeBars(number, stock("LIVE"), 5, "TRADES", False, [])
    bar = session.next_call("realtimeBar", lambda *row: row[6] > 0)
    session.cancelRealTimeBars(number)
    return [*bar[2:6], float(bar[7]), float(bar[6]) / bar[8]]


def historical_bars_set(session: Session) -> list[list[float]]:
    session.reqHistoricalData(session.new_id(), stock("BARS"), "20261120-22:00:00", "1 D", "1 min",
                              "TRADES", 1, 2, False, [])  # fmt: skip
    bars = [row[1] for row in session.rows("historicalData", "historicalDataEnd")]
    return [
        [float(bar.date), bar.open, bar.high, bar.low, bar.close, float(bar.volume)] for bar in bars
    ]


def live_bars(session: Session) -> float:
    number = session.new_id()
    session.reqHistoricalData(number, stock("LIVE"), "", "1 D", "1 hour", "TRADES", 0, 1, True, [])
    bar = session.next_call("historicalDataUpdate")[1]
    session.cancelHistoricalData(number)
    return bar.close


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=60)).strftime("%Y%m%d-%H:%M:%S")


def past_ticks(session: Session, count: int, kind: str, callback: str) -> list[Any]:
    session.reqHistoricalTicks(session.new_id(), stock("PAST"), "", soon(), count, kind, 0, False,
                               [])  # fmt: skip
    return session.next_call(callback)[1]


def historical_ticks(session: Session) -> list[list[float]]:
    ticks = past_ticks(session, 2, "TRADES", "historicalTicksLast")
    return [[tick.price, float(tick.size)] for tick in ticks[-2:]]


def historical_quotes(session: Session) -> list[float]:
    tick = past_ticks(session, 1, "BID_ASK", "historicalTicksBidAsk")[-1]
    return [tick.priceBid, tick.priceAsk, float(tick.sizeBid), float(tick.sizeAsk)]


def head_timestamp(session: Session) -> float:
    session.reqHeadTimeStamp(session.new_id(), stock("BARS"), "TRADES", 1, 2)
    return float(session.next_call("headTimestamp")[1])


def histogram(session: Session) -> list[list[float]]:
    session.reqHistogramData(session.new_id(), stock("BARS"), True, "1 day")
    return [[row.price, float(row.size)] for row in session.next_call("histogramData")[1]]


def schedule(session: Session) -> list[object]:
    session.reqHistoricalData(session.new_id(), stock("AAPL"), "20261120-22:00:00", "2 D", "1 day",
                              "SCHEDULE", 1, 1, False, [])  # fmt: skip
    _, _, _, zone, sessions = session.next_call("historicalSchedule")
    return [zone, [[row.refDate, row.startDateTime, row.endDateTime] for row in sessions]]


def scanner_parameters(session: Session) -> bool:
    session.reqScannerParameters()
    return "<scanCode>MOST_ACTIVE</scanCode>" in session.next_call("scannerParameters")[0]


def scanner(session: Session) -> list[list[object]]:
    scan = ScannerSubscription()
    scan.numberOfRows, scan.instrument = 2, "STK"
    scan.locationCode, scan.scanCode = "STK.US.MAJOR", "TOP_PERC_GAIN"
    number = session.new_id()
    session.reqScannerSubscription(number, scan, [], [])
    rows = session.rows("scannerData", "scannerDataEnd")
    session.cancelScannerSubscription(number)
    return [[row[1], row[2].contract.symbol] for row in rows]


def news_providers(session: Session) -> list[list[str]]:
    session.reqNewsProviders()
    return [[row.code, row.name] for row in session.next_call("newsProviders")[0]]


def historical_news(session: Session) -> list[list[str]]:
    session.reqHistoricalNews(session.new_id(), 265598, "ME", "2026-11-20 00:00:00.0",
                              "2026-11-21 00:00:00.0", 5, [])  # fmt: skip
    return [list(row[2:5]) for row in session.rows("historicalNews", "historicalNewsEnd")]


def news_article(session: Session) -> str:
    session.reqNewsArticle(session.new_id(), "ME", "ME$1", [])
    return session.next_call("newsArticle")[2]


def news_bulletins(session: Session) -> list[object]:
    session.reqNewsBulletins(True)
    row = session.next_call("updateNewsBulletin")
    session.cancelNewsBulletins()
    return list(row[1:])


def option(session: Session) -> Contract:
    """The one option there is on UNDL."""
    contract = Contract()
    contract.conId, contract.exchange = 9102, "SMART"
    return details_of(session, contract)[0].contract


def option_contract(session: Session) -> list[object]:
    row = option(session)
    return [row.symbol, row.lastTradeDateOrContractMonth, row.strike, row.right]


def computed(session: Session, number: int) -> tuple:
    """Volatility, delta and price of a computation, and the price of its underlying."""
    row = session.next_call("tickOptionComputation", lambda known, *_: known == number)
    return row[3], row[4], row[5], row[10]


def priced(session: Session) -> tuple:
    number = session.new_id()
    session.calculateOptionPrice(number, option(session), 0.31, 50.0, [])
    return computed(session, number)


def option_price(session: Session) -> list[float]:
    volatility, delta, price, underlying = priced(session)
    return [volatility, underlying, round(price, 6), round(delta, 6)]


def implied_volatility(session: Session) -> list[float]:
    price, number = priced(session)[2], session.new_id()
    session.calculateImpliedVolatility(number, option(session), price, 50.0, [])
    volatility, _, _, underlying = computed(session, number)
    return [round(volatility, 6), underlying]


def bracket(session: Session) -> list[Order]:
    """A parent with a target and a stop, ids given."""
    parent = order_of("LMT", 2, 1.25)
    target, stop = order_of("LMT", 2, 2.5), order_of("STP", 2)
    stop.auxPrice = 1.0
    for order in (parent, target, stop):
        order.orderId = session.new_order()
    for child in (target, stop):
        child.action, child.parentId = "SELL", parent.orderId
    parent.transmit = target.transmit = False
    return [parent, target, stop]


def bracket_order(session: Session) -> list[list[object]]:
    orders = bracket(session)
    for order in orders:
        session.placeOrder(order.orderId, stock("MSFT"), order)
    shown = {}
    while len(shown) < len(orders):
        number, _, order, _ = session.next_call("openOrder")
        shown[number] = [order.orderType, order.action, order.parentId == orders[0].orderId]
    session.cancelOrder(orders[0].orderId, OrderCancel())
    ends = {}
    while len(ends) < len(orders):
        row = session.next_call("orderStatus", lambda _, state, *__: state == "Cancelled")
        ends[row[0]] = row[1]
    return [*(shown[order.orderId] for order in orders), list(ends.values())]


def modify_order(session: Session) -> list[object]:
    number, order = session.new_order(), order_of("LMT", 2, 1.25)
    order.orderRef = "modified"
    session.placeOrder(number, stock("MSFT"), order)
    session.next_call("orderStatus", lambda known, *_: known == number)
    order.lmtPrice, order.totalQuantity = 1.5, Decimal(4)
    session.placeOrder(number, stock("MSFT"), order)
    shown = session.next_call(
        "openOrder", lambda known, _, o, __: known == number and o.lmtPrice > 1.25
    )
    session.cancelOrder(number, OrderCancel())
    ends = {"Cancelled"}
    session.next_call("orderStatus", lambda known, state, *_: known == number and state in ends)
    return [shown[2].lmtPrice, float(shown[2].totalQuantity)]


OPERATIONS = (
    positions_multi, account_updates_multi, family_codes, user_info, symbol_search,
    option_parameters, market_rule, smart_components, depth_exchanges, depth, smart_depth,
    generic_tick, tick_by_tick_last, tick_by_tick_bid_ask, tick_by_tick_mid_point, real_time_bars,
    historical_bars_set, live_bars, historical_ticks, historical_quotes, head_timestamp, histogram,
    schedule, scanner_parameters, scanner, news_providers, historical_news, news_article,
    news_bulletins, option_contract, option_price, implied_volatility, bracket_order, modify_order,
)  # fmt: skip
