"""The broker's life inside an application's: connected at start-up, closed at shut-down."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from aioibkr import get_ibkr_integration
from aioibkr.config import Settings
from aioibkr.integrations.fastapi.settings import IBKRSettings
from aioibkr.integrations.fastapi.websocket import close_sockets

__all__ = ["lifespan"]

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def lifespan(settings: IBKRSettings | Settings | None = None) -> Lifespan:
    """A lifespan for `FastAPI(lifespan=…)`; without settings they come from the environment.

    Start-up connects when enabled, for at most the connect timeout. A gateway that is away does
    not stop the application: routes answer 503 and the first request tries again.
    """

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        integration = get_ibkr_integration()
        if settings is not None:
            plain = settings.plain() if isinstance(settings, IBKRSettings) else settings
            integration.configure(plain)
        try:
            if integration.enabled:
                await integration.ensure_connected()
            yield
        finally:
            await close_sockets()
            await integration.disconnect()

    return running
