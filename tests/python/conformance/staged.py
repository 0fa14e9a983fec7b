"""What the control API puts in place for every client, and what each client is to read of it.

Facts that nobody can set on a gateway, such as a market rule or the exchanges with depth, are those
of the gateway itself.
"""

import threading
from datetime import UTC, datetime

from aioibkr.testing import DepthRow, HistoryBar, MockGateway

ACCOUNT = "DU1234567"
QUOTE = {
    "bid": 189.9, "ask": 190.1, "last": 190.0, "bid_size": 300.0, "ask_size": 500.0,
    "last_size": 100.0, "volume": 1234567.0, "open": 188.5, "high": 191.25, "low": 187.75,
    "close": 188.25,
}  # fmt: skip
FIRST_BAR = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CLOSES = (10.0, 11.0, 10.0)
SIDES = ((42.25, 42.75), (42.75, 43.25))

EXPECTED: dict[str, object] = {
    "managed_accounts": [ACCOUNT],
    "account_summary": "250000.5",
    "account_value": "250000.5",
    "portfolio": ["MSFT", "NASDAQ", 12.0, 301.25, 425.0, ACCOUNT],
    "positions": ["MSFT", 272093, 12.0, 301.25, ACCOUNT],
    "contract_details": [265598, "NASDAQ", "NMS", "APPLE INC", 0.01, "COMMON", 1],
    "forex": ["EUR", "USD", "CASH"],
    "ambiguous_contract": ["NASDAQ", "NYSE"],
    "unknown_contract": 200,
    "quote": QUOTE,
    "snapshot": [189.9, 190.1, 190.0],
    "not_entitled": 354,
    "delayed_quote": [3, 249.5, 250.5],
    "pnl": [12.5, 100.0, -3.25],
    "pnl_single": [12.0, 12 * 425.0],
    "limit_order": [0.0, 3.0],
    "open_orders": {
        "symbol": "MSFT",
        "terms": ["BUY", 3.0, "LMT", 1.5, "GTD", "20261231 16:00:00 US/Eastern", True, "mine",
                  ACCOUNT],
        "oca": ["one", 2],
        "algo": ["Adaptive", ["adaptivePriority", "Normal"]],
        "conditions": [
            ["a", True, 500.25, 265598, "SMART", 2],
            ["o", True, "20261230 10:00:00 UTC"],
            [True, False],
        ],
    },
    "all_open_orders": [["IBM", 5.0], ["MSFT", 3.0]],
    "cancel": ["Cancelled", 202],
    "global_cancel": ["Cancelled", "Cancelled"],
    "refused_order": 321,
    "completed_orders": [
        ["LMT", "Cancelled", 0.0], ["LMT", "Cancelled", 0.0], ["LMT", "Cancelled", 0.0],
        ["LMT", "Cancelled", 0.0], ["MKT", "Filled", 7.0],
    ],
    "positions_multi": [["MSFT", 12.0, 301.25]],
    "account_updates_multi": "250000.5",
    "family_codes": [[ACCOUNT, "F77"]],
    "user_info": "brand",
    "symbol_search": [["LIVE", 9001, "STK"]],
    "option_parameters": [[9101, "20271217", 40.0]],
    "market_rule": [[0.0, 0.01], [3.0, 0.05]],
    "smart_components": ["NASDAQ", "NYSE"],
    "depth_exchanges": ["CME", "NASDAQ"],
    "depth": [[5600.0, 3.0], [5599.75, 6.0], [5600.25, 4.0]],
    "smart_depth": [[9.0, 1.0, "ARCA"], [11.0, 2.0, "NASDAQ"]],
    "generic_tick": 0.4321,
    "tick_by_tick_last": [42.5, 7.0, "NASDAQ"],
    "tick_by_tick_bid_ask": [[*sides, 9.0, 8.0] for sides in SIDES],
    "tick_by_tick_mid_point": [42.5, 43.0],
    "real_time_bars": [42.5, 42.5, 42.5, 42.5, 42.5, 7.0],
    "historical_bars_set": [
        [FIRST_BAR.timestamp() + 60 * n, close, close + 1, close - 1, close, 100.0]
        for n, close in enumerate(CLOSES)
    ],
    "live_bars": 42.5,
    "historical_ticks": [[21.5, 3.0], [21.75, 4.0]],
    "historical_quotes": [21.25, 21.75, 5.0, 6.0],
    "head_timestamp": FIRST_BAR.timestamp(),
    "histogram": [[10.0, 200.0], [11.0, 100.0]],
    "schedule": [
        "US/Eastern",
        [["20261119", "20261119-09:30:00", "20261119-16:00:00"],
         ["20261120", "20261120-09:30:00", "20261120-16:00:00"]],
    ],
    "scanner_parameters": True,
    "scanner": [[0, "IBM"], [1, "AAPL"]],
    "news_providers": [["ME", "My Own"]],
    "historical_news": [["ME", "ME$2", "Later"], ["ME", "ME$1", "Apple beats"]],
    "news_article": "by a mile",
    "news_bulletins": [1, "early", "NYSE"],
    "option_contract": ["UNDL", "20271217", 40.0, "C"],
    "implied_volatility": [0.31, 50.0],
    "bracket_order": [
        ["LMT", "BUY", False], ["LMT", "SELL", True], ["STP", "SELL", True],
        ["Cancelled", "Cancelled", "Cancelled"],
    ],
    "modify_order": [1.5, 4.0],
}  # fmt: skip


def prepare(gateway: MockGateway) -> None:
    """Put in place what every client is to read."""
    _stage_accounts(gateway)
    _stage_quotes(gateway)
    _stage_instruments(gateway)
    _stage_history(gateway)
    _stage_news(gateway)
    gateway.place_manual_order("IBM", "BUY", 5, order_type="LMT", limit_price=1.5)


def move(gateway: MockGateway, ended: threading.Event) -> None:
    """Print trades and move quotes of LIVE, between the same two quotes, until told to end."""
    while True:
        for bid, ask in SIDES:
            gateway.set_price("LIVE", bid=bid, ask=ask)
            gateway.trade("LIVE", price=42.5, size=7)
            if ended.wait(0.05):
                return


def _stage_accounts(gateway: MockGateway) -> None:
    gateway.set_account_value(ACCOUNT, "NetLiquidation", 250_000.5)
    gateway.set_position(ACCOUNT, "MSFT", quantity=12, average_cost=301.25)
    gateway.set_pnl(ACCOUNT, daily=12.5, unrealized=100.0, realized=-3.25)
    gateway.set_family_code(ACCOUNT, "F77")
    gateway.set_white_branding("brand")


def _stage_quotes(gateway: MockGateway) -> None:
    gateway.set_price("MSFT", bid=424.9, ask=425.1, last=425.0)
    gateway.set_price("AAPL", **QUOTE)
    gateway.set_price("TSLA", bid=249.5, ask=250.5, last=250.0)
    gateway.set_entitlement("TSLA", live=False)
    bids, asks = [DepthRow(5600.0, 3.0), DepthRow(5599.75, 6.0)], [DepthRow(5600.25, 4.0)]
    gateway.set_depth("ES", bids=bids, asks=asks)
    maker_rows = DepthRow(9.0, 1.0, "ARCA"), DepthRow(11.0, 2.0, "NASDAQ")
    gateway.set_depth("AAPL", bids=maker_rows[:1], asks=maker_rows[1:])


def _stage_instruments(gateway: MockGateway) -> None:
    gateway.add_instrument("LIVE", con_id=9001, price=40.0)
    gateway.set_price("LIVE", bid_size=9, ask_size=8)
    gateway.set_statistic("LIVE", "implied_volatility", 0.4321)
    gateway.set_bar_interval(0.3)
    gateway.add_instrument("UNDL", con_id=9101, price=50.0)
    gateway.add_instrument(
        "UNDL", con_id=9102, price=12.0, security_type="OPT", exchange="CBOE", multiplier=100,
        expiry="20271217", strike=40.0, right="C",
    )  # fmt: skip
    gateway.set_scanner_rows("TOP_PERC_GAIN", ["IBM", "AAPL", "SPY"])


def _stage_history(gateway: MockGateway) -> None:
    gateway.add_instrument("BARS", con_id=9201, price=10.0)
    gateway.set_bars("BARS", [
        HistoryBar(datetime.fromtimestamp(FIRST_BAR.timestamp() + 60 * n, UTC), close, close + 1,
                   close - 1, close, 100.0)
        for n, close in enumerate(CLOSES)
    ])  # fmt: skip
    gateway.add_instrument("PAST", con_id=9301, price=21.5)
    gateway.set_price("PAST", bid=21.25, ask=21.75, bid_size=5, ask_size=6)
    gateway.trade("PAST", price=21.5, size=3)
    gateway.trade("PAST", price=21.75, size=4)


def _stage_news(gateway: MockGateway) -> None:
    gateway.set_news_providers({"ME": "My Own"})
    first, second = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (15, 16))
    gateway.add_headline("Apple beats", provider="ME", article_id="ME$1", symbol="AAPL",
                         time=first, article="by a mile")  # fmt: skip
    gateway.add_headline("Later", provider="ME", article_id="ME$2", symbol="AAPL", time=second)
    gateway.send_bulletin("early", exchange="NYSE")
