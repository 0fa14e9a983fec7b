"""What ``aioibkr serve`` says when it is ready: what it serves, for whom, and what to try."""

from aioibkr import IBKRBroker
from aioibkr.config import Settings

__all__ = ["greeting"]


def greeting(url: str, settings: Settings, broker: IBKRBroker, *, is_mock: bool) -> str:
    """The lines to print; the first one is for programs: ``serving on URL``."""
    token = settings.ibkr_http_token or settings.ibkr_http_token_file
    header = '-H "X-API-Key: $IBKR_HTTP_TOKEN" ' if token else ""
    return "\n".join([
        f"serving on {url}",
        f"  gateway  {gateway_of(broker, is_mock=is_mock)}",
        f"  account  {account_of(broker)}",
        f"  orders   {orders_of(settings, broker)}",
        f"  access   {access_of(settings, url)}",
        "try:",
        f"  curl {header}{url}/api/ibkr/account",
        f"  curl {header}{url}/api/ibkr/quote/AAPL",
        f"  and open {url}/ in a browser",
    ])  # fmt: skip


def gateway_of(broker: IBKRBroker, *, is_mock: bool) -> str:
    """Which gateway it is, and whether the link is up."""
    state = "connected" if broker.is_connected else "not connected yet"
    kind = "mock gateway, " if is_mock else ""
    return f"{broker.host}:{broker.port} ({kind}client id {broker.client_id}, {state})"


def account_of(broker: IBKRBroker) -> str:
    """Which account, and whether it is paper or live."""
    kind = "paper" if broker.paper_trading else "live"
    return f"{broker.account or 'the first of the login'} ({kind})"


def orders_of(settings: Settings, broker: IBKRBroker) -> str:
    """Whether orders may be placed and cancelled over HTTP."""
    allowed = settings.ibkr_http_orders
    if allowed is False:
        return "off (ibkr_http_orders)"
    if allowed or broker.paper_trading:
        return "on"
    return "off: the account is live (IBKR_HTTP_ORDERS=true switches them on)"


def access_of(settings: Settings, url: str) -> str:
    """Who may use it."""
    token = settings.ibkr_http_token or settings.ibkr_http_token_file
    return f"with the token only, at {url}" if token else "every program of this machine, no token"
