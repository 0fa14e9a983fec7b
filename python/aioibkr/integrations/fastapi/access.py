"""Who may use the service, decided from the head of a request: host, origin, token.

A web page can make its visitor's browser send requests anywhere, loopback included. It cannot hide
where it comes from: the browser says so in `Origin` and `Sec-Fetch-Site`, and a name that was bent
to this machine (DNS rebinding) stays in `Host`. Nothing here waits or reads a body.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from starlette.datastructures import Headers
from starlette.types import Scope

from aioibkr.config import Settings
from aioibkr.integrations.fastapi.bodies import Bodies
from aioibkr.integrations.fastapi.problems import Problem
from aioibkr.integrations.fastapi.tokens import token_of

__all__ = ["Access", "is_loopback"]

LOCALHOST = "localhost"
ANY = "*"
HOST = re.compile(r"(\[[0-9a-f:.%]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?", re.ASCII)
ORIGIN = re.compile(r"(https?)://([^\s/]+)", re.ASCII)
PORTS = {"http": "80", "https": "443"}
# What a browser says of a request that another site, or another port of this machine, caused.
FOREIGN = frozenset({"cross-site", "same-site"})
SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one service. By default its users are programs and pages of this machine.

    `hosts` are names it may be called by besides loopback names and the address that took the
    connection; `*` allows any. `origins` are other pages that may call it, such as
    `https://desk.example`. `token`, where there is one, must come with each request to a route of
    the broker. `bodies` bounds what a request brings.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    token: str | None = field(default=None, repr=False)
    bodies: Bodies = field(default_factory=Bodies)

    @classmethod
    def of(cls, settings: Settings, *, served: Iterable[str] = ()) -> Self:
        """The rules that settings ask for; `served` are further names of the service.

        Raises:
            ConfigError: The token's file cannot be read, or the token is none that protects.
        """
        hosts = [*_listed(settings.ibkr_http_allowed_hosts), *served]
        return cls(
            hosts=frozenset(_bare(host) for host in hosts),
            origins=frozenset(
                page.rstrip("/") for page in _listed(settings.ibkr_http_allowed_origins)
            ),
            token=token_of(settings),
            bodies=Bodies(settings.ibkr_http_max_body),
        )

    def objection(self, scope: Scope) -> Problem | None:
        """Why an HTTP request or a WebSocket may not come in; None when it may."""
        headers = Headers(scope=scope)
        told = headers.getlist("host")
        found = HOST.fullmatch(told[0].lower()) if len(told) == 1 else None
        if found is None or not (ANY in self.hosts or self._is_ours(_bare(found[1]), scope)):
            return _misdirected(told)
        if not self._is_welcome(headers, scope, _bare(found[1]), port=found[2]):
            return _foreign(headers)
        return None

    def token_objection(self, scope: Scope) -> Problem | None:
        """Why it may not act for the owner: no token, where there must be one."""
        if self.token is None or _brings(Headers(scope=scope), self.token):
            return None
        return NO_TOKEN

    def _is_ours(self, host: str, scope: Scope) -> bool:
        if host in self.hosts or is_loopback(host):
            return True
        # A server that knows no address of its own repeats the request's name here: no proof.
        served = scope.get("server")
        return served is not None and _is_address(host) and host == _bare(str(served[0]))

    def _is_welcome(
        self, headers: Mapping[str, str], scope: Scope, host: str, *, port: str | None
    ) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            listed = origin.lower() in self.origins
            return listed or self._is_own(origin.lower(), scope, host, port)
        if headers.get("sec-fetch-site") not in FOREIGN:
            return True
        # A link on another page may lead here; what that page loads or sends by itself may not.
        return headers.get("sec-fetch-mode") == "navigate" and scope.get("method") in SAFE

    def _is_own(self, origin: str, scope: Scope, host: str, port: str | None) -> bool:
        """Whether a page is of this very service: a name of ours, and the port that was called.

        Where any name is allowed, that is no more than the name that was called.
        """
        page = ORIGIN.fullmatch(origin)
        place = HOST.fullmatch(page[2]) if page else None
        if page is None or place is None:
            return False
        if _bare(place[1]) != host and not self._is_ours(_bare(place[1]), scope):
            return False
        return (place[2] or PORTS[page[1]]) == (port or PORTS[page[1]])


NO_TOKEN = Problem(
    401,
    "give the token: Authorization: Bearer TOKEN, or X-API-Key: TOKEN",
    headers={"WWW-Authenticate": "Bearer"},
)


@lru_cache
def is_loopback(host: str) -> bool:
    """Whether a host is this machine whoever asks: `localhost`, or a loopback address."""
    return host == LOCALHOST or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listed(text: str | None) -> list[str]:
    return [part.strip().lower() for part in (text or "").split(",") if part.strip()]


def _bare(host: str) -> str:
    """A host without brackets and without the dot that ends a full name."""
    return host.strip("[]").removesuffix(".").lower()


def _brings(headers: Mapping[str, str], token: str) -> bool:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    given = bearer or headers.get("x-api-key", "")
    return hmac.compare_digest(given.encode(), token.encode())


def _misdirected(told: list[str]) -> Problem:
    name = repr(told[0][:100]) if told else "nothing"
    return Problem(
        421,
        f"this service is not called {name}: use localhost or the address it listens on, "
        "or allow the name by ibkr_http_allowed_hosts",
    )


def _foreign(headers: Mapping[str, str]) -> Problem:
    page = headers.get("origin", "another site")[:100]
    return Problem(
        403,
        f"a page of {page!r} may not use this service: allow it by ibkr_http_allowed_origins",
    )
