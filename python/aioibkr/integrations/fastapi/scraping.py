"""`GET /metrics`, for Prometheus."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from aioibkr.integrations.fastapi.answers import GUARDED, Answers
from aioibkr.integrations.fastapi.dependencies import IntegrationDep
from aioibkr.integrations.fastapi.routes import BrokerRoute
from aioibkr.integrations.fastapi.running import integrations_of
from aioibkr.integrations.prometheus import ClientCollector

__all__ = ["routes"]

routes = APIRouter(route_class=BrokerRoute, responses=GUARDED)

TEXT = {"schema": {"type": "string"}, "example": 'aioibkr_ready{integration="default"} 1.0\n'}
FORMATS: Answers = {200: {"content": {"application/openmetrics-text": TEXT, "text/plain": TEXT}}}


@routes.get("/metrics", response_class=PlainTextResponse, responses=FORMATS)
async def prometheus(integration: IntegrationDep, request: Request) -> Response:
    """What Prometheus scrapes: the counters of the clients, in its text format or OpenMetrics.

    It tells of every integration that the application runs, by its name. Asking connects nothing.
    With a token, give it to Prometheus as `authorization`.
    """
    told = {**integrations_of(request.app), integration.name: integration}
    collector = ClientCollector(
        lambda: {name: each.broker.latest_client for name, each in told.items()}
    )
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(collector), media_type=media_type)
