"""Credentials of a gateway: where they may stand, and that they are shown nowhere."""

import logging
import re
from pathlib import Path

import pytest

import aioibkr as ib
from python.client.gateway_programs import script

pytestmark = pytest.mark.anyio
LOGIN = {"TWSUSERID": "edemo-user", "TWSPASSWORD": "s3cret word"}


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A credentials file in the form of IBC's."""
    file = tmp_path / "config.ini"
    file.write_text("IbLoginId=jane007\nIbPassword=pass = word\nTradingMode=paper\n")
    file.chmod(0o600)
    return file


async def test_output_is_written_with_credentials_masked(tmp_path: Path, credentials: Path) -> None:
    output = tmp_path / "gateway.log"
    telling = "print(os.environ['TWSPASSWORD'], open(os.environ['IBC_INI']).read(), flush=True)"
    program = script(f"{telling}; listen()", environment=LOGIN, credentials_file=credentials)
    gateway = ib.GatewayProcess(program, output=output)

    await gateway.start()
    await gateway.wait()

    assert output.read_text() == "*** IbLoginId=***\nIbPassword=***\nTradingMode=paper\n\n"
    assert output.stat().st_mode & 0o777 == 0o600


async def test_output_is_logged_with_credentials_masked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    program = script(
        "print('I am', os.environ['TWSUSERID'], flush=True); listen()", environment=LOGIN
    )
    gateway = ib.GatewayProcess(program)

    await gateway.start()
    await gateway.wait()

    assert "I am ***" in caplog.messages
    assert not re.search("edemo|s3cret", caplog.text + repr(gateway) + repr(program))


async def test_half_a_credential_is_not_shown_either(caplog: pytest.LogCaptureFixture) -> None:
    """It stands where a line would be cut that is too long to be kept whole."""
    caplog.set_level(logging.INFO)
    telling = "print('x' * 65530 + os.environ['TWSUSERID'] * 20000, flush=True); print('next')"
    gateway = ib.GatewayProcess(script(f"{telling}; listen()", environment=LOGIN))

    await gateway.start()
    await gateway.wait()

    assert "edemo" not in caplog.text
    assert [text for text in caplog.messages if "xxx" in text] == []
    assert {"(a line too long to show)", "next"} <= set(caplog.messages)


async def test_mode_port_and_path_are_told_to_the_program(
    tmp_path: Path, credentials: Path
) -> None:
    output = tmp_path / "gateway.log"
    program = ib.GatewayProgram(
        path="echo",
        arguments=["--mode={mode}", "{port}", "--ibc-ini={credentials_file}", "{other}"],
        mode="live",
        credentials_file=credentials,
    )

    with pytest.raises(ib.GatewayProcessFailed, match="status 0"):
        await ib.GatewayProcess(program, output=output).start()

    assert output.read_text() == f"--mode=live 4001 --ibc-ini={credentials} {{other}}\n"
    assert program.variables()["TRADING_MODE"] == "live"


@pytest.mark.parametrize("argument", ["--pw=s3cret word", "edemo-user"])
def test_a_credential_among_the_arguments_is_refused_unsaid(argument: str) -> None:
    with pytest.raises(ib.ConfigError, match="among the arguments") as refused:
        ib.GatewayProgram(path="echo", arguments=[argument], environment=LOGIN)

    assert not re.search("edemo|s3cret", str(refused.value))


def test_a_credentials_file_that_others_may_read_is_refused(credentials: Path) -> None:
    credentials.chmod(0o640)

    with pytest.raises(ib.ConfigError, match="chmod 600"):
        ib.GatewayProgram(path="echo", credentials_file=credentials)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"path": "/nowhere/ibcstart.sh"}, "/nowhere/ibcstart.sh"),
        ({"mode": "demo"}, "'demo'"),
        ({"port": 0}, "port 0"),
        ({"credentials_file": "/nowhere/config.ini"}, "/nowhere/config.ini"),
        ({"credentials_file": "/"}, "is not a file"),
    ],
)
def test_a_program_that_cannot_be_started_is_refused(
    options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        ib.GatewayProgram(**{"path": "echo", **options})  # type: ignore[arg-type]
