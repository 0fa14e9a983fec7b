"""The rules for Rust: who may import whom, one door per outside system, sizes.

A rule takes a path relative to the checkout and the file's text, and returns what it objects to.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from architecture.rust_source import code_of, crate_modules_named, functions, line_of

FUNCTION_BUDGET = 60
FILE_BUDGET = 600
# Written by src/mock/wire/generate.py.
GENERATED = {"src/mock/wire/message.rs", "src/mock/wire/protobuf.rs"}

CORE = PurePosixPath("src/core")
# Every module of the core may import these; they import only what is listed.
FOUNDATION = {
    "error": set[str](),
    "clock": {"error"},
    "life": set[str](),
    "lock": set[str](),
    "stranger": set[str](),
    "lease": {"error", "lock", "model"},
    "metrics": {"error", "clock", "lock"},
    # Whatever happens is told where it happens, so every module may tell.
    "events": {"error", "clock", "lock", "model"},
    "config": {"error", "model"},
    "pacing": {"error", "clock", "lock", "model"},
}
# What a module may import besides the foundation; the table of the design, word for word.
LAYERS = {
    "model": set[str](),
    "journal": {"model"},
    "gateway": {"model"},
    "feed": {"model"},
    "risk": {"model"},
    "session": {"model", "gateway", "feed"},
    "contracts": {"model", "session"},
    "market_data": {"model", "session"},
    "accounts": {"model", "session"},
    "orders": {"model", "session", "journal", "risk"},
}
COMPOSITION_ROOT = "client"

WALL_CLOCK = re.compile(r"\b(?:SystemTime\s*::\s*now|now_utc|now_local|Utc\s*::\s*now)\b")
UNFINISHED = re.compile(r"\b(?:todo|unimplemented|dbg)\s*!")

Rule = Callable[[PurePosixPath, str], list[str]]


def imports_point_down(path: PurePosixPath, text: str) -> list[str]:
    """Inside the core, a module names only the modules its layer may import."""
    if not path.is_relative_to(CORE) or path == CORE / "lib.rs":
        return []
    inside = path.relative_to(CORE)
    module = inside.with_suffix("").parts[0]
    if module == COMPOSITION_ROOT:
        return []
    if module not in LAYERS | FOUNDATION:
        return [f"{path}: module {module} has no place in the layer table"]
    allowed = FOUNDATION[module] if module in FOUNDATION else LAYERS[module] | FOUNDATION.keys()
    # `model` stands below `config`, `pacing` and `events`, which hold its values.
    allowed = allowed - {"config", "events", "pacing"} if module == "model" else allowed
    return [
        f"{path}:{line}: {module} may not import {name}"
        for line, name in crate_modules_named(inside, text)
        if name in (LAYERS | FOUNDATION).keys() | {COMPOSITION_ROOT}
        and name not in allowed | {module}
    ]


def only_inside(pattern: str, *homes: str, among: str = "") -> Rule:
    """A rule: code matching the pattern stays in the given files and directories."""
    searched = re.compile(pattern)

    def rule(path: PurePosixPath, text: str) -> list[str]:
        at_home = any(path.is_relative_to(home) for home in homes)
        if at_home or (among and not path.is_relative_to(among)):
            return []
        code = code_of(text)
        return [
            f"{path}:{line_of(code, found.start())}: {found.group()} belongs in {homes}"
            for found in searched.finditer(code)
        ]

    return rule


pyo3_only_in_bridge = only_inside(r"\bpyo3\w*", "src/bridge")
ibapi_only_in_gateway = only_inside(
    r"\bibapi\b", "src/core/gateway", "src/core/gateway.rs", "tests/rust"
)
unsafe_only_in_bridge = only_inside(r"\bunsafe\b", "src/bridge")
mock_never_names_core = only_inside(r"\baioibkr_core\b", "src/core", "src/bridge", "tests/rust")
core_never_names_mock = only_inside(
    r"\baioibkr_mock_gateway\b", "src/mock", "src/bridge", "tests/rust"
)
wall_clock_only_in_clock = only_inside(
    WALL_CLOCK.pattern, "src/core/clock.rs", "src/mock/clock.rs", among="src"
)

# What a code of IB means is asked of the table: `session` follows IB's servers and farms by it, an
# order's life has a confirmation and a rejection of its own.
codes_only_in_the_table = only_inside(
    r"\bcode(?:\(\))?\s*[=!]=\s*(?:Some\()?\d{3,}|(?:match\s|matches!\()[\w.]*\bcode\b\s*[{,]\s*\d{3,}",
    "src/core/events/codes.rs",
    "src/core/session/connectivity.rs",
    "src/core/orders/lifecycle.rs",
    among="src/core",
)

# What judges, waits or paces does so by instants: setting the clock changes nothing there.
TIMELESS = tuple(
    f"src/core/{name}"
    for name in (
        "life.rs",
        "orders/goals.rs",
        "orders/placement.rs",
        "pacing",
        "session/backoff.rs",
        "session/breaker.rs",
        "session/connectivity.rs",
        "session/keepalive.rs",
        "session/state.rs",
    )
)
TIME_OF_DAY = re.compile(r"\bclock\s*::\s*now\b")


def the_wall_clock_decides_nothing(path: PurePosixPath, text: str) -> list[str]:
    """What decides about links, turns and writes never looks at the time of day."""
    if not any(path.is_relative_to(home) for home in TIMELESS):
        return []
    code = code_of(text).partition("#[cfg(test)]")[0]
    return [
        f"{path}:{line_of(code, found.start())}: {found.group()} in what decides by instants"
        for found in TIME_OF_DAY.finditer(code)
    ]


def nothing_unfinished(path: PurePosixPath, text: str) -> list[str]:
    """No `todo!`, `unimplemented!` or `dbg!`."""
    code = code_of(text)
    return [
        f"{path}:{line_of(code, found.start())}: {found.group()}"
        for found in UNFINISHED.finditer(code)
    ]


def functions_within_budget(path: PurePosixPath, text: str) -> list[str]:
    """A function longer than the budget says why in `#[expect(clippy::too_many_lines, reason)]`."""
    if str(path) in GENERATED:
        return []
    return [
        f"{path}:{function.line}: fn {function.name} has {function.code_lines} lines of code"
        for function in functions(text)
        if function.code_lines > FUNCTION_BUDGET and not function.has_reason
    ]


def file_within_budget(path: PurePosixPath, text: str) -> list[str]:
    """A file written by hand stays within the budget."""
    lines = len(text.splitlines())
    if lines <= FILE_BUDGET or str(path) in GENERATED:
        return []
    return [f"{path}: {lines} lines"]


RULES: list[Rule] = [
    imports_point_down,
    pyo3_only_in_bridge,
    ibapi_only_in_gateway,
    mock_never_names_core,
    core_never_names_mock,
    unsafe_only_in_bridge,
    wall_clock_only_in_clock,
    the_wall_clock_decides_nothing,
    codes_only_in_the_table,
    nothing_unfinished,
    functions_within_budget,
    file_within_budget,
]
