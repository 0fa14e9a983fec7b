"""Where the package's logs go: one handler on the logger ``aioibkr``, never on the root logger."""

from __future__ import annotations

import logging
import os
import time
from logging.handlers import RotatingFileHandler

from aioibkr import _native
from aioibkr._setting import is_given, path_of
from aioibkr.errors import ConfigError

__all__ = ["configure_logging"]

_NAME = "aioibkr"
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
_OFF = logging.CRITICAL + 1


class _UtcFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)


def configure_logging(
    *,
    level: str | int = "info",
    file: str | os.PathLike[str] | None = None,
    access: bool | None = None,
    max_bytes: int = 10_000_000,
    backups: int = 5,
) -> None:
    """Write the package's logs to a file, or to stderr, with times in UTC.

    Calling it again replaces what an earlier call set up. Handlers of your own stay as they are,
    on ``aioibkr`` and on the root logger, which goes on to receive every line; programs with a
    logging configuration of their own need none of this.

    Args:
        level: ``debug info warning error critical``, or a number of `logging`.
        file: Where to write; its directory must exist. None or a blank text: stderr.
        access: Whether to write one line per request, under ``aioibkr.access`` at level debug;
            None: if ``level`` is ``debug``.
        max_bytes: Size at which a file is renamed and begun anew; 0 for no limit.
        backups: How many renamed files are kept.

    Raises:
        ConfigError: The level is unknown, or the file cannot be written; nothing has changed then.
    """
    threshold = _threshold(level)
    handler = _handler(file, max_bytes, backups)
    logger = logging.getLogger(_NAME)
    replaced = [known for known in logger.handlers if known.get_name() == _NAME]
    # One assignment, so that no line of another thread finds no handler, or two.
    logger.handlers = [*(known for known in logger.handlers if known not in replaced), handler]
    for known in replaced:
        known.close()
    logger.setLevel(threshold)
    levels = {None: logging.NOTSET, True: logging.DEBUG, False: _OFF}
    logging.getLogger(f"{_NAME}.access").setLevel(levels[access])
    _native._refresh_log_levels()  # noqa: SLF001 - our own


def _threshold(level: str | int) -> int:
    if not is_given(level):
        return logging.INFO
    known = logging.getLevelNamesMapping()
    number = level if isinstance(level, int) else known.get(level.upper(), 0)
    if number <= 0:
        raise ConfigError(f"log level {level!r}: give debug, info, warning, error or critical")
    return number


def _handler(file: str | os.PathLike[str] | None, max_bytes: int, backups: int) -> logging.Handler:
    if max_bytes < 0 or backups < 0:
        raise ConfigError(f"max_bytes {max_bytes}, backups {backups}: give 0 or more")
    path = path_of(file)
    handler: logging.Handler
    try:
        handler = (
            logging.StreamHandler()
            if path is None
            else RotatingFileHandler(
                path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8"
            )
        )
    except OSError as error:
        raise ConfigError(f"cannot write the log file {path}: {error}") from error
    handler.set_name(_NAME)
    handler.setFormatter(_UtcFormatter(_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    return handler
