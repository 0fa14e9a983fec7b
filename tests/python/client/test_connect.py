"""Connecting: what is refused before anything is begun, what fails in time, what is closed."""

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

pytestmark = pytest.mark.anyio


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_connected_client_knows_its_session(mock_gateway: MockGateway) -> None:
    async with ib.connect(host=mock_gateway.host, port=mock_gateway.port, client_id=0) as client:
        assert client.is_connected
        assert (client.state, client.generation, client.client_id) == ("live", 1, 0)
        assert (client.accounts, client.account) == (["DU1234567"], "DU1234567")
        assert client.is_paper
        assert client.server_version is not None
        assert client.server_version >= 213
        assert client.connected_at is not None
        assert abs(datetime.now(UTC) - client.connected_at) < timedelta(minutes=1)
        assert repr(client) == "<Client 0 of DU1234567, live>"
        assert mock_gateway.clients == [0]


async def test_connect_can_be_awaited(mock_gateway: MockGateway) -> None:
    client = await ib.connect(port=mock_gateway.port, client_id=7)

    async with client:
        assert client.is_connected
    assert not client.is_connected


async def test_closing_twice_does_nothing_and_ends_reads(mock_gateway: MockGateway) -> None:
    client = await ib.connect(port=mock_gateway.port, client_id=7)

    await client.close()
    await client.close()

    assert client.state == "closed"
    with pytest.raises(ib.NotConnected):
        await client.server_time()
    with pytest.raises(ib.NotConnected):
        await client.managed_accounts()
    with pytest.raises(ib.NotConnected):
        await client.open()


async def test_closed_port_is_told_in_time() -> None:
    port = closed_port()
    began = time.monotonic()

    with pytest.raises(ib.ConnectTimeout, match=str(port)):
        await ib.connect(port=port, timeout=0.3)

    assert time.monotonic() - began < 2


async def test_owner_may_open_a_client_again_after_a_failure() -> None:
    with MockGateway() as gateway:
        client = ib.connect(port=gateway.port, timeout=0.2).client
        gateway.down()
        with pytest.raises(ib.ConnectTimeout):
            await client.open()

        gateway.up()
        await client.open()

        assert client.is_connected
        await client.close()


async def test_cancelled_connect_leaves_nothing_behind(mock_gateway: MockGateway) -> None:
    mock_gateway.down()
    connecting = ib.connect(port=mock_gateway.port, client_id=7, wait=True)
    task = asyncio.ensure_future(connecting)
    await asyncio.sleep(0.05)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    mock_gateway.up()

    await connecting.client.close()
    assert connecting.client.state == "closed"
    assert mock_gateway.connect_count == 0


async def test_account_of_another_login_is_told_at_connect(mock_gateway: MockGateway) -> None:
    connecting = ib.connect(port=mock_gateway.port, account="U7654321", wait=True)

    with pytest.raises(ib.ConfigError, match=r"U7654321.*manages DU1234567") as failed:
        await connecting

    assert failed.value.details["managed"] == "DU1234567"
    assert (connecting.client.is_paper, mock_gateway.connect_count) == (None, 1)


async def test_what_a_client_waits_for_in_vain_says_why(mock_gateway: MockGateway) -> None:
    client = ib.connect(port=mock_gateway.port, account="U7654321").client
    with pytest.raises(ib.ConfigError):
        await client.open()

    with pytest.raises(ib.NotConnected) as failed:
        await client.server_time()

    assert isinstance(failed.value.__cause__, ib.ConfigError)
    assert failed.value.__cause__.details["managed"] == "DU1234567"
    await client.close()


def answer_once(server: socket.socket, answer: bytes) -> None:
    """Answer the first client as another kind of server does."""
    client, _ = server.accept()
    with client:
        _ = client.recv(64)
        client.sendall(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answers HTTP: is this the Client Portal"),
        (b"\x15\x03\x03\x00\x02\x02\x46\x00", "answers TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 'the text "SSH-"'),
    ],
)
async def test_peer_that_is_no_gateway_is_told_in_words(answer: bytes, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer_once, args=(server, answer))
        answering.start()
        with pytest.raises(ib.HandshakeFailed, match=words):
            await ib.connect(port=server.getsockname()[1], timeout=20)
        answering.join(20)


@pytest.mark.parametrize("host", ["http://gw:4002", "gw:4002", "gw 1", "[::1]", "gw/x"])
def test_host_that_is_more_than_a_host_is_refused_at_once(host: str) -> None:
    with pytest.raises(ib.ConfigError, match="host"):
        _ = ib.connect(host=host)


async def test_held_client_id_is_named(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    with pytest.raises(ib.ClientIdInUse, match="client id 7"):
        await ib.connect(port=mock_gateway.port, client_id=7, timeout=0.3)

    assert await ib_client.managed_accounts() == ["DU1234567"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"port": 0}, "port 0"),
        ({"port": 65536}, "port 65536"),
        ({"port": -1}, "port -1"),
        ({"client_id": -1}, "client_id -1"),
        ({"client_id": 2**31}, "client_id 2147483648"),
        ({"account": "DU 1"}, 'account "DU 1"'),
        ({"port": "four"}, "port 'four'"),
        ({"client_id": 2**64}, "client_id 18446744073709551616"),
        ({"timeout": 0}, "timeout 0"),
        ({"timeout": -1}, "timeout -1"),
        ({"timeout": float("nan")}, "timeout NaN"),
        ({"timeout": float("inf")}, "timeout inf"),
        ({"timeout": 1e300}, "timeout 1000"),
        ({"market_data_type": "dead"}, 'market_data_type "dead"'),
        ({"settings": ib.Settings(ibkr_order_timeout=-1)}, "order timeout -1"),
    ],
    ids=str,
)
def test_option_that_cannot_be_meant_is_refused_at_once(
    options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        _ = ib.connect(**options)  # type: ignore[arg-type]


def test_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        _ = ib.connect(colour="red")  # type: ignore[call-arg]


async def test_settings_say_where_and_arguments_win(mock_gateway: MockGateway) -> None:
    settings = ib.Settings(ibkr_port=mock_gateway.port, ibkr_client_id=11)

    async with ib.connect(settings=settings) as client:
        assert client.client_id == 11
    async with ib.connect(settings=settings, client_id=12) as client:
        assert client.client_id == 12


async def test_timeouts_of_settings_are_the_defaults(mock_gateway: MockGateway) -> None:
    settings = ib.Settings(ibkr_port=mock_gateway.port, ibkr_read_timeout=0.05)
    async with ib.connect(settings=settings) as client:
        mock_gateway.inject(faults.Mute("req_current_time"))

        with pytest.raises(ib.RequestTimeout, match=r"0\.05 s"):
            await client.server_time()
