"""What a mock gateway can be made to do wrong. Pass one to ``MockGateway.inject``.

A message *kind* is IB's name of the message in lower case: a request (``place_order``,
``req_mkt_data``) or a reply (``execution_data``).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Delay", "Fault", "LateFill", "Mute", "PartialFill", "RejectOrder"]


@dataclass(frozen=True)
class Mute:
    """Requests of this kind are recorded but not served; replies of it are not sent."""

    kind: str


@dataclass(frozen=True)
class Delay:
    """Messages of this kind come ``seconds`` later; others overtake them."""

    kind: str
    seconds: float


@dataclass(frozen=True)
class RejectOrder:
    """Orders are refused with this code; 201 shows them as Inactive, others show nothing."""

    code: int = 201
    message: str = "Order rejected - reason: mock gateway"


@dataclass(frozen=True)
class PartialFill:
    """An order fills at most this quantity; the rest works on until the fault is cleared."""

    quantity: float


@dataclass(frozen=True)
class LateFill:
    """No order fills until the fault is cleared."""


Fault = Mute | Delay | RejectOrder | PartialFill | LateFill
