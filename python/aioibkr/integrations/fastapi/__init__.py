"""The broker in a FastAPI application: settings, lifespan, routes, dependencies.

::

    app = FastAPI(lifespan=lifespan(IBKRSettings(ibkr_enabled=True, ibkr_port=4002)))
    app.include_router(router())

Needs the extra: ``pip install 'aioibkr[server]'``.
"""

from aioibkr.integrations.fastapi import extra as extra  # isort: skip - first, to name the extra
from aioibkr.integrations.fastapi.application import application
from aioibkr.integrations.fastapi.dependencies import (
    broker_of,
    client_of,
    get_broker,
    get_client,
    get_integration,
    integration_of,
)
from aioibkr.integrations.fastapi.lifespan import lifespan, lifespans
from aioibkr.integrations.fastapi.router import router
from aioibkr.integrations.fastapi.routes import protect
from aioibkr.integrations.fastapi.settings import IBKRSettings

__all__ = [
    "IBKRSettings",
    "application",
    "broker_of",
    "client_of",
    "get_broker",
    "get_client",
    "get_integration",
    "integration_of",
    "lifespan",
    "lifespans",
    "protect",
    "router",
]
