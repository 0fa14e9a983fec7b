"""Who looks after a gateway in the background: runs it, and writes down how it stands."""

import argparse
import asyncio
import os
import signal
from datetime import UTC, datetime

from aioibkr import GatewayProcess, GatewayProgram, RestartPolicy
from aioibkr.cli.gateway_record import GatewayRecord, Process, RecordFile
from aioibkr.errors import GatewayProcessFailed

__all__ = ["supervise"]


def supervise(options: argparse.Namespace, file: RecordFile) -> int:
    """Run a gateway until it ends for good or a signal ends it; 0 if that was in order."""
    return asyncio.run(Supervisor(options, file).run())


class Supervisor:
    """One gateway and its record."""

    def __init__(self, options: argparse.Namespace, file: RecordFile) -> None:
        self._file = file
        self._mode, self._grace = options.mode, options.grace
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        self._gateway = GatewayProcess(
            program_of(options),
            output=file.log,
            restart=RestartPolicy(when=options.restart, attempts=options.attempts),
            start_timeout=options.timeout,
            grace=options.grace,
            on_change=lambda _: file.replace(self._record()),
        )

    async def run(self) -> int:
        """Run it; the record goes with it, unless it was given up."""
        self._file.claim(self._record())
        try:
            await self._until_signalled()
        except GatewayProcessFailed:
            if self._gateway.state != "failed":
                self._file.remove()
            raise
        except BaseException:
            self._file.remove()
            raise
        self._file.remove()
        return 0

    async def _until_signalled(self) -> None:
        signalled = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, signalled.set)
        life = asyncio.create_task(self._live())
        signal_came = asyncio.create_task(signalled.wait())
        await asyncio.wait([life, signal_came], return_when=asyncio.FIRST_COMPLETED)
        if signal_came.done():
            life.cancel()
            await self._gateway.stop()
            await asyncio.wait([life])
            return
        signal_came.cancel()
        await life

    async def _live(self) -> None:
        await self._gateway.start()
        await self._gateway.wait()

    def _record(self) -> GatewayRecord:
        pid = self._gateway.pid
        return GatewayRecord(
            supervisor=Process.of(os.getpid()),
            gateway=None if pid is None else Process.of(pid),
            host=self._gateway.host,
            port=self._gateway.port,
            mode=self._mode,
            state=self._gateway.state,
            restarts=self._gateway.restarts,
            since=self._since,
            grace=self._grace,
            log=str(self._file.log),
        )


def program_of(options: argparse.Namespace) -> GatewayProgram:
    """What the command line asks to start."""
    return GatewayProgram(
        path=options.program,
        arguments=options.arguments,
        mode=options.mode,
        host=options.host,
        port=options.port,
        credentials_file=options.credentials_file,
        secrets=[*GatewayProgram.secrets, *options.secret],
    )
