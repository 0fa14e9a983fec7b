"""Fixtures that every Python test may use: event loops, and the foreign client's environment."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OFFICIAL_LOCK = ROOT / "tests" / "python" / "official" / "requirements.lock"
OFFICIAL_VENV = ROOT / ".venv-official"
LOOPS = {"asyncio": False} if sys.platform == "win32" else {"asyncio": False, "uvloop": True}


@pytest.fixture(params=list(LOOPS.values()), ids=list(LOOPS))
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run each async test once per event loop."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="session")
def official_python() -> Path:
    """The interpreter of an environment that holds the official client, made once per lock."""
    interpreter = OFFICIAL_VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = OFFICIAL_VENV / "lock.stamp"
    wanted = f"{sys.version} {hashlib.sha256(OFFICIAL_LOCK.read_bytes()).hexdigest()}"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(OFFICIAL_VENV, ignore_errors=True)
        venv.create(OFFICIAL_VENV, with_pip=True)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(OFFICIAL_LOCK)]
        subprocess.run([str(interpreter), *install], check=True)
        stamp.write_text(wanted)
    return interpreter
