"""The routes of the broker: connection, account, positions, prices; orders are in `orders`."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from aioibkr.integrations.fastapi import orders, schemas, scraping
from aioibkr.integrations.fastapi.account_bodies import account_body
from aioibkr.integrations.fastapi.answers import ANY_ROUTE, GUARDED, Answers, answers
from aioibkr.integrations.fastapi.binding import Bound, add_bound, bound_to
from aioibkr.integrations.fastapi.dependencies import IntegrationDep, ReadingDep
from aioibkr.integrations.fastapi.routes import BrokerRoute, OpenRoute
from aioibkr.integrations.fastapi.websocket import socket_routes

__all__ = ["router"]

_broker = APIRouter(route_class=BrokerRoute, responses=GUARDED)
_open = APIRouter(route_class=OpenRoute, responses=ANY_ROUTE)
_portfolio = APIRouter(route_class=BrokerRoute, responses=GUARDED)
NOT_READY: Answers = {503: {**ANY_ROUTE[503], "model": schemas.Health}}


def router(
    prefix: str = "/api/ibkr",
    *,
    integration: Bound = "default",
    portfolio: str = "/api/portfolio",
    metrics: bool = True,
) -> APIRouter:
    """The routes of a broker: below `prefix`, those of its portfolio, and `/metrics`.

    Args:
        prefix: Where the broker's routes are.
        integration: Whose routes they are: an integration, or its name.
        portfolio: Where those of the portfolio are. Two routers of one application need prefixes
            of their own, both.
        metrics: Whether `GET /metrics` is among them; it tells of all integrations that the
            application runs. One that has its own registers a `ClientCollector` with it instead.
    """
    routes = APIRouter()
    # Routes are tried in this order: what is asked most often comes first.
    for own in (_broker, orders.routes, _open):
        add_bound(routes, own, integration, prefix=prefix, tag="ibkr")
    # What is no guarded route learns its integration by a dependency.
    whose = [Depends(bound_to(integration))]
    routes.include_router(socket_routes(), prefix=prefix, tags=["ibkr"], dependencies=whose)
    add_bound(routes, _portfolio, integration, prefix=portfolio, tag="portfolio")
    if metrics:
        add_bound(routes, scraping.routes, integration, tag="metrics")
    return routes


@_broker.get("/account", response_model=schemas.AccountAnswer)
async def account(broker: ReadingDep) -> Response:
    """The account's main figures; `as_of` where they are kept ones (`ibkr_stale_ok`)."""
    return Response(await account_body(broker), media_type="application/json")


@_broker.get("/status")
async def status(integration: IntegrationDep) -> schemas.Status:
    """Where the integration stands. Never fails."""
    broker = integration.broker
    paper = broker.paper_trading
    return schemas.Status(
        enabled=integration.enabled,
        connected=broker.is_connected,
        paper_trading=paper,
        mode="paper" if paper else "live",
        broker_type=type(broker).__name__,
        metrics=broker.get_metrics(),
        reason=integration.reason,
    )


@_open.get("/health", responses=answers(422) | NOT_READY)
async def health(
    integration: IntegrationDep,
    response: Response,
    probe: Annotated[Literal["liveness", "readiness"], Query()] = "liveness",
) -> schemas.Health:
    """Whether the process lives and the broker is ready; `?probe=readiness` answers 503 if not."""
    broker = integration.broker
    if probe == "readiness" and not broker.is_ready:
        response.status_code = 503
    return schemas.Health(ready=broker.is_ready, connected=broker.is_connected)


@_broker.get("/metrics")
async def metrics(integration: IntegrationDep) -> schemas.Metrics:
    """What the broker has counted."""
    return integration.broker.get_metrics()


@_broker.post("/connect")
async def connect(integration: IntegrationDep) -> schemas.Connection:
    """Connect; 503 when disabled or unreachable."""
    broker = await integration.open()
    message = f"Connected to IBKR at {broker.host}:{broker.port}"
    return schemas.Connection(status="connected", message=message)


@_broker.post("/disconnect")
async def disconnect(integration: IntegrationDep) -> schemas.Connection:
    """Disconnect, until somebody connects again."""
    await integration.disconnect()
    return schemas.Connection(status="disconnected", message="Disconnected from IBKR")


@_portfolio.get("/account")
async def portfolio_account(broker: ReadingDep) -> schemas.PortfolioAccountAnswer:
    """The account's main figures; `as_of` where they are kept ones (`ibkr_stale_ok`)."""
    told = await broker.get_account(stale_ok=broker.stale_ok)
    figures = schemas.AccountFigures.of(told)
    return schemas.PortfolioAccountAnswer(account=figures, as_of=told.as_of)


@_broker.post("/sync")
@_portfolio.post("/sync")
async def sync(integration: IntegrationDep) -> schemas.Synced:
    """Write positions and a snapshot into the application's own tables.

    They are those of `IBKRIntegration.configure(holdings=…, snapshots=…, sessions=…)`. 503 with the
    reason when nothing was written: the tables are then as they were.
    """
    told = await integration.sync_portfolio()
    if told["success"]:
        return schemas.Synced.of(told)
    raise HTTPException(503, str(told["error"]))


@_broker.get("/positions")
async def positions(broker: ReadingDep) -> list[schemas.PositionRow]:
    """Open positions; `as_of` where they are kept ones (`ibkr_stale_ok`)."""
    held = await broker.get_positions(stale_ok=broker.stale_ok)
    return [schemas.PositionRow.of(position) for position in held]


@_broker.get("/quote/{symbol}", responses=answers(400, 404, 422))
async def quote(symbol: schemas.Symbol, broker: ReadingDep) -> schemas.Price:
    """A fresh market price of a US stock; 404 when there is none."""
    try:
        price = await broker.get_market_price(symbol, stale_ok=broker.stale_ok)
    except ValueError as error:
        raise HTTPException(404, str(error)) from error
    now = datetime.now(UTC)
    return schemas.Price(symbol=symbol, price=price, timestamp=now, as_of=price.as_of)
