"""What callbacks leave behind: no task, no client, no noise, whatever ends first."""

import asyncio
import gc
import subprocess
import sys
import weakref
from functools import partial

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.client.arrivals import until
from python.client.hearing import connecting, greeted

pytestmark = pytest.mark.anyio


async def test_closing_leaves_no_task_and_cancels_a_callback_that_hangs(
    mock_gateway: MockGateway,
) -> None:
    before = asyncio.all_tasks()
    ended: list[str] = []

    async def hang(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async with connecting(mock_gateway) as client:
        await greeted(client)
        client.on("notice", hang)
        client.on("disconnected", lambda _: ended.append("disconnected"))
        mock_gateway.notice(2104)
        await until(lambda: len(asyncio.all_tasks() - before) > 0)

    assert asyncio.all_tasks() == before
    assert ended == ["disconnected", "cancelled"]


async def test_a_callback_may_close_its_client(mock_gateway: MockGateway) -> None:
    closed = asyncio.Event()
    async with connecting(mock_gateway) as client:

        async def close(_: object) -> None:
            await client.close()
            closed.set()

        client.on("notice", close)
        mock_gateway.notice(2104)

        async with asyncio.timeout(10):
            await closed.wait()
    assert client.state == "closed"


async def test_a_callback_keeps_no_client_alive(mock_gateway: MockGateway) -> None:
    client = await connecting(mock_gateway)
    gone = weakref.ref(client)
    client.on("state", partial(print, client))
    handle = weakref.ref(client.on("notice", print))
    await asyncio.sleep(0)

    del client
    gc.collect()

    assert gone() is None
    assert handle() is None
    await until(lambda: mock_gateway.disconnect_count == 1)


def test_callbacks_of_loops_that_ended_are_let_go(mock_gateway: MockGateway) -> None:
    connect = connecting(mock_gateway)
    client = connect.client
    told: list[int] = []

    async def listen() -> ib.EventHandle:
        await client.open()
        await client.wait_ready()
        return client.on("notice", lambda notice: told.append(notice.code))

    handles = [asyncio.run(listen()) for _ in range(5)]
    mock_gateway.notice(2103)
    asyncio.run(client.close())

    assert all(handle.is_finished for handle in handles)
    assert len(client._callbacks._handles) == 1
    assert told == []


PROGRAM_EXITING_WITH_CALLBACKS = """
import asyncio, sys
import aioibkr as ib

async def hang(_):
    await asyncio.Event().wait()

async def main(how):
    client = await ib.connect(port=int(sys.argv[1]))
    for event in ("state", "update", "notice", "alert"):
        client.on(event, lambda *_: None)
    if how == "run":
        client.on("update", hang)
    await client.wait_ready()
    return client

how = sys.argv[2]
if how == "run":
    client = asyncio.run(main(how))
else:
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(main(how))
    if how == "close":
        loop.close()
print("leaving")
"""


@pytest.mark.parametrize("how", ["run", "close", "abandon"])
def test_a_program_that_leaves_its_callbacks_behind_ends_quietly(
    mock_gateway: MockGateway, how: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM_EXITING_WITH_CALLBACKS, str(mock_gateway.port), how],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "leaving\n", "")
