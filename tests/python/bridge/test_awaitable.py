"""The completion bridge: cancellations, several loops, threads, exit and fork."""

import asyncio
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

import aioibkr
from aioibkr.testing import MockGateway

CANCELLATIONS = 10_000
pytestmark = pytest.mark.anyio


def near_now(time: datetime) -> bool:
    return abs(datetime.now(UTC) - time) < timedelta(minutes=1)


async def seen(gateway: MockGateway, kind: str) -> None:
    """Waits until the gateway has received a request of a kind."""
    async with asyncio.timeout(10):
        while not gateway.requests(kind):  # noqa: ASYNC110 - the gateway has no event to wait for
            await asyncio.sleep(0.001)


async def test_ten_thousand_cancellations_leave_the_client_usable(
    ib_client: aioibkr.Client,
) -> None:
    for start in range(0, CANCELLATIONS, 100):
        tasks = [asyncio.ensure_future(ib_client.server_time()) for _ in range(100)]
        for _ in range(start // 100 % 3):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert near_now(await ib_client.server_time())


async def test_cancelling_one_await_leaves_the_others(ib_client: aioibkr.Client) -> None:
    tasks = [asyncio.ensure_future(ib_client.server_time()) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(outcome, datetime) for outcome in outcomes[1::2])


async def test_a_cancelled_await_raises_and_says_cancelled(
    mock_gateway: MockGateway, ib_client: aioibkr.Client
) -> None:
    mock_gateway.inject(aioibkr.testing.faults.Mute("req_current_time"))
    task = asyncio.ensure_future(ib_client.server_time())
    await seen(mock_gateway, "req_current_time")

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_wait_for_and_gather_and_task_groups_work(ib_client: aioibkr.Client) -> None:
    time = await asyncio.wait_for(ib_client.server_time(), 5)
    times = await asyncio.gather(*(ib_client.server_time() for _ in range(10)))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ib_client.server_time())

    assert near_now(time)
    assert near_now(task.result())
    assert len(times) == 10


async def test_context_variables_survive_an_await(ib_client: aioibkr.Client) -> None:
    import contextvars

    name: contextvars.ContextVar[int] = contextvars.ContextVar("name")

    async def keeps(value: int) -> int:
        name.set(value)
        await ib_client.server_time()
        return name.get()

    assert await asyncio.gather(*(keeps(value) for value in range(50))) == list(range(50))


async def test_one_client_serves_two_loops_at_once(ib_client: aioibkr.Client) -> None:
    answers: list[datetime] = []

    async def ask() -> None:
        answers.extend([await ib_client.server_time() for _ in range(200)])

    other = threading.Thread(target=lambda: asyncio.run(ask()))
    other.start()
    await ask()
    await asyncio.to_thread(other.join, 10)

    assert len(answers) == 400


def test_one_client_survives_loops_one_after_another(mock_gateway: MockGateway) -> None:
    async def connect() -> aioibkr.Client:
        return await aioibkr.connect(port=mock_gateway.port, client_id=9)

    client = asyncio.run(connect())
    for _ in range(5):
        assert near_now(asyncio.run(client.server_time()))
    asyncio.run(client.close())


PROGRAM_EXITING_WITH_OPEN_REQUESTS = """
import asyncio, aioibkr, sys
port = int(sys.argv[1])
async def main():
    client = await aioibkr.connect(port=port, client_id=11)
    for _ in range(50):
        asyncio.ensure_future(client.server_time())
    await asyncio.sleep(0)
    if sys.argv[2] == "abandon":
        loop.stop()
loop = asyncio.new_event_loop()
try:
    loop.run_until_complete(main())
except RuntimeError:
    pass
print("leaving")
"""


@pytest.mark.parametrize("how", ["finish", "abandon"])
def test_exit_with_open_requests_is_quiet(mock_gateway: MockGateway, how: str) -> None:
    mock_gateway.inject(aioibkr.testing.faults.Mute("req_current_time"))

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM_EXITING_WITH_OPEN_REQUESTS, str(mock_gateway.port), how],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "leaving\n"
    assert "panicked" not in done.stderr
    assert "Fatal" not in done.stderr


PROGRAM_FORKING = """
import asyncio, os, sys, aioibkr
client = asyncio.run(aioibkr.connect(port=int(sys.argv[1]), client_id=12).__aenter__())
child = os.fork()
if child == 0:
    try:
        asyncio.run(client.server_time())
    except aioibkr.IBKRError as error:
        print(type(error).__name__, error, flush=True)
        os._exit(0)
    os._exit(1)
assert os.waitpid(child, 0)[1] == 0
print(asyncio.run(client.server_time()).tzinfo)
asyncio.run(client.close())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_call_after_fork_is_refused_and_the_parent_goes_on(mock_gateway: MockGateway) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM_FORKING, str(mock_gateway.port)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "NotConnected" in done.stdout
    assert "forked" in done.stdout
    assert done.stdout.rstrip().endswith("UTC")


def test_importing_starts_nothing() -> None:
    program = (
        "import threading; import aioibkr; "
        "print(threading.active_count(), len(__import__('os').listdir('/proc/self/task')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.split() == ["1", "1"]
