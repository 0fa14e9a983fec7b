"""The routes of orders: place, list, read, cancel."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException

from aioibkr.errors import OrderOutcomeUnknown
from aioibkr.integrations.fastapi import schemas
from aioibkr.integrations.fastapi.answers import GUARDED, PLACING, answers
from aioibkr.integrations.fastapi.dependencies import ReadingDep
from aioibkr.integrations.fastapi.ordering import OrderingDep
from aioibkr.integrations.fastapi.routes import BrokerRoute

__all__ = ["routes"]

routes = APIRouter(route_class=BrokerRoute, responses=GUARDED)

_log = logging.getLogger("aioibkr.http")


@routes.post("/orders", responses=PLACING)
async def place(
    request: schemas.OrderRequest,
    broker: OrderingDep,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> schemas.OrderReceipt:
    """Place an order, answered once the gateway acknowledged it.

    A repeated `Idempotency-Key` answers with the first order, also after a 504. Without one, the
    answer carries the key that was made.
    """
    key = idempotency_key or uuid.uuid4().hex
    wish = f"{request.side} {request.quantity:g} {request.symbol}"
    async with answered_when_cut_off(f"order {key!r}, {wish}", {"key": key}):
        return schemas.OrderReceipt.of(await broker.place(request, key=key))


@routes.get("/orders")
async def working(broker: ReadingDep) -> list[schemas.OrderRow]:
    """Working orders; `as_of` where they are as they were known last (`ibkr_stale_ok`)."""
    told = await broker.get_orders("open", stale_ok=broker.stale_ok)
    return [schemas.OrderRow.model_validate(order) for order in told]


@routes.get("/orders/{order_id}", responses=answers(400, 404, 422))
async def read(order_id: str, broker: ReadingDep) -> schemas.OrderDetail:
    """One order, finished or not; 400 for an id that is not a number, 404 for an unknown one."""
    order = await broker.get_order(numeric(order_id), stale_ok=broker.stale_ok)
    if order is None:
        raise HTTPException(404, f"Order {order_id} is not known in this session")
    return schemas.OrderDetail.model_validate(order)


@routes.delete("/orders/{order_id}", responses=answers(400, 422, 504))
async def cancel(order_id: str, broker: OrderingDep) -> schemas.Cancelled:
    """Cancel an order; 400 when it is unknown, filled or already cancelled."""
    cut_off = answered_when_cut_off(f"cancel of order {numeric(order_id)}", {"order_id": order_id})
    async with cut_off:
        confirmed = await broker.cancel_order(order_id)
    if not confirmed:
        raise HTTPException(400, f"Order {order_id} is unknown or can no longer be cancelled")
    message = f"Order {order_id} is cancelled"
    return schemas.Cancelled(status="success", message=message, order_id=order_id)


@contextlib.asynccontextmanager
async def answered_when_cut_off(what: str, details: Mapping[str, str]) -> AsyncIterator[None]:
    """Say what a request was doing when the service stops before it is answered.

    The desk of the core goes on with it for as long as the process lives.

    Raises:
        OrderOutcomeUnknown: The request was cut off; this is logged as well, as its client may be
            gone.
    """
    try:
        yield
    except asyncio.CancelledError:
        text = f"{what}: outcome unknown, the service stopped before it was confirmed"
        _log.warning(text)
        raise OrderOutcomeUnknown(text, details) from None


def numeric(order_id: str) -> str:
    """The id, if it is a number; 400 otherwise."""
    if not (order_id.isascii() and order_id.isdigit()):
        raise HTTPException(400, f"Order id {order_id!r} is not a number")
    return order_id
