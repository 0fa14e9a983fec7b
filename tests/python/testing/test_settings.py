"""What a mock gateway cannot be started with is refused by name; what the system refuses is its."""

import dataclasses
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr.testing import Limits, MockGateway, Profile, run_mock_gateway
from python.testing.text_client import TextClient


def test_an_address_others_can_reach_is_refused() -> None:
    with pytest.raises(ib.ConfigError, match=r"0\.0\.0\.0"):
        MockGateway(host="0.0.0.0")  # noqa: S104 - it must not listen there


def test_versions_it_does_not_speak_are_refused() -> None:
    with pytest.raises(ib.ConfigError, match="220"):
        MockGateway(min_server_version=220, max_server_version=219)


def test_a_scenario_about_nothing_is_refused_with_its_line(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[[event]]\nat = 0\nprice = "NOSUCH"\n')

    with pytest.raises(ib.ConfigError, match="line"):
        MockGateway(scenario=scenario)


def test_a_taken_port_is_the_systems_error() -> None:
    with MockGateway() as first, pytest.raises(OSError, match="in use"):
        MockGateway(port=first.port)


def test_a_profile_sets_the_gateway_up() -> None:
    profile = Profile(read_only=True, zone=b"\xd6\xd0", utc_offset_minutes=480, texts={321: "nein"})

    with MockGateway(profile=profile) as gateway, TextClient(gateway, 7) as client:
        refused = client.ask("5", "1")

    assert client.version[1].endswith(b" \xd6\xd0")
    assert refused == [["4", "2", "-1", "321", "nein", ""]]


def test_every_limit_has_its_name_on_the_command_line() -> None:
    values = {
        field.name: "on" if isinstance(field.default, bool) else "1"
        for field in dataclasses.fields(Limits)
    }
    options = [f"--limit={name}={value}" for name, value in values.items()]

    assert run_mock_gateway([*options, "--limit=ib", "--help"]) == 0
    assert run_mock_gateway(["--limit=nope=1", "--help"]) == 2


def test_a_limit_that_is_none_is_refused_with_its_value(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_mock_gateway(["--limit", "depth=few"]) == 2

    assert 'limit "depth=few": depth is a whole number or off' in capfd.readouterr().err
