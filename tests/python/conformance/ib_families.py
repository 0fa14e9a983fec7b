"""ib_insync and ib_async: the request families beyond accounts, quotes and single orders."""

# The foreign interface has positional flags and untyped objects.
# ruff: noqa: ANN401, FBT003
# mypy: ignore-errors

from datetime import UTC, datetime, timedelta
from typing import Any

from ib_session import Session


def account_updates_multi(session: Session) -> str:
    session.ib.reqAccountUpdatesMulti("DU1234567", "")
    rows = session.ib.accountValues("DU1234567")
    return next(row.value for row in rows if row.tag == "NetLiquidation" and row.currency == "USD")


def symbol_search(session: Session) -> list[list[object]]:
    rows = session.ib.reqMatchingSymbols("LIVE")
    return [[row.contract.symbol, row.contract.conId, row.contract.secType] for row in rows]


def option_parameters(session: Session) -> list[object]:
    rows = session.ib.reqSecDefOptParams("UNDL", "", "STK", 9101)
    return sorted({(int(row.underlyingConId), *row.expirations, *row.strikes) for row in rows})


def market_rule(session: Session) -> list[list[float]]:
    return [[step.lowEdge, step.increment] for step in session.ib.reqMarketRule(109)]


def smart_components(session: Session) -> list[str]:
    rows = session.ib.reqSmartComponents("9c0001")
    return sorted(row.exchange for row in rows if row.exchangeLetter in {"Q", "N"})


def depth_exchanges(session: Session) -> list[str]:
    rows = session.ib.reqMktDepthExchanges()
    return sorted({row.exchange for row in rows} & {"CME", "NASDAQ"})


def book_of(session: Session, contract: Any, is_smart: bool) -> list[list[object]]:  # noqa: FBT001
    ticker = session.ib.reqMktDepth(contract, 5, is_smart)
    session.wait(lambda: ticker.domBids and ticker.domAsks)
    rows = [[row.price, row.size, row.marketMaker]
            for row in (*ticker.domBids, *ticker.domAsks)]  # fmt: skip
    session.ib.cancelMktDepth(contract, is_smart)
    return rows


def depth(session: Session) -> list[list[object]]:
    row, *_ = session.ib.reqContractDetails(session.lib.Future("ES", exchange="CME"))
    return [row[:2] for row in book_of(session, row.contract, False)]


def smart_depth(session: Session) -> list[list[object]]:
    return book_of(session, session.stock("AAPL"), True)


def generic_tick(session: Session) -> float:
    contract = session.stock("LIVE")
    ticker = session.ib.reqMktData(contract, "106")
    session.wait(lambda: ticker.impliedVolatility == ticker.impliedVolatility)
    session.ib.cancelMktData(contract)
    return ticker.impliedVolatility


def ticks_one_by_one(session: Session, kind: str) -> list[Any]:
    """Ticks until there are four."""
    contract, ticks = session.stock("LIVE"), []
    ticker = session.ib.reqTickByTickData(contract, kind, 0, False)
    ticker.updateEvent += lambda changed: ticks.extend(changed.tickByTicks)
    session.wait(lambda: len(ticks) > 3)
    session.ib.cancelTickByTickData(contract, kind)
    return ticks


def tick_by_tick_last(session: Session) -> list[object]:
    tick = ticks_one_by_one(session, "Last")[0]
    return [tick.price, tick.size, tick.exchange]


def tick_by_tick_bid_ask(session: Session) -> list[list[float]]:
    ticks = ticks_one_by_one(session, "BidAsk")
    return sorted({(tick.bidPrice, tick.askPrice, tick.bidSize, tick.askSize) for tick in ticks})


def tick_by_tick_mid_point(session: Session) -> list[float]:
    return sorted({tick.midPoint for tick in ticks_one_by_one(session, "MidPoint")})


def real_time_bars(session: Session) -> list[float]:
    bars = session.ib.reqRealTimeBars(session.stock("LIVE"), 5, "TRADES", False)
    session.wait(lambda: bars and bars[-1].volume > 0)
    bar = bars[-1]
    session.ib.cancelRealTimeBars(bars)
    return [bar.open_, bar.high, bar.low, bar.close, float(bar.wap), bar.volume / bar.count]


def historical_bars_set(session: Session) -> list[list[float]]:
    bars = session.ib.reqHistoricalData(
        session.stock("BARS"), "20261120-22:00:00", "1 D", "1 min", "TRADES", True, formatDate=2
    )
    return [
        [bar.date.timestamp(), bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in bars
    ]


def live_bars(session: Session) -> float:
    bars = session.ib.reqHistoricalData(
        session.stock("LIVE"), "", "1 D", "1 hour", "TRADES", False, keepUpToDate=True
    )
    closes = []
    bars.updateEvent += lambda changed, _: closes.append(changed[-1].close)
    session.wait(lambda: closes)
    session.ib.cancelHistoricalData(bars)
    return closes[-1]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=60)


def historical_ticks(session: Session) -> list[list[float]]:
    ticks = session.ib.reqHistoricalTicks(session.stock("PAST"), "", soon(), 2, "TRADES", False)
    return [[tick.price, tick.size] for tick in ticks[-2:]]


def historical_quotes(session: Session) -> list[float]:
    ticks = session.ib.reqHistoricalTicks(session.stock("PAST"), "", soon(), 1, "BID_ASK", False)
    tick = ticks[-1]
    return [tick.priceBid, tick.priceAsk, tick.sizeBid, tick.sizeAsk]


def head_timestamp(session: Session) -> float:
    found = session.ib.reqHeadTimeStamp(session.stock("BARS"), "TRADES", True, 2)
    return found.timestamp()


def histogram(session: Session) -> list[list[float]]:
    rows = session.ib.reqHistogramData(session.stock("BARS"), True, "1 day")
    return [[row.price, row.count] for row in rows]


def schedule(session: Session) -> list[object]:
    found = session.ib.reqHistoricalSchedule(session.stock("AAPL"), 2, "20261120-22:00:00", True)
    rows = [[row.refDate, row.startDateTime, row.endDateTime] for row in found.sessions]
    return [found.timeZone, rows]


def scanner_parameters(session: Session) -> bool:
    return "<scanCode>MOST_ACTIVE</scanCode>" in session.ib.reqScannerParameters()


def scanner(session: Session) -> list[list[object]]:
    rows = session.ib.reqScannerData(session.lib.ScannerSubscription(
        numberOfRows=2, instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN"
    ))  # fmt: skip
    return [[row.rank, row.contractDetails.contract.symbol] for row in rows]


def news_providers(session: Session) -> list[list[str]]:
    return [[row.code, row.name] for row in session.ib.reqNewsProviders()]


def historical_news(session: Session) -> list[str]:
    found = session.ib.reqHistoricalNews(265598, "ME", "2026-11-20 00:00:00.0",
                                         "2026-11-21 00:00:00.0", 5)  # fmt: skip
    rows = found if isinstance(found, list) else [found]
    return [[row.providerCode, row.articleId, row.headline] for row in rows]


def news_article(session: Session) -> str:
    return session.ib.reqNewsArticle("ME", "ME$1").articleText


def news_bulletins(session: Session) -> list[object]:
    session.ib.reqNewsBulletins(True)
    session.wait(session.ib.newsBulletins)
    row, *_ = session.ib.newsBulletins()
    session.ib.cancelNewsBulletins()
    return [row.msgType, row.message, row.origExchange]


def option(session: Session) -> Any:
    """The one option there is on UNDL, qualified."""
    contract = session.lib.Contract(conId=9102, exchange="SMART")
    session.ib.qualifyContracts(contract)
    return contract


def option_contract(session: Session) -> list[object]:
    row = option(session)
    return [row.symbol, row.lastTradeDateOrContractMonth, row.strike, row.right]


def option_price(session: Session) -> list[float]:
    found = session.ib.calculateOptionPrice(option(session), 0.31, 50.0)
    return [found.impliedVol, found.undPrice, round(found.optPrice, 6), round(found.delta, 6)]


def implied_volatility(session: Session) -> list[float]:
    price = session.ib.calculateOptionPrice(option(session), 0.31, 50.0).optPrice
    found = session.ib.calculateImpliedVolatility(option(session), price, 50.0)
    return [round(found.impliedVol, 6), found.undPrice]


def bracket_order(session: Session) -> list[list[object]]:
    contract = session.stock("MSFT")
    bracket = session.ib.bracketOrder("BUY", 2, 1.25, 2.5, 1.0)
    trades = [session.ib.placeOrder(contract, order) for order in bracket]
    session.wait(lambda: all(trade.orderStatus.permId for trade in trades))
    parent = trades[0].order.orderId
    rows = [[trade.order.orderType, trade.order.action, trade.order.parentId == parent]
            for trade in trades]  # fmt: skip
    session.ib.cancelOrder(trades[0].order)
    session.wait(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades))
    return [*rows, [trade.orderStatus.status for trade in trades]]


def modify_order(session: Session) -> list[object]:
    contract = session.stock("MSFT")
    order = session.lib.LimitOrder("BUY", 2, 1.25)
    order.orderRef = "modified"
    trade = session.ib.placeOrder(contract, order)
    session.wait(lambda: trade.orderStatus.permId)
    order.totalQuantity, order.lmtPrice = 4, 1.5
    session.ib.placeOrder(contract, order)
    session.wait(lambda: trade.orderStatus.remaining == 4)
    session.ib.cancelOrder(order)
    session.wait(lambda: trade.orderStatus.status == "Cancelled")
    return [trade.order.lmtPrice, float(trade.order.totalQuantity)]


OPERATIONS = (
    account_updates_multi, symbol_search, option_parameters, market_rule, smart_components,
    depth_exchanges, depth, smart_depth, generic_tick, tick_by_tick_last, tick_by_tick_bid_ask,
    tick_by_tick_mid_point, real_time_bars, historical_bars_set, live_bars, historical_ticks,
    historical_quotes, head_timestamp, histogram, schedule, scanner_parameters, scanner,
    news_providers, historical_news, news_article, news_bulletins, option_contract, option_price,
    implied_volatility, bracket_order, modify_order,
)  # fmt: skip
