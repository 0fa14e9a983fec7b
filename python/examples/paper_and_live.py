"""A paper and a live integration side by side in one application, one of them mounted."""

import asyncio
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

from aioibkr import IBKRBroker, Settings
from aioibkr.integrations.fastapi import broker_of, lifespan, lifespans, router
from aioibkr.testing import MockGateway

paper_gateway, live_gateway = MockGateway(accounts=["DU1"]), MockGateway(accounts=["U2"])
paper = Settings(ibkr_enabled=True, ibkr_port=paper_gateway.port)
live = Settings(ibkr_enabled=True, ibkr_port=live_gateway.port, ibkr_paper_trading=False)

app = FastAPI(lifespan=lifespans(lifespan(paper, name="paper"), lifespan(live, name="live")))
app.include_router(router("/paper", integration="paper", portfolio="/paper/portfolio"))

desk = FastAPI()  # a mounted application has no lifespan of its own: the outer one runs it
desk.include_router(router("/live", integration="live", portfolio="/live/portfolio"))
app.mount("/desk", desk)


@app.get("/worth")
async def worth(
    paper: Annotated[IBKRBroker, Depends(broker_of("paper"))],
    live: Annotated[IBKRBroker, Depends(broker_of("live"))],
) -> dict[str, float]:
    """What both accounts are worth."""
    accounts = [await broker.get_account() for broker in (paper, live)]
    return {account.account_id: account.portfolio_value for account in accounts}


async def main() -> None:
    """Start the application and call it."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as web,
    ):
        on_paper = (await web.get("/paper/account")).json()["account"]
        on_live = (await web.get("/desk/live/account")).json()["account"]
        assert (on_paper["account_id"], on_live["account_id"]) == ("DU1", "U2")
        assert (await web.get("/worth")).json() == {"DU1": 1_000_000.0, "U2": 1_000_000.0}


asyncio.run(main())
paper_gateway.stop()
live_gateway.stop()
