"""One socket: reads commands, sends what the hub has for it, ends when it must.

Three ends race: the peer leaves, the peer breaks a limit or is silent, the server closes. Whoever
is first decides the code; afterwards nothing of the socket is left, however the peer behaves.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.websockets import WebSocket, WebSocketDisconnect

from aioibkr.errors import IBKRError
from aioibkr.integrations.fastapi.websocket import messages
from aioibkr.integrations.fastapi.websocket.commands import (
    Command,
    Ping,
    Refused,
    Resume,
    Subscribe,
    Topic,
    Unsubscribe,
    parse,
)
from aioibkr.integrations.fastapi.websocket.hub import Channels, Hub
from aioibkr.integrations.fastapi.websocket.limits import Allowance, SocketLimits
from aioibkr.integrations.fastapi.websocket.subscriptions import (
    WITHOUT_SNAPSHOTS,
    Behind,
    Subscriptions,
)

__all__ = ["TRY_LATER", "Closing", "Connection"]

FAULTY_COST = 5
MOST_REPLIES = 256
TOLERATED = 1
"""Beats that a socket may miss in a row, as sending takes its time, before it is told so."""
FAREWELL = 1.0
"""Seconds for the close frame to leave."""

GOING_AWAY, ABUSE, TOO_LARGE, TRY_LATER = 1001, 1008, 1009, 1013
SILENT, BEHIND = 4408, 4410


@dataclass(frozen=True, slots=True)
class Closing:
    """Why we end a socket; a peer that left needs no code."""

    code: int | None
    reason: str = ""


class Connection:
    """One peer, from the accepted handshake to the end."""

    def __init__(self, socket: WebSocket, hub: Hub, limits: SocketLimits) -> None:
        self._socket = socket
        self._hub = hub
        self._limits = limits
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._subscriptions = Subscriptions(limits)
        self._allowance = Allowance(
            per_second=limits.messages_per_second, burst=limits.burst, now=loop.time()
        )
        self._heard_at = loop.time()
        self._ping_at = loop.time() + limits.heartbeat
        self._outgoing: list[str] = []
        self._has_outgoing = asyncio.Event()
        self._missed = 0
        self._closing: asyncio.Future[Closing] = loop.create_future()
        self._is_over = asyncio.Event()

    async def serve(self) -> None:
        """Serve the peer until the end. Raises nothing that a peer can bring about."""
        if self._hub.sockets >= self._limits.connections:
            await self._say_farewell(Closing(TRY_LATER, "too many connections"))
            return
        self._hub.join(self)
        loops = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait([*loops, self._closing], return_when=asyncio.FIRST_COMPLETED)
            for ended in loops:
                if ended.done():
                    self._end(ended.result())
            await _cancelled(loops)
            await self._say_farewell(self._closing.result())
        finally:
            self._hub.leave(self)
            await _cancelled(loops)
            self._is_over.set()

    def collect(self, channels: Channels, at: str) -> None:
        """Take what is new, unless the last messages are still on their way."""
        if self._outgoing:
            self._missed += 1
            return
        try:
            missed = self._missed if self._missed > TOLERATED else 0
            self._outgoing = self._subscriptions.collect(channels, at, missed=missed)
        except Behind:
            self.close(BEHIND, "order events that were not read are no longer kept")
            return
        self._missed = 0
        if self._outgoing:
            self._has_outgoing.set()

    def interrupt(self, topic: Topic, reason: str) -> None:
        """Tell a gap, and begin a topic again with a snapshot."""
        self._subscriptions.interrupt(topic, reason, _at())

    def fail(self, topic: Topic, error: IBKRError) -> None:
        """Tell why a topic cannot be served; it is not subscribed to any more."""
        self._subscriptions.remove(topic.channel, [topic])
        self._reply(messages.failure(topic, error))

    def close(self, code: int, reason: str) -> None:
        """End the socket with a code."""
        self._end(Closing(code, reason))

    async def closed(self) -> None:
        """Wait until it has ended."""
        await self._is_over.wait()

    def _end(self, closing: Closing) -> None:
        if not self._closing.done():
            self._closing.set_result(closing)

    def _reply(self, text: str) -> None:
        if self._subscriptions.waiting >= MOST_REPLIES:
            self.close(ABUSE, "answers are not read")
            return
        self._subscriptions.reply(text)
        self._hub.wake()

    async def _read(self) -> Closing:
        """Take what the peer says, until it leaves or goes too far."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return Closing(None)
            self._heard_at = self._now()
            if closing := self._take(message.get("text"), message.get("bytes")):
                return closing

    def _take(self, text: str | None, binary: bytes | None) -> Closing | None:
        if len(binary or (text or "").encode()) > self._limits.message_bytes:
            return Closing(TOO_LARGE, f"a message is at most {self._limits.message_bytes} bytes")
        cost = 1
        try:
            self._obey(parse(text))
        except Refused as refused:
            cost = FAULTY_COST
            self._reply(messages.refusal(refused))
        if not self._allowance.spend(cost, now=self._now()):
            return Closing(ABUSE, "too many messages")
        return None

    def _obey(self, command: Command) -> None:
        match command:
            case Subscribe():
                self._subscribe(command)
            case Unsubscribe():
                self._unsubscribe(command)
            case Resume():
                self._resume(command)
            case Ping():
                self._reply(messages.heartbeat("pong", _at(), command.id))
            case _:
                pass  # a pong: it was heard

    def _subscribe(self, command: Subscribe) -> None:
        added = self._added(command.topics, command)
        symbols = [topic.symbol for topic in command.topics if topic.symbol]
        self._acknowledge("subscribed", command, symbols)
        if command.channel in WITHOUT_SNAPSHOTS:
            self._subscriptions.follow(added, self._hub.newest(command.channel))
        for topic in added:
            self._hub.subscribe(self, topic)

    def _added(self, topics: Iterable[Topic], command: Subscribe | Resume) -> list[Topic]:
        try:
            return self._subscriptions.add(topics)
        except Refused as refused:
            raise Refused(refused.detail, channel=command.channel, id=command.id) from None

    def _unsubscribe(self, command: Unsubscribe) -> None:
        removed = self._subscriptions.remove(command.channel, command.topics)
        for topic in removed:
            self._hub.unsubscribe(self, topic)
        symbols = [topic.symbol for topic in removed if topic.symbol]
        self._acknowledge("unsubscribed", command, symbols)

    def _acknowledge(
        self,
        action: messages.Action,
        command: Subscribe | Unsubscribe | Resume,
        symbols: Iterable[str] = (),
    ) -> None:
        self._reply(messages.acknowledgement(action, command.channel, symbols, command.id))

    def _resume(self, command: Resume) -> None:
        """Go on after a number that is kept here, else say so and begin with a snapshot."""
        topic = Topic("orders")
        can_resume = self._hub.can_resume(topic, command.after)
        added = self._added([topic], command)
        self._acknowledge("resumed" if can_resume else "subscribed", command)
        if can_resume:
            self._subscriptions.resume(topic, command.after)
        else:
            reason = f"events after {command.after} are not kept here: a snapshot follows"
            self.interrupt(topic, reason)
        if added:
            self._hub.subscribe(self, topic)
        self._hub.wake()

    async def _write(self) -> Closing:
        """Send what there is, and pings, until the peer takes no more or says no more."""
        try:
            while self._now() - self._heard_at <= self._limits.silence:
                await self._wait_for_outgoing()
                async with asyncio.timeout(self._limits.silence):
                    for text in self._outgoing:
                        await self._socket.send({"type": "websocket.send", "text": text})
                self._outgoing = []
                self._has_outgoing.clear()
                if self._missed or self._subscriptions.has_more:
                    self._hub.wake()
        except TimeoutError:
            return Closing(SILENT, "the peer takes nothing")
        except (WebSocketDisconnect, OSError, RuntimeError):
            return Closing(None)
        return Closing(SILENT, "nothing was heard of the peer")

    async def _wait_for_outgoing(self) -> None:
        """Wait until there is something to send, a ping when its time is there."""
        try:
            async with asyncio.timeout_at(self._ping_at):
                await self._has_outgoing.wait()
        except TimeoutError:
            self._ping_at = self._now() + self._limits.heartbeat
            self._outgoing.append(messages.heartbeat("ping", _at()))

    async def _say_farewell(self, closing: Closing) -> None:
        """Close, unless the peer left; one that takes nothing is not waited for."""
        if closing.code is None:
            return
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, OSError, RuntimeError):
            async with asyncio.timeout(FAREWELL):
                await self._socket.close(closing.code, closing.reason)


def _at() -> str:
    return datetime.now(UTC).isoformat()


async def _cancelled(tasks: list[asyncio.Task[Closing]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
