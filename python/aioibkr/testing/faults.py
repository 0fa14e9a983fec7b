"""What a mock gateway can be made to do wrong. Pass one to ``MockGateway.inject``.

A message *kind* is IB's name of the message in lower case: a request (``place_order``,
``req_mkt_data``), a reply (``execution_data``), or ``all`` for every frame the gateway sends. A
request kind strikes the request itself for ``Mute``, ``Delay``, ``Stall``, ``Drop``, ``Reset`` and
``HalfOpen``, and the frames that answer it for the others.

Every fault can be limited to one client with ``client=``. Those that strike rather than hold take
``count=`` (how often, default always) and ``probability=`` (drawn from the gateway's seed).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AcceptThenClose",
    "AcceptThenReset",
    "BadLength",
    "ClientIdHeld",
    "CodeStorm",
    "CompetingSession",
    "CrookedBars",
    "Delay",
    "Drop",
    "Duplicate",
    "EchoedVolatility",
    "EmptyChild",
    "EmptyWithoutEnd",
    "FarmCompanions",
    "Fault",
    "FillOnCancel",
    "ForgottenSummary",
    "Garbage",
    "HalfOpen",
    "HalfQuoteCost",
    "HeldForLocate",
    "IdRollback",
    "LateDrain",
    "LateFarms",
    "LateFill",
    "LostZeroStrike",
    "MissingMarks",
    "MissingStatus",
    "Mute",
    "OldLast",
    "PartialFill",
    "PendingCommission",
    "PoisonedCancel",
    "RefuseChange",
    "RejectOrder",
    "Reorder",
    "Reset",
    "SilentCancel",
    "SilentStreams",
    "SlowReader",
    "Split",
    "StaleFirstLast",
    "Stall",
    "StatusBeforeFill",
    "StrayDepthRow",
    "Truncate",
    "VersionThenClose",
    "WinterZone",
    "ZeroLastTime",
]


@dataclass(frozen=True, kw_only=True)
class _Holds:
    client: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Strikes(_Holds):
    count: int | None = None
    probability: float = 1.0


@dataclass(frozen=True)
class Mute(_Strikes):
    """Requests of this kind are recorded but not served; replies of it are not sent."""

    kind: str = "all"


@dataclass(frozen=True)
class Delay(_Strikes):
    """Messages of this kind come ``seconds`` later; others overtake them."""

    kind: str
    seconds: float


@dataclass(frozen=True)
class Stall(_Strikes):
    """From such a message on nothing comes for ``seconds``; then everything, in order."""

    kind: str
    seconds: float


@dataclass(frozen=True)
class Drop(_Strikes):
    """The connection ends in order in place of the message."""

    kind: str = "all"


@dataclass(frozen=True)
class Duplicate(_Strikes):
    """Frames arrive twice."""

    kind: str = "all"


@dataclass(frozen=True)
class Reorder(_Strikes):
    """Frames arrive behind the next one, or 0.1 s later if none follows."""

    kind: str = "all"


@dataclass(frozen=True)
class Truncate(_Strikes):
    """The first half of a frame arrives, then the end of the stream."""

    kind: str = "all"


@dataclass(frozen=True)
class Split(_Strikes):
    """A frame arrives in up to 16 pieces, each in a segment of its own."""

    kind: str = "all"


@dataclass(frozen=True)
class Reset(_Strikes):
    """The connection is reset in place of the message: reads and writes fail."""

    kind: str = "all"


@dataclass(frozen=True)
class HalfOpen(_Strikes):
    """The gateway falls silent and keeps the client id taken; clearing resets the connection."""

    kind: str = "all"


@dataclass(frozen=True)
class BadLength(_Strikes):
    """A frame announces 2^32 - 1 bytes."""

    kind: str = "all"


@dataclass(frozen=True)
class Garbage(_Strikes):
    """A frame has its right length and random bytes for a body."""

    kind: str = "all"


@dataclass(frozen=True)
class CodeStorm(_Strikes):
    """A coded notice comes at once and then every ``seconds`` until cleared or counted out."""

    code: int
    seconds: float = 1.0


@dataclass(frozen=True)
class RejectOrder(_Strikes):
    """Orders are refused with this code; 201 shows them as Inactive, others show nothing."""

    code: int = 201
    message: str = "Order rejected - reason: mock gateway"


@dataclass(frozen=True)
class PartialFill(_Holds):
    """An order fills at most this quantity; the rest works on until the fault is cleared."""

    quantity: float


@dataclass(frozen=True)
class LateFill(_Holds):
    """No order fills until the fault is cleared."""


@dataclass(frozen=True)
class IdRollback(_Holds):
    """The next valid id told is this much lower; orders under such ids are refused with 103."""

    by: int


@dataclass(frozen=True)
class ClientIdHeld(_Strikes):
    """Connecting is refused with 326, as while a gateway has not noticed that a client left."""


@dataclass(frozen=True)
class LateDrain(_Strikes):
    """Requests wait ``seconds``; a connection that ends meanwhile frees its client id at once.

    They then take effect behind the back of the next connection.
    """

    seconds: float


@dataclass(frozen=True)
class SlowReader(_Holds):
    """The gateway reads at most this many bytes per second, so that a client's writes back up."""

    bytes_per_second: int


@dataclass(frozen=True, kw_only=True)
class _AtDoor:
    """Strikes whoever connects: no client is known yet."""

    count: int | None = None
    probability: float = 1.0


@dataclass(frozen=True)
class AcceptThenClose(_AtDoor):
    """A connection ends in order without a version frame, as while a gateway restarts."""


@dataclass(frozen=True)
class AcceptThenReset(_AtDoor):
    """As ``AcceptThenClose``, with a reset."""


@dataclass(frozen=True)
class VersionThenClose(_AtDoor):
    """A connection ends right after the version frame, as for a host that is not trusted."""


@dataclass(frozen=True)
class LateFarms(_Strikes):
    """The farms are told ``seconds`` later; requests sent before that are never answered."""

    seconds: float


@dataclass(frozen=True)
class LostZeroStrike(_Strikes):
    """A protobuf request about a contract with a written strike of 0 is never answered."""


@dataclass(frozen=True)
class StaleFirstLast(_Strikes):
    """A ticker's first last price is yesterday's close; the right one comes ``seconds`` later."""

    seconds: float


@dataclass(frozen=True)
class OldLast(_Strikes):
    """Behind a new last price the one before it comes once more."""


@dataclass(frozen=True)
class ZeroLastTime(_Strikes):
    """The time of the last trade is 0 in the first ticks."""


@dataclass(frozen=True)
class StrayDepthRow(_Strikes):
    """Behind the changes of a SMART book comes one of a row the book does not have."""


@dataclass(frozen=True)
class FarmCompanions(_Strikes):
    """Before 2103 books are reset (317), before 2105 live bars end (10182)."""


@dataclass(frozen=True)
class SilentStreams(_Strikes):
    """After 2103, 2105 or 1100 streams stay silent, and so do requests under their ids.

    2103 silences ticks and bars; the others the bars that keep up to date.
    """


@dataclass(frozen=True)
class ForgottenSummary(_Strikes):
    """After 1102 nothing more is heard of account summaries, though ticks go on."""


@dataclass(frozen=True)
class PoisonedCancel(_Strikes):
    """After a second cancel of a summary two requests are misread (320), then comes a reset."""


@dataclass(frozen=True)
class CompetingSession(_Holds):
    """Tickers are told 10197 and stop until the fault is cleared; new ones get 10197 alone."""


@dataclass(frozen=True)
class CrookedBars(_Strikes):
    """In extended hours the high of a bar is below its close."""


@dataclass(frozen=True)
class MissingMarks(_Holds):
    """Portfolio rows have no price, value and cost."""


@dataclass(frozen=True)
class EmptyWithoutEnd(_Strikes):
    """A query for executions or completed orders that finds none is not answered."""


@dataclass(frozen=True)
class FillOnCancel(_Strikes):
    """A cancel meets a fill: the order is shown as PendingCancel and then fills."""


@dataclass(frozen=True)
class StatusBeforeFill(_Strikes):
    """A fill is told by its status first and by its execution after that."""


@dataclass(frozen=True)
class MissingStatus(_Strikes):
    """An order that fills as soon as it is placed has no orderStatus at all."""


@dataclass(frozen=True)
class SilentCancel(_Strikes):
    """Cancelling an order that is Inactive brings nothing."""


@dataclass(frozen=True)
class PendingCommission(_Strikes):
    """A commission is reported as -1, and ``seconds`` later as what it is."""

    seconds: float


@dataclass(frozen=True)
class RefuseChange(_Strikes):
    """A change within ``seconds`` of market time after the placement gets 103."""

    seconds: float


@dataclass(frozen=True)
class HalfQuoteCost(_Holds):
    """Positions cost the middle of a quote whose missing side counts as -1."""


@dataclass(frozen=True)
class EchoedVolatility(_Holds):
    """Open orders carry a volatility nobody set; a change that carries one gets 321."""


@dataclass(frozen=True)
class HeldForLocate(_Holds):
    """Short sales of shares wait for ``locate`` (404) until the fault is cleared."""


@dataclass(frozen=True)
class EmptyChild(_Holds):
    """A stop reached while its parent is partly filled is shown with quantity 0."""


@dataclass(frozen=True)
class WinterZone(_Holds):
    """A good-till date is shown with the winter name of its zone all year."""


Fault = (
    Mute
    | Delay
    | Stall
    | Drop
    | Duplicate
    | Reorder
    | Truncate
    | Split
    | Reset
    | HalfOpen
    | BadLength
    | Garbage
    | CodeStorm
    | RejectOrder
    | PartialFill
    | LateFill
    | IdRollback
    | ClientIdHeld
    | LateDrain
    | SlowReader
    | AcceptThenClose
    | AcceptThenReset
    | VersionThenClose
    | LateFarms
    | LostZeroStrike
    | StaleFirstLast
    | OldLast
    | ZeroLastTime
    | StrayDepthRow
    | FarmCompanions
    | SilentStreams
    | ForgottenSummary
    | PoisonedCancel
    | CompetingSession
    | CrookedBars
    | MissingMarks
    | EmptyWithoutEnd
    | FillOnCancel
    | StatusBeforeFill
    | MissingStatus
    | SilentCancel
    | PendingCommission
    | RefuseChange
    | HalfQuoteCost
    | EchoedVolatility
    | HeldForLocate
    | EmptyChild
    | WinterZone
)
