"""IB Gateway as a child process: started, waited for, restarted after a crash, ended.

=========  ========================  =============================================
state      what happens              next
=========  ========================  =============================================
stopped    `start`                   starting
starting   its port opens            running
starting   it ends or is too late    `start` raises: stopped; in a restart: as below
running    it ends                   waiting, failed (given up) or stopped (status 0)
waiting    the delay is over         starting
any        `stop`                    stopped
=========  ========================  =============================================

One task supervises it; `stop` ends that first, so that nothing is started behind its back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from aioibkr._gateway_program import GatewayProgram
from aioibkr._gateway_secrets import Secrets
from aioibkr._process_group import ProcessGroup
from aioibkr._restarts import RestartPolicy
from aioibkr._setting import path_of
from aioibkr.errors import ConnectTimeout, GatewayProcessFailed, IBKRError

__all__ = ["GatewayProcess", "State"]

State: TypeAlias = Literal["stopped", "starting", "running", "waiting", "failed"]
POLL = 0.1
log = logging.getLogger("aioibkr.gateway_process")


class GatewayProcess:
    """A gateway's program as a child of this one: use it with ``async with``, or `start` it.

    It has no standard input and a session of its own; whatever it starts ends with it. It is killed
    when the interpreter exits, but outlives an interpreter that is itself killed. It belongs to the
    event loop that started it. Not on Windows.
    """

    def __init__(
        self,
        program: GatewayProgram,
        *,
        output: str | os.PathLike[str] | None = None,
        restart: RestartPolicy | None = None,
        start_timeout: float = 120.0,
        grace: float = 15.0,
        on_change: Callable[[GatewayProcess], None] | None = None,
    ) -> None:
        """Take down what is asked for; nothing is started.

        Args:
            program: What to start.
            output: File to append its output to, credentials masked; default: the logger
                ``aioibkr.gateway_process``.
            restart: When it is started again; default: after a crash, five times in a row.
            start_timeout: Seconds until its port must be open, also in a restart.
            grace: Seconds it has for ending before it is killed.
            on_change: Called in the event loop after each change of ``state``.
        """
        self._program = program
        self._output = path_of(output)
        self._policy = restart or RestartPolicy()
        self._start_timeout, self._grace = start_timeout, grace
        self._on_change = on_change
        self._state: State = "stopped"
        self._restarts = 0
        self._status: int | None = None
        self._group: ProcessGroup | None = None
        self._life: asyncio.Task[None] | None = None
        self._up: asyncio.Future[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        """Name the address and the state; nothing of the environment."""
        return f"<GatewayProcess {self.host}:{self.port}, {self._state}>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._program.host

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._program.listens_on

    @property
    def state(self) -> State:
        """Where it stands: stopped starting running waiting failed."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Its process id, which is also its group's; None while there is no process."""
        return None if self._group is None else self._group.pid

    @property
    def restarts(self) -> int:
        """How often it was started again since `start`."""
        return self._restarts

    async def start(self, timeout: float | None = None) -> None:
        """Start it and wait until its port accepts a connection.

        Nothing happens if it was started before and not ended for good, such as between restarts.
        Whatever is raised, and when the await is cancelled, no process is left.

        Args:
            timeout: Seconds; default: ``start_timeout``.

        Raises:
            ConnectTimeout: Its port was not open in time.
            GatewayProcessFailed: It could not be started or ended at once, or its port is taken.
        """
        if self._life is None or self._life.done():
            self._up = asyncio.get_running_loop().create_future()
            given = self._start_timeout if timeout is None else timeout
            self._life = asyncio.create_task(self._live(given, self._up))
        up = self._up
        if up is None:  # a life has its future
            return
        try:
            await asyncio.shield(up)
        except asyncio.CancelledError:
            # It may be up by now; that the caller was cancelled is the news, not why it ended.
            self._ending = asyncio.create_task(self._end(0.0, self._ending))
            await asyncio.wait([self._ending])
            _ = up.exception()
            raise

    async def wait(self) -> int | None:
        """Wait until it has ended for good; its exit status, or minus the signal's number.

        None if it was never started. A cancelled await does not end it.

        Raises:
            GatewayProcessFailed: It ended otherwise than asked for and is not started again.
        """
        if self._life is not None:
            await asyncio.wait([self._life])
        if self._ending is not None:
            await asyncio.wait([self._ending])
        if self._state == "failed":
            raise GatewayProcessFailed(
                f"the gateway process of {self._address} ended with status {self._status} "
                f"and is not started again after {self._restarts} restarts",
                {"status": str(self._status), "restarts": str(self._restarts)},
            )
        return self._status

    async def stop(self, grace: float | None = None) -> None:
        """Ask it and all it started to end, and kill what is left after the grace; idempotent.

        A cancelled await does not keep it alive.

        Args:
            grace: Seconds; default: that of the constructor; 0 kills at once.
        """
        given = self._grace if grace is None else grace
        self._ending = asyncio.create_task(self._end(given, self._ending))
        await asyncio.shield(self._ending)

    @property
    def _address(self) -> str:
        return f"{self.host}:{self.port}"

    def _become(self, state: State) -> None:
        self._state = state
        log.info("the gateway process of %s is %s", self._address, state)
        if self._on_change is not None:
            try:
                self._on_change(self)
            except Exception:
                log.exception("on_change failed; the gateway process is not affected")

    async def _live(self, timeout: float, up: asyncio.Future[None]) -> None:
        """From the first start to the last end; `up` learns whether the first start succeeded."""
        try:
            await self._first(timeout)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - told to the starter
            self._become("stopped")
            if not up.done():
                up.set_exception(_reason(error))
            return
        if not up.done():
            up.set_result(None)
        await self._supervise()

    async def _first(self, timeout: float) -> None:
        if await _accepts(self.host, self.port):
            raise GatewayProcessFailed(f"something listens on {self._address} already")
        self._restarts, self._status = 0, None
        await self._bring_up(timeout)

    async def _supervise(self) -> None:
        failures, began = 0, time.monotonic()
        while True:
            await self._bury()
            failures = self._policy.failures(time.monotonic() - began, failures)
            delay = self._policy.delay(self._status, failures)
            if delay is None:
                break
            began = await self._again(delay)
        self._become("stopped" if self._status == 0 else "failed")

    async def _bury(self) -> None:
        """Wait for the end of the process, if there is one, and kill what it left behind."""
        group = self._group
        if group is None:
            return
        await group.ended()
        self._status = await group.kill()
        self._group = None
        log.warning("the gateway process of %s ended: %d", self._address, self._status)

    async def _again(self, delay: float) -> float:
        """Start it again after the delay; when that was. A failure counts as an end."""
        self._become("waiting")
        await asyncio.sleep(delay)
        self._restarts += 1
        began = time.monotonic()
        try:
            await self._bring_up(self._start_timeout)
        except IBKRError as error:
            log.warning("restart %d failed: %s", self._restarts, error)
        return began

    async def _bring_up(self, timeout: float) -> None:
        """Launch it and wait for its port; it is killed if that fails."""
        group = await self._launch()
        self._group = group
        self._become("starting")
        try:
            await self._listening(group, timeout)
        except BaseException:
            self._status = await group.kill()
            self._group = None
            raise
        self._become("running")

    async def _launch(self) -> ProcessGroup:
        program = self._program
        command, variables = program.command(), program.variables()
        try:
            write = _writer(self._output, program.hidden())
            return await ProcessGroup.launch(command, variables, write)
        except OSError as error:
            raise GatewayProcessFailed(f"cannot start {command[0]}: {error}") from error

    async def _listening(self, group: ProcessGroup, timeout: float) -> None:
        """Wait until the port accepts a connection, the process ends, or the time is over."""
        ended = asyncio.create_task(group.ended())
        try:
            async with asyncio.timeout(timeout):
                while not await _accepts(self.host, self.port):
                    await asyncio.wait([ended], timeout=POLL)
                    if ended.done():
                        raise GatewayProcessFailed(
                            f"the gateway process ended with status {ended.result()} "
                            f"before it listened on {self._address}",
                            {"status": str(ended.result())},
                        )
        except TimeoutError:
            raise ConnectTimeout(
                f"the gateway process did not listen on {self._address} within {timeout} s"
            ) from None
        finally:
            ended.cancel()

    async def _end(self, grace: float, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None and not earlier.done():
            await asyncio.wait([earlier], timeout=grace)
        life = self._life
        if life is not None and not life.done():
            life.cancel()
            await asyncio.wait([life])
        group = self._group
        if group is not None:
            self._status = await group.stop(grace)
            if self._group is group:
                self._group = None
        if self._state != "stopped":
            self._become("stopped")


def _reason(error: BaseException) -> BaseException:
    """Why a start failed; being cancelled is `stop`'s doing, the caller was not."""
    if isinstance(error, asyncio.CancelledError):
        return GatewayProcessFailed("the gateway process was stopped while it started")
    return error


async def _accepts(host: str, port: int) -> bool:
    """Whether somebody accepts a connection there, within a second."""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _writer(output: Path | None, hidden: Secrets) -> Callable[[str], None]:
    """Where lines of output go, credentials masked."""
    if output is None:
        return lambda line: log.info("%s", hidden.mask(line))
    _append(output, "")

    def write(line: str) -> None:
        try:
            _append(output, hidden.mask(line) + "\n")
        except OSError as error:
            log.warning("a line of output is lost: %s", error)

    return write


def _append(file: Path, text: str) -> None:
    """Append to a file that only its owner may read."""
    number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(number, "a", encoding="utf-8", errors="replace") as opened:
        opened.write(text)
