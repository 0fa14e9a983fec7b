"""The broker's life inside an application's: begun at start-up, ended at shut-down."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Literal

from fastapi import FastAPI

from aioibkr import IBKRIntegration, get_ibkr_integration
from aioibkr.config import Settings
from aioibkr.errors import ConfigError
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.running import begun, expect, integrations_of
from aioibkr.integrations.fastapi.settings import IBKRSettings
from aioibkr.integrations.fastapi.websocket import close_sockets

__all__ = ["Lifespan", "lifespan", "lifespans"]

Connect = Literal["startup", "lazy"]


def lifespan(
    settings: IBKRSettings | Settings | IBKRIntegration | None = None,
    *,
    name: str = "default",
    connect: Connect = "startup",
) -> "Lifespan":
    """A lifespan for `FastAPI(lifespan=…)`; without settings they come from the environment.

    It runs the integration of that name (`get_ibkr_integration(name)`), or the one given, and puts
    it on the application, where its routes find it; `lifespans` runs several.

    With `connect="startup"` the broker connects in the background when enabled: a gateway that is
    away delays the start by no more than a second, stops nothing, and is tried again and again
    until shut-down or `POST /disconnect`; routes answer 503 meanwhile. With `connect="lazy"` the
    first request that needs the gateway connects. Shut-down disconnects.

    Raises `ConfigError` for settings that cannot be meant: here those that are given, at start-up
    those of the environment.
    """
    plain = settings.plain() if isinstance(settings, IBKRSettings) else settings
    if isinstance(plain, Settings):
        IBKRIntegration(plain).prepare()
        Access.of(plain)
    return Lifespan(_Run(plain, name, connect))


def lifespans(*several: "Lifespan") -> "Lifespan":
    """One lifespan that runs several, each with a name of its own: paper and live side by side.

    Raises `ConfigError` when two of them have one name.
    """
    both = Lifespan(*(run for one in several for run in one.runs))
    twice = [name for name in both.names if both.names.count(name) > 1]
    if twice:
        raise ConfigError(f"two integrations are named {twice[0]!r}: give each a name of its own")
    return both


class _Run:
    """One integration in one application."""

    def __init__(
        self, source: Settings | IBKRIntegration | None, name: str, connect: Connect
    ) -> None:
        self.source, self.connect = source, connect
        self.name = source.name if isinstance(source, IBKRIntegration) else name
        if source is not None:
            expect(self)

    def integration(self) -> IBKRIntegration:
        """The integration, with the settings that were given."""
        if isinstance(self.source, IBKRIntegration):
            return self.source
        integration = get_ibkr_integration(self.name)
        if self.source is not None:
            integration.configure(self.source)
        return integration


class Lifespan:
    """Runs integrations while an application runs."""

    def __init__(self, *runs: _Run) -> None:
        self.runs = runs

    @property
    def names(self) -> list[str]:
        """Names of the integrations it runs."""
        return [run.name for run in self.runs]

    def __call__(self, app: FastAPI) -> AbstractAsyncContextManager[None]:
        """Begin with the application's start, end with its stop."""
        return self._running(app)

    @asynccontextmanager
    async def _running(self, app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:
            for run in self.runs:
                begun(run)
                integration = run.integration()
                Access.of(integration.settings)
                await integration.begin(run.connect)
                ends.push_async_callback(integration.end)
                running = integrations_of(app)
                running[run.name] = integration
                ends.callback(running.pop, run.name)
            ends.push_async_callback(close_sockets)
            yield
