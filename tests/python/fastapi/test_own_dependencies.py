"""An application's own dependencies, its log-in among them, stand before every route of ours."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException

from aioibkr.integrations.fastapi import router

pytestmark = pytest.mark.anyio


async def nobody() -> None:
    """Lets nobody in."""
    raise HTTPException(401, "who are you")


def of_the_inclusion() -> FastAPI:
    app = FastAPI()
    app.include_router(router(), dependencies=[Depends(nobody)])
    return app


def of_the_application() -> FastAPI:
    app = FastAPI(dependencies=[Depends(nobody)])
    app.include_router(router())
    return app


def of_a_router_around_ours() -> FastAPI:
    app, outer = FastAPI(), APIRouter(dependencies=[Depends(nobody)])
    outer.include_router(router())
    app.include_router(outer)
    return app


@pytest.mark.parametrize("make", [of_the_inclusion, of_the_application, of_a_router_around_ours])
@pytest.mark.parametrize(
    "path", ["/api/ibkr/account", "/api/ibkr/positions", "/api/ibkr/orders", "/metrics"]
)
async def test_no_route_answers_around_them(make: Callable[[], FastAPI], path: str) -> None:
    transport = httpx.ASGITransport(make())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get(path)

    assert answer.status_code == 401
