"""Who may import whom, one door per outside system, sizes: checked on the source of the checkout.

Each rule is first shown a snippet that it must object to and one that it must let pass.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from architecture import manifest_rules, python_rules, rust_rules
from architecture.rust_source import code_of, crate_modules_named, functions

ROOT = Path(__file__).resolve().parent.parent
LONG_RUST = "fn long() {\n" + "    step();\n" * 60 + "}\n"
LONG_PYTHON = "def long():\n" + "    step()\n" * 60
EXPECTED = '#[expect(clippy::too_many_lines, reason = "one arm per message")]\n'


def sources(*patterns: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield path and text of the files of the checkout that match."""
    for pattern in patterns:
        for file in sorted(ROOT.glob(pattern)):
            yield PurePosixPath(file.relative_to(ROOT).as_posix()), file.read_text()


def name_of(rule: object) -> str:
    """A rule's name, for the test's id."""
    return getattr(rule, "__name__", "rule")


@pytest.mark.parametrize("rule", rust_rules.RULES, ids=name_of)
def test_rust_sources_obey(rule: rust_rules.Rule) -> None:
    read = list(sources("src/**/*.rs", "tests/rust/**/*.rs"))

    assert read
    assert [objection for path, text in read for objection in rule(path, text)] == []


@pytest.mark.parametrize("rule", python_rules.RULES, ids=name_of)
def test_python_sources_obey(rule: python_rules.Rule) -> None:
    read = list(sources("python/**/*.py", "python/**/*.pyi", "tests/**/*.py", "src/**/*.py"))

    assert read
    assert [objection for path, text in read for objection in rule(path, text)] == []


def test_crates_depend_as_designed() -> None:
    manifests = [
        tomllib.loads(text) for _, text in sources("src/*/Cargo.toml", "tests/*/Cargo.toml")
    ]

    assert {manifest["package"]["name"] for manifest in manifests} == set(manifest_rules.ALLOWED)
    assert [
        objection
        for manifest in manifests
        for objection in manifest_rules.dependencies_follow_design(manifest)
    ] == []


def test_extension_has_a_stub() -> None:
    extension = "".join(code_of(text) for _, text in sources("src/bridge/**/*.rs"))

    if "pymodule" in extension:
        assert (ROOT / python_rules.STUB).exists()


def test_rust_code_has_rust_tests() -> None:
    core = [text for path, text in sources("src/core/**/*.rs") if functions(text)]
    tests = [text for _, text in sources("src/**/*.rs", "tests/rust/**/*.rs") if "test]" in text]

    assert not core or tests


def test_declared_doors_exist_with_their_packages() -> None:
    package = ROOT / python_rules.PACKAGE
    doors = {"cli": [package / "__main__.py"], "testing": [package / "testing" / "plugin.py"]}

    opened = [door for name, files in doors.items() if (package / name).exists() for door in files]
    assert [str(door) for door in opened if not door.exists()] == []


RUST_CASES = {
    "a value knows no service": (
        rust_rules.imports_point_down,
        "src/core/model/order.rs",
        "use crate::session::State;",
        "use crate::error::Error;",
    ),
    "a group of imports is read": (
        rust_rules.imports_point_down,
        "src/core/risk/limits.rs",
        "use crate::{model::{Order, Quote}, orders::Desk};",
        "use crate::{model::{Order, Quote}, clock};",
    ),
    "super climbs to the crate root": (
        rust_rules.imports_point_down,
        "src/core/journal/replay.rs",
        "mod tests { use super::super::super::orders::Desk; }",
        "mod tests { use super::super::Record; }",
    ),
    "a path without use counts": (
        rust_rules.imports_point_down,
        "src/core/session/mod.rs",
        "fn f(desk: crate::orders::Desk) {}",
        "fn f(link: crate::gateway::Link) {} // not crate::orders::Desk",
    ),
    "a new module needs a place": (
        rust_rules.imports_point_down,
        "src/core/helpers.rs",
        "",
        None,
    ),
    "nobody imports the composition root": (
        rust_rules.imports_point_down,
        "src/core/orders/desk.rs",
        "use crate::client::Client;",
        "use crate::journal::Record;",
    ),
    "pyo3 has one door": (
        rust_rules.pyo3_only_in_bridge,
        "src/core/error.rs",
        "use pyo3_async_runtimes::tokio;",
        "// pyo3 is not named here",
    ),
    "ibapi has one door": (
        rust_rules.ibapi_only_in_gateway,
        "src/core/session/mod.rs",
        "use ibapi::Client;",
        'const NAME: &str = "ibapi";',
    ),
    "the mock gateway is independent": (
        rust_rules.mock_never_names_core,
        "src/mock/server.rs",
        "use aioibkr_core::model;",
        "use crate::wire;",
    ),
    "the core runs without the mock gateway": (
        rust_rules.core_never_names_mock,
        "src/core/client.rs",
        "use aioibkr_mock_gateway::Settings;",
        "use crate::model;",
    ),
    "unsafe stays in the bridge": (
        rust_rules.unsafe_only_in_bridge,
        "src/core/feed/mod.rs",
        "unsafe { read() }",
        'r#"unsafe " { "#',
    ),
    "the wall clock has one door": (
        rust_rules.wall_clock_only_in_clock,
        "src/core/orders/desk.rs",
        "let now = OffsetDateTime::now_utc();",
        "let now = Instant::now();",
    ),
    "setting the clock changes no decision": (
        rust_rules.the_wall_clock_decides_nothing,
        "src/core/session/keepalive.rs",
        "let now = clock::now();",
        "let now = Instant::now();\n#[cfg(test)]\nmod tests { fn f() { clock::now(); } }",
    ),
    "one table says what a code means": (
        rust_rules.codes_only_in_the_table,
        "src/core/market_data/verdict.rs",
        "match code { 317 => Verdict::Advice }",
        "match codes::line_fate(code, text) { LineFate::GoesOn => Verdict::Advice }",
    ),
    "nothing is left to do": (
        rust_rules.nothing_unfinished,
        "src/mock/lib.rs",
        "fn f() { todo!() }",
        'fn f() { let word = "todo!"; }',
    ),
    "a long function gives a reason": (
        rust_rules.functions_within_budget,
        "src/mock/lib.rs",
        "fn short() {}\n" + LONG_RUST,
        "fn short() {}\n" + EXPECTED + LONG_RUST,
    ),
    "a function of blank lines is not long": (
        rust_rules.functions_within_budget,
        "src/mock/lib.rs",
        LONG_RUST,
        "fn long() {\n" + "\n    // why\n" * 60 + "}\n",
    ),
    "a file has a budget": (
        rust_rules.file_within_budget,
        "src/mock/lib.rs",
        "//\n" * 601,
        "//\n" * 600,
    ),
}


@pytest.mark.parametrize("case", RUST_CASES.values(), ids=RUST_CASES.keys())
def test_rust_rule_objects_to_bad_and_passes_good(
    case: tuple[rust_rules.Rule, str, str, str | None],
) -> None:
    rule, path, bad, good = case

    assert len(rule(PurePosixPath(path), bad)) == 1
    assert good is None or rule(PurePosixPath(path), good) == []


PYTHON_CASES = {
    "a long function gives a reason": (
        python_rules.functions_within_budget,
        "python/aioibkr/_client.py",
        "x = 1\n" + LONG_PYTHON,
        "# long: a table of names\n" + LONG_PYTHON,
    ),
    "a docstring is not code": (
        python_rules.functions_within_budget,
        "python/aioibkr/_client.py",
        "async " + LONG_PYTHON,
        'def f():\n    """' + "words\n" * 70 + '"""\n    # why\n',
    ),
    "a file has a budget": (
        python_rules.file_within_budget,
        "python/aioibkr/_client.py",
        "#\n" * 601,
        "#\n" * 600,
    ),
    "errors need only the standard library": (
        python_rules.imports_respect_doors,
        "python/aioibkr/errors.py",
        "from aioibkr.models import Order",
        "from typing import Final",
    ),
    "an integration sees what a user sees": (
        python_rules.imports_respect_doors,
        "python/aioibkr/integrations/fastapi/routes.py",
        "from aioibkr import _native",
        "from aioibkr import Client",
    ),
    "the command line sees what a user sees": (
        python_rules.imports_respect_doors,
        "python/aioibkr/cli/__init__.py",
        "from aioibkr._native.mock import Gateway",
        "import aioibkr.testing",
    ),
    "testing may drive the extension's mock gateway": (
        python_rules.imports_respect_doors,
        "python/aioibkr/testing/gateway.py",
        "from aioibkr._client import Client",
        "from aioibkr._native import mock",
    ),
    "an implementation module leaves the root alone": (
        python_rules.imports_respect_doors,
        "python/aioibkr/_client.py",
        "from aioibkr import Client",
        "from aioibkr import _native",
    ),
    "a public signature says no Any": (
        python_rules.public_signatures_without_any,
        "python/aioibkr/_client.py",
        "class Client:\n    def place(self, *, order: 'dict[str, Any]') -> None: ...",
        "class Client:\n    def _place(self, *, order: Any) -> None: ...",
    ),
    "a public result says no Any": (
        python_rules.public_signatures_without_any,
        "python/aioibkr/models.py",
        "def of(x: int) -> typing.Any: ...",
        "def of(x: int) -> object: ...",
    ),
    "__all__ is sorted": (
        python_rules.package_root_is_a_map,
        "python/aioibkr/__init__.py",
        '__all__ = ["connect", "Client"]',
        '__all__ = ["VERSION", "Client", "connect"]',
    ),
    "__all__ is there": (
        python_rules.package_root_is_a_map,
        "python/aioibkr/__init__.py",
        "from aioibkr import errors",
        '"""Map."""\n__all__: list[str] = []',
    ),
    "the package root holds no logic": (
        python_rules.package_root_is_a_map,
        "python/aioibkr/__init__.py",
        "__all__ = []\ndef helper(): ...",
        "__all__ = []",
    ),
}


@pytest.mark.parametrize("case", PYTHON_CASES.values(), ids=PYTHON_CASES.keys())
def test_python_rule_objects_to_bad_and_passes_good(
    case: tuple[python_rules.Rule, str, str, str],
) -> None:
    rule, path, bad, good = case

    assert len(rule(PurePosixPath(path), bad)) == 1
    assert rule(PurePosixPath(path), good) == []


MANIFEST_CASES = {
    "mock on core": ("aioibkr-mock-gateway", "[dependencies]\naioibkr-core = {}"),
    "core on mock outside its tests": ("aioibkr-core", "[dependencies]\naioibkr-mock-gateway = {}"),
    "core on pyo3": ("aioibkr-core", "[dependencies]\npyo3-async-runtimes = {}"),
    "bridge on ibapi": ("aioibkr-bridge", "[dependencies]\nibapi = {}"),
    "under another name": ("aioibkr-bridge", '[dependencies]\nib = { package = "ibapi" }'),
    "for one platform": ("aioibkr-core", "[target.'cfg(unix)'.dependencies]\npyo3 = {}"),
    "unknown crate": ("aioibkr-utils", ""),
}


@pytest.mark.parametrize("case", MANIFEST_CASES.values(), ids=MANIFEST_CASES.keys())
def test_manifest_rule_objects(case: tuple[str, str]) -> None:
    name, dependencies = case
    manifest = tomllib.loads(f'[package]\nname = "{name}"\n{dependencies}')

    assert len(manifest_rules.dependencies_follow_design(manifest)) == 1


def test_reading_of_rust_tells_lifetimes_from_characters() -> None:
    assert code_of("fn f<'a>(x: &'a str) { '\"' }") == "fn f<'a>(x: &'a str) {     }"


def test_reading_of_rust_skips_declarations() -> None:
    found = functions("trait T { fn declared(&self) -> [u8; 3]; fn given(&self) {} }")

    assert [function.name for function in found] == ["given"]


def test_reading_of_rust_names_lines() -> None:
    found = crate_modules_named(
        PurePosixPath("risk/mod.rs"), "//\nuse crate::model;\nuse super::orders;"
    )

    assert found == [(2, "model"), (3, "orders")]
