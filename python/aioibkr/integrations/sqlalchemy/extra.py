"""Says which extra is missing; imported before anything that needs it."""

from importlib.util import find_spec

__all__ = ["require"]


def require() -> None:
    """Raise `ImportError` naming the extra when SQLAlchemy is not installed."""
    if find_spec("sqlalchemy") is None:
        raise ImportError(
            "aioibkr.integrations.sqlalchemy needs sqlalchemy: pip install 'aioibkr[sqlalchemy]'"
        )


require()
