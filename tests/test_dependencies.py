"""What is linked and installed: licences, bans, duplicate versions, origins, and that locks fit.

The policy is `.ci/dependencies.toml`. Advisory databases cannot be reached from the gate, so known
vulnerabilities are not looked up here.
"""

import importlib.metadata
import json
import re
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TypedDict, cast

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements.lock",
    "tests/python/jupyter/requirements.lock",
    "tests/python/official/requirements.lock",
)
RUNTIME_EXTRAS = ("", "server", "sqlalchemy")
POLICY = tomllib.loads((ROOT / ".ci" / "dependencies.toml").read_text())
ALLOWED = frozenset(POLICY["licences"]["allowed"])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


class Crate(TypedDict):
    """The part of `cargo metadata` that is looked at."""

    name: str
    version: str
    license: str | None
    source: str | None


@pytest.fixture(scope="module")
def crates() -> list[Crate]:
    """Every crate of the lock, for all platforms."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return cast("list[Crate]", json.loads(done.stdout)["packages"])


def is_allowed(expression: str, allowed: frozenset[str] = ALLOWED) -> bool:
    """Tell whether an SPDX expression can be satisfied with allowed licences."""
    words = re.findall(r"\(|\)|[^\s()]+(?:\s+WITH\s+[^\s()]+)?", expression.replace("/", " OR "))
    joined = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    logic = " ".join(joined.get(word, str(word in allowed)) for word in words)
    return bool(eval(logic, {"__builtins__": {}}))  # noqa: S307 - True, False, and, or, brackets


def test_crates_have_allowed_licences(crates: list[Crate]) -> None:
    refused = [(c["name"], c["license"]) for c in crates if not is_allowed(c["license"] or "none")]

    assert len(crates) > 10
    assert refused == []


def test_crates_are_not_banned(crates: list[Crate]) -> None:
    assert {crate["name"] for crate in crates} & POLICY["banned"]["rust"].keys() == set()


def test_crates_come_from_the_registry(crates: list[Crate]) -> None:
    foreign = [
        c["name"] for c in crates if not (c["source"] or "registry+").startswith("registry+")
    ]

    assert foreign == []


def test_duplicate_crates_are_those_with_a_reason(crates: list[Crate]) -> None:
    versions = defaultdict(set)
    for crate in crates:
        versions[crate["name"]].add(crate["version"])

    assert {name for name, found in versions.items() if len(found) > 1} == set(POLICY["duplicates"])


def locked(lock: str) -> dict[str, str]:
    """Names and versions in a lock."""
    lines = re.findall(r"^([\w.\-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host_and_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    requirements = re.split(r"^(?=[\w.\-]+==)", text, flags=re.MULTILINE)[1:]
    assert {name.partition("==")[0] for name in requirements} == set(locked(lock))
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_lock_fits_the_declared_requirements() -> None:
    declared = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    pins = locked("requirements.lock")

    unfit = [
        str(requirement)
        for requirement in map(Requirement, declared)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    assert unfit == []


def test_bare_install_needs_nothing() -> None:
    assert PROJECT["dependencies"] == []


def test_locked_packages_are_not_banned() -> None:
    assert locked("requirements.lock").keys() & POLICY["banned"]["python"].keys() == set()


def runtime_packages() -> set[str]:
    """What the runtime extras install here, dependencies of dependencies included."""
    found: set[str] = set()
    todo: list[tuple[str, tuple[str, ...]]] = [("aioibkr", RUNTIME_EXTRAS)]
    while todo:
        name, extras = todo.pop()
        for requirement in wanted(name, extras):
            key = canonicalize_name(requirement.name)
            if key not in found:
                found.add(key)
                todo.append((key, ("", *requirement.extras)))
    return found


def wanted(name: str, extras: tuple[str, ...]) -> list[Requirement]:
    """The requirements of an installed distribution that apply here, with these extras."""
    stated = map(Requirement, importlib.metadata.requires(name) or [])
    here = cast("dict[str, str]", default_environment())
    return [
        requirement
        for requirement in stated
        if requirement.marker is None
        or any(requirement.marker.evaluate({**here, "extra": extra}) for extra in extras)
    ]


def licence_of(name: str) -> str:
    """The licence a distribution states: the SPDX expression, or what a person read."""
    stated = importlib.metadata.metadata(name)
    read: dict[str, str] = POLICY["licences"]["read"]
    fields = ("License-Expression", "License")
    return read.get(name) or next((stated[field] for field in fields if field in stated), "none")


def test_runtime_packages_have_allowed_licences() -> None:
    names = runtime_packages()

    assert "fastapi" in names
    assert [
        (name, licence_of(name)) for name in sorted(names) if not is_allowed(licence_of(name))
    ] == []


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT/Apache-2.0", True),
        ("none", False),
    ],
)
def test_licence_expressions_are_understood(expression: str, *, verdict: bool) -> None:
    assert is_allowed(expression) is verdict
