"""A broker kept connected: by a task, from before its gateway is there until somebody disconnects.

The session opens a link again after a loss; this takes over where nobody has opened one yet, and
where the session has given up. It never decides when a gateway is left alone: the circuit breaker
of the broker does, and its time is waited for.
"""

import asyncio
import contextlib
import logging
import threading

from aioibkr._broker import IBKRBroker
from aioibkr._client import Client
from aioibkr.config import Reconnect
from aioibkr.errors import ConfigError, IBKRConnectionError

__all__ = ["Keeper"]

_log = logging.getLogger("aioibkr.integration")
AT_REST = ("idle", "closed")


class Keeper:
    """The task that keeps one broker connected, on the loop that started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    def start(self, broker: IBKRBroker) -> None:
        """Keep the broker connected from now on; nothing when that is being done."""
        with self._lock:
            if self._task is None or self._task.done() or self._task.get_loop().is_closed():
                self._tried = asyncio.Event()
                self._task = asyncio.create_task(_keep(broker, self._tried), name="aioibkr-keeper")

    async def tried(self, patience: float) -> None:
        """Wait until it has connected or failed to, at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), patience)

    async def stop(self) -> None:
        """End the task, and wait for its end unless another loop runs it."""
        with self._lock:
            task, self._task = self._task, None
        if task is None or task.done():
            return
        if task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            await asyncio.wait([task])
            return
        with contextlib.suppress(RuntimeError):  # its loop is closed, and the task with it
            task.get_loop().call_soon_threadsafe(task.cancel)


async def _keep(broker: IBKRBroker, tried: asyncio.Event) -> None:
    failures = 0
    while True:
        try:
            client = await broker.client()
        except IBKRConnectionError as error:
            tried.set()
            if _is_final(error):
                return
            pause = _pause(error, broker.reconnect, failures)
            failures += 1
            _log.warning("not connected: %s: next try in %.1f s", error.__cause__, pause)
            await asyncio.sleep(pause)
        else:
            failures = 0
            tried.set()
            await _rest_of(client)


def _is_final(error: IBKRConnectionError) -> bool:
    """Whether trying again is of no use: somebody disconnected, or the settings cannot be meant."""
    cause = error.__cause__
    if isinstance(cause, ConfigError):
        _log.error("not connected, and not with these settings: %s", cause)
    return cause is None or isinstance(cause, ConfigError)


def _pause(error: IBKRConnectionError, rules: Reconnect | None, failures: int) -> float:
    """Seconds until the next try: what the open circuit says, else those of a lost link."""
    left = error.details.get("retry_after")
    if left is not None:
        return float(left)
    rules = rules or Reconnect()
    doubled: float = rules.first * 2.0 ** min(failures, 32)
    return min(doubled, rules.longest)


async def _rest_of(client: Client) -> None:
    """Wait until nobody opens the client's link any more."""
    async with client.states() as changes:
        if client.state in AT_REST:
            return
        async for change in changes:
            if change.link == "control" and change.state in AT_REST:
                return
