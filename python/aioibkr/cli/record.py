"""``aioibkr record``: a transparent proxy that writes down what clients and a gateway say.

Its options are the native program's, so that they are described in one place.
"""

from aioibkr.cli.options import AddParser
from aioibkr.testing import run_recorder

__all__ = ["NAME", "add_to", "delegate"]

NAME = "record"


def add_to(add_parser: AddParser) -> None:
    """Name the command in the program's help; `delegate` runs it."""
    add_parser(NAME, help="record a conversation (its own --help)", add_help=False)


def delegate(arguments: list[str]) -> int:
    """Run it with arguments of its own until it is interrupted."""
    return run_recorder(arguments)
