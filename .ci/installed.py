"""Checks the installed distribution from outside the checkout: files, metadata, import, script."""

import importlib
import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "aioibkr"
MUST_SHIP = ("aioibkr/__init__.py", "aioibkr/py.typed")


def main() -> int:
    """Print what was found and return an exit code."""
    distribution = importlib.metadata.distribution(PACKAGE)
    shipped = {str(file) for file in distribution.files or []}
    missing = [name for name in MUST_SHIP if name not in shipped]
    missing += [] if any("/_native." in name for name in shipped) else ["aioibkr/_native"]
    missing += [] if any(name.endswith("licenses/LICENSE") for name in shipped) else ["LICENSE"]
    needed = [text for text in distribution.requires or [] if "extra ==" not in text]
    print(f"{PACKAGE} {distribution.version}: {len(shipped)} files, missing: {missing or 'none'}")
    print(f"needs at run time: {needed or 'nothing'}")
    return 1 if missing or needed or not runs(shipped) else 0


def runs(shipped: set[str]) -> bool:
    """Import the package and its extension, and ask the script for help, away from the checkout."""
    programs = [[sys.executable, "-c", f"import {PACKAGE}"]]
    if "aioibkr/_native.pyi" in shipped:
        programs.append([sys.executable, "-c", f"import {PACKAGE}._native"])
    if any(name.startswith("aioibkr/cli") for name in shipped):
        programs.append([str(Path(sys.executable).parent / PACKAGE), "--help"])
        programs.append([sys.executable, "-m", PACKAGE, "--help"])
    with tempfile.TemporaryDirectory() as elsewhere:
        return all(succeeds(program, elsewhere) for program in programs)


def succeeds(program: list[str], directory: str) -> bool:
    """Run one program and tell whether it ended well."""
    done = subprocess.run(program, cwd=directory, stdout=subprocess.DEVNULL, check=False)
    print(f"{'ok' if done.returncode == 0 else 'FAILED'}: {' '.join(program[1:])}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
