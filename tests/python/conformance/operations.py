"""The conformance list: what every client does, and what a client has no way to do."""

OPERATIONS = (
    "server_version", "managed_accounts", "server_time", "account_summary", "account_value",
    "portfolio", "positions", "contract_details", "futures", "forex", "ambiguous_contract",
    "unknown_contract", "quote", "snapshot", "not_entitled", "delayed_quote", "historical_bars",
    "pnl", "pnl_single", "market_order", "limit_order", "open_orders", "all_open_orders", "cancel",
    "global_cancel", "refused_order", "what_if", "completed_orders", "executions",
    "positions_multi", "account_updates_multi", "family_codes", "user_info", "symbol_search",
    "option_parameters", "market_rule", "smart_components", "depth_exchanges", "depth",
    "smart_depth", "generic_tick", "tick_by_tick_last", "tick_by_tick_bid_ask",
    "tick_by_tick_mid_point", "real_time_bars", "historical_bars_set", "live_bars",
    "historical_ticks", "historical_quotes", "head_timestamp", "histogram", "schedule",
    "scanner_parameters", "scanner", "news_providers", "historical_news", "news_article",
    "news_bulletins", "option_contract", "option_price", "implied_volatility", "bracket_order",
    "modify_order",
)  # fmt: skip

_DROPPED = {
    "positions_multi": "has the request, throws its answer away",
    "family_codes": "has the request, throws its answer away",
    "user_info": "has the request, throws its answer away",
}
# Client and operation: why the client does not offer it.
NOT_OFFERED: dict[str, dict[str, str]] = {"ib_insync": _DROPPED, "ib_async": _DROPPED}
