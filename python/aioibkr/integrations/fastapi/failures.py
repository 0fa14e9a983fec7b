"""How an error of the broker becomes an answer: one table, applied to every route."""

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError

from aioibkr import errors
from aioibkr.integrations.fastapi.problems import Problem, Value

__all__ = ["NOT_TEXT", "problem_of", "problem_of_error", "problem_of_input"]

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
NOT_TEXT = "not_text"
# What pydantic calls text that has lone surrogates in it, and JSON that is none.
UNREADABLE = frozenset({NOT_TEXT, "string_unicode", "json_invalid"})
SHOWN = 3


def problem_of(error: Exception, *, brings_body: bool) -> Problem:
    """The answer to what a route raised; anything unforeseen is raised again.

    Args:
        error: What was raised.
        brings_body: Whether the request says what it wants in a body. One that does not cannot be
            meant wrongly: a `ConfigError` is then this side's settings, and what the gateway
            refuses is no fault of the caller's.
    """
    if isinstance(error, errors.IBKRError):
        return problem_of_error(error, brings_body=brings_body)
    if isinstance(error, RequestValidationError):
        return problem_of_input(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=error.headers or {})
    raise error


def problem_of_error(error: errors.IBKRError, *, brings_body: bool) -> Problem:
    """The answer to an error of the broker: the rule or IB's code where there is one, and why.

    An order whose outcome is unknown is told by its id and key, so that the caller can repeat the
    request with that key or look the order up; its `status` is the order's, as the contract says.
    """
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    if not brings_body and isinstance(error, errors.ConfigError | errors.RequestError):
        status = 503
    members: dict[str, Value] = {}
    if isinstance(error, errors.OrderOutcomeUnknown):
        order_id = error.details.get("order_id")
        members = {"order_id": order_id, "key": error.key, "status": "unknown"}
    if isinstance(error, errors.OrderRefused):
        members["rule"] = error.rule
    if error.code is not None:
        members["code"] = error.code
    kind = f"urn:aioibkr:error:{type(error).__name__}"
    return Problem(status, reason_of(error), type=kind, members=members)


def reason_of(error: errors.IBKRError) -> str:
    """What went wrong, and beneath "not connected" why there is no connection."""
    cause = error.__cause__
    if isinstance(cause, errors.IBKRError) and cause.message not in error.message:
        return f"{error.message}: {cause.message}"
    return error.message


def problem_of_input(error: RequestValidationError) -> Problem:
    """The answer to input that cannot be meant: 422, or 400 when it cannot even be read.

    `errors` holds the objections without the values: NaN among them could not be written as JSON.
    """
    kept = ("type", "loc", "msg")
    found = [{name: objection[name] for name in kept} for objection in error.errors()]
    unreadable = any(objection["type"] in UNREADABLE for objection in found)
    told = "; ".join(f"{place_of(each['loc'])}: {each['msg']}" for each in found[:SHOWN])
    status, verb = (400, "read") if unreadable else (422, "meant")
    return Problem(status, f"the request cannot be {verb}: {told}", members={"errors": found})


def place_of(loc: tuple[int | str, ...]) -> str:
    """The name of what was objected to: `quantity` rather than `body.quantity`."""
    return ".".join(str(part) for part in loc[1:]) or str(loc[0])
