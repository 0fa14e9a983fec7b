"""What the gateway makes of text frames that no good client sends, over a bare socket."""

import socket
import struct
from collections.abc import Iterator
from typing import Self

import pytest

from aioibkr.testing import MockGateway

PATIENCE = 5.0


class TextClient:
    """A client that speaks text at a version up to 200, and nothing it was not told to."""

    def __init__(self, gateway: MockGateway, versions: str) -> None:
        self.socket = socket.create_connection((gateway.host, gateway.port), PATIENCE)
        self.socket.sendall(b"API\0" + framed(versions.encode()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *fields: object) -> None:
        """Send fields, the message id first."""
        self.socket.sendall(framed(b"".join(str(field).encode() + b"\0" for field in fields)))

    def read(self) -> list[str]:
        """The fields of the next frame; raises `EOFError` at the end of the stream."""
        (length,) = struct.unpack(">I", self.exactly(4))
        return self.exactly(length).decode().split("\0")[:-1]

    def read_until(self, message_id: str) -> list[str]:
        """The fields of the next frame with this id."""
        while (fields := self.read())[0] != message_id:
            pass
        return fields

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        received = b""
        while len(received) < count:
            chunk = self.socket.recv(count - len(received))
            if not chunk:
                raise EOFError
            received += chunk
        return received


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


@pytest.fixture
def gateway() -> Iterator[MockGateway]:
    with MockGateway(min_server_version=157) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: MockGateway) -> Iterator[TextClient]:
    with TextClient(gateway, "v157..176") as client:
        assert client.read()[0] == "176"
        client.send(71, 2, 8, "")
        client.read_until("9")
        yield client


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ((62, 1, "nine", "All", "NetLiquidation"), "field reqId cannot be parsed"),
        ((62, 1, 9, "All"), "field tags is missing"),
        ((3, 5, 0, "AAPL"), "field secType is missing"),
        ((106, 1), "has no text form"),
        ((999, 1), "message id 999 is unknown"),
        (("what",), "message without an id"),
    ],
)
def test_a_malformed_request_is_answered_and_the_connection_stays(
    client: TextClient, fields: tuple[object, ...], complaint: str
) -> None:
    client.send(*fields)
    # Before version 194 an error is: id 4, a version, request, code, text, reason in JSON.
    errors = [client.read_until("4") for _ in range(4)]
    client.send(49, 1)

    (error,) = [error for error in errors if error[3] == "320"]
    assert error[2] == "-1"
    assert complaint in error[4]
    assert client.read_until("49")[1] == "1"


@pytest.mark.parametrize(
    ("versions", "agreed"), [("v157..157", "157"), ("v100..200", "200"), ("v200..999", "226")]
)
def test_a_client_is_never_answered_above_its_highest_version(
    gateway: MockGateway, versions: str, agreed: str
) -> None:
    with TextClient(gateway, versions) as client:
        assert client.read()[0] == agreed


def test_a_client_without_a_common_version_is_left(gateway: MockGateway) -> None:
    with TextClient(gateway, "v100..156") as client, pytest.raises(EOFError):
        client.read()


@pytest.mark.usefixtures("client")
def test_a_client_id_in_use_is_refused_in_text(gateway: MockGateway) -> None:
    with TextClient(gateway, "v157..178") as second:
        second.read()
        second.send(71, 2, 8, "")

        error = second.read()

        assert error[:4] == ["4", "2", "-1", "326"]
        with pytest.raises(EOFError):
            second.read()


def test_requests_of_a_text_client_are_recorded_with_their_fields(
    gateway: MockGateway, client: TextClient
) -> None:
    client.send(62, 1, 9, "All", "NetLiquidation,BuyingPower")
    client.read_until("64")

    (request,) = gateway.requests("req_account_summary")

    tags = "NetLiquidation,BuyingPower"
    assert request.fields == {"reqId": "9", "group": "All", "tags": tags}


def test_a_flood_reaches_a_text_client_in_text(gateway: MockGateway, client: TextClient) -> None:
    contract = (0, "AAPL", "STK", "", "", "", "", "SMART", "", "USD", "", "")
    client.send(1, 11, 4, *contract, 0, "", 0, 0, "")
    client.read_until("81")
    gateway.flood("AAPL", count=20_001)

    sizes: list[int] = []
    while len(sizes) < 20_001:
        tick = client.read_until("1")
        if len(tick[5]) == 5 and tick[3] == "4":
            sizes.append(int(tick[5]))
    assert sizes == list(range(1, 20_002))
