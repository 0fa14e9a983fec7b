"""``aioibkr mock-gateway``: the mock gateway as a program of its own.

Its options are the native program's, so that they are described in one place.
"""

from aioibkr.cli.options import AddParser
from aioibkr.testing import run_mock_gateway

__all__ = ["NAME", "add_to", "delegate"]

NAME = "mock-gateway"


def add_to(add_parser: AddParser) -> None:
    """Name the command in the program's help; `delegate` runs it."""
    add_parser(NAME, help="run a mock gateway (its own --help)", add_help=False)


def delegate(arguments: list[str]) -> int:
    """Run it with arguments of its own until it is interrupted."""
    return run_mock_gateway(arguments)
