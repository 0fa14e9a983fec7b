"""Bodies of requests are bounded in size and in time, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from aioibkr.integrations.fastapi import IBKRSettings, lifespan, protect, router
from aioibkr.integrations.fastapi.access import Access
from aioibkr.integrations.fastapi.bodies import Bodies
from aioibkr.integrations.fastapi.guard import Guard
from aioibkr.testing import MockGateway
from python.fastapi.serving import answer_to, serving

MEBIBYTE = 1 << 20
ORDERS = "/api/ibkr/orders"


def counting() -> FastAPI:
    """An application that tells how large the body is."""
    app = FastAPI()

    @app.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture
async def port(mock_gateway: MockGateway) -> AsyncIterator[int]:
    """The port of a service on the mock gateway that has one more route."""
    app = counting()
    app.include_router(router())
    wanted = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port)
    async with lifespan(wanted)(app), serving(protect(app)) as port:
        yield port


def head(path: str, *headers: str) -> bytes:
    """The head of a POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE])
async def test_body_within_the_limit_arrives_whole(port: int, size: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answer = await client.post("/size", content=b"x" * size)

    assert answer.json() == size


@pytest.mark.parametrize("path", ["/size", ORDERS, "/api/ibkr/disconnect"])
async def test_x7_larger_body_is_413_before_it_is_read(port: int, path: str) -> None:
    told = await answer_to(port, head(path, f"Content-Length: {100 * MEBIBYTE}"), b"{")

    assert told.startswith(b"HTTP/1.1 413 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["status"] == 413


@pytest.mark.parametrize("path", ["/size", ORDERS])
async def test_endless_body_in_chunks_is_413(port: int, path: str) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    told = await answer_to(port, head(path, "Transfer-Encoding: chunked"), *[chunk] * 20)

    assert told.startswith(b"HTTP/1.1 413 ")


async def test_sender_of_a_large_body_reads_the_answer(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answer = await client.post(ORDERS, content=b"x" * (2 * MEBIBYTE))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_limit_is_a_setting(mock_gateway: MockGateway) -> None:
    app = FastAPI()
    app.include_router(router())
    wanted = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port, ibkr_http_max_body=100)
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(wanted)(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        answer = await client.post(ORDERS, content=b"x" * 101)

    assert answer.status_code == 413
    assert "100 bytes" in answer.json()["detail"]


async def test_body_that_is_too_slow_is_408() -> None:
    rules = Access(bodies=Bodies(seconds=0.1))
    async with serving(Guard(counting(), lambda: rules)) as port:
        told = await answer_to(port, head("/size", "Content-Length: 10"), b"{")

    assert told.startswith(b"HTTP/1.1 408 ")


async def test_client_that_goes_in_its_body_leaves_the_service_usable(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("/size", "Content-Length: 10") + b"{")
    await writer.drain()
    writer.close()

    told = await answer_to(port, head("/size", "Content-Length: 1", "Connection: close"), b"x")

    assert told.endswith(b"\r\n\r\n1")
