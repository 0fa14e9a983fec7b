"""The recorder as an object: what passes through it is written down, masked and played again."""

from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, Recorder


async def accounts_of(port: int) -> list[str]:
    async with ib.connect(port=port, client_id=7) as client:
        return list(client.accounts)


async def test_a_recording_is_masked_and_answers_a_client(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    tape = tmp_path / "session.recording"
    async with Recorder(
        mock_gateway.host, mock_gateway.port, out=tape, mask_accounts=True
    ) as recorder:
        live = await accounts_of(recorder.port)

    with MockGateway(replay=tape, replay_speed=0) as replaying:
        played = await accounts_of(replaying.port)

    assert (live, played) == (["DU1234567"], ["DU0000001"])
    assert b"DU1234567".hex() not in tape.read_text()


async def test_a_recording_is_not_masked_unless_asked_for(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    tape = tmp_path / "session.recording"
    with Recorder(mock_gateway.host, mock_gateway.port, out=tape) as recorder:
        await accounts_of(recorder.port)

    with MockGateway(replay=tape, replay_speed=0) as replaying:
        assert await accounts_of(replaying.port) == ["DU1234567"]


def test_a_stopped_recorder_listens_no_more(mock_gateway: MockGateway, tmp_path: Path) -> None:
    recorder = Recorder(mock_gateway.host, mock_gateway.port, out=str(tmp_path / "first"))
    host, port = recorder.host, recorder.port

    recorder.stop()
    recorder.stop()

    with Recorder(mock_gateway.host, 1, out=tmp_path / "second", host=host, port=port) as second:
        assert second.port == port


def test_what_cannot_be_recorded_is_refused(mock_gateway: MockGateway, tmp_path: Path) -> None:
    tape = tmp_path / "session.recording"

    with pytest.raises(ib.ConfigError, match=r"192\.0\.2\.1"):
        Recorder("192.0.2.1", 4002, out=tape)
    with pytest.raises(ib.ConfigError, match="upstream host"):
        Recorder("gateway", 4002, out=tape)
    with pytest.raises(OSError, match="in use"):
        Recorder("127.0.0.1", 4002, out=tape, port=mock_gateway.port)
    tape.write_text("kept")
    with pytest.raises(FileExistsError):
        Recorder("127.0.0.1", 4002, out=tape)
    assert tape.read_text() == "kept"
