"""Several integrations in one application or process: each router, route and rule has its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from websockets.exceptions import InvalidStatus

from aioibkr import Client, ConfigError, IBKRBroker, IBKRIntegration, Settings, get_ibkr_integration
from aioibkr.integrations.fastapi import (
    broker_of,
    client_of,
    integration_of,
    lifespan,
    lifespans,
    protect,
    router,
)
from aioibkr.testing import MockGateway
from python.fastapi.peers import PATH, peer_of, served

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def gateways() -> Iterator[tuple[MockGateway, MockGateway]]:
    """A paper and a live gateway."""
    with MockGateway(accounts=["DU1"]) as paper, MockGateway(accounts=["U2"]) as live:
        yield paper, live


def enabled(gateway: MockGateway) -> Settings:
    """Settings for a gateway."""
    return Settings(ibkr_enabled=True, ibkr_port=gateway.port)


@asynccontextmanager
async def client_for(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running application."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def account_at(web: httpx.AsyncClient, path: str) -> object:
    """The account that a path answers with, or the status."""
    answer = await web.get(path)
    return answer.json()["account"]["account_id"] if answer.is_success else answer.status_code


def side_by_side(gateways: tuple[MockGateway, MockGateway]) -> FastAPI:
    """An application with a paper and a live integration."""
    paper, live = map(enabled, gateways)
    both = lifespans(lifespan(paper, name="papers"), lifespan(live, name="lives"))
    app = FastAPI(lifespan=both)
    app.include_router(router("/paper", integration="papers", portfolio="/paper/portfolio"))
    app.include_router(router("/live", integration="lives", portfolio="/live/portfolio"))
    return app


async def test_paper_and_live_live_side_by_side(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    async with client_for(side_by_side(gateways)) as web:
        accounts = [await account_at(web, f"/{name}/account") for name in ("paper", "live")]
        portfolios = [await account_at(web, f"/{n}/portfolio/account") for n in ("paper", "live")]
        modes = [(await web.get(f"/{n}/status")).json()["mode"] for n in ("paper", "live")]
        await web.post("/paper/disconnect")
        after = [await account_at(web, f"/{name}/account") for name in ("paper", "live")]

    assert accounts == portfolios == ["DU1", "U2"]
    assert modes == ["paper", "live"]
    assert after == [503, "U2"]
    assert [gateway.clients for gateway in gateways] == [[], []], "shut-down ends both"


async def test_names_are_those_of_the_process(gateways: tuple[MockGateway, MockGateway]) -> None:
    async with client_for(side_by_side(gateways)) as web:
        await web.get("/live/account")

        assert get_ibkr_integration("lives").is_connected
        assert get_ibkr_integration("lives") is not get_ibkr_integration("papers")


async def test_routes_of_one_s_own_name_their_integration(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    app = side_by_side(gateways)

    @app.get("/own")
    async def own(
        integration: Annotated[IBKRIntegration, Depends(integration_of("papers"))],
        broker: Annotated[IBKRBroker, Depends(broker_of("lives"))],
        client: Annotated[Client, Depends(client_of("papers"))],
    ) -> list[str | None]:
        return [integration.name, broker.account, client.account]

    async with client_for(app) as web:
        assert (await web.get("/own")).json() == ["papers", "U2", "DU1"]


async def test_routers_take_integrations_of_one_s_own(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    paper, live = (IBKRIntegration(enabled(each), name=str(each.port)) for each in gateways)
    app = FastAPI(lifespan=lifespans(lifespan(paper), lifespan(live)))
    app.include_router(router("/paper", integration=paper))
    app.include_router(router("/live", integration=live, portfolio="/live/portfolio"))

    async with client_for(app) as web:
        assert await account_at(web, "/paper/account") == "DU1"
        assert await account_at(web, "/live/account") == "U2"


async def test_two_applications_of_a_process_have_one_each(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    apps = [FastAPI(lifespan=lifespan(IBKRIntegration(enabled(gateway)))) for gateway in gateways]
    for app in apps:
        app.include_router(router())

    async with client_for(apps[0]) as first, client_for(apps[1]) as second:
        assert await account_at(first, "/api/ibkr/account") == "DU1"
        assert await account_at(second, "/api/ibkr/account") == "U2"


async def test_mounted_application_uses_what_the_outer_one_runs(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    paper, live = map(enabled, gateways)
    outer = FastAPI(lifespan=lifespans(lifespan(paper), lifespan(live, name="mounted")))
    inner = FastAPI()
    inner.include_router(router(integration="mounted"))
    outer.include_router(router())
    outer.mount("/inner", inner)

    async with client_for(outer) as web:
        assert await account_at(web, "/api/ibkr/account") == "DU1"
        assert await account_at(web, "/inner/api/ibkr/account") == "U2"


async def test_mounted_application_with_a_lifespan_nobody_runs_says_so(
    mock_gateway: MockGateway,
) -> None:
    outer = FastAPI()
    inner = FastAPI(lifespan=lifespan(enabled(mock_gateway), name="never run"))
    inner.include_router(router(integration="never run"))
    outer.mount("/inner", inner)

    async with client_for(outer) as web:
        answers = [await web.get(f"/inner/api/ibkr/{path}") for path in ("account", "status")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("outer application" in answer.json()["detail"] for answer in answers)
    assert mock_gateway.connect_count == 0


async def test_one_name_for_two_settings_is_refused_with_the_cure(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    paper, live = map(enabled, gateways)
    with pytest.raises(ConfigError, match="two integrations are named 'default'"):
        lifespans(lifespan(paper), lifespan(live))
    first, second = FastAPI(lifespan=lifespan(paper)), FastAPI(lifespan=lifespan(live))

    async with client_for(first):
        with pytest.raises(ConfigError, match="a name of its own"):
            async with client_for(second):
                pass

    assert [gateway.clients for gateway in gateways] == [[], []]


async def test_rules_of_access_are_those_of_the_router_s_integration(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    paper, live = map(enabled, gateways)
    guarded = IBKRIntegration(replace(live, ibkr_http_token=KEY), name="guarded")
    app = FastAPI(lifespan=lifespans(lifespan(paper, name="open"), lifespan(guarded)))
    app.include_router(router("/paper", integration="open"))
    app.include_router(router("/live", integration="guarded", portfolio="/live/portfolio"))

    async with client_for(app) as web:
        without = [await account_at(web, f"/{name}/account") for name in ("paper", "live")]
        web.headers["X-API-Key"] = KEY
        with_key = await account_at(web, "/live/account")

    assert without == ["DU1", 401]
    assert with_key == "U2"


async def test_sockets_are_those_of_the_router_s_integration(
    gateways: tuple[MockGateway, MockGateway],
) -> None:
    paper, live = map(enabled, gateways)
    guarded = IBKRIntegration(replace(live, ibkr_http_token=KEY), name="guarded socket")
    app = FastAPI(lifespan=lifespans(lifespan(paper, name="open socket"), lifespan(guarded)))
    app.include_router(router("/paper", integration="open socket"))
    app.include_router(router("/live", integration="guarded socket", portfolio="/live/portfolio"))
    heard = []

    async with served(app) as url:
        at_paper, at_live = (url.replace(PATH, f"/{name}/ws") for name in ("paper", "live"))
        with pytest.raises(InvalidStatus):
            async with peer_of(at_live):
                pass
        for at, headers in ((at_paper, {}), (at_live, {"X-API-Key": KEY})):
            async with peer_of(at, additional_headers=headers) as peer:
                await peer.subscribe("session")
                session = await peer.hear_session("live")
                heard.append(session["data"][0]["account"])

    assert heard == ["DU1", "U2"]


async def test_protected_application_has_the_rules_of_an_integration() -> None:
    strict = Settings(ibkr_http_allowed_hosts="desk.example")
    app = protect(FastAPI(), integration=IBKRIntegration(strict))
    statuses = []

    for base in ("http://desk.example", "http://other.example"):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base) as web:
            statuses.append((await web.get("/openapi.json")).status_code)

    assert statuses == [200, 421]
