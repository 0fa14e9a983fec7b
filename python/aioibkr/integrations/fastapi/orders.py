"""The routes of orders: place, list, read, cancel."""

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException

from aioibkr.integrations.fastapi import schemas
from aioibkr.integrations.fastapi.dependencies import BrokerDep
from aioibkr.integrations.fastapi.ordering import OrderingDep
from aioibkr.integrations.fastapi.routes import BrokerRoute

__all__ = ["routes"]

routes = APIRouter(route_class=BrokerRoute)


@routes.post("/orders")
async def place(
    request: schemas.OrderRequest,
    broker: OrderingDep,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> schemas.OrderReceipt:
    """Place an order, answered once the gateway acknowledged it.

    A repeated `Idempotency-Key` answers with the first order, also after a 504.
    """
    return schemas.OrderReceipt.of(await broker.place(request, key=idempotency_key))


@routes.get("/orders")
async def working(broker: BrokerDep) -> list[schemas.OrderRow]:
    """Working orders."""
    return [schemas.OrderRow.model_validate(order) for order in await broker.get_orders("open")]


@routes.get("/orders/{order_id}")
async def read(order_id: str, broker: BrokerDep) -> schemas.OrderDetail:
    """One order, finished or not; 400 for an id that is not a number, 404 for an unknown one."""
    order = await broker.get_order(numeric(order_id))
    if order is None:
        raise HTTPException(404, f"Order {order_id} is not known in this session")
    return schemas.OrderDetail.model_validate(order)


@routes.delete("/orders/{order_id}")
async def cancel(order_id: str, broker: OrderingDep) -> schemas.Cancelled:
    """Cancel an order; 400 when it is unknown, filled or already cancelled."""
    if not await broker.cancel_order(numeric(order_id)):
        raise HTTPException(400, f"Order {order_id} is unknown or can no longer be cancelled")
    message = f"Order {order_id} is cancelled"
    return schemas.Cancelled(status="success", message=message, order_id=order_id)


def numeric(order_id: str) -> str:
    """The id, if it is a number; 400 otherwise."""
    if not (order_id.isascii() and order_id.isdigit()):
        raise HTTPException(400, f"Order id {order_id!r} is not a number")
    return order_id
