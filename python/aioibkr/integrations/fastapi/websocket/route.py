"""The door of the WebSocket: ``/ws`` below the prefix of the router."""

from fastapi import APIRouter, Depends, WebSocket

from aioibkr.integrations.fastapi.dependencies import IntegrationDep
from aioibkr.integrations.fastapi.routes import admitted
from aioibkr.integrations.fastapi.websocket.connection import Connection
from aioibkr.integrations.fastapi.websocket.hub import hub_of
from aioibkr.integrations.fastapi.websocket.limits import SocketLimits

__all__ = ["socket_routes"]


def socket_routes(limits: SocketLimits | None = None) -> APIRouter:
    """A router with the WebSocket ``/ws``; every socket is held to the limits."""
    routes = APIRouter()
    held_to = limits or SocketLimits()

    @routes.websocket("/ws", dependencies=[Depends(admitted)])
    async def live(socket: WebSocket, integration: IntegrationDep) -> None:
        """Serve one peer; see docs/websocket.md for what is said."""
        await socket.accept()
        await Connection(socket, hub_of(integration), held_to).serve()

    return routes
