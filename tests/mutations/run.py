"""Breaks the product in one line at a time and runs the tests that must notice.

`mutations.toml` is the table. Each is built into the extension of this checkout, which is put back
afterwards. A mutation that no named test notices has survived: the tests are to be mended. Time and
memory of each run are bounded. Needs the environment of `tests/run.py`.

    python tests/mutations/run.py              # all
    python tests/mutations/run.py cancel list  # those whose name has one of the words
"""

import os
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = Path(__file__).with_name("mutations.toml")
EXTENSION = ROOT / "python" / "aioibkr" / "_native.abi3.so"
BUILT = ROOT / "target" / "debug" / "lib_native.so"
LONGEST_BUILD, LONGEST_RUN = 900.0, 120.0
MOST_MEMORY = 8 << 30


@dataclass(frozen=True)
class Mutation:
    """One change of one place, and who must object."""

    name: str
    file: str
    find: str
    put: str
    tests: tuple[str, ...]


def mutations() -> list[Mutation]:
    """The rows of the table."""
    rows = tomllib.loads(TABLE.read_text())["mutation"]
    return [Mutation(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def main(words: list[str]) -> int:
    """Try every mutation that is meant, and print what came of it."""
    meant = [
        mutation
        for mutation in mutations()
        if not words or any(word in mutation.name for word in words)
    ]
    with kept(EXTENSION):
        verdicts = {mutation.name: tried(mutation) for mutation in meant}
    bad = [name for name, verdict in verdicts.items() if verdict != "noticed"]
    print(f"\n{len(verdicts) - len(bad)} of {len(verdicts)} noticed", *bad, sep="\n  ")
    return 1 if bad or not meant else 0


def tried(mutation: Mutation) -> str:
    """Build the mutation and run its tests: `noticed`, `survived` or what went wrong."""
    with changed(ROOT / mutation.file, mutation.find, mutation.put):
        verdict = noticed(mutation) if built() else "does not compile"
    print(f"{verdict:16}  {mutation.name}", flush=True)
    return verdict


def built() -> bool:
    """Whether the extension could be built and put in its place."""
    build = ["cargo", "build", "--quiet", "--locked", "-p", "aioibkr-bridge"]
    environment = {**os.environ, "PYO3_PYTHON": sys.executable}
    done = subprocess.run(
        build,
        cwd=ROOT,
        env=environment,
        timeout=LONGEST_BUILD,
        check=False,
        stderr=subprocess.DEVNULL,
    )
    if done.returncode == 0:
        fresh = EXTENSION.with_suffix(".fresh")
        shutil.copy(BUILT, fresh)
        fresh.replace(EXTENSION)
    return done.returncode == 0


def noticed(mutation: Mutation) -> str:
    """Whether the tests fail; one that hangs has noticed too."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", *mutation.tests]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    try:
        done = subprocess.run(
            run,
            cwd=ROOT,
            env=environment,
            timeout=LONGEST_RUN,
            check=False,
            stdout=subprocess.DEVNULL,
            preexec_fn=bounded,
        )
    except subprocess.TimeoutExpired:
        return "noticed"
    # pytest ends with 1 when tests failed; any other number says that they did not run.
    return {0: "survived", 1: "noticed"}.get(done.returncode, "did not run")


def bounded() -> None:
    """Bound the memory of a run."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


@contextmanager
def changed(path: Path, find: str, put: str) -> Iterator[None]:
    """Put one text in place of another, and back."""
    text = path.read_text()
    if text.count(find) != 1:
        raise SystemExit(f"{path}: {find!r} stands {text.count(find)} times: mend the table")
    try:
        path.write_text(text.replace(find, put))
        yield
    finally:
        path.write_text(text)


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Put a file back as it was, whether it was there or not."""
    saved = path.with_suffix(".kept")
    was_there = path.exists()
    if was_there:
        shutil.copy(path, saved)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if was_there:
            saved.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
