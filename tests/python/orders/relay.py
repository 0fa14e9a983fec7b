"""A relay between a client and a gateway that rewrites what one of them says."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

__all__ = ["CANCEL", "GLOBAL_CANCEL", "cut", "next_order_id", "refuse", "relayed", "remark"]

ERROR, OPEN_ORDER, NEXT_VALID_ID = 204, 205, 209
CANCEL, GLOBAL_CANCEL = 204, 258
FIRST = b"\x08"  # the tag of a varint in field 1: an id, in each of these messages

Rewrite = Callable[[int, bytes], bytes | None]
"""Sees kind and body of a message; the frames to send in its place, or None to let it pass.

What stands in place of a client's message goes back to the client.
"""


def _varint(value: int) -> bytes:
    groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", len(body) + 4, kind) + body


def _error(body: bytes, code: int, text: str) -> bytes:
    """An error about the id that a message begins with."""
    end = next(at for at in range(1, len(body)) if body[at] < 128) + 1
    words = text.encode()
    error = body[:end] + b"\x18" + _varint(code) + b"\x22" + _varint(len(words)) + words
    return _frame(ERROR, error)


def cut(kind: int) -> Rewrite:
    """Loses the first message of a kind together with its connection."""
    lost: list[int] = []

    def rewrite(said: int, _body: bytes) -> bytes | None:
        if said == kind and not lost:
            lost.append(said)
            raise ConnectionResetError
        return None

    return rewrite


def refuse(kind: int, code: int, text: str, seen: list[int]) -> Rewrite:
    """Answers messages of a kind about an order with an error, and notes each."""

    def rewrite(said: int, body: bytes) -> bytes | None:
        if said != kind:
            return None
        seen.append(said)
        return _error(body, code, text)

    return rewrite


def remark(code: int, text: str) -> Rewrite:
    """Says a code of an order, once, before its first open order."""
    said: list[int] = []

    def rewrite(kind: int, body: bytes) -> bytes | None:
        if kind != OPEN_ORDER or said:
            return None
        said.append(kind)
        return _error(body, code, text) + _frame(kind, body)

    return rewrite


def next_order_id(number: int) -> Rewrite:
    """Tells another next valid order id."""

    def rewrite(kind: int, _body: bytes) -> bytes | None:
        return _frame(kind, FIRST + _varint(number)) if kind == NEXT_VALID_ID else None

    return rewrite


async def _message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(4)
    message = await reader.readexactly(struct.unpack(">I", head)[0])
    return (struct.unpack(">I", message[:4])[0] if len(message) >= 4 else 0), head + message


def _nothing(_kind: int, _body: bytes) -> bytes | None:
    return None


async def _down(
    gateway: asyncio.StreamReader, client: asyncio.StreamWriter, rewrite: Rewrite
) -> None:
    while True:
        kind, frame = await _message(gateway)
        told = rewrite(kind, frame[8:])
        client.write(frame if told is None else told)
        await client.drain()


async def _up(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    gateway: asyncio.StreamWriter,
    answer: Rewrite,
) -> None:
    reader, writer = client
    gateway.write(await reader.readexactly(4))  # "API" and a zero come before the first frame
    while True:
        kind, frame = await _message(reader)
        told = answer(kind, frame[8:])
        (gateway if told is None else writer).write(frame if told is None else told)
        await gateway.drain()


@asynccontextmanager
async def relayed(
    gateway_port: int, rewrite: Rewrite = _nothing, answer: Rewrite = _nothing
) -> AsyncIterator[int]:
    """The port of a relay to the gateway."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            served.add(task)
        theirs, ours = await asyncio.open_connection("127.0.0.1", gateway_port)
        ways = (
            asyncio.ensure_future(_up((reader, writer), ours, answer)),
            asyncio.ensure_future(_down(theirs, writer, rewrite)),
        )
        try:
            await asyncio.gather(*ways)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for way in ways:
                way.cancel()
            ours.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
