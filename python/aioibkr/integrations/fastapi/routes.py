"""The kinds of route the broker has: guarded, and answering errors as problems.

The guard stands on each route, so that it holds in every application that includes the router;
`token`s are asked for on all but open routes.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar

from fastapi import HTTPException, Request, Response, WebSocketException
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from aioibkr import get_ibkr_integration
from aioibkr.config import Settings
from aioibkr.errors import IBKRError
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.binding import Bound, bind, settings_in
from aioibkr.integrations.fastapi.failures import problem_of
from aioibkr.integrations.fastapi.guard import POLICY_VIOLATION, Guard, admit, objection_to

__all__ = ["BrokerRoute", "OpenRoute", "access_in", "admitted", "protect"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BrokerRoute(APIRoute):
    """A route for the owner: the token, if there is one, must come with the request."""

    with_token: ClassVar[bool] = True
    integration: ClassVar[Bound] = "default"

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the rules of its integration allow and say why not to the rest."""
        bind(scope, self.integration)
        answer, access, token = super().handle, partial(access_in, scope), self.with_token
        await admit(answer, scope, receive, send, access=access, with_token=token)

    def get_route_handler(self) -> Handler:
        """The route's handler, with errors turned into answers."""
        handler, brings_body = super().get_route_handler(), self.body_field is not None

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except (IBKRError, RequestValidationError, HTTPException) as error:
                return problem_of(error, brings_body=brings_body).response()

        return answered


class OpenRoute(BrokerRoute):
    """A route that answers without the token as well: it tells nothing of the account."""

    with_token: ClassVar[bool] = False


async def admitted(connection: HTTPConnection) -> None:
    """As a dependency of a WebSocket: closes it before it is accepted unless the rules allow it.

    Raises:
        WebSocketException: Host, origin or token are refused; the client sees a 403.
    """
    access = partial(access_in, connection.scope)
    problem = objection_to(connection.scope, access, with_token=True)
    if problem is not None:
        raise WebSocketException(POLICY_VIOLATION, problem.detail)


def access_in(scope: Scope) -> Access:
    """The rules that the settings of the request's integration ask for.

    Raises:
        ConfigError: The settings make no sense.
    """
    return _access_of(settings_in(scope))


_known: dict[int, tuple[Settings, Access]] = {}
MOST_KNOWN = 64


def _access_of(settings: Settings) -> Access:
    """The rules of these very settings, made once: a token's file is read again for others."""
    known = _known.get(id(settings))
    if known is None or known[0] is not settings:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[id(settings)] = (settings, Access.of(settings))
    return known[1]


def protect(app: ASGIApp, *, integration: Bound = "default") -> Guard:
    """An application behind the guard: host, origin and bodies of everything it answers.

    The rules are those of the integration given or of that name.

    The broker's routes need no such layer; it is for the other routes of an application, its pages
    and its documentation.
    """

    def access() -> Access:
        found = integration
        if isinstance(found, str):
            found = get_ibkr_integration(found)
        return _access_of(found.settings)

    return Guard(app, access)
