"""Every exception of the package, raised from Rust and from Python alike.

::

    TradingError(message, details)
    └─ IBKRError
       ├─ IBKRConnectionError (ConnectionError)
       │  ├─ NotConnected          no link and nobody is making one: connect first
       │  ├─ ConnectTimeout        the first connect used up its tries or its time
       │  ├─ ConnectionLost        the link went down under the request
       │  ├─ ClientIdInUse         another connection holds the client id (326)
       │  ├─ CircuitOpen           the breaker refuses to try before its time is up
       │  ├─ GatewayTooOld         the gateway speaks a version below the one needed
       │  └─ HandshakeFailed       the peer took the socket but is not a gateway
       ├─ RequestTimeout (TimeoutError)   no answer within the deadline
       ├─ StateUnknown             positions, accounts or orders not known for this generation
       ├─ RequestError             the gateway refused a request
       │  ├─ ContractNotFound      no contract matches (200)
       │  ├─ AmbiguousContract     more than one contract matches
       │  └─ PacingViolation       too many requests (100, 162, 420)
       ├─ MarketDataError          a price could not be delivered
       │  ├─ NotEntitled           the account lacks the data (354, 10089 …)
       │  ├─ StreamLagged          the reader fell behind and the policy is to fail
       │  └─ LineLimit             no market-data line is left (101, 309, 10190)
       ├─ OrderError               an order request failed
       │  ├─ OrderRejected         IB rejected it; ``code`` says why
       │  ├─ OrderRefused          a rule of ours refused it; nothing was sent
       │  ├─ OrderOutcomeUnknown   it may exist at the gateway; ``key`` names it
       │  ├─ DuplicateOrderKey     the key was used for a different order
       │  ├─ LiveTradingDisabled   live account without ``allow_live=True``
       │  └─ ReadOnly              the client was opened read-only
       ├─ GatewayProcessFailed     the gateway's program could not be started, or ended for good
       ├─ DatabaseError            the application's database refused or did not answer
       ├─ ConfigError (ValueError) a setting or argument is invalid
       └─ JournalError             the order journal cannot be read or written

``is_retryable`` tells whether the same read may be repeated. ``message`` is for people;
``details`` holds the values a program may act on; ``code`` is IB's code and ``request_id`` the id
the gateway named, where there is one.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping

__all__ = [
    "AmbiguousContract",
    "CircuitOpen",
    "ClientIdInUse",
    "ConfigError",
    "ConnectTimeout",
    "ConnectionLost",
    "ContractNotFound",
    "DatabaseError",
    "DuplicateOrderKey",
    "GatewayProcessFailed",
    "GatewayTooOld",
    "HandshakeFailed",
    "IBKRConnectionError",
    "IBKRError",
    "JournalError",
    "LineLimit",
    "LiveTradingDisabled",
    "MarketDataError",
    "NotConnected",
    "NotEntitled",
    "OrderError",
    "OrderOutcomeUnknown",
    "OrderRefused",
    "OrderRejected",
    "PacingViolation",
    "ReadOnly",
    "RequestError",
    "RequestTimeout",
    "StateUnknown",
    "StreamLagged",
    "TradingError",
]


class TradingError(Exception):
    """Root of every exception of the package."""

    def __init__(
        self,
        message: str,
        details: Mapping[str, str] | None = None,
        *,
        code: int | None = None,
        request_id: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, str] = dict(details or {})
        self.code = code
        self.request_id = request_id

    def __reduce__(self) -> tuple[object, ...]:
        state = {"code": self.code, "request_id": self.request_id}
        return (type(self), (self.message, self.details), state)


class IBKRError(TradingError):
    """Anything that goes wrong between this program and Interactive Brokers."""

    @property
    def is_retryable(self) -> bool:
        """Whether repeating the same read later may succeed. Never true of orders."""
        return isinstance(self, _RETRYABLE)


class IBKRConnectionError(IBKRError, builtins.ConnectionError):
    """The link to the gateway is missing; also a builtin ``ConnectionError``."""


class NotConnected(IBKRConnectionError):
    """No link exists and nobody is making one. Connect first."""


class ConnectTimeout(IBKRConnectionError):
    """The first connect used up its tries or its time. Check host, port and API settings."""


class ConnectionLost(IBKRConnectionError):
    """The link went down before the answer came. Reads may be repeated once connected."""


class ClientIdInUse(IBKRConnectionError):
    """Another connection holds the client id (326). Close it or use another id."""


class CircuitOpen(IBKRConnectionError):
    """Too many failures in a row: no attempt is made until the breaker's time is up."""


class GatewayTooOld(IBKRConnectionError):
    """The gateway's server version is below the one this package speaks. Update the gateway."""


class HandshakeFailed(IBKRConnectionError):
    """The peer accepted the socket but did not answer like a gateway. Check the port."""


class RequestTimeout(IBKRError, builtins.TimeoutError):
    """No answer within the request's deadline. Reads may be repeated."""


class StateUnknown(IBKRError):
    """Positions, accounts or orders are not known for this generation yet: unknown, not empty."""


class RequestError(IBKRError):
    """The gateway refused a request; ``code`` says why."""


class ContractNotFound(RequestError):
    """No contract matches the description (200). Check symbol, type, exchange and currency."""


class AmbiguousContract(RequestError):
    """More than one contract matches; ``details["candidates"]`` lists them."""


class PacingViolation(RequestError):
    """IB refused because of too many requests, or its turn did not come in time. Wait, then repeat.

    With ``details["expected_wait"]``, in seconds, it was never sent.
    """


class MarketDataError(IBKRError):
    """A price could not be delivered."""


class NotEntitled(MarketDataError):
    """The account lacks this market data and delayed data is not allowed or not offered."""


class StreamLagged(MarketDataError):
    """The stream's reader fell behind and its policy is to fail."""


class LineLimit(MarketDataError):
    """No market-data line is left. Close a stream first."""


class OrderError(IBKRError):
    """An order request failed; the order's state is unchanged."""


class OrderRejected(OrderError):
    """IB rejected the order; ``code`` and the message say why."""


class OrderRefused(OrderError):
    """A rule of this package refused the order; nothing was sent.

    ``rule`` names the first rule that is broken, ``rules`` all of them; the message tells of all.
    """

    @property
    def rule(self) -> str:
        """Name of the rule that refused."""
        return self.details.get("rule", "")

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of all rules that refused, in the order they are checked."""
        return tuple(self.details.get("rules", self.rule).split(","))


class OrderOutcomeUnknown(OrderError):
    """The order may or may not exist at the gateway. Never send it again under another key."""

    @property
    def key(self) -> str:
        """Our key of the order, for looking it up or repeating the call safely."""
        return self.details.get("key", "")


class DuplicateOrderKey(OrderError):
    """The key was used before for a different order."""


class LiveTradingDisabled(OrderError):
    """The account is not a paper account and ``allow_live=True`` was not given."""


class ReadOnly(OrderError):
    """The client was opened with ``read_only=True``."""


class GatewayProcessFailed(IBKRError):
    """The gateway's program could not be started, or ended and is not started again.

    ``details["status"]`` is its exit status, where it had one. Look into its output.
    """


class DatabaseError(IBKRError):
    """The application's database refused or did not answer; its tables are as they were.

    The cause is the database's own error.
    """

    @property
    def is_retryable(self) -> bool:
        """Whether the same may succeed later: the database was away, busy or in conflict."""
        return self.details.get("retryable") == "yes"


class ConfigError(IBKRError, builtins.ValueError):
    """A setting or argument is invalid; the message names it, its value and what is allowed."""


class JournalError(IBKRError):
    """The order journal cannot be read or written; orders are refused."""


# The core's question of the same name; a test holds them against each other.
_RETRYABLE = (
    ConnectTimeout,
    ConnectionLost,
    ClientIdInUse,
    CircuitOpen,
    RequestTimeout,
    StateUnknown,
    PacingViolation,
)
