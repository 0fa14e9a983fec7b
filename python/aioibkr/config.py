"""Settings of an application, from arguments, environment and a file; standard library only.

Precedence: explicit argument > environment > file > default. The environment names are the
upper-case forms of the fields: ``IBKR_HOST``, ``IBKR_PORT`` …; ``IBKR_ACCOUNT_ID`` also stands for
``IBKR_ACCOUNT``.
"""

from __future__ import annotations

import configparser
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, TypedDict, Unpack, cast

from aioibkr.errors import ConfigError

__all__ = [
    "AlertRules",
    "Breaker",
    "ConnectTries",
    "Keepalive",
    "Pacing",
    "Reconnect",
    "RestartWindow",
    "Settings",
    "SettingsOptions",
]

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Keepalive:
    """How a silent link is judged, in seconds; a gateway that hangs leaves its socket open.

    With the defaults a link is ``suspect`` 4.5 s after its last sign of life, dropped after 9 s.
    """

    idle: float = 2.0
    """Silence after which the gateway is asked for its time."""
    probe_timeout: float = 1.25
    """Time for an answer; then something else is asked, then the link is suspect."""
    give_up: float = 4.5
    """Time a suspect link has to give a sign of life before it is dropped."""
    spacing: float = 2.0
    """Time between two questions while the link is suspect, and between two about the time."""

    @classmethod
    def watchdog(cls) -> Self:
        """Ask every 20 s, again after 5 s: what a watchdog thread around the official client does.

        A dead link is suspect after 30 s and dropped after 35 s.
        """
        return cls(idle=20.0, probe_timeout=5.0, give_up=5.0)

    @classmethod
    def multi_ticker(cls) -> Self:
        """Heartbeats 5 s apart that time out after 10 s, as the multi-ticker framework has them.

        A dead link is suspect 5 s after the first heartbeat without answer, dropped after 10 s.
        """
        return cls(idle=5.0, probe_timeout=2.5, give_up=5.0)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """When a gateway that fails again and again is left alone; `CircuitOpen` says so meanwhile."""

    failures: int = 3
    """Failures in a row: connects that were given up, tries after a loss."""
    pause: float = 30.0
    """Seconds without a try; one try then decides."""

    @classmethod
    def trademind(cls) -> Self:
        """Five failures, a minute without a try: TradeMind's numbers."""
        return cls(failures=5, pause=60.0)

    @classmethod
    def abc(cls) -> Self:
        """Three failures, half a minute without a try: the ABC application's numbers."""
        return cls(failures=3, pause=30.0)


@dataclass(frozen=True, kw_only=True)
class ConnectTries:
    """The tries that make one failure, once connecting has failed ``after`` times in a row."""

    after: int = 0
    """Failures in a row from which on this holds, until a higher number does."""
    count: int = 3
    """Tries, 1 or more."""
    pause: float = 3.0
    """Seconds between two tries."""
    timeout: float = 8.0
    """Seconds that each may take."""


@dataclass(frozen=True, kw_only=True)
class Reconnect:
    """Pauses between tries after a lost link: ``first`` seconds, then twice as long each time."""

    first: float = 1.0
    longest: float = 30.0
    """Seconds no pause is longer than."""
    jitter_percent: int = 20
    """How much of each pause is left to chance."""
    attempts: int | None = None
    """Tries after one loss; None for no limit."""
    tries: tuple[ConnectTries, ...] = ()
    """How often, how far apart and for how long to try, by failures in a row.

    They hold for first connects as well, whose timeout is by default as long as they take. Where
    none holds, the pauses above do.
    """

    @classmethod
    def trademind(cls) -> Self:
        """Five tries after a loss, the first after 5 s: TradeMind's numbers."""
        return cls(first=5.0, jitter_percent=0, attempts=5)

    @classmethod
    def abc(cls) -> Self:
        """Fewer and shorter tries the more often connecting failed: the ABC application's table.

        Three tries of 8 s, 3 s apart; after two failures two of 5 s, 2 s apart; after five one of
        3 s.
        """
        adaptive = (
            ConnectTries(after=0, count=3, pause=3.0, timeout=8.0),
            ConnectTries(after=2, count=2, pause=2.0, timeout=5.0),
            ConnectTries(after=5, count=1, pause=1.0, timeout=3.0),
        )
        return cls(first=3.0, jitter_percent=0, tries=adaptive)

    @classmethod
    def multi_ticker(cls) -> Self:
        """Five tries after a loss, after 1 to 16 s: the multi-ticker framework's numbers."""
        return cls(first=1.0, jitter_percent=0, attempts=5)


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """How fast this process may send to one gateway, all clients and both links together.

    Args:
        messages_per_second: Most messages in any second, 1 or more; IB allows 50. The last tenth
            is kept for orders and cancels. Of clients of one gateway that differ, the lowest holds.
    """

    messages_per_second: int = 50


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """When alerts are raised, in seconds."""

    blind_after: float = 60.0
    """Time without a live control link, outside restart windows, until ``blind`` is raised."""
    repeat_after: float = 300.0
    """Time during which an alert of the same kind and subject is held back, and counted."""


@dataclass(frozen=True, kw_only=True)
class RestartWindow:
    """A time of the day in which the gateway is expected to be away, such as its nightly restart.

    Clocks that are turned for summer are followed. Raises ``ConfigError`` in `connect` for what
    cannot be meant.
    """

    start: str
    """``HH:MM`` on the clock of the zone."""
    end: str
    """``HH:MM``; one that is not later than the start is of the next day."""
    zone: str
    """Such as ``America/New_York``."""
    days: Sequence[str] | None = None
    """Days on which it begins, some of mon tue wed thu fri sat sun; None: every day."""


class SettingsOptions(TypedDict, total=False):
    """The fields of `Settings`, each of which may be given explicitly."""

    ibkr_enabled: bool
    ibkr_host: str
    ibkr_port: int
    ibkr_client_id: int
    ibkr_account: str | None
    ibkr_paper_trading: bool
    ibkr_connect_timeout: float
    ibkr_account_timeout: float
    ibkr_order_timeout: float
    ibkr_positions_timeout: float
    ibkr_market_data_timeout: float
    ibkr_history_timeout: float
    ibkr_read_timeout: float
    ibkr_max_order_value: float | None
    ibkr_max_daily_orders: int
    ibkr_position_size_limit_pct: float
    ibkr_delayed_data: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an application talks to its gateway. Timeouts are in seconds.

    ``Settings()`` holds the defaults; ``Settings.load()`` looks at environment and file too.
    """

    ibkr_enabled: bool = False
    ibkr_host: str = "127.0.0.1"
    ibkr_port: int = 7497
    ibkr_client_id: int = 1
    ibkr_account: str | None = None
    ibkr_paper_trading: bool = True
    ibkr_connect_timeout: float = 10.0
    ibkr_account_timeout: float = 10.0
    ibkr_order_timeout: float = 5.0
    ibkr_positions_timeout: float = 10.0
    ibkr_market_data_timeout: float = 5.0
    ibkr_history_timeout: float = 60.0
    ibkr_read_timeout: float = 10.0
    ibkr_max_order_value: float | None = None
    ibkr_max_daily_orders: int = 100
    ibkr_position_size_limit_pct: float = 0.10
    ibkr_delayed_data: bool = True

    @classmethod
    def load(
        cls, file: str | os.PathLike[str] | None = None, **explicit: Unpack[SettingsOptions]
    ) -> Self:
        """Read the settings: explicit argument > environment > file > default.

        Args:
            file: INI, or TOML when its name ends in ``.toml``; read is its section ``[ibkr]``,
                whose keys may leave out the prefix ``ibkr_``. Without one, no file is read.
            **explicit: Fields that nothing else overrides.

        Raises:
            ConfigError: A value cannot be read, or a key or the file is unknown. The message says
                where the value came from.
        """
        found: dict[str, Value] = {}
        if file is not None:
            found |= _from_file(Path(file))
        found |= _from_environment(os.environ)
        found |= _explicit(cast("Mapping[str, Value]", explicit))
        return cls(**cast("SettingsOptions", found))


_ALIASES = {"ibkr_account_id": "ibkr_account"}
_WORDS = {
    "1": True, "true": True, "yes": True, "on": True,
    "0": False, "false": False, "no": False, "off": False,
}  # fmt: skip


def _from_file(path: Path) -> dict[str, Value]:
    section = _section(path)
    found: dict[str, Value] = {}
    for key, value in section.items():
        lower = key.lower()
        prefixed = lower if lower.startswith("ibkr_") else f"ibkr_{lower}"
        name = _ALIASES.get(prefixed, prefixed)
        if name not in _READERS:
            raise ConfigError(f"{path}: [ibkr] has no setting {key!r}")
        found[name] = _read(name, value, f"{path}: [ibkr] {key}")
    return found


def _section(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            section = tomllib.loads(text).get("ibkr", {})
        else:
            # Passwords elsewhere in the file may hold a percent sign.
            parser = configparser.ConfigParser(interpolation=None)
            parser.read_string(text)
            section = parser["ibkr"] if parser.has_section("ibkr") else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, configparser.Error) as error:
        raise ConfigError(f"cannot read the settings of {path}: {error}") from error
    if not isinstance(section, Mapping):
        raise ConfigError(f"{path}: ibkr is not a section: write [ibkr]")
    return section


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    # The aliases come first, so that the proper name wins.
    names = {**_ALIASES, **{name: name for name in _READERS}}
    for name, field in names.items():
        variable = name.upper()
        if variable in environment:
            found[field] = _read(field, environment[variable], variable)
    return found


def _explicit(given: Mapping[str, Value]) -> dict[str, Value]:
    unknown = sorted(set(given) - set(_READERS))
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]!r}: give one of {', '.join(_READERS)}")
    return dict(given)


def _read(name: str, value: object, place: str) -> Value:
    """Read a setting as the type of its field; text comes from the environment and INI files."""
    wanted, reader = _READERS[name]
    try:
        return reader(value)
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"{place} {value!r}: give {wanted}") from None


def _boolean(value: object) -> bool:
    return value if isinstance(value, bool) else _WORDS[str(value).strip().lower()]


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _optional(reader: Callable[[object], Value]) -> Callable[[object], Value]:
    """Take an empty text for "not given"."""
    return lambda value: None if value in {"", None} else reader(value)


_KINDS: dict[str, tuple[str, Callable[[object], Value]]] = {
    "bool": ("true or false", _boolean),
    "int": ("a whole number", _whole),
    "float": ("a number", _number),
    "str": ("text", _text),
    "str | None": ("text, or nothing", _optional(_text)),
    "float | None": ("a number, or nothing", _optional(_number)),
}
# Annotations are texts here, because of `from __future__ import annotations`.
_READERS = {field.name: _KINDS[str(field.type)] for field in fields(Settings)}
