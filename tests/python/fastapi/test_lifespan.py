"""An application's life: begun without a gateway, lazily, with settings that cannot be meant."""

import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from aioibkr import ConfigError, IBKRIntegration, Settings, get_ibkr_integration
from aioibkr.integrations.fastapi import IBKRSettings, lifespan, router
from aioibkr.integrations.fastapi.lifespan import Lifespan
from aioibkr.testing import MockGateway
from python.broker.test_keeping import quick
from python.broker.wishes import until
from python.trademind.gateway import free_port

PATIENCE = 40.0  # with the pauses of a real service
READINESS = "/api/ibkr/health?probe=readiness"


@asynccontextmanager
async def served(life: Lifespan) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that lives so."""
    app = FastAPI(lifespan=life)
    app.include_router(router())
    transport = httpx.ASGITransport(app)
    async with (
        life(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


def enabled(gateway: MockGateway, account: str | None = None) -> Settings:
    """Settings of an application that gives up soon."""
    return Settings(
        ibkr_enabled=True,
        ibkr_port=gateway.port,
        ibkr_connect_timeout=0.3,
        ibkr_account=account,
    )


def eager(gateway: MockGateway, account: str | None = None) -> IBKRIntegration:
    """An integration of its own that tries often."""
    return IBKRIntegration(enabled(gateway, account), broker=quick)


async def test_service_begun_before_its_gateway_becomes_ready_by_itself(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.down()
    async with served(lifespan(eager(mock_gateway))) as web:
        assert (await web.get(READINESS)).status_code == 503
        mock_gateway.up()

        async def ready() -> bool:
            return (await web.get(READINESS)).status_code == 200

        await until(ready)
        status = (await web.get("/api/ibkr/status")).json()

    assert (status["connected"], status["reason"]) == (True, None)


async def test_disconnected_service_stays_so_until_connect(mock_gateway: MockGateway) -> None:
    mock_gateway.down()
    async with served(lifespan(eager(mock_gateway))) as web:
        assert (await web.post("/api/ibkr/disconnect")).status_code == 200
        mock_gateway.up()
        assert (await web.get("/api/ibkr/account")).status_code == 503
        assert mock_gateway.connect_count == 0

        assert (await web.post("/api/ibkr/connect")).status_code == 200
        assert (await web.get("/api/ibkr/account")).status_code == 200


async def test_connect_route_that_fails_goes_on_trying(mock_gateway: MockGateway) -> None:
    async with served(lifespan(eager(mock_gateway))) as web:
        await web.post("/api/ibkr/disconnect")
        mock_gateway.down()
        assert (await web.post("/api/ibkr/connect")).status_code == 503
        mock_gateway.up()

        async def ready() -> bool:
            return (await web.get(READINESS)).status_code == 200

        await until(ready)


async def test_lazy_service_connects_with_the_first_request(mock_gateway: MockGateway) -> None:
    async with served(lifespan(enabled(mock_gateway), connect="lazy")) as web:
        before = (await web.get("/api/ibkr/status")).json()
        assert (before["connected"], mock_gateway.connect_count) == (False, 0)

        assert (await web.get("/api/ibkr/account")).status_code == 200
        assert (await web.get("/api/ibkr/status")).json()["connected"]

    assert mock_gateway.connect_count == 1


async def test_account_of_another_login_is_the_reason_told(mock_gateway: MockGateway) -> None:
    async with served(lifespan(eager(mock_gateway, "DU7654321"))) as web:

        async def told() -> bool:
            return bool((await web.get("/api/ibkr/status")).json()["reason"])

        await until(told)
        status = (await web.get("/api/ibkr/status")).json()
        answer = await web.post("/api/ibkr/connect")

    assert not status["connected"]
    assert "DU7654321" in status["reason"]
    assert answer.status_code == 503
    assert "DU1234567" in answer.json()["detail"]


def test_settings_that_cannot_be_meant_are_refused_with_the_lifespan() -> None:
    with pytest.raises(ConfigError, match="port 70000"):
        lifespan(Settings(ibkr_enabled=True, ibkr_port=70000))
    lifespan(Settings(ibkr_port=70000))  # which is not used


async def test_environment_that_cannot_be_meant_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IBKR_ENABLED", "true")
    monkeypatch.setenv("IBKR_CLIENT_ID", "-1")

    with pytest.raises(ConfigError, match="client_id -1"):
        async with lifespan(IBKRIntegration())(FastAPI()):
            pass


def test_serve_ends_with_the_reason_once() -> None:
    command = [sys.executable, "-m", "aioibkr", "serve", "--port", "0", "--client-id", "-1"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert done.stderr.count("client_id -1") == 1
    assert "Traceback" not in done.stderr


def test_serve_becomes_ready_when_its_gateway_comes() -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "aioibkr", "serve", "--port", "0", "--gateway-port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            url = url_said_by(running)
            before = httpx.get(f"{url}{READINESS}").status_code
            with MockGateway(port=int(port)):
                after = [httpx.get(f"{url}{READINESS}").status_code]
                end = time.monotonic() + PATIENCE
                while after[-1] != 200 and time.monotonic() < end:
                    time.sleep(0.05)
                    after.append(httpx.get(f"{url}{READINESS}").status_code)
        finally:
            running.kill()

    assert (before, after[-1]) == (503, 200)


def url_said_by(running: "subprocess.Popen[str]") -> str:
    """Where a service says that it answers."""
    assert running.stdout is not None
    for line in running.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    raise AssertionError("the service said nothing")


async def test_routes_and_old_callers_see_one_integration(mock_gateway: MockGateway) -> None:
    settings = IBKRSettings(ibkr_enabled=True, ibkr_port=mock_gateway.port)
    async with served(lifespan(settings)) as web:
        await web.get("/api/ibkr/account")

        assert get_ibkr_integration().is_connected
