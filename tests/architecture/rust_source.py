"""A reading of Rust source just deep enough for the rules: code apart from comments and strings.

It promises line numbers that hold, the paths a file names, and the extent of functions. Macros
are read as the text they are; nothing is expanded.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

NOT_CODE = re.compile(
    r"""
      //[^\n]*                                   # line comment
    | /\*.*?\*/                                  # block comment
    | b?c?r(?P<hashes>\#*)".*?"(?P=hashes)       # raw string
    | [bc]?"(?:\\.|[^"\\])*"                     # string
    | b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])'      # character, never a lifetime
    """,
    re.DOTALL | re.VERBOSE,
)
FUNCTION = re.compile(r"\bfn\s+(\w+)")
INLINE_MODULE = re.compile(r"\bmod\s+(\w+)\s*\{")
CRATE_PATH = re.compile(r"(?<![\w$])crate\s*::\s*")
SUPER_PATH = re.compile(r"(?<![\w:])(?:self\s*::\s*)?((?:super\s*::\s*)+)")
TOO_LONG_ATTRIBUTE = re.compile(
    r"#\[expect\(\s*clippy::too_many_lines\s*,\s*reason\s*=\s*\"[^\"]+\""
)


@dataclass(frozen=True)
class Function:
    """A function: its name, the line it begins on and how many of its lines hold code."""

    name: str
    line: int
    code_lines: int
    has_reason: bool


def code_of(text: str) -> str:
    """Blank out comments, strings and characters; every line keeps its number and length."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def line_of(text: str, position: int) -> int:
    """The line, counted from one, of a position in the text."""
    return text.count("\n", 0, position) + 1


def functions(text: str) -> list[Function]:
    """Every function with a body, nested ones included."""
    code = code_of(text)
    found = (function_at(text, code, match) for match in FUNCTION.finditer(code))
    return [function for function in found if function is not None]


def function_at(text: str, code: str, match: re.Match[str]) -> Function | None:
    """The function whose `fn name` matched, or None for a declaration or a mention."""
    opening = body_start(code, match.end())
    if opening is None:
        return None
    end = block_end(code, opening)
    lines = code[match.start() : end].splitlines()
    attributes = text[: match.start()].rsplit("}", 1)[-1].rsplit(";", 1)[-1]
    return Function(
        name=match.group(1),
        line=line_of(code, match.start()),
        code_lines=sum(1 for line in lines if line.strip()),
        has_reason=TOO_LONG_ATTRIBUTE.search(attributes) is not None,
    )


def body_start(code: str, position: int) -> int | None:
    """Where the body of a signature opens; None when a semicolon ends it first."""
    depth = 0
    for at in range(position, len(code)):
        character = code[at]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif depth == 0 and character in "{;":
            return at if character == "{" else None
        if depth < 0:
            return None
    return None


def block_end(code: str, opening: int) -> int:
    """The position after the brace that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return len(code)


def module_path(path_in_crate: PurePosixPath) -> tuple[str, ...]:
    """The module a file holds: `session/state.rs` is `session::state`, `lib.rs` the root."""
    parts = path_in_crate.with_suffix("").parts
    return parts[:-1] if parts[-1] in {"lib", "main", "mod"} else parts


def crate_modules_named(path_in_crate: PurePosixPath, text: str) -> list[tuple[int, str]]:
    """The top-level modules of its crate that a file names, each with the line."""
    code = code_of(text)
    here = module_path(path_in_crate)
    found = [(m.start(), name) for m in CRATE_PATH.finditer(code) for name in heads(code, m.end())]
    for match in SUPER_PATH.finditer(code):
        inside = here + enclosing_modules(code, match.start())
        above = inside[: len(inside) - match.group(1).count("super")]
        names = [above[0]] if above else heads(code, match.end())
        found += [(match.start(), name) for name in names]
    return [(line_of(code, position), name) for position, name in sorted(found)]


def enclosing_modules(code: str, position: int) -> tuple[str, ...]:
    """The inline modules around a position, outermost first."""
    return tuple(
        match.group(1)
        for match in INLINE_MODULE.finditer(code, 0, position)
        if block_end(code, match.end() - 1) > position
    )


def heads(code: str, position: int) -> list[str]:
    """The first names of the path or of the group of paths at a position."""
    name = re.compile(r"\w+").match(code, position)
    if name:
        return [name.group()]
    if code[position : position + 1] != "{":
        return []
    group = code[position + 1 : block_end(code, position) - 1]
    while "{" in group:
        group = re.sub(r"\{[^{}]*\}", "", group)
    return re.findall(r"(?:^|,)\s*(\w+)", group)
