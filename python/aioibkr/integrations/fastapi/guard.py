"""The ASGI layer in front of an application: access, bounded bodies, headers for browsers.

`protect(app)` puts it around a whole application, WebSockets included. The broker's routes stand
behind it by themselves, so that an application which merely includes them is no open door.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aioibkr.errors import ConfigError
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.bodies import Dismissed
from aioibkr.integrations.fastapi.problems import Problem

__all__ = ["Guard", "admit", "objection_to", "refuse"]

CHECKED = "aioibkr.access"
DENIAL = "websocket.http.response"
# Close code of RFC 6455 for a peer that breaks the rules; before the handshake it becomes a 403.
POLICY_VIOLATION = 1008
LONGEST_REASON = 100
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# Servers cut off what is not done some time after they were told to stop.
STOPPING = Problem(503, "the service stops: this was cut off", headers={"Connection": "close"})


class Guard:
    """Middleware: refuses what the rules refuse, and reads bodies within their bounds.

    `access` is asked per request, as settings may be loaded late; when it raises `ConfigError`,
    nobody is let in. Tokens are not its business: the broker's routes ask for them.
    """

    def __init__(self, app: ASGIApp, access: Callable[[], Access]) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the application, or let it answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await admit(
                self._app, scope, receive, answer.send, access=self._access, with_token=False
            )
        except asyncio.CancelledError:
            if scope["type"] != "http" or answer.has_begun:
                raise
            await refuse(STOPPING, scope, receive, answer.send)


async def admit(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    access: Callable[[], Access],
    with_token: bool,
) -> None:
    """Let an application answer a request that the rules allow; answer any other with why not."""
    try:
        rules = access()
    except ConfigError as error:
        await refuse(_senseless(error), scope, receive, send)
        return
    problem = _objection(rules, scope, with_token=with_token)
    if problem is not None:
        await refuse(problem, scope, receive, send)
        return
    try:
        bounded = await rules.bodies.read(scope, receive)
    except Dismissed as dismissed:
        if dismissed.problem is not None:
            await rules.bodies.dismiss(dismissed.problem, receive, send)
        return
    await app(scope, bounded, send)


def objection_to(scope: Scope, access: Callable[[], Access], *, with_token: bool) -> Problem | None:
    """Why a request is refused; host and origin are judged once, by the outermost layer."""
    try:
        rules = access()
    except ConfigError as error:
        return _senseless(error)
    return _objection(rules, scope, with_token=with_token)


def _senseless(error: ConfigError) -> Problem:
    """Nobody is let in by rules that make no sense."""
    return Problem(503, error.message)


def _objection(rules: Access, scope: Scope, *, with_token: bool) -> Problem | None:
    problem = None if CHECKED in scope else rules.objection(scope)
    scope[CHECKED] = True
    return rules.token_objection(scope) if problem is None and with_token else problem


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or a WebSocket that has not been accepted, with a problem."""
    if scope["type"] == "http" or DENIAL in scope.get("extensions", {}):
        await problem.response()(scope, receive, send)
    else:
        await send(
            {
                "type": "websocket.close",
                "code": POLICY_VIOLATION,
                "reason": problem.detail[:LONGEST_REASON],
            }
        )


class _Answer:
    """What is sent back: it has the headers for browsers, and it is known whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            present = {name for name, _ in message["headers"]}
            added = [(name, value) for name, value in HEADERS if name not in present]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)
