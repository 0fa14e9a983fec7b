"""What must not be seen of a gateway's login: where it may stand, and where it is masked.

Credentials stand in environment variables or in a file of the owner's; they are read here only to
be recognised, and are shown nowhere. What a program makes of them (hashes, encodings) is not
recognised.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from aioibkr.errors import ConfigError

__all__ = ["SECRET_NAMES", "Secrets", "private_file"]

SECRET_NAMES = ("TWSUSERID", "TWSPASSWORD", "FIXUSERID", "FIXPASSWORD")
MASK = "***"
# IBC's configuration: IbLoginId, IbPassword, FIXLoginId, FIXPassword.
_LOGIN = re.compile(
    r"^\s*\w*(?:loginid|userid|password)\s*=\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE
)


class Secrets:
    """Texts that are masked wherever they would be written; shown as nothing but their number."""

    def __init__(self, texts: Iterable[str]) -> None:
        # The longest first, so that none leaves a part of another behind.
        self._texts = sorted({text for text in texts if text}, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"<{len(self._texts)} secrets>"

    @classmethod
    def found_in(
        cls, environment: Mapping[str, str], names: Iterable[str], file: Path | None
    ) -> Self:
        """Collect the values of the named variables, and the logins of a credentials file."""
        texts = [environment.get(name, "") for name in names]
        if file is not None:
            texts += _LOGIN.findall(_text_of(file))
        return cls(texts)

    def within(self, text: str) -> bool:
        """Tell whether a text holds one of them."""
        return any(secret in text for secret in self._texts)

    def mask(self, text: str) -> str:
        """Replace each of them by asterisks."""
        for secret in self._texts:
            text = text.replace(secret, MASK)
        return text


def private_file(path: Path) -> Path:
    """The absolute path of a file that only its owner may read.

    Raises:
        ConfigError: There is none, or others may read it.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"credentials file {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ConfigError(f"credentials file {path} is not a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"credentials file {path} may be read by others: chmod 600 {path}")
    return path.absolute()


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"credentials file {file}: {error.strerror}") from error
