"""The test environment itself: both event loops are used, and the foreign client is apart."""

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SEEN: set[str] = set()


async def test_async_tests_run_on_a_real_loop() -> None:
    SEEN.add(type(asyncio.get_running_loop()).__module__.partition(".")[0])


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not support Windows")
def test_async_tests_ran_under_asyncio_and_uvloop() -> None:
    if not SEEN:
        pytest.skip("the async test was not selected")

    assert {"asyncio", "uvloop"} == SEEN


@pytest.mark.timeout(180)  # the first use downloads and installs
def test_official_client_lives_in_its_own_environment(official_python: Path) -> None:
    program = "import ibapi, google.protobuf; print(ibapi.get_version_string())"

    done = subprocess.run([str(official_python), "-c", program], capture_output=True, check=True)

    assert done.stdout.startswith(b"10.46.1")
    assert importlib.util.find_spec("ibapi") is None
