"""The rules for Python: layers that the import linter cannot see, public signatures, sizes.

A rule takes a path relative to the checkout and the file's text, and returns what it objects to.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath

FUNCTION_BUDGET = 60
FILE_BUDGET = 600
REASON = re.compile(r"#\s*long:\s*\S+")
PACKAGE = PurePosixPath("python/aioibkr")
STUB = PACKAGE / "_native.pyi"
# The stub declares every name of the extension in one file, because a stub mirrors its module; the
# table of fields is generated.
UNLIMITED = {str(STUB), str(PACKAGE / "_value_fields.py")}
STANDARD_LIBRARY_ONLY = {"errors.py", "config.py", "_setting.py"}
# These see of the package what a user sees; `testing` also drives the mock gateway.
PUBLIC_ONLY = {"sync", "integrations", "compat", "optionsflow", "cli", "metrics", "testing"}
IMPLEMENTATION = {
    "_broker", "_broker_accounts", "_broker_kept", "_broker_market", "_broker_models",
    "_broker_orders", "_broker_prices", "_broker_views",
    "_client", "_client_events", "_client_reads", "_client_streams", "_events",
    "_client_ids", "_frames",
    "_gateway_process", "_gateway_program", "_gateway_secrets", "_integration", "_keeping",
    "_logging", "_native", "_portfolio", "_process_group", "_restarts",
    "_risk_manager", "_setting", "_streams", "_value_fields",
    "broker", "config", "errors", "models",
}  # fmt: skip
PRIVATE = re.compile(r"^aioibkr(?:\.\w+)*\._\w+")
ROOT_LOGIC = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)

Rule = Callable[[PurePosixPath, str], list[str]]
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def functions_within_budget(path: PurePosixPath, text: str) -> list[str]:
    """A function longer than the budget says why in a comment `# long: reason` right above."""
    lines = text.splitlines()
    return [
        f"{path}:{node.lineno}: {node.name} has {length} lines of code"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, Definition)
        and (length := code_lines(node, lines)) > FUNCTION_BUDGET
        and not REASON.search(lines[first_line(node) - 2])
    ]


def code_lines(node: Definition, lines: list[str]) -> int:
    """Count the lines of a function that are neither blank, comment nor docstring."""
    documented = range(0)
    if ast.get_docstring(node, clean=False) is not None:
        documented = range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return sum(1 for at in span if at not in documented and holds_code(lines[at - 1]))


def holds_code(line: str) -> bool:
    """Tell whether a line is more than blank or comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def first_line(node: Definition) -> int:
    """The line of a function's first decorator, or its own."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def file_within_budget(path: PurePosixPath, text: str) -> list[str]:
    """A file stays within the budget."""
    lines = len(text.splitlines())
    return [f"{path}: {lines} lines"] if lines > FILE_BUDGET and str(path) not in UNLIMITED else []


def imports_respect_doors(path: PurePosixPath, text: str) -> list[str]:
    """Errors and config need no package; the outer packages see only public names."""
    if not path.is_relative_to(PACKAGE):
        return []
    head = path.relative_to(PACKAGE).parts[0]
    allowed: Callable[[str], bool]
    if head in STANDARD_LIBRARY_ONLY:
        allowed = is_standard_library
    elif head.removesuffix(".py") in PUBLIC_ONLY:
        own = f"aioibkr.{head}._"
        doors = (own, "aioibkr._native") if head == "testing" else (own,)
        allowed = partial(is_public, doors=doors)
    elif path.parent == PACKAGE and head != "__main__.py":
        allowed = is_not_root
    else:
        return []
    return [
        f"{path}:{line}: {head} may not import {name}"
        for line, name in imported(ast.parse(text))
        if not allowed(name)
    ]


def is_standard_library(name: str) -> bool:
    """Tell whether an import is of the standard library or of what needs nothing else."""
    head = name.partition(".")[0]
    own = ("aioibkr.errors", "aioibkr._setting")
    return head in sys.stdlib_module_names or name.startswith(own)


def is_public(name: str, doors: tuple[str, ...] = ()) -> bool:
    """Tell whether an import leaves the package's private modules alone, but for given doors."""
    return PRIVATE.match(name) is None or name.startswith(doors)


def is_not_root(name: str) -> bool:
    """Tell whether an import takes nothing from the package root but its implementation modules."""
    module, _, name_in_root = name.partition(".")
    return module != "aioibkr" or name_in_root.split(".")[0] in IMPLEMENTATION


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every imported name with its line; relative imports are spelled out by ruff's ban."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def public_signatures_without_any(path: PurePosixPath, text: str) -> list[str]:
    """Public functions and attributes of the package's root modules never say `Any`."""
    if path.parent != PACKAGE:
        return []
    return [
        f"{path}:{annotation.lineno}: Any in the public signature of {name}"
        for name, annotation in public_annotations(ast.parse(text))
        if names_any(annotation)
    ]


def public_annotations(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the annotations of public functions, classes' members and variables."""
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_annotations(node)
        elif isinstance(node, Definition) and is_public_name(node.name):
            yield from ((node.name, annotation) for annotation in signature(node))
        elif isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            yield ast.unparse(node.target), node.annotation


def is_public_name(name: str) -> bool:
    """Tell whether a user may call it: no leading underscore, or a magic method."""
    return not name.startswith("_") or name.endswith("__")


def signature(node: Definition) -> Iterator[ast.expr]:
    """Yield the annotations of a function's parameters and of its result."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    yield from (argument.annotation for argument in every if argument.annotation)
    if node.returns:
        yield node.returns


def names_any(annotation: ast.expr) -> bool:
    """Tell whether an annotation names `Any`, also inside quotes."""
    return re.search(r"\bAny\b", ast.unparse(annotation)) is not None


def package_root_is_a_map(path: PurePosixPath, text: str) -> list[str]:
    """The package root imports, names and sorts; it holds no logic."""
    if path != PACKAGE / "__init__.py":
        return []
    tree = ast.parse(text)
    objections = [
        f"{path}:{node.lineno}: logic in the package root"
        for node in tree.body
        if not isinstance(node, ROOT_LOGIC)
    ]
    exported = exported_names(tree)
    if exported is None:
        objections.append(f"{path}: no __all__")
    elif exported != sorted(set(exported), key=by_kind):
        objections.append(f"{path}: __all__ is not sorted")
    return objections


def exported_names(tree: ast.Module) -> list[str] | None:
    """The literal list of `__all__`, or None."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == "__all__":
                names: list[str] = ast.literal_eval(node.value)
                return list(names)
    return None


def by_kind(name: str) -> tuple[int, list[str | int]]:
    """Sort as ruff does: constants, then classes, then the rest, numbers by value."""
    constant = len(name) > 1 and name.isupper()
    rank = 0 if constant else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return rank, [int(part) if part.isdigit() else part for part in parts]


RULES: list[Rule] = [
    functions_within_budget,
    file_within_budget,
    imports_respect_doors,
    public_signatures_without_any,
    package_root_is_a_map,
]
