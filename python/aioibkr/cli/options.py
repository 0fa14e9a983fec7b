"""Options that commands share, and their conversion."""

import argparse
import ipaddress
import re
from collections.abc import Callable

from aioibkr import configure_logging

__all__ = [
    "AddParser",
    "add_gateway",
    "add_logging",
    "duration",
    "follow_log_options",
    "is_loopback",
    "port",
    "seconds",
]

AddParser = Callable[..., argparse.ArgumentParser]
LAST_PORT = 65535
LEVELS = ("debug", "info", "warning", "error", "critical")
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.ASCII)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_gateway(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which gateway, as whom and for how long."""
    parser.add_argument("--host", default="127.0.0.1", help="gateway's host (%(default)s)")
    parser.add_argument("--port", type=port, default=4002, help="gateway's port (%(default)s)")
    parser.add_argument("--client-id", type=int, default=1, help="client id (%(default)s)")
    parser.add_argument("--account", help="account to act for (default: the first of the login)")
    parser.add_argument("--timeout", type=seconds, default=10.0, help="seconds (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    add_logging(parser)


def add_logging(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is logged and where."""
    parser.add_argument("--log-level", choices=LEVELS, help="log this and worse to stderr")
    parser.add_argument("--log-file", metavar="FILE", help="log there instead (level info)")


def follow_log_options(options: argparse.Namespace) -> None:
    """Log as the options of `add_logging` say; without them logging is left alone.

    Raises:
        ConfigError: The file cannot be written.
    """
    level, file = getattr(options, "log_level", None), getattr(options, "log_file", None)
    if level is not None or file is not None:
        configure_logging(level=level or "info", file=file)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address; a name other than localhost may not."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def port(text: str) -> int:
    """A TCP port, 0 to 65535."""
    number = int(text)
    if not 0 <= number <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"port {number} is not 0 to {LAST_PORT}")
    return number


def seconds(text: str) -> float:
    """A duration of more than 0 seconds."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return number


def duration(text: str) -> float:
    """A time above 0 with its unit, ``90s``, ``15m``, ``2h`` or ``14d``, in seconds."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is not a time such as 90s, 15m, 2h or 14d")
    return seconds(str(float(found[1]) * SECONDS[found[2]]))
