"""Settings: where they come from, in which order, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aioibkr import ConfigError, Settings

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's own settings."""
    for name in (*Settings.__dataclass_fields__, "ibkr_account_id"):
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a settings file."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_defaults_are_those_of_the_applications() -> None:
    settings = Settings.load()

    assert settings == Settings()
    assert (settings.ibkr_host, settings.ibkr_port, settings.ibkr_client_id) == (
        "127.0.0.1",
        7497,
        1,
    )
    assert settings.ibkr_account is None
    assert settings.ibkr_paper_trading
    assert not settings.ibkr_enabled


def test_file_overrides_default(write: Write) -> None:
    path = write("app.ini", "[ibkr]\nport = 4001\nibkr_host = gateway\n")

    settings = Settings.load(path)

    assert (settings.ibkr_host, settings.ibkr_port) == ("gateway", 4001)


def test_environment_overrides_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("app.toml", "[ibkr]\nport = 4001\nclient_id = 3\n")
    monkeypatch.setenv("IBKR_PORT", "4002")

    settings = Settings.load(path)

    assert (settings.ibkr_port, settings.ibkr_client_id) == (4002, 3)


def test_explicit_argument_overrides_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_PORT", "4002")
    monkeypatch.setenv("IBKR_ACCOUNT", "DU1")

    settings = Settings.load(ibkr_port=4003, ibkr_account=None)

    assert (settings.ibkr_port, settings.ibkr_account) == (4003, None)


def test_client_id_zero_means_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_CLIENT_ID", "0")

    assert Settings.load().ibkr_client_id == 0
    assert Settings.load(ibkr_client_id=0).ibkr_client_id == 0


def test_account_has_two_names_and_the_proper_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_ACCOUNT_ID", "DU1")
    assert Settings.load().ibkr_account == "DU1"

    monkeypatch.setenv("IBKR_ACCOUNT", "DU2")
    assert Settings.load().ibkr_account == "DU2"


def test_toml_and_ini_say_the_same(write: Write) -> None:
    ini = "[ibkr]\nenabled = yes\nmax_order_value =\nposition_size_limit_pct = 0.2\n"
    toml = "[ibkr]\nenabled = true\nposition_size_limit_pct = 0.2\n"

    assert Settings.load(write("a.ini", ini)) == Settings.load(write("a.toml", toml))


def test_percent_signs_elsewhere_in_the_file_do_no_harm(write: Write) -> None:
    path = write("app.ini", "[mail]\npassword = 100%sure\n[ibkr]\nport = 4001\n")

    assert Settings.load(path).ibkr_port == 4001


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IBKR_PORT", "four"),
        ("IBKR_PAPER_TRADING", "perhaps"),
        ("IBKR_ORDER_TIMEOUT", "soon"),
        ("IBKR_MAX_ORDER_VALUE", "much"),
    ],
)
def test_unreadable_environment_is_refused_with_its_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError, match=f"{variable} '{value}'"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.ini", "[ibkr]\ncolour = red\n", "no setting 'colour'"),
        ("a.ini", "no section\n", "cannot read"),
        ("a.toml", "[ibkr\n", "cannot read"),
        ("a.toml", "ibkr = 3\n", "not a section"),
        ("a.toml", "[ibkr]\nport = true\n", "port True"),
    ],
)
def test_unusable_file_is_refused_with_its_path(
    name: str, text: str, complaint: str, write: Write
) -> None:
    path = write(name, text)

    with pytest.raises(ConfigError, match=complaint) as refused:
        Settings.load(path)

    assert str(path) in refused.value.message


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the settings"):
        Settings.load(tmp_path / "none.ini")


def test_unknown_explicit_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'ibkr_colour'"):
        Settings.load(ibkr_colour="red")  # type: ignore[call-arg]


def test_variable_that_is_nearly_a_setting_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("IBKR_CLEINT_ID", "5")
    monkeypatch.setenv("IBKR_XYZZY", "1")
    caplog.set_level("INFO", logger="aioibkr")

    settings = [Settings.load(), Settings.load()]

    assert {known.ibkr_client_id for known in settings} == {1}
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        (
            "WARNING",
            "IBKR_CLEINT_ID is no setting and is ignored: did you mean IBKR_CLIENT_ID?",
        ),
        ("INFO", "IBKR_XYZZY is no setting and is ignored"),
    ]
