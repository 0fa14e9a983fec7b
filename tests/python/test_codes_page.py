"""The page of codes says what the table of the core says."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def generator() -> ModuleType:
    """The program that writes the page."""
    place = ROOT / "src" / "core" / "events" / "generate.py"
    spec = importlib.util.spec_from_file_location("codes_page", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_writing_the_page_again_changes_nothing() -> None:
    assert (ROOT / "docs" / "codes.md").read_text() == generator().page()


def test_page_is_linked_and_has_every_code() -> None:
    codes = {row.code for row in generator().rows()}

    page = (ROOT / "docs" / "codes.md").read_text()

    assert len(codes) >= 161
    assert all(f"\n| {code} |" in page for code in codes)
    assert "(docs/codes.md)" in (ROOT / "README.md").read_text()
