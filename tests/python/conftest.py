"""Fixtures that every Python test may use: event loops, and the foreign client's environment."""

import sys
from pathlib import Path

import pytest

from python.conformance.environments import interpreter_of

OFFICIAL_LOCK = Path(__file__).parent / "official" / "requirements.lock"
LOOPS = {"asyncio": False} if sys.platform == "win32" else {"asyncio": False, "uvloop": True}


@pytest.fixture(params=list(LOOPS.values()), ids=list(LOOPS))
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run each async test once per event loop."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="session")
def official_python() -> Path:
    """The interpreter of an environment that holds the official client, made once per lock."""
    return interpreter_of("official", OFFICIAL_LOCK)
