"""Runs the README's first line as a new user does, until the service answers, and ends it.

The line is read from the README, so that what is checked is what is promised. Whatever it makes
(`.venv`, `target`) stays for the second line, which runs the tests in the same clone.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ACCOUNT = "http://127.0.0.1:8000/api/ibkr/account"
# Seconds: an install builds everything; a service that is told to end has five.
INSTALL_LIMIT = 1200.0
END_LIMIT = 5.0


def main() -> int:
    """Print what was found and return an exit code."""
    line = first_line()
    print(line, flush=True)
    began = time.monotonic()
    with subprocess.Popen(["/bin/sh", "-c", line], cwd=ROOT, start_new_session=True) as service:
        try:
            answer = wait_for_account(service)
        finally:
            ended = end(service)
    print(f"answered after {time.monotonic() - began:.0f} s: {answer}")
    print("ended in time" if ended else f"FAILED: did not end within {END_LIMIT:.0f} s")
    return 0 if answer and ended else 1


def first_line() -> str:
    """The README's line that installs and serves."""
    blocks: list[str] = BLOCK.findall((ROOT / "README.md").read_text())
    return next(block.strip() for block in blocks if "serve --mock" in block)


def wait_for_account(service: subprocess.Popen[bytes]) -> object:
    """What the account route answers, as soon as it does; None when the line ended before."""
    deadline = time.monotonic() + INSTALL_LIMIT
    while service.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(ACCOUNT, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return None


def end(service: subprocess.Popen[bytes]) -> bool:
    """Tell the line to end, as Ctrl-C does; whether it did in time."""
    if service.poll() is not None:
        return True
    os.killpg(service.pid, signal.SIGINT)
    try:
        service.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(service.pid, signal.SIGKILL)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
