"""What the pages show is true: their code is that of the examples, their scenarios are accepted."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aioibkr.testing import MockGateway

ROOT = Path(__file__).resolve().parent.parent.parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = ROOT / "python" / "examples"
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


@pytest.mark.parametrize(("page", "scenario"), blocks("toml"))
def test_a_scenario_on_a_page_is_accepted(page: str, scenario: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(scenario)
    command = [sys.executable, "-m", "aioibkr", "mock-gateway", "--port", "0", "--scenario"]

    with subprocess.Popen([*command, str(file)], stdout=subprocess.PIPE, text=True) as gateway:
        line = gateway.stdout.readline() if gateway.stdout else ""
        gateway.terminate()

    assert line.startswith("listening on "), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_a_page_links_to_exist(page: Path) -> None:
    links = [page.parent / link for link in LINK.findall(page.read_text())]

    assert [link for link in links if not link.exists()] == []


def test_the_first_program_of_the_readme_runs(mock_gateway: MockGateway) -> None:
    program = next(code for page, code in blocks("python") if page == README.name)
    here = program.replace("port=4002", f"port={mock_gateway.port}")

    done = subprocess.run(
        [sys.executable, "-c", here], env=os.environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert [order.order_type for order in mock_gateway.orders()] == ["LMT"]
    assert " live\n" in done.stdout
