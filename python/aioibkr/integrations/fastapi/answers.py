"""What the OpenAPI description says of answers that are problems: one example for each status."""

from typing import Any

from aioibkr.integrations.fastapi.problems import MEDIA_TYPE, Problem

__all__ = ["ANY_ROUTE", "GUARDED", "PLACING", "Answers", "answers"]

Answers = dict[int | str, dict[str, Any]]

URN = "urn:aioibkr:error:"
EXAMPLES = (
    Problem(
        400, "order id 'abc' is not a number",
    ),
    Problem(
        401, "give the token: Authorization: Bearer TOKEN, or X-API-Key: TOKEN",
    ),
    Problem(
        403, "a page of 'https://evil.example' may not use this service: allow it by "
        "ibkr_http_allowed_origins",
    ),
    Problem(
        404, "order 42 is not known in this session",
    ),
    Problem(
        408, "the body did not arrive within 10 s",
    ),
    Problem(
        413, "the body is larger than 1048576 bytes",
    ),
    Problem(
        421, "this service is not called 'evil.example': use localhost or the address it listens "
        "on, or allow the name by ibkr_http_allowed_hosts",
    ),
    Problem(
        422, "the request cannot be meant: quantity: Input should be greater than 0",
        members={
            "errors": [
                {
                    "type": "greater_than",
                    "loc": ["body", "quantity"],
                    "msg": "Input should be greater than 0",
                }
            ]
        },
    ),
    Problem(
        503, "Not connected to IBKR: nothing listens at 127.0.0.1:4002",
        type=f"{URN}NotConnected",
    ),
    Problem(
        504, "order 7 was not confirmed within 5 s: its outcome is unknown",
        type=f"{URN}OrderOutcomeUnknown",
        members={"order_id": "7", "key": "rebalance-42", "status": "unknown"},
    ),
)  # fmt: skip
# An order that was refused, by a rule of ours and by IB: the two kinds of 400 that orders add.
REFUSED = Problem(
    400,
    "quantity 1001 is more than 1000 shares",
    type=f"{URN}OrderRefused",
    members={"rule": "max_order_size"},
)
REJECTED = Problem(
    400,
    "order 7 was rejected: insufficient margin",
    type=f"{URN}OrderRejected",
    members={"code": 201},
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "URN of the kind of error, or about:blank."},
        "title": {"type": "string", "description": "What the HTTP status means."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What went wrong and what helps."},
        "rule": {"type": "string", "description": "The rule that refused an order."},
        "code": {"type": "integer", "description": "IB's code."},
        "errors": {
            "type": "array",
            "description": "What cannot be meant, field by field.",
            "items": {"type": "object"},
        },
    },
}
UNKNOWN: dict[str, Any] = {
    **SCHEMA,
    "title": "OrderOutcomeUnknown",
    "required": [*SCHEMA["required"], "order_id", "key"],
    "properties": {
        **SCHEMA["properties"],
        "status": {"type": "string", "const": "unknown", "description": "What became of it."},
        "order_id": {"type": ["string", "null"]},
        "key": {"type": "string", "description": "Repeat the request with it, or look it up."},
    },
}


def _told(*problems: Problem) -> dict[str, Any]:
    first = problems[0].body()
    schema = UNKNOWN if first["status"] == "unknown" else SCHEMA
    examples = {f"{number}": {"value": each.body()} for number, each in enumerate(problems, 1)}
    return {
        "description": first["title"],
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def answers(*statuses: int) -> Answers:
    """The description of answers with these statuses."""
    return {problem.status: _told(problem) for problem in EXAMPLES if problem.status in statuses}


ANY_ROUTE = answers(403, 408, 413, 421, 503)
"""What any route may answer: host, origin and body are judged, and settings may make no sense."""

GUARDED = ANY_ROUTE | answers(401)
"""The same of routes that ask for the token."""

_EXAMPLE = {problem.status: problem for problem in EXAMPLES}
PLACING: Answers = answers(422, 504) | {400: _told(_EXAMPLE[400], REFUSED, REJECTED)}
"""What placing an order may answer besides."""
