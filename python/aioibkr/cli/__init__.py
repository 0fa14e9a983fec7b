"""The command line: ``aioibkr COMMAND``, one module per command."""

from aioibkr.cli.program import main

__all__ = ["main"]
