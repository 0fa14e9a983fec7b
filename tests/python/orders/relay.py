"""A relay between a client and a gateway that rewrites what the gateway says."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

__all__ = ["next_order_id", "relayed", "remark"]

ERROR, OPEN_ORDER, NEXT_VALID_ID = 204, 205, 209
FIRST = b"\x08"  # the tag of a varint in field 1: an id, in each of these messages

Rewrite = Callable[[int, bytes], bytes | None]
"""Sees kind and body of a message; the frames to send in its place, or None to let it pass."""


def _varint(value: int) -> bytes:
    groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", len(body) + 4, kind) + body


def remark(code: int, text: str) -> Rewrite:
    """Says a code of an order, once, before its first open order."""
    said: list[int] = []

    def rewrite(kind: int, body: bytes) -> bytes | None:
        if kind != OPEN_ORDER or said:
            return None
        said.append(kind)
        end = next(at for at in range(1, len(body)) if body[at] < 128) + 1
        words = text.encode()
        error = body[:end] + b"\x18" + _varint(code) + b"\x22" + _varint(len(words)) + words
        return _frame(ERROR, error) + _frame(kind, body)

    return rewrite


def next_order_id(number: int) -> Rewrite:
    """Tells another next valid order id."""

    def rewrite(kind: int, _body: bytes) -> bytes | None:
        return _frame(kind, FIRST + _varint(number)) if kind == NEXT_VALID_ID else None

    return rewrite


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rewrite: Rewrite
) -> None:
    while True:
        head = await reader.readexactly(4)
        message = await reader.readexactly(struct.unpack(">I", head)[0])
        kind = struct.unpack(">I", message[:4])[0]
        told = rewrite(kind, message[4:])
        writer.write(head + message if told is None else told)
        await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()


@asynccontextmanager
async def relayed(gateway_port: int, rewrite: Rewrite) -> AsyncIterator[int]:
    """The port of a relay to the gateway."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            served.add(task)
        theirs, ours = await asyncio.open_connection("127.0.0.1", gateway_port)
        try:
            await asyncio.gather(_copy(reader, ours), _relay(theirs, writer, rewrite))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
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
