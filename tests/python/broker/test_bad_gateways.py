"""What is not a gateway, is too old, or manages other accounts: a typed error, in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aioibkr import IBKRBroker, Settings
from aioibkr.errors import ConfigError, GatewayTooOld, IBKRConnectionError, NotConnected
from aioibkr.testing import MockGateway

NOBODY = "^Not connected to IBKR$"
PATIENCE = 5.0
OLD = b"176\x0020260101 00:00:00 UTC\x00"
GREETINGS = {
    "silence": b"",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "text": b"220 mail ready\r\n",
    "a huge frame": b"\xff\xff\xff\xff",
}


@asynccontextmanager
async def server(greeting: bytes) -> AsyncIterator[IBKRBroker]:
    """A broker of a server that says one thing to everybody and then nothing."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        broker = IBKRBroker(settings=Settings(ibkr_port=port, ibkr_connect_timeout=0.5))
        yield broker
        await broker.disconnect()


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS.keys())
async def test_server_that_is_no_gateway_is_a_connection_error(greeting: bytes) -> None:
    async with server(greeting) as broker, asyncio.timeout(PATIENCE):
        with pytest.raises(IBKRConnectionError) as failed:
            await broker.connect()

    assert str(broker.port) in failed.value.message


async def test_gateway_too_old_says_which_version_is_needed() -> None:
    async with server(len(OLD).to_bytes(4) + OLD) as broker, asyncio.timeout(PATIENCE):
        with pytest.raises(GatewayTooOld, match="213") as failed:
            await broker.connect()
        with pytest.raises(NotConnected, match=NOBODY) as later:
            await broker.get_account()

    assert "176" in failed.value.message
    assert isinstance(later.value.__cause__, IBKRConnectionError)


async def test_account_that_the_login_does_not_manage_is_named(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port, account="DU9999999")

    with pytest.raises(NotConnected, match=r"DU9999999.*manages DU1234567") as failed:
        await broker.connect()
    with pytest.raises(NotConnected, match=NOBODY) as later:
        await broker.get_account()

    assert not broker.is_connected
    for error in (failed.value, later.value):
        assert isinstance(error.__cause__, ConfigError)
        assert error.details["managed"] == "DU1234567"
    await broker.disconnect()


@pytest.mark.parametrize("port", [0, -1, 70_000])
async def test_port_that_cannot_be_is_named(port: int) -> None:
    with pytest.raises(ConfigError, match=f"port {port}"):
        await IBKRBroker(port=port).connect()
