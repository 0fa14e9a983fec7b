"""What is started as a gateway: a program, its arguments, its mode and its credentials.

Credentials pass through the environment or a file. They are never arguments, and no text made here
shows them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeAlias

from aioibkr._gateway_secrets import SECRET_NAMES, Secrets, private_file
from aioibkr._setting import is_given, path_of
from aioibkr.errors import ConfigError

__all__ = ["GatewayProgram", "Mode"]

Mode: TypeAlias = Literal["paper", "live"]
PORTS = {"paper": 4002, "live": 4001}
LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class GatewayProgram:
    """How IB Gateway, or the script of IBC that starts it, is called.

    The mode is told in the variable ``TRADING_MODE``, the path of the credentials file in
    ``IBC_INI``. Arguments may name ``{mode}``, ``{port}`` and ``{credentials_file}``.

    Raises ``ConfigError`` for a program or file that cannot be used, for a credentials file that
    others may read, and for a credential among the arguments. Blank texts are not given.
    """

    path: str | os.PathLike[str]
    """The program: a path, or a name that the search path knows."""
    arguments: Sequence[str] = ()
    """Its arguments; never credentials, which everybody on the machine could see."""
    mode: Mode = "paper"
    """Paper or live trading."""
    host: str = "127.0.0.1"
    """Where it listens."""
    port: int | None = None
    """The port it listens on, as set in the gateway; default 4002 for paper, 4001 for live."""
    credentials_file: str | os.PathLike[str] | None = None
    """A file that only its owner may read, such as IBC's ``config.ini``."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables besides those of this process."""
    secrets: Sequence[str] = SECRET_NAMES
    """Variables whose values are credentials."""

    def __post_init__(self) -> None:
        if sys.platform == "win32":
            raise ConfigError("a gateway process needs process groups, which Windows lacks")
        for setting in fields(self):
            if setting.name in {"mode", "host"} and not is_given(getattr(self, setting.name)):
                object.__setattr__(self, setting.name, setting.default)
        if self.mode not in PORTS:
            raise ConfigError(f"mode {self.mode!r}: give paper or live")
        if not 1 <= self.listens_on <= LAST_PORT:
            raise ConfigError(f"port {self.port}: give 1 to {LAST_PORT}")
        if any(map(self.hidden().within, self.command())):
            raise ConfigError("a credential is among the arguments, where everybody sees it")

    @property
    def listens_on(self) -> int:
        """The port, given or of the mode."""
        return PORTS[self.mode] if self.port is None else self.port

    def command(self) -> list[str]:
        """The command line."""
        path = shutil.which(str(Path(self.path).expanduser()))
        if path is None:
            raise ConfigError(f"gateway program {os.fspath(self.path)} is not a program here")
        return [path, *map(self._filled, self.arguments)]

    def variables(self) -> dict[str, str]:
        """Its environment: this process's, what was given, the mode and the credentials file."""
        told = {"TRADING_MODE": self.mode, "IBC_INI": self._credentials_path()}
        given = {name: value for name, value in told.items() if value}
        return {**os.environ, **self.environment, **given}

    def hidden(self) -> Secrets:
        """What must not be shown of its output."""
        file = self._credentials_path()
        return Secrets.found_in(self.variables(), self.secrets, Path(file) if file else None)

    def _credentials_path(self) -> str:
        path = path_of(self.credentials_file)
        return "" if path is None else str(private_file(path.expanduser()))

    def _filled(self, argument: str) -> str:
        """An argument with its names filled in; other braces are the program's."""
        words = {"mode": self.mode, "port": str(self.listens_on)}
        words["credentials_file"] = self._credentials_path()
        for name, value in words.items():
            argument = argument.replace(f"{{{name}}}", value)
        return argument
