"""The official Python client takes the mock gateway for a gateway: an outside judge of the wire."""

import json
import subprocess
from pathlib import Path

import pytest

from aioibkr.testing import MockGateway

ACCOUNT = "DU1234567"
PROGRAM = Path(__file__).parent / "client.py"


@pytest.mark.timeout(180)
def test_official_client_reads_what_was_set_and_fills_an_order(official_python: Path) -> None:
    with MockGateway() as gateway:
        gateway.set_account_value(ACCOUNT, "NetLiquidation", 250_000.5)
        gateway.set_position(ACCOUNT, "MSFT", quantity=12, average_cost=301.25)
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

        done = subprocess.run(
            [str(official_python), str(PROGRAM), gateway.host, str(gateway.port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        executions = gateway.executions()

    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    assert read["account"]["summary"]["NetLiquidation"] == "250000.5"
    assert read["account"]["positions"] == {"MSFT": ["12", 301.25]}
    assert read["quote"] == {"con_id": 265598, "prices": read["quote"]["prices"]}
    assert {"1": 189.9, "2": 190.1, "4": 190.0}.items() <= read["quote"]["prices"].items()
    fill = read["fill"]
    assert (fill["shares"], fill["price"], fill["side"]) == ("7", 190.1, "BOT")
    assert fill["execution"] == fill["commission_of"] == executions[0].exec_id
    assert fill["commission"] == executions[0].commission == 1.0
    assert fill["states"][-1] == "Filled"
