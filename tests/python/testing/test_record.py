"""Recording a conversation from the command line and answering a client from it."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aioibkr
from aioibkr.testing import MockGateway


@contextlib.contextmanager
def recording(gateway: MockGateway, tape: Path) -> Iterator[int]:
    """The port of a recorder that masks accounts; it must end well."""
    command = [sys.executable, "-m", "aioibkr", "record", "--listen", "127.0.0.1:0"]
    upstream = f"{gateway.host}:{gateway.port}"
    options = ["--upstream", upstream, "--out", str(tape), "--mask-accounts"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        try:
            yield int(recorder.stdout.readline().rsplit(":", 1)[1])
        finally:
            recorder.send_signal(signal.SIGTERM)
        assert recorder.wait(timeout=10) == 0


async def accounts_of(port: int, client_id: int) -> list[str]:
    async with aioibkr.connect(port=port, client_id=client_id) as client:
        return list(client.accounts)


async def test_a_recorded_session_answers_a_client(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    tape = tmp_path / "session.recording"
    with recording(mock_gateway, tape) as port:
        live = await accounts_of(port, 7)

    with MockGateway(replay=tape, replay_speed=0) as replaying:
        masked = await accounts_of(replaying.port, 9)

    assert (live, masked) == (["DU1234567"], ["DU0000001"])
