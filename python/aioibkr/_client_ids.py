"""A range of client ids, of which each program of a machine takes one that is free."""

import re
from dataclasses import dataclass

from aioibkr.errors import ConfigError

__all__ = ["ClientIds"]

RANGE = re.compile(r"(\d{1,10})(?:\s*-\s*(\d{1,10}))?")


@dataclass(frozen=True)
class ClientIds:
    """Client ids from a first to a last one, such as ``ClientIds("11-18")``.

    A client that is given one takes the first id that no program of this user and machine holds,
    and holds it until it is closed or its process ends. Its feed takes ``id + 1000``, or that and
    a multiple of the number of ids, so that no two of a range meet; it has at most 1000 ids.

    Raises `ConfigError` for a text that is no range.
    """

    text: str

    def __post_init__(self) -> None:
        _ = self.first, self.last

    @property
    def first(self) -> int:
        """The lowest of them."""
        return self._bounds()[0]

    @property
    def last(self) -> int:
        """The highest of them."""
        return self._bounds()[1]

    def _bounds(self) -> tuple[int, int]:
        found = RANGE.fullmatch(self.text.strip())
        if found is None:
            raise ConfigError(f"client_ids {self.text!r}: give a range such as 11-18")
        first, last = found.groups()
        return int(first), int(last or first)
