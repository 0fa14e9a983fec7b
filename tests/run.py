"""Runs every test: sets up `.venv`, builds and installs the package in release mode, tests.

Needs Rust, Python 3.11 and a C compiler, and only the standard library. What has not changed since
the last run is neither installed nor built again. Arguments are handed to pytest.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
WHEELS = ROOT / "target" / "wheels"
WHEEL_INPUTS = (
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "src",
    "python",
)
OLDEST_PYTHON = (3, 11)
# Seconds; each test has a limit of its own, this one ends a runner that hangs.
LONGEST_STEP = 1800.0
# The extension module is linked by maturin and tested from Python.
RUST_TESTED = ("--workspace", "--exclude", "aioibkr-bridge", "--locked")


class StepFailed(Exception):
    """A step did not succeed; the message names it."""


def main(pytest_arguments: list[str]) -> int:
    """Run all steps, each in its turn, and report which failed."""
    steps: dict[str, Callable[[], None]] = {
        "versions": print_versions,
        "environment": install_lock,
        "package": install_package,
        "rust tests": test_rust,
        "python tests": lambda: test_python(pytest_arguments),
    }
    must_succeed = ("versions", "environment", "package")
    failed = []
    for name, step in steps.items():
        if not succeeds(name, step):
            failed.append(name)
            if name in must_succeed:
                break
    print(f"\ntests: {'failed: ' + ', '.join(failed) if failed else 'all passed'}")
    return 1 if failed else 0


def succeeds(name: str, step: Callable[[], None]) -> bool:
    """Run one step with a heading and its duration; tell whether it succeeded."""
    print(f"\n--- {name}", flush=True)
    began = time.monotonic()
    try:
        step()
    except StepFailed as failure:
        print(f"--- {name}: FAILED: {failure}", flush=True)
        return False
    print(f"--- {name}: {time.monotonic() - began:.1f} s", flush=True)
    return True


def run(*command: str | Path, limit: float = LONGEST_STEP, **environment: str) -> None:
    """Run a command in the checkout, showing its output; raise `StepFailed` if it fails.

    One that takes longer than `limit` seconds is ended with everything it started.
    """
    words = [str(word) for word in command]
    name = f"{' '.join(words[:4])} …"
    with subprocess.Popen(
        words, cwd=ROOT, env=os.environ | environment, start_new_session=os.name != "nt"
    ) as running:
        try:
            code = running.wait(limit)
        except BaseException as stopped:
            end(running)
            if isinstance(stopped, subprocess.TimeoutExpired):
                raise StepFailed(f"{name} took longer than {limit:.0f} s and was ended") from None
            raise
    if code != 0:
        raise StepFailed(f"{name} ended with {code}")


def end(running: subprocess.Popen[bytes]) -> None:
    """End a command and, where there are process groups, what it started."""
    if os.name == "nt":
        running.kill()
    else:
        os.killpg(running.pid, signal.SIGKILL)


def print_versions() -> None:
    """Show what does the work, and stop early when something needed is missing."""
    print(f"python {sys.version.split()[0]} on {sys.platform}", flush=True)
    if sys.version_info < OLDEST_PYTHON:
        raise StepFailed("python 3.11 or newer is needed")
    for tool in ("cargo", "rustc"):
        if shutil.which(tool) is None:
            raise StepFailed(f"{tool} is not on PATH; install Rust first")
        run(tool, "--version")


def install_lock() -> None:
    """Create `.venv` and install the locked packages into it, once per lock."""
    wanted = f"{sys.version} {digest_of([LOCK])}"
    stamp = VENV / "lock.stamp"
    if stamp_says(stamp, wanted):
        print("up to date")
        return
    stamp.unlink(missing_ok=True)
    create_environment()
    run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK)
    stamp.write_text(wanted)


def create_environment() -> None:
    """Create `.venv`, or take the one that is there if its interpreter and pip are ours.

    It is made as `python -m venv` makes it, by links where the platform has them: an environment
    of links cannot be made anew by copies, nor the other way round.
    """
    if not is_current(PYTHON):
        venv.create(VENV, with_pip=True, clear=True, symlinks=os.name != "nt")


def is_current(python: Path) -> bool:
    """Tell whether the environment's interpreter runs, has our version, and has pip."""
    try:
        asked = subprocess.run(
            [python, "-c", "import pip, sys; print(sys.version)"], capture_output=True, check=False
        )
    except OSError:
        return False
    return asked.stdout.decode().strip() == sys.version


def install_package() -> None:
    """Build the release wheel and install it, unless what it is made of is unchanged."""
    inputs = digest_of(files_below(WHEEL_INPUTS))
    stamp = VENV / "package.stamp"
    if stamp_says(stamp, f"{inputs} {digest_of(installed_records())}"):
        print("up to date")
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(WHEELS, ignore_errors=True)
    run(PYTHON, "-m", "maturin", "build", "--release", "--locked", "--quiet", "--out", WHEELS)
    (wheel,) = WHEELS.glob("*.whl")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", wheel)
    stamp.write_text(f"{inputs} {digest_of(installed_records())}")


def installed_records() -> list[Path]:
    """List the installed package's own list of files, which holds a hash of each."""
    return sorted(VENV.glob("[Ll]ib*/**/aioibkr-*.dist-info/RECORD"))


def test_rust() -> None:
    """Test the crates with cargo-nextest where it is installed, else with cargo; then doc tests."""
    if shutil.which("cargo-nextest"):
        run("cargo", "nextest", "run", *RUST_TESTED, "--no-tests=warn", "--status-level=slow")
    else:
        run("cargo", "test", *RUST_TESTED, "--lib", "--bins", "--tests", "--quiet")
    run("cargo", "test", "--doc", *RUST_TESTED, "--quiet")


def test_python(arguments: list[str]) -> None:
    """Test the installed package."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    run(PYTHON, "-m", "pytest", *without_plugin(), *arguments, PATH=path, VIRTUAL_ENV=str(VENV))


def without_plugin() -> list[str]:
    """Keep pytest from loading the package's plugin as long as the package has none."""
    plugin = ROOT / "python" / "aioibkr" / "testing" / "plugin.py"
    return [] if plugin.exists() else ["-p", "no:aioibkr"]


def stamp_says(stamp: Path, wanted: str) -> bool:
    """Tell whether an earlier run left this very stamp."""
    return stamp.exists() and stamp.read_text() == wanted


def files_below(names: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of these names in the checkout, without what Python leaves behind."""
    for name in names:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def digest_of(files: Iterator[Path] | list[Path]) -> str:
    """Hash the names and contents of files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
