"""A notebook without the browser: runs cells in one kernel and prints what each printed, as JSON.

``python kernel.py PATH CELL ...``: ``PATH`` is where the kernel finds aioibkr. Runs in an
environment of its own, which holds a kernel and nothing of ours.
"""

import json
import os
import sys
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

CELL_SECONDS = 30


def run(client: BlockingKernelClient, cell: str) -> str:
    """What a cell wrote, or how it failed."""
    wrote: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            wrote.append(content["text"])
        if message["msg_type"] == "error":
            wrote.append(f"{content['ename']}: {content['evalue']}")

    client.execute_interactive(cell, timeout=CELL_SECONDS, output_hook=hear)
    return "".join(wrote)


def main(path: str, cells: list[str]) -> None:
    """Start a kernel, run the cells in order, end it."""
    environment = {**os.environ, "PYTHONPATH": path}
    manager, client = start_new_kernel(env=environment)
    try:
        print(json.dumps([run(client, cell) for cell in cells]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
