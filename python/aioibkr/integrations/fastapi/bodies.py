"""Bodies of requests, read whole before anything looks at them: bounded in size and in time."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from aioibkr.errors import ConfigError
from aioibkr.integrations.fastapi.problems import Problem

__all__ = ["Bodies", "Dismissed"]

MEBIBYTE = 1 << 20
# How much of a refused body is read and dropped, so that its sender gets to read the answer.
DRAINED = 8 * MEBIBYTE
DRAIN_SECONDS = 1.0


class Dismissed(Exception):
    """A body that is not read on; `problem` is None when the client is gone."""

    def __init__(self, problem: Problem | None) -> None:
        super().__init__()
        self.problem = problem


@dataclass(frozen=True)
class Bodies:
    """The bounds: bytes of a body, and seconds from the head of a request to the body's end.

    Raises `ConfigError` for a limit below 1.
    """

    limit: int = MEBIBYTE
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ConfigError(f"ibkr_http_max_body {self.limit}: give bytes, 1 or more")

    async def read(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body; what is returned gives it out in one piece.

        Raises:
            Dismissed: It is larger or slower than the bounds, or its sender is gone.
        """
        if scope["type"] != "http":
            return receive
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.limit:
            raise Dismissed(self._too_large())
        if length == "0" and "transfer-encoding" not in headers and _ends_by_itself(scope):
            return receive
        return replaying(await self._whole(receive), receive)

    async def _whole(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Dismissed(None)
                    body += message.get("body", b"")
                    if len(body) > self.limit:
                        raise Dismissed(self._too_large())
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Dismissed(self._too_slow()) from None

    def _too_large(self) -> Problem:
        return Problem(413, f"the body is larger than {self.limit} bytes")

    def _too_slow(self) -> Problem:
        return Problem(408, f"the body did not arrive within {self.seconds:g} s")

    async def dismiss(self, problem: Problem, receive: Receive, send: Send) -> None:
        """Answer in the middle of a body, drop a bounded rest of it, and close the connection."""
        answer = problem.response()
        answer.headers["Connection"] = "close"
        start = {"type": "http.response.start", "status": answer.status_code}
        await send({**start, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _ends_by_itself(scope: Scope) -> bool:
    """Whether a request without length has no body: so it is in HTTP/1, not in HTTP/2."""
    return str(scope.get("http_version", "1.1")).startswith("1")


def replaying(body: bytes, receive: Receive) -> Receive:
    """A receive that first gives out a body that has been read."""
    told: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def replay() -> Message:
        return told.pop() if told else await receive()

    return replay


async def _drain(receive: Receive) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while dropped < DRAINED:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
