"""Programs that fork, in the ways servers do; each ends with status 0 when all went well.

``python fork_programs.py NAME PORT FILE`` runs one against the gateway at PORT, logging to FILE.
"""

import asyncio
import gc
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import aioibkr as ib
from aioibkr.testing import MockGateway

PATIENCE = 20


async def session(port: int, client_id: int, questions: int = 0) -> None:
    """Connect, ask, close."""
    async with ib.connect(port=port, client_id=client_id, pacing=None) as client:
        for _ in range(questions):
            await client.managed_accounts()


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked child that leaves as a worker does; its exit status."""
    child = os.fork()
    if child == 0:
        _ = signal.alarm(PATIENCE)  # a child that hangs dies of it
        work()
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def configured_in_the_master(port: int, file: Path) -> None:
    """As gunicorn --preload: the master configures, workers connect."""
    ib.configure_logging(level="info", file=file)
    for client_id in (21, 22):
        assert in_child(lambda: asyncio.run(session(port, client_id))) == 0  # noqa: B023 - called now


def configured_again_in_the_worker(port: int, file: Path) -> None:
    """As an application factory that runs in each worker too, and once more in a reload."""
    ib.configure_logging(level="info", file=file.with_suffix(".master"))

    def work() -> None:
        ib.configure_logging(level="info", file=file)
        asyncio.run(session(port, 21))
        _ = importlib.reload(importlib.import_module("aioibkr._logging"))
        ib.configure_logging(level="info", file=file)
        asyncio.run(session(port, 22))

    assert in_child(work) == 0


def a_child_with_more_lines_than_the_queue_holds(port: int, file: Path) -> None:
    """The child logs every byte of a thousand questions and leaves."""
    ib.configure_logging(level=5, file=file, max_bytes=0)
    assert in_child(lambda: asyncio.run(session(port, 21, questions=1000))) == 0


def a_parent_with_lines_that_wait(port: int, file: Path) -> None:
    """The parent forks while its own queue is full; the child leaves at once."""
    gate = threading.Event()

    class Waiting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - a handler's
            _ = gate.wait(PATIENCE)

    logging.getLogger("aioibkr").addHandler(Waiting())
    logging.getLogger("aioibkr").setLevel(5)
    asyncio.run(session(port, 21, questions=1000))
    status = in_child(lambda: ib.configure_logging(level="info", file=file))
    gate.set()
    assert status == 0


def everything_open(port: int, file: Path) -> None:
    """Client, streams, listeners and a mock gateway of the parent's are there in the child."""
    ib.configure_logging(level="info", file=file)
    mock = MockGateway()

    async def main() -> None:
        async with mock, ib.connect(port=port, client_id=21, pacing=None) as client:
            async with client.quotes(ib.Stock("AAPL")) as quotes, client.states() as states:
                waiting = asyncio.ensure_future(anext(aiter(quotes)))
                asked = client._native.server_time()
                assert leaves_at_once(lambda: None)
                assert leaves_at_once(mock._native.stop)
                assert quotes is not None
                assert states is not None
                assert asked is not None
                _ = waiting.cancel()
            assert await client.managed_accounts() == ["DU1234567"]
            async with ib.connect(port=mock.port, client_id=5) as other:
                assert other.is_connected

    asyncio.run(main())


def leaves_at_once(work: Callable[[], object]) -> bool:
    """Fork within a running loop; the child drops all it has and leaves as a program does."""
    child = os.fork()
    if child == 0:
        _ = signal.alarm(PATIENCE)
        asyncio._set_running_loop(None)
        _ = work()
        let_go()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def let_go() -> None:
    """Drop what objects of the package hold of the extension."""
    for thing in gc.get_objects():
        if type(thing).__module__.startswith("aioibkr") and hasattr(thing, "__dict__"):
            vars(thing).clear()
    _ = gc.collect()


def a_child_that_ends_as_a_program(port: int, file: Path) -> None:
    """The interpreter of the child goes down with a client of the parent's in its globals."""
    ib.configure_logging(level="info", file=file)
    client = asyncio.run(ib.connect(port=port, client_id=21).__aenter__())
    globals()["kept"] = client
    for _ in range(10):
        assert in_child(lambda: None) == 0
    assert asyncio.run(client.managed_accounts()) == ["DU1234567"]
    asyncio.run(client.close())


def a_parent_that_is_writing(port: int, file: Path) -> None:
    """Lines are on their way into the file at the moment of each fork."""
    ib.configure_logging(level=5, file=file, max_bytes=0)
    client = asyncio.run(ib.connect(port=port, client_id=21, pacing=None).__aenter__())
    is_over = threading.Event()

    async def ask() -> None:
        while not is_over.is_set():
            _ = await asyncio.gather(*(client.managed_accounts() for _ in range(50)))

    asking = threading.Thread(target=lambda: asyncio.run(ask()))
    asking.start()
    try:
        statuses = [in_child(lambda: None) for _ in range(20)]
    finally:
        is_over.set()
        asking.join()
    asyncio.run(client.close())
    assert statuses == [0] * 20


def worker_of(port: int, file: Path, client_id: int) -> None:
    """What a process of multiprocessing runs."""
    ib.configure_logging(level="info", file=file)
    asyncio.run(session(port, client_id))


def with_multiprocessing(method: str, port: int, file: Path) -> None:
    """Two processes of multiprocessing, of which neither loses a line."""
    ib.configure_logging(level="info", file=file.with_suffix(".master"))
    multiprocessing.set_start_method(method)
    for client_id in (21, 22):
        process = multiprocessing.Process(target=worker_of, args=(port, file, client_id))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0, process.exitcode


PROGRAMS: dict[str, Callable[[int, Path], None]] = {
    work.__name__: work
    for work in (
        configured_in_the_master,
        configured_again_in_the_worker,
        a_child_with_more_lines_than_the_queue_holds,
        a_parent_with_lines_that_wait,
        a_parent_that_is_writing,
        everything_open,
        a_child_that_ends_as_a_program,
    )
}


if __name__ == "__main__":
    name, port, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if name in PROGRAMS:
        PROGRAMS[name](port, file)
    else:
        with_multiprocessing(name, port, file)
