"""The program ``aioibkr``: finds the command, runs it, turns its end into an exit code.

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed |
| 2 | bad usage |
| 3 | cannot connect |
| 4 | timed out |
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from aioibkr.cli import check, doctor, gateway, mock_gateway, record, serve
from aioibkr.cli.options import follow_log_options
from aioibkr.errors import ConfigError, IBKRConnectionError, RequestTimeout, TradingError

__all__ = ["main"]

COMMANDS = (check, doctor, serve, gateway, mock_gateway, record)
NATIVE: dict[str, Callable[[list[str]], int]] = {
    mock_gateway.NAME: mock_gateway.delegate,
    record.NAME: record.delegate,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's) and return its exit code.

    Bad usage ends with `SystemExit(2)`, as argparse has it.
    """
    given = given_of(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in NATIVE:
        return NATIVE[given[0]](given[1:])
    options = _parser().parse_args(given)
    try:
        follow_log_options(options)
        return int(options.run(options))
    except KeyboardInterrupt:
        return 0
    except (TradingError, OSError, ImportError) as error:
        print(f"aioibkr {options.command}: {error}", file=sys.stderr)
        return exit_code(error)


def given_of(arguments: Sequence[str]) -> list[str]:
    """The arguments without options that are given nothing: ``--account ""`` says no account."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return [*kept, argument, *rest]
        is_option = bool(kept) and kept[-1].startswith("--") and "=" not in kept[-1]
        if is_option and not argument.strip():
            kept.pop()
        elif not _is_blank_option(argument):
            kept.append(argument)
    return kept


def _is_blank_option(argument: str) -> bool:
    name, equals, value = argument.partition("=")
    return name.startswith("--") and bool(equals) and not value.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aioibkr", description="Talk to an IB Gateway.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands.add_parser)
    return parser


def exit_code(error: BaseException) -> int:
    """The exit code that tells a script what kind of failure it was."""
    if isinstance(error, ConfigError):
        return 2
    if isinstance(error, IBKRConnectionError):
        return 3
    return 4 if isinstance(error, RequestTimeout) else 1
