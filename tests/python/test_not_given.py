"""Nothing given is nothing given: blank text stands for it in every source, for every setting.

Each test walks the fields of `Settings`, so that a new setting is asked about as well.
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

import aioibkr as ib
from aioibkr.cli import main
from aioibkr.config import override
from aioibkr.integrations.fastapi import IBKRSettings
from aioibkr.testing import MockGateway

DEFAULT = ib.Settings()
FIELDS = [field.name for field in dataclasses.fields(ib.Settings)]
BLANKS = ["", " ", "\t\n"]
OTHER = {"bool": True, "int": 12, "float": 0.5, "str": "other", "str | None": "DU7654321",
         "bool | None": True, "float | None": 3.5}  # fmt: skip


def other(name: str) -> object:
    """A value of a setting that is not its default."""
    field = next(field for field in dataclasses.fields(ib.Settings) if field.name == name)
    value = OTHER[str(field.type)]
    return not field.default if isinstance(field.default, bool) else value


def load(**given: object) -> ib.Settings:
    """`Settings.load` with what a program has at hand, whatever its type."""
    return ib.Settings.load(**given)  # type: ignore[arg-type]


def of_arguments(
    name: str, blank: str, _directory: Path, _patch: pytest.MonkeyPatch
) -> ib.Settings:
    """The settings of a program that passes a blank text to their class."""
    return ib.Settings(**{name: blank})  # type: ignore[arg-type]


def of_load(name: str, blank: str, _directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """The same of `Settings.load`."""
    return load(**{name: blank})


def of_environment(
    name: str, blank: str, _directory: Path, patch: pytest.MonkeyPatch
) -> ib.Settings:
    """A blank variable."""
    patch.setenv(name.upper(), blank)
    return load()


def of_ini(name: str, blank: str, directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """A key of an INI file without a value."""
    file = directory / "a.ini"
    file.write_text(f"[ibkr]\n{name} = {blank.strip()}\n")
    return load(file=file)


def of_toml(name: str, blank: str, directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """A blank text in a TOML file."""
    file = directory / "a.toml"
    file.write_text(f"[ibkr]\n{name.removeprefix('ibkr_')} = {json.dumps(blank)}\n")
    return load(file=file)


def of_override(name: str, blank: str, _directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """What `connect` and `IBKRBroker` do with their arguments."""
    return override(DEFAULT, {name.removeprefix("ibkr_"): blank})


def of_pydantic(name: str, blank: str, _directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """An argument of the pydantic settings."""
    return IBKRSettings(**{name: blank}).plain()  # type: ignore[arg-type]


def of_pydantic_environment(
    name: str, blank: str, _directory: Path, patch: pytest.MonkeyPatch
) -> ib.Settings:
    """A blank variable, read by pydantic."""
    patch.setenv(name.upper(), blank)
    return IBKRSettings().plain()


def of_dotenv(name: str, blank: str, directory: Path, _patch: pytest.MonkeyPatch) -> ib.Settings:
    """A line without a value in a `.env` file."""
    (directory / ".env").write_text(f"{name.upper()}={blank.strip()}\n")
    return IBKRSettings(_env_file=directory / ".env").plain()  # type: ignore[call-arg]


def of_own_source(
    name: str, blank: str, directory: Path, _patch: pytest.MonkeyPatch
) -> ib.Settings:
    """An application's own file, read by a source that it adds to the pydantic settings."""
    file = directory / "application.toml"
    file.write_text(f"title = ''\n{name} = {json.dumps(blank)}\n")

    class Application(IBKRSettings):
        model_config = SettingsConfigDict(toml_file=file)
        title: str = "untitled"

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **_named: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (TomlConfigSettingsSource(settings_cls),)

    application = Application()
    assert application.title == "", "what is an application's own is its own"
    return application.plain()


SOURCES = [
    of_arguments, of_load, of_environment, of_ini, of_toml, of_override,
    of_pydantic, of_pydantic_environment, of_dotenv, of_own_source,
]  # fmt: skip
Source = Callable[[str, str, Path, pytest.MonkeyPatch], ib.Settings]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's own settings."""
    for name in (*FIELDS, "ibkr_account_id"):
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_blank_setting_is_not_given(
    source: Source, name: str, blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source(name, blank, tmp_path, monkeypatch) == DEFAULT


@pytest.mark.parametrize("name", FIELDS)
def test_blank_source_lets_the_next_one_count(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = other(name)
    file = tmp_path / "a.toml"
    file.write_text(f"[ibkr]\n{name} = {json.dumps(value)}\n")
    monkeypatch.setenv(name.upper(), " ")
    wanted = dataclasses.replace(DEFAULT, **{name: value})  # type: ignore[arg-type]

    assert load(file=file, **{name: ""}) == wanted
    monkeypatch.setenv(name.upper(), str(value))
    assert load(**{name: ""}) == wanted
    assert IBKRSettings(**{name: ""}).plain() == wanted  # type: ignore[arg-type]
    assert override(wanted, {name: ""}) == wanted


def test_blank_proper_name_lets_the_alias_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_ACCOUNT", " ")
    monkeypatch.setenv("IBKR_ACCOUNT_ID", "DU7654321")

    assert load().ibkr_account == "DU7654321"
    assert IBKRSettings().plain().ibkr_account == "DU7654321"


def test_blank_file_is_no_file() -> None:
    assert ib.Settings.load("") == ib.Settings.load(" ") == DEFAULT


def test_words_and_numbers_as_text_are_read_in_every_source() -> None:
    settings = ib.Settings(ibkr_port="4002", ibkr_enabled="yes")  # type: ignore[arg-type]

    assert (settings.ibkr_port, settings.ibkr_enabled) == (4002, True)
    assert ib.IBKRBroker(port="4002").port == 4002  # type: ignore[arg-type]


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_blank_arguments_of_a_broker_are_those_of_its_settings(blank: str) -> None:
    settings = ib.Settings(ibkr_host="gateway", ibkr_port=4001, ibkr_client_id=3)

    broker = ib.IBKRBroker(blank, blank, blank, blank, blank, settings=settings)  # type: ignore[arg-type]

    assert (broker.host, broker.port, broker.client_id) == ("gateway", 4001, 3)
    assert (broker.account, broker.paper_trading) == (None, True)


@pytest.mark.parametrize("blank", ["", "  "], ids=repr)
def test_blank_account_and_host_connect_to_the_login_s_account(
    mock_gateway: MockGateway, blank: str
) -> None:
    async def accounts() -> list[str | None]:
        options = {"host": blank, "account": blank, "market_data_type": blank}
        async with ib.connect(port=mock_gateway.port, **options) as client:  # type: ignore[arg-type]
            found = [client.account]
            found += [(await client.account_summary(blank)).account]
        broker = ib.IBKRBroker(blank, mock_gateway.port, account=blank)
        await broker.connect()
        found.append(broker.account)
        await broker.disconnect()
        return found

    assert asyncio.run(accounts()) == ["DU1234567"] * 3


def test_order_for_a_blank_account_is_the_client_s() -> None:
    order = ib.LimitOrder("BUY", 1, 1.0, account=" ")

    assert order.account is None


@pytest.mark.parametrize(
    "option", ["--account", "--host", "--client-id", "--log-file", "--timeout"]
)
def test_blank_option_of_the_command_line_is_not_given(
    mock_gateway: MockGateway, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = str(mock_gateway.port)

    assert main(["check", "--port", port, option, ""]) == 0
    assert main(["check", "--port", port, f"{option}= "]) == 0
    assert capsys.readouterr().out.count("account: DU1234567") == 2


def test_blank_arguments_after_the_options_are_arguments() -> None:
    with pytest.raises(SystemExit):
        main(["check", "--", ""])


def test_blank_texts_of_a_gateway_process_are_not_given() -> None:
    program = ib.GatewayProgram(path="true", host="", mode="", credentials_file="")  # type: ignore[arg-type]
    process = ib.GatewayProcess(program, output="")

    assert (process.host, process.port) == ("127.0.0.1", 4002)
    assert program.hidden().mask("shown") == "shown"


def test_secret_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(ib.ConfigError, match="ibkr_http_token") as refused:
        ib.Settings(ibkr_http_token=b"a secret of bytes")  # type: ignore[arg-type]

    assert "a secret" not in str(refused.value)


CANNOT_BE_MEANT: list[tuple[dict[str, object], str]] = [
    ({"port": 0}, "port 0"),
    ({"port": 70000}, "port 70000"),
    ({"port": "gateway"}, "port 'gateway'"),
    ({"port": True}, "port True"),
    ({"port": 4002.5}, r"port 4002\.5"),
    ({"client_id": -1}, "client_id -1"),
    ({"client_id": 2**31}, "client_id 2147483648"),
    ({"client_id": 10**30}, "client_id 1000"),
    ({"account": "DU 1"}, 'account "DU 1"'),
    ({"account": 7}, "account 7"),
    ({"host": 7}, "host 7"),
    ({"host": "gate way"}, "gate way"),
    ({"paper_trading": "perhaps"}, "paper_trading 'perhaps'"),
]


@pytest.mark.parametrize(("given", "complaint"), CANNOT_BE_MEANT, ids=str)
def test_value_that_cannot_be_meant_is_refused_when_the_broker_is_made(
    given: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        ib.IBKRBroker(**given)  # type: ignore[arg-type]


NUMBERS = [
    field.name for field in dataclasses.fields(ib.Settings) if str(field.type).startswith("float")
]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, "much"])
@pytest.mark.parametrize("name", NUMBERS)
def test_number_that_cannot_be_meant_is_refused_when_the_broker_is_made(
    name: str, value: float | str
) -> None:
    with pytest.raises(ib.ConfigError, match=str(value).rstrip("0").rstrip(".") + "|NaN"):
        ib.IBKRBroker(settings=ib.Settings(**{name: value}))  # type: ignore[arg-type]
