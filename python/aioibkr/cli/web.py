"""The web server of ``aioibkr serve``: uvicorn running the integration's application, bounded.

A service that is told to stop ends within 5 s: requests have `GRACE_SECONDS` to finish, then they
are cut off, then the gateway's link is closed.
"""

import errno
import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable

import uvicorn

from aioibkr.cli.http_connection import MOST_CONNECTIONS, BoundedConnection
from aioibkr.config import Settings
from aioibkr.integrations.fastapi import application
from aioibkr.integrations.fastapi.websocket import close_sockets

__all__ = ["serve"]

GRACE_SECONDS = 2
# What keeps a process that was told to stop from ending, such as a database call in a thread, is
# not waited for any longer than this.
LAST_SECONDS = 4.5
LARGEST_HEAD = 32 * 1024
LARGEST_SOCKET_MESSAGE = 64 * 1024
# What waits in the kernel for a peer that reads slowly is old when it is read.
SEND_BUFFER = 256 * 1024
# A peer that takes nothing for so long is cut off by the kernel; uvicorn would wait for it.
UNREAD_MS = 60_000
_log = logging.getLogger("aioibkr.http")


def serve(settings: Settings, *, host: str, port: int, introduce: Callable[[str], None]) -> None:
    """Serve until a signal.

    Args:
        settings: How to reach the gateway, and who may use the service.
        host: Address to listen on; `""` for all.
        port: 0 for a free one.
        introduce: Called with the service's URL once requests are answered.

    Raises:
        ConfigError: The settings make no sense.
        KeyboardInterrupt: After a signal.
        OSError: The port is taken, or the address is not of this machine.
    """
    server = _Service(config_of(settings, served=names_in(host)), introduce)
    with listening(host, port) as listener:
        try:
            server.run(sockets=[listener])
        finally:
            server.ended()


def names_in(host: str) -> list[str]:
    """The name that a service is called by, where it listens on one and not on an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return [host] if host else []
    return []


def config_of(settings: Settings, *, served: list[str]) -> uvicorn.Config:
    """How uvicorn serves: every size, number and time is bounded."""
    return uvicorn.Config(
        application(settings, served=served),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Who a request comes from is nobody's to claim here.
        proxy_headers=False,
        http=BoundedConnection,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
        ws_max_size=LARGEST_SOCKET_MESSAGE,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `OSError` that names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} of {host} is in use: give another --port, or 0 for a free one"
        else:
            text = f"cannot listen on {host} port {port}: {error.strerror or error}"
        raise OSError(text) from error
    # Connections inherit these.
    # An answer is written in two parts; without this the second waits for the peer's delayed
    # acknowledgement of the first, some 40 ms. asyncio sets it on sockets of its own only.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    return listener


class _Service(uvicorn.Server):
    """A server that says where it listens, and that ends in time."""

    def __init__(self, config: uvicorn.Config, introduce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._introduce = introduce
        self._last = threading.Timer(LAST_SECONDS, _give_up)
        self._last.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in sockets or []:
            self._introduce(url_of(listener))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._last.start()
        await close_sockets()
        await super().shutdown(sockets=sockets)

    def ended(self) -> None:
        """There is nothing left to give up."""
        self._last.cancel()


def _give_up() -> None:
    _log.critical("not stopped %g s after it was asked to: ended at once", LAST_SECONDS)
    logging.shutdown()
    os._exit(1)


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
