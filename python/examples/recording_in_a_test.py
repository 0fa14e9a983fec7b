"""Record a gateway's answers once, and test against the recording from then on."""

import asyncio
import tempfile
from pathlib import Path

import aioibkr as ib
from aioibkr.testing import MockGateway, Recorder


async def accounts_of(port: int) -> tuple[str, ...]:
    """The code under test."""
    async with ib.connect(port=port, client_id=7) as client:
        return tuple(client.accounts)


async def record(host: str, port: int, out: Path) -> None:
    """Let the code talk to the gateway through the recorder."""
    async with Recorder(host, port, out=out, mask_accounts=True) as recorder:
        await accounts_of(recorder.port)


async def test_the_recorded_gateway_answers(recording: Path) -> None:
    """No gateway runs any more, and the file does not hold the account."""
    async with MockGateway(replay=recording, replay_speed=0) as gateway:
        assert await accounts_of(gateway.port) == ("DU0000001",)


async def main() -> None:
    """Record a mock gateway, as this example must run anywhere; record yours the same way."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "session.recording"
        async with MockGateway(accounts=["DU7654321"]) as gateway:
            await record(gateway.host, gateway.port, recording)
        await test_the_recorded_gateway_answers(recording)


if __name__ == "__main__":
    asyncio.run(main())
