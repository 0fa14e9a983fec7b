"""Clients of the WebSocket that look at nothing but how old the quotes are when they arrive.

``python websocket_clients.py PORT CLIENTS STOPPED SYMBOLS``: of the clients, so many stop reading
after their snapshot. Frames are cut here, as a library would cost more than what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time

SYMBOL = re.compile(rb'"symbol":"(S\d+)"')
STAMP = re.compile(rb'"last_size":(\d+)')
PATIENCE_S = 40.0
LOOKED_AT = 10  # one frame in so many, of each client
HEADER, LARGE, HUGE = 2, 126, 127
REQUEST = (
    "GET /api/ibkr/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Client(asyncio.Protocol):
    """One client: asks for all symbols, then reads, or stops reading."""

    def __init__(self, port: int, symbols: int, *, reads: bool) -> None:
        self._port, self._symbols, self._reads = port, symbols, reads
        self._buffer = bytearray()
        self._is_open = False
        self._told: set[bytes] = set()
        self.frames = 0
        self.ages: list[float] = []
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(REQUEST.format(port=self._port).encode())

    def data_received(self, data: bytes) -> None:
        """Cut frames."""
        now = time.perf_counter_ns() // 1000
        self._buffer += data
        if not self._is_open:
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer, self._is_open = bytearray(rest), True
            self._transport.write(_masked(self._wish()))
        while (size := _frame_size(self._buffer)) is not None:
            self.frames += 1
            if not self.begun.done() or self.frames % LOOKED_AT == 0:
                self._look(self._buffer[:size], now)
            del self._buffer[:size]

    def connection_lost(self, exc: Exception | None) -> None:
        """Not to happen before the end."""
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionError("closed"))

    def forget(self) -> None:
        """Measure from now on."""
        self.frames, self.ages = 0, []

    def _wish(self) -> bytes:
        symbols = [f"S{number:05}" for number in range(1, self._symbols + 1)]
        wish = {"action": "subscribe", "channel": "quotes", "symbols": symbols}
        return json.dumps(wish).encode()

    def _look(self, frame: bytearray, now: int) -> None:
        if self.begun.done():
            self.ages += [(now - int(stamp)) / 1e6 for stamp in STAMP.findall(frame)]
            return
        self._told.update(map(bytes, SYMBOL.findall(frame)))
        if len(self._told) == self._symbols:
            self.begun.set_result(None)
            if not self._reads:
                self._transport.pause_reading()


def _masked(payload: bytes) -> bytes:
    """A frame of a client, masked with zeros."""
    return b"\x81" + bytes([0x80 | LARGE]) + len(payload).to_bytes(2, "big") + bytes(4) + payload


def _frame_size(buffer: bytearray) -> int | None:
    """Length of the first frame; None while it is not complete."""
    if len(buffer) < HEADER:
        return None
    size, start = buffer[1], HEADER
    if size == LARGE:
        size, start = int.from_bytes(buffer[2:4], "big"), 4
    elif size == HUGE:
        size, start = int.from_bytes(buffer[2:10], "big"), 10
    return start + size if len(buffer) >= start + size else None


async def main(port: int, count: int, stopped: int, symbols: int) -> dict[str, float]:
    """Connect all, say ready, read until the input ends."""
    loop = asyncio.get_running_loop()
    clients = [Client(port, symbols, reads=number >= stopped) for number in range(count)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(client.begun for client in clients))
    for client in clients:
        client.forget()
    print("ready", flush=True)
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.to_thread(sys.stdin.read)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ages = [age for client in clients for age in client.ages]
    cuts = statistics.quantiles(ages, n=100)
    frames = sum(client.frames for client in clients)
    rate, share = frames / wall, cpu / wall
    return {
        "p50_s": cuts[49], "p99_s": cuts[98], "messages_per_s": rate, "clients_cpu_share": share
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*map(int, sys.argv[1:])))))
