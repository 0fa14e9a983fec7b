"""One setting: whether it was given at all, and how what was given is read.

The rule for all sources alike (arguments, environment, files, command line): None and a text that
is empty or blank are "not given".
"""

import difflib
import functools
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from aioibkr.errors import ConfigError

__all__ = ["Kind", "Value", "is_given", "kind_of", "path_of", "tell_unknown"]

Value = str | int | float | bool | None

# More is no setting, and no integer of the extension.
LARGEST = 2**63 - 1
WORDS = {
    "1": True, "true": True, "yes": True, "on": True,
    "0": False, "false": False, "no": False, "off": False,
}  # fmt: skip


def is_given(value: object) -> bool:
    """Whether a value says anything: None and blank text do not."""
    return bool(value.strip()) if isinstance(value, str) else value is not None


def path_of(file: str | os.PathLike[str] | None) -> Path | None:
    """The path of a file, where one is given."""
    return Path(file) if file is not None and is_given(os.fspath(file)) else None


def tell_unknown(environment: Iterable[str], known: frozenset[str]) -> None:
    """Log which variables look like settings and are none, each once in a process.

    It is no error, because other programs use the prefix too.
    """
    for name in sorted(environment):
        if name.startswith("IBKR_") and name not in known:
            _tell_unknown(name, known)


@functools.cache
def _tell_unknown(name: str, known: frozenset[str]) -> None:
    logger = logging.getLogger("aioibkr.config")
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    if near:
        logger.warning("%s is no setting and is ignored: did you mean %s?", name, near[0])
    else:
        logger.info("%s is no setting and is ignored", name)


@dataclass(frozen=True)
class Kind:
    """What a setting holds; with `is_optional`, None is one of its values."""

    wanted: str
    reader: Callable[[object], Value]
    is_optional: bool = False

    def read(self, value: object, what: str) -> Value:
        """Read a value; text comes from the environment and INI files.

        Raises `ConfigError` that says what it was and what to give instead.
        """
        if value is None and self.is_optional:
            return None
        try:
            return self.reader(value)
        except (KeyError, OverflowError, TypeError, ValueError):
            raise ConfigError(f"{what}: give {self.wanted}") from None


def _boolean(value: object) -> bool:
    return value if isinstance(value, bool) else WORDS[_text(value).lower()]


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    number = int(value)
    if abs(number) > LARGEST:
        raise OverflowError
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


KINDS = {
    "bool": Kind("true or false", _boolean),
    "int": Kind("a whole number", _whole),
    "float": Kind("a number", _number),
    "str": Kind("text", _text),
    "str | None": Kind("text, or nothing", _text, is_optional=True),
    "bool | None": Kind("true or false, or nothing", _boolean, is_optional=True),
    "float | None": Kind("a number, or nothing", _number, is_optional=True),
}


def kind_of(annotation: str) -> Kind:
    """The kind of a setting that is annotated so."""
    return KINDS[annotation]
