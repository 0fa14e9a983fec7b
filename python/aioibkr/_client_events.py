"""The part of `Client` that tells what happens to it. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, overload

from aioibkr import _native
from aioibkr._events import CAPACITY, Callbacks, EventHandle, EventStream
from aioibkr.models import (
    Alert,
    Failure,
    FailureCategory,
    Fill,
    KeepaliveEvent,
    Notice,
    Readiness,
    StateChange,
    Trade,
    Update,
)

__all__ = ["AlertHook", "ClientEvents"]

AlertHook: TypeAlias = Callable[[str, str, str, dict[str, str]], object]
"""Called with level, kind, message and context; a function or a coroutine function."""

KeepaliveStep: TypeAlias = Literal["started", "stopped", "soft_timeout", "hard_timeout"]


class ClientEvents:
    """What `Client` tells of itself, as streams, calls and lists; see ``docs/events.md``."""

    _native: _native.Client
    _callbacks: Callbacks

    def states(self, *, capacity: int = CAPACITY) -> EventStream[StateChange]:
        """Stream every change of state of both links, in order, from now on.

        Args:
            capacity: Most changes kept for a slow reader, who loses the oldest.

        Raises:
            ConfigError: The capacity is not 1 or more.
        """
        return EventStream(self._native.hear("state", capacity))

    def notices(self, *, capacity: int = CAPACITY) -> EventStream[Notice]:
        """Stream what the gateway says that is no request's failure, on both links, from now on.

        Arguments and errors as of `states`.
        """
        return EventStream(self._native.hear("notice", capacity))

    def errors(self, category: FailureCategory | Literal["any"] | None = None) -> list[Failure]:
        """List the newest failures of requests, orders and links, the oldest first.

        At most 100 are kept; several in a row that say the same count as one.

        Args:
            category: Only those of one category: connection order market_data historical_data
                socket authorization severe warning request; default: all.

        Raises:
            ConfigError: There is no such category.
        """
        return self._native.failures(category)

    @overload
    def on(
        self,
        event: Literal["connected", "disconnected", "state"],
        callback: Callable[[StateChange], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["ready"],
        callback: Callable[[Readiness], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["notice"],
        callback: Callable[[Notice], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["error"],
        callback: Callable[[Failure], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self, event: Literal["alert"], callback: AlertHook, *, capacity: int = CAPACITY
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["order_status"],
        callback: Callable[[Trade], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["execution", "commission"],
        callback: Callable[[Fill], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: Literal["update"],
        callback: Callable[[Update], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    @overload
    def on(
        self,
        event: KeepaliveStep,
        callback: Callable[[KeepaliveEvent], object],
        *,
        capacity: int = CAPACITY,
    ) -> EventHandle: ...
    def on(
        self, event: str, callback: Callable[..., object], *, capacity: int = CAPACITY
    ) -> EventHandle:
        """Call a function, or await a coroutine function, each time something happens.

        It runs on the event loop that runs now, one call after the other in the order of the
        events, until the handle is cancelled or the client is closed. What it raises is logged on
        ``aioibkr.events`` with its traceback and hurts nobody else. A slow callback delays only
        itself; beyond ``capacity`` it loses the oldest events and the handle counts them, except
        those of orders, which are never dropped. When the client is closed, calls that wait have
        a second to be made.

        Args:
            event: ``connected`` and ``disconnected`` (the control link), ``state`` (both links),
                ``ready``, ``notice``, ``error``, ``alert``, ``order_status``, ``execution``,
                ``commission``, ``update``, ``started``, ``stopped``, ``soft_timeout``,
                ``hard_timeout``.
            callback: Takes the event; that of ``alert`` takes level, kind, message and context.
            capacity: Most events kept while it is busy.

        Raises:
            ConfigError: There is no such event, no event loop runs, or it cannot be called.
        """
        arguments = _alert if event == "alert" else _itself
        handle = EventHandle(event, callback, lambda: self._native.hear(event, capacity), arguments)
        self._callbacks.add(handle)
        return handle


def _itself(found: object) -> tuple[object, ...]:
    return (found,)


def _alert(found: object) -> tuple[object, ...]:
    if isinstance(found, Alert):
        return (found.level, found.kind, found.message, found.context)
    return (found,)
