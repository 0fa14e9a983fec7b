"""The pages of the service: what they link to, and what they may run."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from aioibkr import Settings
from aioibkr.integrations.fastapi import application
from aioibkr.testing import MockGateway


@pytest.fixture
async def service(mock_gateway: MockGateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application."""
    app = application(Settings(ibkr_enabled=True, ibkr_port=mock_gateway.port))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        yield client


async def test_front_page_links_to_what_there_is(service: httpx.AsyncClient) -> None:
    page = await service.get("/")

    links = re.findall(r'href="([^"]+)"', page.text)
    answers = [(await service.get(link)).status_code for link in links]
    assert {"/docs", "/openapi.json", "/api/ibkr/health", "/metrics"} <= set(links)
    assert answers == [200] * len(links)


async def test_front_page_runs_nothing(service: httpx.AsyncClient) -> None:
    page = await service.get("/")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "<script" not in page.text


async def test_description_runs_the_named_file_only(service: httpx.AsyncClient) -> None:
    page = await service.get("/docs")

    scripts = re.findall(r"<script src=\"([^\"]+)\" integrity=\"(sha384-[^\"]+)\"", page.text)
    policy = page.headers["content-security-policy"]
    (allowed,) = re.findall(r"script-src ([^;]+)", policy)
    assert page.text.count("<script src") == len(scripts) == 1
    assert scripts[0][0] in allowed
    assert re.fullmatch(r"'sha256-[^']+' https://\S+@\d+\.\d+\.\d+/\S+\.js", allowed)


@pytest.mark.parametrize("path", ["/", "/docs", "/api/ibkr/status", "/nothing"])
async def test_no_page_of_others_may_frame_or_read_it(
    service: httpx.AsyncClient, path: str
) -> None:
    headers = (await service.get(path)).headers

    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("page", "status"), [("https://desk.example", 200), ("https://evil.example", 403)]
)
async def test_page_that_is_allowed_may_read_answers(page: str, status: int) -> None:
    app = application(Settings(ibkr_http_allowed_origins="https://desk.example"))
    asked = {
        "Origin": page,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key",
    }
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        preflight = await client.options("/api/ibkr/orders", headers=asked)
        answer = await client.get("/api/ibkr/health", headers={"Origin": page})

    assert (preflight.status_code, answer.status_code) == (status, status)
    told = [each.headers.get("access-control-allow-origin") for each in (preflight, answer)]
    assert told == [page if status == 200 else None] * 2
