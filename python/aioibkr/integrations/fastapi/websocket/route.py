"""The door of the WebSocket: ``/ws`` below the prefix of the router."""

from fastapi import APIRouter, Depends, WebSocket

from aioibkr.errors import NotConnected
from aioibkr.integrations.fastapi.binding import found_in
from aioibkr.integrations.fastapi.routes import admitted
from aioibkr.integrations.fastapi.websocket.connection import TRY_LATER, Connection
from aioibkr.integrations.fastapi.websocket.hub import hub_of
from aioibkr.integrations.fastapi.websocket.limits import SocketLimits

__all__ = ["socket_routes"]

LONGEST_REASON = 120  # of a close frame, in bytes (RFC 6455)


def socket_routes(limits: SocketLimits | None = None) -> APIRouter:
    """A router with the WebSocket ``/ws``; every socket is held to the limits."""
    routes = APIRouter()
    held_to = limits or SocketLimits()

    @routes.websocket("/ws", dependencies=[Depends(admitted)])
    async def live(socket: WebSocket) -> None:
        """Serve one peer; see docs/websocket.md for what is said."""
        await socket.accept()
        try:
            hub = hub_of(found_in(socket.scope))
        except NotConnected as error:
            await socket.close(TRY_LATER, error.message[:LONGEST_REASON])
            return
        await Connection(socket, hub, held_to).serve()

    return routes
