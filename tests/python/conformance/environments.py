"""What foreign clients run in.

An environment per lock at the root of the checkout; cargo builds the program of the Rust client.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def interpreter_of(name: str, lock: Path) -> Path:
    """The interpreter of `.venv-<name>`, which holds what the lock lists and nothing else."""
    home = ROOT / f".venv-{name}"
    interpreter = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "lock.stamp"
    wanted = f"{sys.version} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run([str(interpreter), *install], check=True)
        stamp.write_text(wanted)
    return interpreter


@functools.cache
def peer_program() -> Path:
    """The program of the `ibapi` crate, built from the tree as it is."""
    build = ["cargo", "build", "--locked", "--package", "aioibkr-tests", "--example", "ibapi_peer"]
    done = subprocess.run(
        [*build, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    made = (json.loads(line).get("executable") for line in done.stdout.splitlines())
    return Path(next(path for path in reversed([*made]) if path))
