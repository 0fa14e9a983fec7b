"""How an error of the broker becomes an answer: one table, applied to every route."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from aioibkr import errors

__all__ = ["BrokerRoute", "answer_to"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# The first class that fits decides; the order is from the particular to the general.
STATUS: tuple[tuple[type[errors.IBKRError], int], ...] = (
    (errors.OrderOutcomeUnknown, 504),
    (errors.LiveTradingDisabled, 403),
    (errors.ReadOnly, 403),
    (errors.DuplicateOrderKey, 422),
    (errors.OrderError, 400),
    (errors.PacingViolation, 503),
    (errors.RequestError, 400),
    (errors.ConfigError, 400),
    (errors.IBKRError, 503),
)


class BrokerRoute(APIRoute):
    """A route that answers an error of the broker with its status instead of a 500."""

    def get_route_handler(self) -> Handler:
        """The route's handler, with errors turned into answers."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                raise without_input(error) from None
            except errors.IBKRError as error:
                return answer_to(error, to=request.method)

        return answered


def answer_to(error: errors.IBKRError, *, to: str) -> JSONResponse:
    """The answer to an error: `detail`, and the rule or IB's code where there is one.

    What a `GET` asks for cannot be meant wrongly: a `ConfigError` is then this side's settings.

    An order whose outcome is unknown is told by its id and key, so that the caller can repeat the
    request with that key or look the order up.
    """
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    if to == "GET" and isinstance(error, errors.ConfigError):
        status = 503
    if isinstance(error, errors.OrderOutcomeUnknown):
        order_id = error.details.get("order_id")
        return JSONResponse({"order_id": order_id, "key": error.key, "status": "unknown"}, status)
    body: dict[str, str | int] = {"detail": error.message[:1].upper() + error.message[1:]}
    if isinstance(error, errors.OrderRefused):
        body["rule"] = error.rule
    if error.code is not None:
        body["code"] = error.code
    return JSONResponse(body, status)


def without_input(error: RequestValidationError) -> RequestValidationError:
    """The same objections without the values: NaN among them could not be written as JSON."""
    kept = ("type", "loc", "msg")
    return RequestValidationError(
        [{name: objection[name] for name in kept} for objection in error.errors()]
    )
