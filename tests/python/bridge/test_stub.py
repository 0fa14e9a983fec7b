"""The stub's docstrings are those of the extension, so `help()` and editors say the same."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from aioibkr import _native

STUB = Path(__file__).resolve().parents[3] / "python" / "aioibkr" / "_native.pyi"
Documented = ast.ClassDef | ast.FunctionDef
# The values and the client; what stands behind `aioibkr.testing` is documented there.
PRIVATE = {"Awaitable", "FaultHandle", "MockGateway", "Recorder"}


def documented() -> Iterator[tuple[str, str]]:
    """Yield the dotted names of the stub that have a docstring, with it."""
    classes = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)]
    for owner in classes:
        members = [node for node in owner.body if isinstance(node, Documented)]
        for prefix, node in [("", owner), *((f"{owner.name}.", member) for member in members)]:
            text = ast.get_docstring(node)
            if text and owner.name not in PRIVATE:
                yield f"{prefix}{node.name}", text


@pytest.mark.parametrize(
    ("name", "text"), list(documented()), ids=lambda value: value.split("\n")[0]
)
def test_documentation_is_the_same_in_stub_and_extension(name: str, text: str) -> None:
    found: object = _native
    for part in name.split("."):
        found = inspect.getattr_static(found, part)

    assert inspect.cleandoc(found.__doc__ or "") == text
