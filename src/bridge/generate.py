"""Writes what follows from the values' fields.

That is the documentation and the dictionaries of keywords in the stub `_native.pyi`, the table
`_value_fields.py` and the page docs/values.md. Documentation is typed once, in the extension; types
and defaults are those of the stub, where a new field is `def name(self) -> float: ...`.

Run `python src/bridge/generate.py` where the extension is built; running it again must change
nothing, and `--check` only tells whether it would.
"""

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aioibkr import _native

ROOT = Path(__file__).resolve().parents[2]
STUB = ROOT / "python" / "aioibkr" / "_native.pyi"
FIELDS = ROOT / "python" / "aioibkr" / "_value_fields.py"
PAGE = ROOT / "docs" / "values.md"
# Columns, and what is no value: it does something, or stands behind `aioibkr.testing`.
NO_VALUES = {
    "ArrowTable", "Awaitable", "Bars", "Client", "Config", "FaultHandle", "MockGateway", "Recorder",
    "TickBatch", "TickByTickBatch",
}  # fmt: skip
KEYWORDS = re.compile(r"class _(\w+)Fields\(TypedDict, total=False\):\n(?:    .+\n)+")
ROW = "| `{}` | `{}` | {} | {} |\n"


class Field(NamedTuple):
    """One field of a value."""

    name: str
    type: str
    default: str | None
    doc: str


class Value(NamedTuple):
    """One class."""

    name: str
    doc: str
    fields: list[Field]


def main(arguments: list[str]) -> int:
    """Write the files, or tell which would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    is_check = parser.parse_args(arguments).check
    stub = with_keywords(with_documentation(STUB.read_text()))
    found = list(values(stub))
    changed = [
        path
        for path, text in ((STUB, stub), (FIELDS, table(found)), (PAGE, page(found)))
        if not path.exists() or path.read_text() != text
        if is_check or path.write_text(text)
    ]
    for path in changed:
        print(f"{path.relative_to(ROOT)} {'is out of date' if is_check else 'written'}")
    return 1 if changed and is_check else 0


def with_documentation(stub: str) -> str:
    """Give the values of the stub, and their fields, the documentation of the extension."""
    lines = stub.splitlines()
    # From the end, so that the numbers of the lines before stay right.
    for node, text in sorted(documented(stub), key=lambda pair: -pair[0].lineno):
        first = node.body[0]
        indent = " " * (node.col_offset + 4)
        if ast.get_docstring(node) is not None:
            lines[first.lineno - 1 : first.end_lineno] = docstring(text, indent)
        else:
            head = lines[first.lineno - 1].removesuffix(" ...")
            lines[first.lineno - 1 : first.end_lineno] = [head, *docstring(text, indent)]
    return "\n".join(lines) + "\n"


def documented(stub: str) -> Iterator[tuple[ast.ClassDef | ast.FunctionDef, str]]:
    """Yield the values of the stub and their fields, with the extension's documentation."""
    for name, node in classes_of(stub).items():
        found = getattr(_native, name)
        yield node, inspect.getdoc(found) or ""
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and is_property(member):
                yield member, inspect.getdoc(inspect.getattr_static(found, member.name)) or ""


def docstring(text: str, indent: str) -> list[str]:
    """Documentation as lines of a stub."""
    first, *rest = text.splitlines()
    if not rest:
        return [f'{indent}"""{first}"""']
    return [f'{indent}"""{first}', *(f"{indent}{line}".rstrip() for line in rest), f'{indent}"""']


def with_keywords(stub: str) -> str:
    """Let the dictionaries of keywords have what the constructors of their classes take."""
    classes = classes_of(stub)

    def written(found: re.Match[str]) -> str:
        head = found[0].partition("\n")[0]
        return head + "\n" + "".join(keywords(classes[found[1]]))

    return KEYWORDS.sub(written, stub)


def keywords(declared: ast.ClassDef) -> Iterator[str]:
    """Yield the keywords of a class's constructor, a line each."""
    for node in declared.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__new__":
            for argument in node.args.kwonlyargs:
                yield f"    {ast.unparse(argument)}\n"


def classes_of(stub: str) -> dict[str, ast.ClassDef]:
    """The values of the stub, by name."""
    return {
        node.name: node
        for node in ast.parse(stub).body
        if isinstance(node, ast.ClassDef)
        if node.name not in NO_VALUES and not node.name.startswith("_")
        if isinstance(getattr(_native, node.name, None), type)
    }


def values(stub: str) -> Iterator[Value]:
    """Yield the values of the extension in the order of their names."""
    for name, declared in sorted(classes_of(stub).items()):
        found = getattr(_native, name)
        yield Value(name, inspect.getdoc(found) or "", list(fields(found, declared)))


def fields(found: type, declared: ast.ClassDef) -> Iterator[Field]:
    """Yield the fields of a class in the order they are declared in."""
    defaults = defaults_of(declared)
    for node in declared.body:
        if isinstance(node, ast.FunctionDef) and node.returns and is_property(node):
            doc = inspect.getdoc(inspect.getattr_static(found, node.name)) or ""
            yield Field(node.name, ast.unparse(node.returns), defaults.get(node.name), doc)


def is_property(node: ast.FunctionDef) -> bool:
    """Tell whether a method is read like a field."""
    return any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)


def defaults_of(declared: ast.ClassDef) -> dict[str, str]:
    """What a constructor takes for the fields that a caller leaves out."""
    made = [n for n in declared.body if isinstance(n, ast.FunctionDef) and n.name == "__new__"]
    return {
        argument.arg: ast.unparse(default)
        for node in made
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    }


def table(found: list[Value]) -> str:
    """Names and types of the fields, as a Python module."""
    head = (
        '"""Fields of the values, with their types as the stub has them.\n\n'
        'Generated by src/bridge/generate.py; do not edit.\n"""\n\n'
        "FIELDS: dict[str, tuple[tuple[str, str], ...]] = {\n"
    )
    rows = (f'    "{value.name}": {entries(value.fields)},\n' for value in found)
    return f"{head}{''.join(rows)}}}\n"


def entries(named: list[Field]) -> str:
    """The fields of one class, laid out as ruff has it."""
    rows = [f'("{field.name}", {literal(field.type)})' for field in named]
    if len(rows) == 1:
        return f"({rows[0]},)"
    return "(\n" + "".join(f"        {row},\n" for row in rows) + "    )"


def literal(kind: str) -> str:
    """A type as a literal text."""
    kind = kind.replace("'", '"')
    return f"'{kind}'" if '"' in kind else f'"{kind}"'


def page(found: list[Value]) -> str:
    """The reference page."""
    head = (
        "# Values\n\n"
        "Every value that a client gives, field by field. All are frozen; what is not known is\n"
        "`None`. A field with a default is a keyword that a caller may leave out. How lists of\n"
        "them become tables is in [data frames](frames.md).\n\n"
        "Written by `src/bridge/generate.py`; do not edit.\n\n"
    )
    links = " · ".join(f"[{value.name}](#{value.name.lower()})" for value in found)
    return f"{head}{links}\n{''.join(map(section, found))}"


def section(value: Value) -> str:
    """One class of the page."""
    rows = "".join(
        ROW.format(
            field.name,
            field.type.replace("|", "\\|"),
            "" if field.default is None else f"`{field.default}`",
            one_line(field.doc),
        )
        for field in value.fields
    )
    head = f"\n## {value.name}\n\n{value.doc.replace('``', '`')}\n\n"
    return f"{head}| field | type | default | what it is |\n|---|---|---|---|\n{rows}"


def one_line(doc: str) -> str:
    """Documentation as a cell of a table."""
    return " ".join(doc.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
