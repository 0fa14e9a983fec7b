"""The recorder's handle: a proxy in front of a gateway that writes down what passes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from os import PathLike, fspath
from types import TracebackType
from typing import Self

from aioibkr import _native


class Recorder:
    """A transparent proxy in front of a gateway that writes a file for ``MockGateway(replay=…)``.

    Use it as ``with Recorder(host, port, out=file) as recorder`` or with ``async with``: clients
    connect to ``recorder.port`` inside the block, and the file is complete at its end. Bytes are
    passed on as they are; only the file is masked.

    ``mask_accounts`` replaces the accounts of the login in the file and ``masks`` further names,
    each by its letters and a number as long as it was; a name without digits stays. Both hosts are
    IP addresses; one that is not loopback needs ``allow_non_loopback``.

    Raises ``ConfigError`` for addresses that cannot work, ``FileExistsError`` for a file that
    exists and ``OSError`` when the port is taken. An upstream that does not answer is no error
    here: the client's connection ends.
    """

    def __init__(
        self,
        upstream_host: str,
        upstream_port: int,
        *,
        out: str | PathLike[str],
        mask_accounts: bool = False,
        masks: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        allow_non_loopback: bool = False,
    ) -> None:
        self._native = _native.Recorder(
            upstream=(upstream_host, upstream_port),
            listen=(host, port),
            out=fspath(out),
            mask_accounts=mask_accounts,
            masks=list(masks),
            allow_non_loopback=allow_non_loopback,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    @property
    def host(self) -> str:
        """Address it listens on."""
        return self._native.host

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._native.port

    def stop(self) -> None:
        """End every connection through it and the file. Stopping twice does nothing."""
        self._native.stop()
