"""WebSockets of ``aioibkr serve``: ended with 1001, and kept small and short for slow peers."""

import json
import signal
import socket

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from aioibkr.cli import web
from python.cli.test_serve import PATIENCE, program
from python.cli.test_serve_stops import STOPS, ended, port_of


@pytest.mark.parametrize("stop", STOPS)
def test_sockets_are_ended_with_1001_though_one_never_reads(stop: signal.Signals) -> None:
    with program("serve", "--mock", "--port", "0") as running:
        url = f"ws://127.0.0.1:{port_of(running)}/api/ibkr/ws"
        with connect(url, proxy=None) as reader, connect(url, proxy=None) as stalled:
            for peer in (reader, stalled):
                peer.send(json.dumps({"action": "subscribe", "channel": "session"}))
            reader.recv(PATIENCE)
            ended(running, stop)
            with pytest.raises(ConnectionClosed) as closed:
                read_on(reader)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def read_on(peer: ClientConnection) -> None:
    """Read to the end."""
    while True:
        peer.recv(PATIENCE)


def test_a_connection_has_a_small_buffer_and_no_patience_with_who_takes_nothing() -> None:
    with (
        web.listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        taken, _ = listener.accept()
        with taken:
            buffer = taken.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            unread = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            is_prompt = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert is_prompt, "the second part of an answer does not wait for an acknowledgement"
    assert buffer <= 2 * web.SEND_BUFFER
    assert unread == web.UNREAD_MS
