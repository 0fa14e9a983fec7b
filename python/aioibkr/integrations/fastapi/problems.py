"""What an answer that is not the one asked for looks like: problem details of RFC 9457."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi.responses import JSONResponse

__all__ = ["MEDIA_TYPE", "Problem"]

MEDIA_TYPE = "application/problem+json"
BLANK = "about:blank"
# Python calls it by its old name before 3.13.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}

Value = str | int | None | list[dict[str, object]]


@dataclass(frozen=True)
class Problem:
    """A status, a sentence for a person, and what a program may act on.

    `type` is a URN that names the kind of error, where there is one; `members` are further fields,
    such as `rule`, `code`, `order_id`, `key` and `errors`.
    """

    status: int
    detail: str
    type: str = BLANK
    members: Mapping[str, Value] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Value]:
        """The members of the answer's JSON object."""
        return {
            "type": self.type,
            "title": TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail[:1].upper() + self.detail[1:],
            **self.members,
        }

    def response(self) -> JSONResponse:
        """The answer."""
        headers = dict(self.headers)
        return JSONResponse(self.body(), self.status, headers, media_type=MEDIA_TYPE)
