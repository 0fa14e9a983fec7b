"""What TradeMind's own broker package exports, for an application that drops it.

::

    from aioibkr.compat.trademind import CircuitState, IBKRBroker

The broker is `aioibkr.IBKRBroker` with TradeMind's numbers for breaker and reconnecting, and with
the names that the application's own tests look at: they are views of what the client knows, and
recording a failure counts for its circuit breaker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum

from aioibkr import ClientIds
from aioibkr.broker import (
    Account,
    IBKRIntegration,
    Order,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    get_ibkr_integration,
)
from aioibkr.broker import IBKRBroker as PlainBroker
from aioibkr.config import Breaker, Keepalive, Pacing, Reconnect, RestartWindow, Settings
from aioibkr.models import CircuitHealth, RiskLimits

__all__ = [
    "Account",
    "CircuitState",
    "IBKRBroker",
    "IBKRInsyncBroker",
    "IBKRIntegration",
    "IBKRThreadedBroker",
    "Order",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "Position",
    "get_ibkr_integration",
]


class CircuitState(Enum):
    """Whether a gateway that failed again and again is tried; `HALF_OPEN`: the next try decides."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


STATES = {
    "closed": CircuitState.CLOSED,
    "open": CircuitState.OPEN,
    "half-open": CircuitState.HALF_OPEN,
}


class IBKRBroker(PlainBroker):
    """A broker with TradeMind's rules for its connection.

    Five failures open the breaker for a minute; after a loss there are five tries, the first after
    5 s. Arguments are those of `aioibkr.IBKRBroker`. Threshold and cooldown may be set until it
    connects first, `ConfigError` after that.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        client_id: int | None = None,
        account: str | None = None,
        paper_trading: bool | None = None,  # noqa: FBT001 - the application's signature
        *,
        settings: Settings | None = None,
        risk: RiskLimits | None = None,
        keepalive: Keepalive | None = Keepalive(),  # noqa: B008 - frozen
        breaker: Breaker | None = Breaker.trademind(),  # noqa: B008
        reconnect: Reconnect | None = Reconnect.trademind(),  # noqa: B008
        pacing: Pacing | None = Pacing(),  # noqa: B008
        restart_windows: Iterable[RestartWindow] = (),
        client_ids: ClientIds | str | None = None,
    ) -> None:
        super().__init__(
            host, port, client_id, account, paper_trading,
            settings=settings, risk=risk, keepalive=keepalive, breaker=breaker,
            reconnect=reconnect, pacing=pacing, restart_windows=restart_windows,
            client_ids=client_ids,
        )  # fmt: skip

    @property
    def _orders(self) -> Mapping[str, Order]:
        return self.orders_by_id

    @property
    def _circuit(self) -> CircuitHealth | None:
        client = self.latest_client
        return client.health().circuit if client else None

    @property
    def _circuit_state(self) -> CircuitState:
        circuit = self._circuit
        return STATES[circuit.state] if circuit else CircuitState.CLOSED

    @property
    def _failure_count(self) -> int:
        circuit = self._circuit
        return circuit.failures if circuit else 0

    @property
    def _circuit_breaker_enabled(self) -> bool:
        return self.breaker is not None

    @property
    def _circuit_breaker_failure_threshold(self) -> int:
        return (self.breaker or Breaker.trademind()).failures

    @_circuit_breaker_failure_threshold.setter
    def _circuit_breaker_failure_threshold(self, failures: int) -> None:
        self.breaker = replace(self.breaker or Breaker.trademind(), failures=failures)

    @property
    def _circuit_breaker_cooldown_seconds(self) -> float:
        return (self.breaker or Breaker.trademind()).pause

    @_circuit_breaker_cooldown_seconds.setter
    def _circuit_breaker_cooldown_seconds(self, seconds: float) -> None:
        self.breaker = replace(self.breaker or Breaker.trademind(), pause=float(seconds))

    def _check_circuit_breaker(self) -> bool:
        return self._circuit_state is not CircuitState.OPEN

    def _record_connection_failure(self) -> None:
        self.record_failure()

    def _reset_circuit_breaker(self) -> None:
        self.forget_failures()


IBKRInsyncBroker = IBKRBroker
IBKRThreadedBroker = IBKRBroker
