"""Connections of the web server are bounded: slow heads, large heads, too many."""

import asyncio
import contextlib

import pytest
from fastapi import FastAPI

from aioibkr.cli import http_connection
from aioibkr.cli.http_connection import BoundedConnection
from python.fastapi.serving import PATIENCE, answer_to, serving

GET = b"GET /here HTTP/1.1\r\nHost: localhost\r\n"
END = b"Connection: close\r\n\r\n"


def here() -> FastAPI:
    """An application of one route."""
    app = FastAPI()

    @app.get("/here")
    async def answer() -> str:
        return "here"

    return app


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head may take less time than it does in service."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.2)


@pytest.mark.parametrize("sent", [b"", b"G", GET], ids=["nothing", "a byte", "half a head"])
async def test_head_that_is_too_slow_is_408(sent: bytes) -> None:
    async with serving(here(), http=BoundedConnection) as port:
        told = await answer_to(port, sent)

    assert told.startswith(b"HTTP/1.1 408 ")


async def test_second_head_that_is_too_slow_is_408_as_well() -> None:
    async with serving(here(), http=BoundedConnection) as port, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\r\n")
        first = await reader.readuntil(b'"here"')
        writer.write(GET)
        second = await reader.read()
        writer.close()

    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 408 ")


async def test_answer_may_take_longer_than_a_head() -> None:
    app = FastAPI()

    @app.get("/here")
    async def slow() -> str:
        await asyncio.sleep(3 * http_connection.HEAD_SECONDS)
        return "here"

    async with serving(app, http=BoundedConnection) as port:
        told = await answer_to(port, GET + END)

    assert told.endswith(b'"here"')


async def test_large_head_is_400() -> None:
    options = {"http": BoundedConnection, "h11_max_incomplete_event_size": 32 * 1024}
    async with serving(here(), **options) as port:
        told = await answer_to(port, GET + b"X: " + b"x" * 40_000)

    assert told.startswith(b"HTTP/1.1 400 ")


async def test_one_connection_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "MOST_CONNECTIONS", 1)
    async with serving(here(), http=BoundedConnection) as port:
        _, first = await asyncio.open_connection("127.0.0.1", port)
        told = b""
        with contextlib.suppress(ConnectionError):
            told = await answer_to(port, GET + END)
        first.close()

    assert told == b""
