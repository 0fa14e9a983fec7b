"""The README's second terminal: its lines do what the text around them says."""

import json
import re
import subprocess
from pathlib import Path

from python.cli.test_serve import first_line, program

README = Path(__file__).resolve().parents[3] / "README.md"
BLOCK = re.compile(r"^```sh\n(curl .*?)^```$", re.MULTILINE | re.DOTALL)


def shell(command: str) -> object:
    """What a line prints, which is JSON."""
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    return json.loads(done.stdout)


def test_lines_of_the_readme_trade_once() -> None:
    (block,) = BLOCK.findall(README.read_text())
    lines = [f"curl {line}" for line in block.replace("\\\n", " ").split("curl ") if line.strip()]

    with program("serve", "--mock", "--port", "0") as running:
        port = first_line(running).strip().rpartition(":")[2]
        here = [line.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for line in lines]
        account, order, positions = map(shell, here)
        again = shell(here[1])

    assert isinstance(account, dict)
    assert account["status"] == "success"
    assert isinstance(order, dict)
    assert isinstance(again, dict)
    assert order["order_id"] == again["order_id"]
    assert isinstance(positions, list)
