"""A client of the mock gateway over a bare socket: it speaks text and knows nothing of IB."""

import socket
import struct
from typing import Self

from aioibkr.testing import MockGateway

PATIENCE = 5.0
STOCK = ("", "0.0", "", "", "SMART", "", "USD", "", "")
AAPL = ("0", "AAPL", "STK", *STOCK)

Frame = list[str]


class TextClient:
    """A client of server version 178 that is connected when it is made."""

    def __init__(self, gateway: MockGateway, client_id: int) -> None:
        self.socket = socket.create_connection((gateway.host, gateway.port), PATIENCE)
        self.socket.sendall(b"API\0" + framed(b"v157..178"))
        self.version = self.body().split(b"\0")
        self.send("71", "2", client_id, "")
        self.welcome = self.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *fields: object) -> None:
        """Send fields, the message id first."""
        self.socket.sendall(framed(b"".join(str(field).encode() + b"\0" for field in fields)))

    def ask(self, *fields: object) -> list[Frame]:
        """Send a request; everything that answers it at once."""
        self.send(*fields)
        return self.settle()

    def settle(self) -> list[Frame]:
        """Everything that came before the answer to a request sent now."""
        self.send("49", "1")
        frames = []
        while (frame := self.read())[0] != "49":
            frames.append(frame)
        return frames

    def read(self) -> Frame:
        """The fields of the next frame; raises `EOFError` at the end of the stream."""
        return self.body().decode().split("\0")[:-1]

    def read_until(self, message_id: str) -> Frame:
        """The fields of the next frame with this id."""
        while (frame := self.read())[0] != message_id:
            pass
        return frame

    def body(self) -> bytes:
        """The bytes of the next frame."""
        (length,) = struct.unpack(">I", self.exactly(4))
        return self.exactly(length)

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
    """A body behind its length."""
    return struct.pack(">I", len(body)) + body


def of(frames: list[Frame], message_id: str) -> list[Frame]:
    """The frames with this id."""
    return [frame for frame in frames if frame[0] == message_id]


def codes(frames: list[Frame]) -> list[int]:
    """The code of each error among frames."""
    return [int(frame[3]) for frame in of(frames, "4")]
