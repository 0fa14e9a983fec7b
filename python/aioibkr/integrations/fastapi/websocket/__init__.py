"""The WebSocket of the service: quotes, ticks, books, bars, orders, P&L and the session, live.

A page for people is ``docs/websocket.md``. Inside: `commands` and `messages` are the protocol
without any I/O, `channels` what is known and who has seen how much of it, `feeds` the loops that
read the client's streams, `hub` the one place where all sockets of a process meet, `connection`
one socket, `route` the door.
"""

from aioibkr.integrations.fastapi.websocket.hub import close_sockets
from aioibkr.integrations.fastapi.websocket.limits import SocketLimits
from aioibkr.integrations.fastapi.websocket.route import socket_routes

__all__ = ["SocketLimits", "close_sockets", "socket_routes"]
