"""The kinds of route the broker has: guarded, and answering errors as problems.

The guard stands on each route, so that it holds in every application that includes the router;
`token`s are asked for on all but open routes.
"""

from collections.abc import Callable, Coroutine
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
from aioibkr.integrations.fastapi.failures import problem_of
from aioibkr.integrations.fastapi.guard import POLICY_VIOLATION, Guard, admit, objection_to

__all__ = ["BrokerRoute", "OpenRoute", "access_in_use", "admitted", "protect"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BrokerRoute(APIRoute):
    """A route for the owner: the token, if there is one, must come with the request."""

    with_token: ClassVar[bool] = True

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the rules allow and say why not to the rest."""
        answer, token = super().handle, self.with_token
        await admit(answer, scope, receive, send, access=access_in_use, with_token=token)

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
    problem = objection_to(connection.scope, access_in_use, with_token=True)
    if problem is not None:
        raise WebSocketException(POLICY_VIOLATION, problem.detail)


_known: list[tuple[Settings, Access]] = []


def access_in_use() -> Access:
    """The rules that the integration's settings ask for, made once per settings.

    Raises:
        ConfigError: The settings make no sense.
    """
    settings = get_ibkr_integration().settings
    if not _known or _known[0][0] is not settings:
        _known[:] = [(settings, Access.of(settings))]
    return _known[0][1]


def protect(app: ASGIApp) -> Guard:
    """An application behind the guard: host, origin and bodies of everything it answers.

    The broker's routes need no such layer; it is for the other routes of an application, its pages
    and its documentation.
    """
    return Guard(app, access_in_use)
