"""Which integrations run on which application, and which a lifespan has yet to run."""

from typing import Protocol
from weakref import WeakSet

from fastapi import FastAPI

from aioibkr import IBKRIntegration

__all__ = ["begun", "expect", "integrations_of", "is_expected"]


class Named(Protocol):
    """What stands for an integration in a lifespan."""

    name: str


_expected: "WeakSet[Named]" = WeakSet()


def integrations_of(app: FastAPI) -> dict[str, IBKRIntegration]:
    """The integrations that an application runs, by name."""
    try:
        found: dict[str, IBKRIntegration] = app.state.ibkr_integrations
    except AttributeError:
        found = app.state.ibkr_integrations = {}
    return found


def expect(run: Named) -> None:
    """Note that an integration is to be run; forgotten with the lifespan that was to do it."""
    _expected.add(run)


def begun(run: Named) -> None:
    """Note that it runs."""
    _expected.discard(run)


def is_expected(name: str) -> bool:
    """Whether an integration of that name is to be run by a lifespan that nobody has run yet."""
    return any(run.name == name for run in _expected)
