"""A gateway as a child process: real ones, some of them the mock gateway's program."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.gateway_programs import alive, mock_program, script

pytestmark = pytest.mark.anyio
SOON = ib.RestartPolicy(first_delay=0.01, longest_delay=0.02, attempts=2)
FOREVER = "time.sleep(60)"


async def reached(gateway: ib.GatewayProcess, state: str, restarts: int) -> None:
    """Wait until it is in a state; fails after ten seconds."""
    async with asyncio.timeout(10):
        while (gateway.state, gateway.restarts) != (state, restarts):  # noqa: ASYNC110 - a property
            await asyncio.sleep(0.01)


def written(file: Path) -> int:
    """The process id that a program has written to a file."""
    return int(file.read_text())


async def test_it_is_started_listens_and_is_ended() -> None:
    async with ib.GatewayProcess(mock_program()) as gateway:
        pid = gateway.pid
        async with ib.connect(port=gateway.port, client_id=7) as client:
            assert client.is_connected
        assert (gateway.state, gateway.restarts) == ("running", 0)

    assert pid is not None
    assert not alive(pid)
    assert (gateway.state, gateway.pid) == ("stopped", None)


async def test_a_crash_is_followed_by_a_restart() -> None:
    async with ib.GatewayProcess(mock_program(), restart=SOON) as gateway:
        first = gateway.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        await reached(gateway, "running", restarts=1)

        assert gateway.pid not in {None, first}
        async with ib.connect(port=gateway.port, client_id=7) as client:
            assert client.is_connected


async def test_it_gives_up_after_as_many_restarts_as_allowed(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    once = script(f"os.path.exists({mark!r}) and sys.exit(3); open({mark!r}, 'w'); listen(); xx")
    seen: list[str] = []
    gateway = ib.GatewayProcess(once, restart=SOON, on_change=lambda it: seen.append(it.state))
    await gateway.start()

    with pytest.raises(ib.GatewayProcessFailed, match="after 2 restarts") as failed:
        await gateway.wait()

    assert failed.value.details == {"status": "3", "restarts": "2"}
    assert seen == ["starting", "running", *["waiting", "starting"] * 2, "failed"]
    await gateway.stop()
    assert gateway.state == "stopped"


async def test_an_end_in_order_is_no_crash() -> None:
    gateway = ib.GatewayProcess(script("listen()"), restart=SOON)
    await gateway.start()

    assert await gateway.wait() == 0

    assert (gateway.state, gateway.restarts) == ("stopped", 0)


async def test_who_never_listens_is_killed_in_time(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    gateway = ib.GatewayProcess(
        script(f"print(os.getpid(), file=open({str(file)!r}, 'w'));" + FOREVER)
    )
    began = time.monotonic()

    with pytest.raises(ib.ConnectTimeout, match=r"within 1\.0 s"):
        await gateway.start(timeout=1.0)

    assert time.monotonic() - began < 5
    assert not alive(written(file))
    assert (gateway.state, gateway.pid) == ("stopped", None)


async def test_who_ends_before_it_listens_is_told_at_once() -> None:
    gateway = ib.GatewayProcess(script("sys.exit(4)"))

    with pytest.raises(ib.GatewayProcessFailed, match="status 4") as failed:
        await gateway.start(timeout=30)

    assert failed.value.details == {"status": "4"}


async def test_a_cancelled_start_leaves_no_process() -> None:
    gateway = ib.GatewayProcess(script(FOREVER))
    starting = asyncio.create_task(gateway.start())
    await reached(gateway, "starting", restarts=0)
    while gateway.pid is None:  # noqa: ASYNC110 - a property
        await asyncio.sleep(0)
    pid = gateway.pid

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert not alive(pid)


async def test_a_start_cancelled_when_it_was_just_done_leaves_no_process() -> None:
    pids: list[int | None] = []

    def cancel(changed: ib.GatewayProcess) -> None:
        if changed.state == "running":
            pids.append(changed.pid)
            starting.cancel()

    gateway = ib.GatewayProcess(script("listen(); " + FOREVER), on_change=cancel)
    starting = asyncio.create_task(gateway.start())

    with pytest.raises(asyncio.CancelledError):
        await starting

    assert [pid and alive(pid) for pid in pids] == [False]
    assert (gateway.state, gateway.pid) == ("stopped", None)


async def test_stop_ends_a_start_of_somebody_else() -> None:
    gateway = ib.GatewayProcess(script(FOREVER))
    starting = asyncio.create_task(gateway.start())
    await reached(gateway, "starting", restarts=0)

    await gateway.stop()

    with pytest.raises(ib.GatewayProcessFailed, match="stopped while it started"):
        await starting
    assert gateway.state == "stopped"


async def test_who_ignores_the_request_to_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    stubborn = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
below = subprocess.Popen(["sleep", "60"])
print(below.pid, file=open({str(file)!r}, "w"))
listen(); {FOREVER}
"""
    gateway = ib.GatewayProcess(script(stubborn))
    await gateway.start()
    pid, below = gateway.pid, written(file)
    assert pid is not None

    await gateway.stop(grace=0.2)

    assert [alive(pid), alive(below)] == [False, False]
    assert await gateway.wait() == -signal.SIGKILL


async def test_what_a_crashed_process_started_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    parent = f"""
below = subprocess.Popen(["sleep", "60"])
print(below.pid, file=open({str(file)!r}, "w"))
listen(); os.kill(os.getpid(), signal.SIGKILL)
"""
    gateway = ib.GatewayProcess(script(parent), restart=ib.RestartPolicy(when="never"))
    await gateway.start()

    with pytest.raises(ib.GatewayProcessFailed, match="status -9"):
        await gateway.wait()

    assert not alive(written(file))


async def test_a_port_that_is_taken_is_not_taken_for_the_gateway(mock_gateway: MockGateway) -> None:
    program = ib.GatewayProgram(path="sleep", arguments=["60"], port=mock_gateway.port)

    with pytest.raises(ib.GatewayProcessFailed, match=f"{mock_gateway.port} already"):
        await ib.GatewayProcess(program).start()


async def test_starting_and_stopping_twice_does_nothing() -> None:
    gateway = ib.GatewayProcess(mock_program())
    assert await gateway.wait() is None

    await gateway.start()
    pid = gateway.pid
    await gateway.start()
    assert gateway.pid == pid

    await gateway.stop()
    await gateway.stop()
    await gateway.start()
    assert gateway.pid not in {None, pid}
    await gateway.stop()


async def test_a_failing_hook_hurts_nothing() -> None:
    def fail(_: ib.GatewayProcess) -> None:
        raise RuntimeError

    async with ib.GatewayProcess(mock_program(), on_change=fail) as gateway:
        assert gateway.state == "running"


def test_no_process_outlives_its_interpreter() -> None:
    program = """
import asyncio, sys
import aioibkr as ib
from python.client.gateway_programs import mock_program

async def main():
    gateway = ib.GatewayProcess(mock_program())
    await gateway.start()
    print(gateway.pid)
    sys.exit(0)

asyncio.run(main())
"""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", program], env=here, capture_output=True, text=True, check=True
    )

    assert not alive(int(done.stdout))


@pytest.mark.parametrize(
    ("policy", "status", "failures", "delay"),
    [
        (ib.RestartPolicy(), 1, 1, 1.0),
        (ib.RestartPolicy(), -9, 3, 4.0),
        (ib.RestartPolicy(), None, 1, 1.0),
        (ib.RestartPolicy(), 0, 1, None),
        (ib.RestartPolicy(), 1, 6, None),
        (ib.RestartPolicy(attempts=None), 1, 10_000, 60.0),
        (ib.RestartPolicy(when="always"), 0, 2, 2.0),
        (ib.RestartPolicy(when="never"), 1, 1, None),
    ],
)
def test_policy_decides_when_it_is_started_again(
    policy: ib.RestartPolicy, status: int | None, failures: int, delay: float | None
) -> None:
    assert policy.delay(status, failures) == delay


def test_who_ran_long_enough_starts_the_count_anew() -> None:
    policy = ib.RestartPolicy(sound_after=300)

    assert [policy.failures(299, 4), policy.failures(300, 4)] == [5, 1]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"when": "sometimes"}, "'sometimes'"),
        ({"attempts": 0}, "attempts 0"),
        ({"first_delay": 0}, "delays 0"),
        ({"first_delay": 61}, "delays 61"),
        ({"longest_delay": float("inf")}, "inf"),
        ({"first_delay": float("nan")}, "nan"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(
    options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        ib.RestartPolicy(**options)  # type: ignore[arg-type]
