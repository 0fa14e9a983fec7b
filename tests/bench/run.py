"""The bench: ratios in one run, never absolute promises.

``python tests/bench/run.py [--rounds N] [--only PART|NAME] [--json FILE]``, of the parts account,
database, feed, gateway, requests, session and websocket, prints a table and writes JSON. Every
configuration runs once per round, interleaved, in an order that alternates, each in a process of
its own against one mock gateway in this process; the medians are compared. The Rust peers are built
on first use (``cargo build --release -p aioibkr-bench-peers``), the environments of ib_async,
ib_insync and of the official client are made on first use (``.venv-*``).
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from bench.program import main

    main(__doc__ or "")
