"""The package is typed: what it has is known, what it lacks is refused."""

import aioibkr

names: list[str] = aioibkr.__all__
number: int = aioibkr.__all__  # E: assignment
aioibkr.no_such_name  # E: attr-defined
