"""`GET /metrics`, for Prometheus."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from aioibkr.integrations.fastapi.answers import GUARDED, Answers
from aioibkr.integrations.fastapi.dependencies import IntegrationDep
from aioibkr.integrations.fastapi.routes import BrokerRoute
from aioibkr.integrations.prometheus import ClientCollector

__all__ = ["routes"]

routes = APIRouter(route_class=BrokerRoute, responses=GUARDED)

TEXT = {"schema": {"type": "string"}, "example": 'aioibkr_ready{integration="default"} 1.0\n'}
FORMATS: Answers = {200: {"content": {"application/openmetrics-text": TEXT, "text/plain": TEXT}}}


@routes.get("/metrics", response_class=PlainTextResponse, responses=FORMATS)
async def prometheus(integration: IntegrationDep, request: Request) -> Response:
    """What Prometheus scrapes: the counters of the client, in its text format or OpenMetrics.

    Asking connects nothing. With a token, give it to Prometheus as `authorization`.
    """
    collector = ClientCollector(lambda: {"default": integration.broker.latest_client})
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(collector), media_type=media_type)
