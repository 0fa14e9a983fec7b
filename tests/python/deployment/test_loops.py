"""The recipes without a web server: threads, loops, jobs, relays; the programs are the page's."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway
from python.deployment.pages import block_of

ACCOUNT = "DU1234567"


@pytest.fixture
def gateway(mock_gateway: MockGateway, monkeypatch: pytest.MonkeyPatch) -> MockGateway:
    """A mock gateway that the environment names."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    monkeypatch.setenv("IBKR_PORT", str(mock_gateway.port))
    return mock_gateway


def program_of(section: str) -> dict[str, Any]:
    """The names that the program of a section defines."""
    names: dict[str, Any] = {"__name__": "program"}
    exec(block_of(section, "python"), names)  # noqa: S102 - it is our own page
    return names


def test_a_thread_per_request_shares_one_connection(gateway: MockGateway) -> None:
    program = program_of("A thread per request")
    price_of: Callable[[str], float] = program["price_of"]

    with ThreadPoolExecutor(10) as threads:
        prices = list(threads.map(price_of, ["AAPL"] * 40))
    connects = gateway.connect_count
    asyncio.run(program["broker"].disconnect())

    assert set(prices) == {190.0}
    assert connects == 1


def test_a_loop_per_call_shares_one_connection(gateway: MockGateway) -> None:
    program = program_of("A loop per call")

    accounts = [program["account_id"]() for _ in range(5)]
    connects = gateway.connect_count
    program["leave"]()

    assert accounts == [ACCOUNT] * 5
    assert connects == 1


def test_a_callback_ends_with_the_loop_it_was_registered_on(gateway: MockGateway) -> None:
    broker = ib.IBKRBroker(port=gateway.port)
    called: list[ib.Trade] = []

    async def listen() -> ib.EventHandle:
        return (await broker.client()).on("order_status", called.append)

    async def buy() -> None:
        client = await broker.client()
        await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 1, 1.5))

    handle = asyncio.run(listen())
    asyncio.run(broker.connect())
    asyncio.run(buy())
    asyncio.run(broker.disconnect())

    assert handle.is_finished
    assert called == []


def test_jobs_that_overlap_have_ids_of_their_own(gateway: MockGateway) -> None:
    code = block_of("Schedulers", "python").replace(
        "ib.connect(", f"ib.connect(port={gateway.port}, "
    )
    code = code.replace("        return client", "        input()\n        return client")
    command = [sys.executable, "-c", code]

    jobs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        wait_for(lambda: len(gateway.clients) == 2)
        clients = set(gateway.clients)
        told = [job.communicate("\n", timeout=20)[0].strip() for job in jobs]
    finally:
        for job in jobs:
            job.kill()

    assert clients == {21, 22}
    assert told == [ACCOUNT] * 2


def wait_for(claim: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    done = threading.Event()
    for _ in range(400):
        if claim():
            return
        done.wait(0.05)
    raise AssertionError("it did not come true")


@contextmanager
def relay(to: int) -> Iterator[int]:
    """A port that accepts before it knows whether there is a gateway, as socat and ssh do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=pass_on, args=(near, to), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def pass_on(near: socket.socket, to: int) -> None:
    """Copy both ways until one side ends."""
    with near:
        try:
            far = socket.create_connection(("127.0.0.1", to), timeout=5)
        except OSError:
            return
        far.settimeout(None)
        with far:
            back = threading.Thread(target=copy, args=(far, near), daemon=True)
            back.start()
            copy(near, far)
            back.join()


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the end, then end the other side, too."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for ended in (source, sink):
        try:
            ended.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


async def test_behind_a_relay_a_gateway_that_is_away_is_told_and_found_again(
    gateway: MockGateway,
) -> None:
    gateway.down()
    with relay(gateway.port) as port:
        broker = ib.IBKRBroker(port=port, settings=ib.Settings(ibkr_connect_timeout=1.0))
        with pytest.raises(ConnectionError) as refused:
            await broker.connect()
        gateway.up()
        await broker.connect()
        account = await broker.get_account()
        await broker.disconnect()

    assert isinstance(refused.value, ib.HandshakeFailed | ib.ConnectTimeout)
    assert account.account_id == ACCOUNT
