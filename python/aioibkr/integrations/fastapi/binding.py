"""Which integration a request is for: its router's, found where `lifespan` put it.

A router is bound to one integration, given or by its name; a route of one's own belongs to the one
named `default`. A name is looked up on the application that serves the request, and then among
those of the process.
"""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import Scope

from aioibkr import IBKRIntegration, get_ibkr_integration
from aioibkr.config import Settings
from aioibkr.errors import NotConnected
from aioibkr.integrations.fastapi.running import integrations_of, is_expected

__all__ = ["Bound", "add_bound", "bind", "bound_to", "found_in", "settings_in"]

Bound = str | IBKRIntegration
KEY = "aioibkr.integration"


def bind(scope: Scope, integration: Bound) -> None:
    """Make a request one for an integration, unless it is one already."""
    scope.setdefault(KEY, integration)


def bound_to(integration: Bound) -> Callable[[HTTPConnection], Awaitable[None]]:
    """`bind` as a dependency, for routes that are not guarded, and for WebSockets.

    It is a coroutine function, as all of ours are: FastAPI runs any other in a thread.
    """

    async def dependency(connection: HTTPConnection) -> None:
        bind(connection.scope, integration)

    return dependency


def add_bound(
    routes: APIRouter, own: APIRouter, integration: Bound, *, prefix: str = "", tag: str
) -> None:
    """Add routes for an integration: their guard needs it before any dependency runs.

    They are added one by one: each router within a router is searched twice for every request.
    """
    for route in own.routes:
        if isinstance(route, APIRoute):
            kind = type(route)
            routes.add_api_route(
                prefix + route.path,
                route.endpoint,
                response_model=route.response_model,
                response_class=route.response_class,
                responses=route.responses,
                methods=route.methods,
                tags=[tag],
                route_class_override=type(kind.__name__, (kind,), {"integration": integration}),
            )


def found_in(scope: Scope, wanted: Bound | None = None) -> IBKRIntegration:
    """The integration that a request is for, or the one wanted.

    Raises `NotConnected` in an application whose lifespan was not run.
    """
    if wanted is not None:
        return _looked_up(scope["app"], wanted)
    found = _looked_up(scope["app"], scope.get(KEY, "default"))
    scope[KEY] = found  # a request asks several times
    return found


def _looked_up(app: FastAPI, wanted: Bound) -> IBKRIntegration:
    if isinstance(wanted, IBKRIntegration):
        return wanted
    running = integrations_of(app).get(wanted)
    if running is not None:
        return running
    named = get_ibkr_integration(wanted)
    if is_expected(wanted) and not named.has_begun:
        raise NotConnected(
            f"the lifespan of integration {wanted!r} was not run: nobody runs that of a mounted "
            "application, so give it to the outer application"
        )
    return named


def settings_in(scope: Scope) -> Settings:
    """The settings of the integration that a request is for."""
    try:
        return found_in(scope).settings
    except NotConnected:
        return get_ibkr_integration(scope.get(KEY, "default")).settings
