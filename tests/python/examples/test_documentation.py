"""What the pages show is true: their code is that of the examples, their scenarios are accepted."""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aioibkr.testing import Limits, MockGateway, Profile, faults

ROOT = Path(__file__).resolve().parent.parent.parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = ROOT / "python" / "examples"
RUST = ROOT / "tests" / "rust"
MOCK_GATEWAY = ROOT / "docs" / "mock-gateway"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of each fenced block in a language."""
    return [
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for found, text in BLOCK.findall(page.read_text())
        if found == language
    ]


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_on_a_page_is_of_an_example_or_compiles(page: str, code: str) -> None:
    examples = "\n".join(path.read_text() for path in sorted(EXAMPLES.glob("*.py")))

    if code not in examples:
        compile(code, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_places_maintainers_are_sent_to_exist() -> None:
    page = (ROOT / "docs" / "development.md").read_text()
    places = set(re.findall(r"`((?:src|python|tests|\.ci)/[\w./]+)`", page))

    assert len(places) > 20
    assert sorted(place for place in places if not (ROOT / place).exists()) == []


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_what_a_page_imports_of_the_package_exists(page: str, code: str) -> None:
    nodes = ast.walk(
        compile(code, page, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    )
    imported = [
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("aioibkr")
        for alias in node.names
    ]

    missing = [(m, name) for m, name in imported if not hasattr(importlib.import_module(m), name)]

    assert missing == []


@pytest.mark.parametrize(("page", "code"), blocks("rust"))
def test_rust_on_a_page_is_of_an_example_that_the_rust_tests_run(page: str, code: str) -> None:
    examples = [path.read_text() for path in sorted(RUST.glob("example_*.rs"))]

    assert any(code in example for example in examples), page


@pytest.mark.parametrize(("page", "scenario"), blocks("toml"))
def test_a_scenario_on_a_page_is_accepted(page: str, scenario: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(scenario)
    command = [sys.executable, "-m", "aioibkr", "mock-gateway", "--port", "0", "--scenario"]

    with subprocess.Popen([*command, str(file)], stdout=subprocess.PIPE, text=True) as gateway:
        line = gateway.stdout.readline() if gateway.stdout else ""
        gateway.terminate()

    assert line.startswith("listening on "), page


def test_every_setting_and_method_is_on_the_first_page() -> None:
    page = (MOCK_GATEWAY / "index.md").read_text()
    methods = {name for name, _ in inspect.getmembers(MockGateway) if not name.startswith("_")}
    settings = set(inspect.signature(MockGateway).parameters)
    settings |= {field.name for field in dataclasses.fields(Profile)}

    assert [name for name in methods | settings if f"`{name}`" not in page] == []


def test_every_fault_and_limit_is_on_its_page() -> None:
    page = (MOCK_GATEWAY / "faults-and-limits.md").read_text()
    limits = {field.name: field.default for field in dataclasses.fields(Limits)}

    rows = {name: "off" if most is None else str(most) for name, most in limits.items()}
    rows |= {"messages_per_client": "no", "history_pacing": "off"}
    assert [row for row in rows.items() if "| `{}` | {} |".format(*row) not in page] == []
    named = set(faults.__all__) - {"Fault"}
    assert [name for name in named if f"| `{name}(" not in page] == []
    assert [name for name in named if f'name = "{name}"' not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_a_page_links_to_exist(page: Path) -> None:
    links = [page.parent / link for link in LINK.findall(page.read_text())]

    assert [link for link in links if not link.exists()] == []


def test_the_first_program_of_the_readme_runs(mock_gateway: MockGateway) -> None:
    program = next(code for page, code in blocks("python") if page == README.name)
    here = program.replace("port=4002", f"port={mock_gateway.port}")

    done = subprocess.run(
        [sys.executable, "-c", here], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert [order.order_type for order in mock_gateway.orders()] == ["LMT"]
    assert " live\n" in done.stdout
