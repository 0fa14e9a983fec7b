"""A whole application: the routes of the broker, guarded, with pages to find them."""

import logging
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from aioibkr.config import Settings
from aioibkr.integrations.fastapi import pages
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.failures import problem_of_input
from aioibkr.integrations.fastapi.guard import Guard
from aioibkr.integrations.fastapi.lifespan import lifespan
from aioibkr.integrations.fastapi.problems import Problem
from aioibkr.integrations.fastapi.router import router
from aioibkr.integrations.fastapi.settings import IBKRSettings

__all__ = ["application"]

TITLE = "aioibkr"
OPENAPI = "/openapi.json"
LINKS = {
    "/docs": "API: every route, to try it",
    OPENAPI: "API description (OpenAPI)",
    "/api/ibkr/health": "Health",
    "/api/ibkr/status": "Status",
    "/metrics": "Metrics (Prometheus)",
}
# Each alone is enough; without a token in the settings none is asked for.
SECURITY: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_log = logging.getLogger("aioibkr.http")


def application(
    settings: IBKRSettings | Settings | None = None, *, served: Iterable[str] = ()
) -> FastAPI:
    """An application that serves the broker and nothing else, for its owner only.

    It is what `aioibkr serve` runs; other servers take it as a factory:
    `uvicorn --factory aioibkr.integrations.fastapi:application`.

    Args:
        settings: How to reach the gateway and who may use the service (default: environment).
        served: Names of this service besides those in the settings.

    Raises:
        ConfigError: The settings make no sense.
    """
    plain = settings.plain() if isinstance(settings, IBKRSettings) else settings or Settings.load()
    access = Access.of(plain, served=served)
    app = _Described(
        title=TITLE, version=version("aioibkr"), lifespan=lifespan(plain),
        openapi_url=OPENAPI, docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.include_router(router())
    if access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(access.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        )
    app.add_middleware(Guard, access=lambda: access)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_meant)
    app.add_exception_handler(Exception, _failed)
    app.add_api_route("/", _front, include_in_schema=False)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    return app


class _Described(FastAPI):
    """An application whose description names the ways to bring the token."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        schema = super().openapi()
        schema.setdefault("components", {})["securitySchemes"] = SECURITY
        schema["security"] = [{}, *({name: []} for name in SECURITY)]
        return schema


async def _front() -> Response:
    return pages.front(TITLE, LINKS)


async def _docs() -> Response:
    return pages.describing(TITLE, OPENAPI)


async def _refused(_: Request, error: Exception) -> Response:
    """A path or a method that is not there."""
    if not isinstance(error, HTTPException):
        raise error
    return Problem(error.status_code, str(error.detail), headers=error.headers or {}).response()


async def _not_meant(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_of_input(error).response()


async def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: it is logged here and told without its inside."""
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return Problem(500, "this is a fault of the service: its log says more").response()
