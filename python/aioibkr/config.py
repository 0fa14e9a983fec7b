"""Settings of an application, from arguments, environment and a file; standard library only.

Precedence: explicit argument > environment > file > default. The environment names are the
upper-case forms of the fields: ``IBKR_HOST``, ``IBKR_PORT`` …; ``IBKR_ACCOUNT_ID`` also stands for
``IBKR_ACCOUNT``.
"""

from __future__ import annotations

import configparser
import dataclasses
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self, TypedDict, TypeVar, Unpack, cast

from aioibkr._setting import Value, is_given, kind_of, path_of, tell_unknown
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
    "given_of",
    "override",
]


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
    ibkr_client_ids: str | None
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
    ibkr_stale_ok: float | None
    ibkr_http_allowed_hosts: str | None
    ibkr_http_allowed_origins: str | None
    ibkr_http_token: str | None
    ibkr_http_token_file: str | None
    ibkr_http_orders: bool | None
    ibkr_http_max_body: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an application talks to its gateway. Timeouts are in seconds.

    ``Settings()`` holds the defaults; ``Settings.load()`` looks at environment and file too. A text
    that is empty or blank means "not given" for every setting, wherever it comes from. Raises
    `ConfigError` for a value that is not of the setting's kind.
    """

    ibkr_enabled: bool = False
    ibkr_host: str = "127.0.0.1"
    ibkr_port: int = 7497
    ibkr_client_id: int = 1
    ibkr_client_ids: str | None = None
    """A range such as ``11-18``, of which each process takes one, in place of the id."""
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
    ibkr_stale_ok: float | None = None
    ibkr_http_allowed_hosts: str | None = None
    """Further names of the HTTP service, separated by commas; ``*`` allows any."""
    ibkr_http_allowed_origins: str | None = None
    """Pages of other origins that may call it, such as ``https://desk.example``, by commas."""
    ibkr_http_token: str | None = dataclasses.field(default=None, repr=False)
    """What every request must bring; 16 characters or more."""
    ibkr_http_token_file: str | None = None
    """A file of the owner's that holds it."""
    ibkr_http_orders: bool | None = None
    """Whether orders may be placed and cancelled over HTTP; not given: on paper accounts only."""
    ibkr_http_max_body: int = 1 << 20
    """Bytes that the body of a request may have."""

    @classmethod
    def load(
        cls, file: str | os.PathLike[str] | None = None, **explicit: Unpack[SettingsOptions]
    ) -> Self:
        """Read the settings: explicit argument > environment > file > default.

        What is blank in one of them is not given there, so the next one counts.

        Args:
            file: INI, or TOML when its name ends in ``.toml``; read is its section ``[ibkr]``,
                whose keys may leave out the prefix ``ibkr_``. Without one, no file is read.
            **explicit: Fields that nothing else overrides.

        Raises:
            ConfigError: A value cannot be read, or a key or the file is unknown. The message says
                where the value came from.
        """
        path = path_of(file)
        sources = ({} if path is None else _from_file(path), _from_environment(os.environ))
        found: dict[str, Value] = {}
        for source in (*sources, _explicit(explicit)):
            found |= _decided(source)
        return cls(**cast("SettingsOptions", found))

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            said = _is_said(field.name, value)
            read = _read(field.name, value, field.name) if said else field.default
            object.__setattr__(self, field.name, read)  # the one way into a frozen dataclass


V = TypeVar("V")
_ALIASES = {"ibkr_account_id": "ibkr_account"}


def override(settings: Settings, given: Mapping[str, object]) -> Settings:
    """The settings with what is given in their place; nothing is None or blank text here.

    The names may leave out the prefix ``ibkr_``, which is how a message then calls them. Raises
    `ConfigError` for a value that is not of the setting's kind.
    """
    found = {name: value for name, value in given.items() if is_given(value)}
    changes = {_field_of(name): _read(_field_of(name), found[name], name) for name in found}
    return replace(settings, **cast("SettingsOptions", _decided(changes)))


def given_of(values: Mapping[str, V]) -> dict[str, V]:
    """The values without those that give a setting nothing; other names are left as they are."""
    return {
        name: value
        for name, value in values.items()
        if (field := _ALIASES.get(name.lower(), name.lower())) not in _KINDS
        or _is_said(field, value)
    }


def _decided(found: dict[str, Value]) -> dict[str, Value]:
    """What one source says: an id there stands over a range of a source that counts less."""
    is_alone = "ibkr_client_id" in found and "ibkr_client_ids" not in found
    return found | {"ibkr_client_ids": None} if is_alone else found


def _field_of(name: str) -> str:
    lower = name.lower()
    prefixed = lower if lower.startswith("ibkr_") else f"ibkr_{lower}"
    return _ALIASES.get(prefixed, prefixed)


def _from_file(path: Path) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in _section(path).items():
        name = _field_of(key)
        if name not in _KINDS:
            raise ConfigError(f"{path}: [ibkr] has no setting {key!r}")
        if is_given(value):
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
    # The aliases come first, so that the proper name wins.
    names = {**_ALIASES, **{name: name for name in _KINDS}}
    told = {name: environment.get(name.upper()) for name in names}
    tell_unknown(environment, frozenset(name.upper() for name in names))
    return {
        names[name]: _read(names[name], text, name.upper())
        for name, text in told.items()
        if is_given(text)
    }


def _explicit(given: Mapping[str, object]) -> dict[str, Value]:
    unknown = sorted(set(given) - set(_KINDS))
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]!r}: give one of {', '.join(_KINDS)}")
    return {name: _read(name, value, name) for name, value in given_of(given).items()}


def _is_said(name: str, value: object) -> bool:
    """Whether a value counts: None does where it is a value of the setting."""
    return is_given(value) or (value is None and _KINDS[name].is_optional)


def _read(name: str, value: object, place: str) -> Value:
    shown = "of a kind that is not shown" if name in _SECRETS else repr(value)
    return _KINDS[name].read(value, f"{place} {shown}")


# Annotations are texts here, because of `from __future__ import annotations`.
_KINDS = {field.name: kind_of(str(field.type)) for field in fields(Settings)}
_SECRETS = {field.name for field in fields(Settings) if not field.repr}
