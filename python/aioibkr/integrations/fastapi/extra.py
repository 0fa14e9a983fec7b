"""Says which extra is missing; imported before anything that needs it."""

from importlib.util import find_spec

__all__ = ["require"]

NEEDED = ("fastapi", "prometheus_client", "pydantic_settings")


def require() -> None:
    """Raise `ImportError` naming the extra when one of its packages is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"aioibkr.integrations.fastapi needs {missing[0]}: pip install 'aioibkr[server]'"
        )


require()
