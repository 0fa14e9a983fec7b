"""Whether orders may be placed and cancelled over HTTP."""

from typing import Annotated

from fastapi import Depends, HTTPException

from aioibkr import IBKRBroker
from aioibkr.errors import ConfigError, NotConnected
from aioibkr.integrations.fastapi.dependencies import IntegrationDep, get_broker

__all__ = ["OrderingDep", "get_ordering_broker"]

OFF = "orders are switched off here: ibkr_http_orders is false"
LIVE = "orders to a live account are off over HTTP: set ibkr_http_orders to true if they may be"


async def get_ordering_broker(integration: IntegrationDep) -> IBKRBroker:
    """The connected broker, where orders may be placed and cancelled.

    Raises:
        HTTPException: 403: `ibkr_http_orders` is false, or not given on a live account.
        NotConnected: As `get_broker`. What an account is may be known only once connected.
    """
    allowed = integration.settings.ibkr_http_orders
    if allowed is False:
        raise HTTPException(403, OFF)
    try:
        broker = await get_broker(integration)
    except ConfigError as error:  # of this side's settings, not of the order
        raise NotConnected("Not connected to IBKR") from error
    if allowed is None and not broker.paper_trading:
        raise HTTPException(403, LIVE)
    return broker


OrderingDep = Annotated[IBKRBroker, Depends(get_ordering_broker)]
