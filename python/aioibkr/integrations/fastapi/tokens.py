"""The token that lets in whoever brings it: from the environment or from a file of the owner's."""

import re
import stat
from pathlib import Path

from aioibkr.config import Settings
from aioibkr.errors import ConfigError

__all__ = ["token_of"]

SHORTEST = 16
# What an Authorization header can carry (RFC 6750, b64token).
TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
LARGEST_FILE = 4096


def token_of(settings: Settings) -> str | None:
    """The token that settings name, None without one.

    Raises:
        ConfigError: Its file cannot be read or may be read by others, or it is too short, or holds
            what no header can carry. The message never shows it.
    """
    file = settings.ibkr_http_token_file
    token, place = settings.ibkr_http_token, "ibkr_http_token"
    if token is None and file is not None:
        token, place = _read(Path(file)), f"token file {file}"
    if token is None:
        return None
    if len(token) < SHORTEST or TOKEN.fullmatch(token) is None:
        raise ConfigError(
            f"{place}: give {SHORTEST} or more letters, digits or -._~+/, such as the output of "
            "python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return token


def _read(file: Path) -> str:
    try:
        mode = file.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"token file {file} may be read by others: chmod 600 {file}")
        with file.open(encoding="ascii") as opened:
            return opened.read(LARGEST_FILE).strip()
    except OSError as error:
        raise ConfigError(f"token file {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"token file {file} is not plain text") from error
