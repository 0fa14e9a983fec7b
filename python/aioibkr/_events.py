"""What a client tells of itself, as streams and as calls of the user's functions.

Nothing is decided here. A callback runs on the event loop on which it was registered; while
nothing happens there is no task that waits, and nothing here holds a client.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from aioibkr import _native
from aioibkr.errors import ConfigError

__all__ = ["CAPACITY", "Callbacks", "EventHandle", "EventStream"]

CAPACITY = 1024
_SLICE = 0.002
_PATIENCE = 1.0
_log = logging.getLogger("aioibkr.events")

Item_co = TypeVar("Item_co", covariant=True)


class EventStream(Generic[Item_co]):
    """Events from the moment it was made; from `Client.states` and `Client.notices`.

    Read it with ``async for``, inside ``async with`` so that it is closed afterwards. Iteration
    ends when it or the client is closed, after what waits was read. A reader that is too slow
    loses the oldest; ``lost`` counts them exactly.
    """

    def __init__(self, native: _native._Events[Item_co]) -> None:
        self._native = native

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Item_co]:
        return self._native.items()

    def close(self) -> None:
        """Hear nothing more; what waits can still be read. Closing twice does nothing."""
        self._native.close()

    @property
    def lost(self) -> int:
        """How many events nobody will ever see, because nobody came for them."""
        return self._native.lost

    @property
    def waiting(self) -> int:
        """How many events wait for the reader."""
        return self._native.waiting


class EventHandle:
    """A callback that was registered; from `Client.on`. Also a context manager that cancels.

    Calls come one after the other, in the order of the events; a coroutine function is awaited
    before the next call. What it raises is logged on ``aioibkr.events`` and changes nothing. Whose
    running call is cancelled from outside, as at the end of a loop, is called no more.
    """

    def __init__(
        self,
        event: str,
        callback: Callable[..., object],
        hear: Callable[[], _native._Events[object]],
        arguments: Callable[[object], tuple[object, ...]],
    ) -> None:
        _check_callback(event, callback)
        self._loop = _running_loop(event)
        self._native = hear()
        self._event = event
        self._callback = callback
        self._arguments = arguments
        self._context = contextvars.copy_context()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self._is_cancelled = False
        self._loop.call_soon(self._call_all)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Call it no more; a call that has begun goes on. Twice does nothing. Any thread."""
        self._is_cancelled = True
        self._native.close()

    @property
    def lost(self) -> int:
        """How many events it missed, because it was too slow."""
        return self._native.lost

    @property
    def waiting(self) -> int:
        """How many events wait for their call."""
        return self._native.waiting

    @property
    def is_finished(self) -> bool:
        """Whether it will never be called again."""
        return self._finished.done() or self._loop.is_closed()

    def _call_all(self) -> None:
        """Call it for what waits, then wait for news without a task."""
        until = time.monotonic() + _SLICE
        while self._task is None:
            found, goes_on = self._native.take()
            if self._is_cancelled or not goes_on:
                self._end()
                return
            if found is None:
                if self._native.call_on_news(_waker(self)):
                    return
                continue
            self._call(found)
            if time.monotonic() >= until and self._task is None:
                self._loop.call_soon(self._call_all)
                return

    def _call(self, found: object) -> None:
        try:
            result = self._context.run(self._callback, *self._arguments(found))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - logged: its own affair
            self._failed(error)
            return
        if inspect.isawaitable(result):
            call = result if inspect.iscoroutine(result) else _awaited(result)
            self._task = self._loop.create_task(call, context=self._context)
            self._task.add_done_callback(self._called)

    def _called(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelling():
            # The loop is ending, as a rule: another call would be left behind.
            self.cancel()
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and not task.cancelling():
            self._failed(error)
        self._call_all()

    def _failed(self, error: BaseException) -> None:
        _log.error("the callback of %r failed: %s", self._event, error, exc_info=error)

    def _end(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)

    def _is_another_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it belongs to the loop, goes on, and is not what calls this."""
        is_mine = self._task is not None and self._task is asyncio.current_task()
        return self._loop is loop and not self.is_finished and not is_mine


class Callbacks:
    """The callbacks of one client, of any loops. Keeps them alive while they may be called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: set[EventHandle] = set()

    def add(self, handle: EventHandle) -> None:
        """Keep one; those that ended, be it with their loop, are let go."""
        with self._lock:
            ended = {known for known in self._handles if known.is_finished}
            self._handles = (self._handles - ended) | {handle}
        for known in ended:
            known.cancel()

    async def finish(self) -> None:
        """Wait until those of this loop have had their last call; cancel one that takes too long.

        To be called once nothing more will happen.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            others = [handle for handle in self._handles if handle._is_another_of(loop)]  # noqa: SLF001
        if not others:
            return
        await asyncio.wait([handle._finished for handle in others], timeout=_PATIENCE)  # noqa: SLF001
        tasks = [handle._task for handle in others if handle._task is not None]  # noqa: SLF001
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)


def _check_callback(event: str, callback: object) -> None:
    if not callable(callback):
        message = f"callback {callback!r} of {event!r}: give a function or a coroutine function"
        raise ConfigError(message)


def _running_loop(event: str) -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        message = f"no event loop is running: register callbacks of {event!r} inside a coroutine"
        raise ConfigError(message) from None


def _waker(handle: EventHandle) -> Callable[[object], None]:
    """A function that calls what waits, and holds nothing while it waits itself."""
    reference = weakref.ref(handle)

    def wake(_: object) -> None:
        woken = reference()
        if woken is not None:
            woken._call_all()  # noqa: SLF001 - it is the handle's own

    return wake


async def _awaited(result: Awaitable[object]) -> None:
    await result
