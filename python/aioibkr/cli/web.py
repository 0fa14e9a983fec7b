"""The web server of ``aioibkr serve``: uvicorn running the integration's application."""

import socket

import uvicorn
from fastapi import FastAPI

from aioibkr.config import Settings
from aioibkr.integrations.fastapi import lifespan, router

__all__ = ["application", "serve"]


def application(settings: Settings) -> FastAPI:
    """The application: the broker's routes and nothing else."""
    app = FastAPI(title="aioibkr", lifespan=lifespan(settings))
    app.include_router(router())
    return app


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal; the line with the URL is printed once requests are answered.

    Raises `OSError` when the port is taken, and `KeyboardInterrupt` after a signal.
    """
    config = uvicorn.Config(application(settings), log_level="warning")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        _Announced(config).run(sockets=[listener])


class _Announced(uvicorn.Server):
    """A server that says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in sockets or []:
            print(f"serving on {url_of(listener)}", flush=True)


def url_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
