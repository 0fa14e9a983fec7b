"""Settings of the integration: explicit > environment > file > default, and its missing extra."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from aioibkr import Settings
from aioibkr.integrations.fastapi import IBKRSettings

WITHOUT_FASTAPI = """
import sys
sys.modules["fastapi"] = None
import aioibkr
try:
    import aioibkr.integrations.fastapi
except ImportError as error:
    print(error)
"""


def reading(file: Path) -> IBKRSettings:
    """Settings that also come from a file, as an application would have it."""

    class FromFile(IBKRSettings):
        model_config = SettingsConfigDict(env_file=file)

    return FromFile()


def test_default_is_the_dataclass_default() -> None:
    assert IBKRSettings().plain() == Settings()


def test_file_wins_over_the_default(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("IBKR_PORT=4002\n")

    assert reading(env).ibkr_port == 4002


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = tmp_path / ".env"
    env.write_text("IBKR_PORT=4002\n")
    monkeypatch.setenv("IBKR_PORT", "4003")
    monkeypatch.setenv("IBKR_ACCOUNT_ID", "DU7654321")

    assert reading(env).ibkr_port == 4003
    assert IBKRSettings().plain().ibkr_account == "DU7654321"


def test_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_PORT", "4003")

    assert IBKRSettings(ibkr_port=4004).ibkr_port == 4004


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(ValidationError, match="ibkr_port"):
        IBKRSettings(ibkr_port=port)


def test_missing_extra_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FASTAPI], capture_output=True, text=True, check=True
    )

    assert "pip install 'aioibkr[server]'" in done.stdout
