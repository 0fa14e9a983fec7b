"""A client lives in a notebook: every cell awaits on the kernel's own loop."""

import json
import subprocess
from pathlib import Path

import pytest

import aioibkr
from aioibkr.testing import MockGateway
from python.conformance.environments import interpreter_of

HERE = Path(__file__).parent
PACKAGE = Path(aioibkr.__file__).parent.parent
CELLS = (
    "import aioibkr as ib",
    "client = await ib.connect(port={port})\nprint(client.state)",
    "stream = client.quotes(ib.Stock('AAPL'))\nquotes = await stream.__aenter__()",
    "quote = await anext(aiter(quotes))\nprint(quote.bid, quote.ask)",
    "import asyncio\nprint(len(await asyncio.gather(*(client.server_time() for _ in range(5)))))",
    "await client.close()\nprint(client.state)",
)


@pytest.mark.timeout(180)  # the first use downloads and installs
def test_a_client_lives_from_cell_to_cell(mock_gateway: MockGateway) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    python = interpreter_of("jupyter", HERE / "requirements.lock")
    cells = [cell.replace("{port}", str(mock_gateway.port)) for cell in CELLS]

    done = subprocess.run(
        [str(python), str(HERE / "kernel.py"), str(PACKAGE), *cells],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["", "live\n", "", "189.9 190.1\n", "5\n", "closed\n"]
