"""Faults, limits and scenarios of the mock gateway as Python users reach them."""

import dataclasses
import socket
from pathlib import Path

import pytest

from aioibkr import ConfigError
from aioibkr.testing import Limits, MockGateway, faults

EVERY: list[faults.Fault] = [
    faults.Mute("place_order", client=7, count=2, probability=0.5),
    faults.Delay("all", 0.1),
    faults.Stall("tick_price", 0.1),
    faults.Drop("req_ids"),
    faults.Duplicate(),
    faults.Reorder(),
    faults.Truncate(),
    faults.Split(),
    faults.Reset("req_ids"),
    faults.HalfOpen("req_ids"),
    faults.BadLength(),
    faults.Garbage(),
    faults.CodeStorm(1100, 0.1, count=3),
    faults.RejectOrder(),
    faults.PartialFill(3),
    faults.LateFill(client=7),
    faults.IdRollback(2),
    faults.ClientIdHeld(client=7),
    faults.LateDrain(0.1),
    faults.SlowReader(1000),
    faults.AcceptThenClose(),
    faults.AcceptThenReset(),
    faults.VersionThenClose(),
    faults.LateFarms(0.1),
    faults.LostZeroStrike(),
    faults.StaleFirstLast(0.1),
    faults.OldLast(),
    faults.ZeroLastTime(),
    faults.StrayDepthRow(),
    faults.FarmCompanions(),
    faults.SilentStreams(),
    faults.ForgottenSummary(),
    faults.PoisonedCancel(),
    faults.CompetingSession(),
    faults.CrookedBars(),
    faults.MissingMarks(),
    faults.EmptyWithoutEnd(),
    faults.FillOnCancel(),
    faults.StatusBeforeFill(count=1),
    faults.MissingStatus(),
    faults.SilentCancel(),
    faults.PendingCommission(0.1),
    faults.RefuseChange(1),
    faults.HalfQuoteCost(),
    faults.EchoedVolatility(),
    faults.HeldForLocate(client=7),
    faults.EmptyChild(),
    faults.WinterZone(),
]


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: type(fault).__name__)
def test_every_fault_can_be_injected_and_cleared(
    mock_gateway: MockGateway, fault: faults.Fault
) -> None:
    mock_gateway.inject(fault).clear()


def test_every_fault_of_the_module_is_tried() -> None:
    names = {name for name in faults.__all__ if name != "Fault"}

    assert {type(fault).__name__ for fault in EVERY} == names


@pytest.mark.parametrize(
    "fault", [faults.Mute("nope"), faults.Delay("all", -1.0), faults.Mute(probability=2.0)]
)
def test_faults_that_make_no_sense_are_refused(
    mock_gateway: MockGateway, fault: faults.Fault
) -> None:
    with pytest.raises(ConfigError):
        mock_gateway.inject(fault)


def answers(gateway: MockGateway, client_id: int) -> bytes:
    """What the gateway sends a client up to and with the first frame behind START_API."""
    with socket.create_connection((gateway.host, gateway.port), timeout=5) as client:
        client.sendall(b"API\0\0\0\0\x09v213..226")
        assert client.recv(4096)
        client.sendall(bytes([0, 0, 0, 6, 0, 0, 1, 15, 8, client_id]))
        return client.recv(4096)


def test_a_held_client_id_is_held_for_its_client(mock_gateway: MockGateway) -> None:
    mock_gateway.inject(faults.ClientIdHeld(client=7))

    assert b"already in use" in answers(mock_gateway, 7)
    assert b"already in use" not in answers(mock_gateway, 8)


def test_limits_are_those_of_ib_when_asked_for() -> None:
    assert Limits.ib().messages_per_second == 50
    with MockGateway(limits=dataclasses.replace(Limits.ib(), clients=0)) as gateway:
        assert answers(gateway, 1) == b""


def test_a_scenario_file_happens(tmp_path: Path) -> None:
    file = tmp_path / "held.toml"
    event = '[[event]]\nat = 0\nfault = { name = "ClientIdHeld" }\n'
    file.write_text(f'version = 1\nstarts = "first client"\n{event}')

    with MockGateway(scenario=file) as gateway:
        assert b"already in use" not in answers(gateway, 1)
        while b"already in use" not in answers(gateway, 2):
            pass


def test_a_wrong_scenario_is_refused_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("version = 1\n[[event]]\nat = 1\nnotcie = 1100\n")

    with pytest.raises(ConfigError, match=r"wrong\.toml: line 2: an event has one of"):
        MockGateway(scenario=file)
