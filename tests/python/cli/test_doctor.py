"""``aioibkr doctor``: each thing that can be wrong is found, named and comes with advice."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aioibkr.cli import main
from aioibkr.cli.doctor_checks import CHECKS, ahead, clock_finding, port_advice
from aioibkr.testing import MockGateway, Profile, faults
from python.client.gateway_programs import closed_port

Findings = dict[str, dict[str, str]]


class Doctor:
    """The command with ``--json``."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, port: int, *options: str) -> tuple[int, Findings]:
        """Run it; exit code and findings by check."""
        code = main(["doctor", "--json", "--port", str(port), "--timeout", "1", *options])
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        assert [line["check"] for line in lines] == list(CHECKS)
        return code, {line["check"]: line for line in lines}


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """The command."""
    return Doctor(capsys)


def verdicts(findings: Findings) -> list[str]:
    """The verdicts, in order."""
    return [finding["verdict"] for finding in findings.values()]


def test_a_sound_gateway_passes_everything(mock_gateway: MockGateway, doctor: Doctor) -> None:
    mock_gateway.set_position("DU1234567", "AAPL", quantity=10, average_cost=180.0)

    code, findings = doctor(mock_gateway.port)

    assert (code, verdicts(findings)) == (0, ["ok"] * len(CHECKS))
    assert findings["server version"]["found"] == "226"
    assert findings["account"]["found"] == "DU1234567 is a paper account, of DU1234567"
    assert findings["positions"]["found"] == "1 positions"
    assert "live" in findings["market data"]["found"]
    assert mock_gateway.orders() == []


def test_a_name_that_does_not_resolve(doctor: Doctor) -> None:
    code, findings = doctor(4002, "--host", "no-such-host.invalid")

    assert (code, verdicts(findings)) == (3, ["fail", *["skip"] * (len(CHECKS) - 1)])
    assert "spelling" in findings["name"]["advice"]


def test_a_closed_port(doctor: Doctor) -> None:
    code, findings = doctor(closed_port())

    assert (code, verdicts(findings)[:3]) == (3, ["ok", "fail", "skip"])
    assert "refused" in findings["port"]["found"].lower()
    assert findings["handshake"]["found"] == "needs: port"


@pytest.mark.parametrize(
    ("port", "open_ports", "advice"),
    [
        (4001, [], "you gave that of IB Gateway, live"),
        (
            4002,
            [],
            "4001 IB Gateway, live, 4002 IB Gateway, paper, 7496 TWS, live, 7497 TWS, paper",
        ),
        (4002, [7497], "give --port: there is a listener on 7497 (TWS, paper)"),
    ],
)
def test_advice_for_a_closed_port_names_the_usual_ones(
    port: int, open_ports: list[int], advice: str
) -> None:
    assert advice in port_advice(port, open_ports)


@pytest.mark.parametrize(
    "fault", [faults.AcceptThenClose(), faults.AcceptThenReset(), faults.VersionThenClose()]
)
def test_a_door_that_is_shut(
    fault: faults.Fault, mock_gateway: MockGateway, doctor: Doctor
) -> None:
    mock_gateway.inject(fault)

    code, findings = doctor(mock_gateway.port)

    assert (code, verdicts(findings)[1:4]) == (3, ["ok", "fail", "skip"])
    assert "trusted IPs" in findings["handshake"]["advice"]
    assert "restarting" in findings["handshake"]["advice"]


@pytest.fixture
def mute_listener() -> Iterator[int]:
    """The port of a program that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


def test_a_program_that_is_no_gateway(mute_listener: int, doctor: Doctor) -> None:
    code, findings = doctor(mute_listener, "--timeout", "1")

    assert (code, verdicts(findings)[1:4]) == (3, ["ok", "fail", "skip"])
    assert "another program" in findings["handshake"]["advice"]


def test_a_gateway_that_is_too_old(doctor: Doctor) -> None:
    with MockGateway(max_server_version=200) as old:
        code, findings = doctor(old.port)

    assert (code, verdicts(findings)[2:5]) == (3, ["ok", "fail", "skip"])
    assert "200" in findings["server version"]["found"]
    assert "10.40" in findings["server version"]["advice"]


def test_a_client_id_that_is_held(mock_gateway: MockGateway, doctor: Doctor) -> None:
    mock_gateway.inject(faults.ClientIdHeld())

    code, findings = doctor(mock_gateway.port, "--client-id", "7")

    assert (code, verdicts(findings)[2:6]) == (3, ["ok", "ok", "fail", "skip"])
    assert "client id 7" in findings["client id"]["found"]
    assert "--client-id" in findings["client id"]["advice"]


def test_a_read_only_api_is_a_warning(doctor: Doctor) -> None:
    with MockGateway(profile=Profile(read_only=True)) as gateway:
        code, findings = doctor(gateway.port)

    assert code == 0
    assert findings["read-only API"]["verdict"] == "warn"
    assert "321" in findings["read-only API"]["advice"]
    assert findings["positions"]["verdict"] == "ok"


def test_a_live_account_is_a_warning(doctor: Doctor) -> None:
    with MockGateway(accounts=["U7654321", "U7654322"]) as gateway:
        code, findings = doctor(gateway.port)

    assert (code, findings["account"]["verdict"]) == (0, "warn")
    assert findings["account"]["found"] == "U7654321 is a live account, of U7654321, U7654322"
    assert "allow_live=True" in findings["account"]["advice"]


def test_an_account_of_another_login_is_a_failure(
    mock_gateway: MockGateway, doctor: Doctor
) -> None:
    code, findings = doctor(mock_gateway.port, "--account", "DU9")

    assert (code, findings["account"]["verdict"]) == (1, "fail")
    assert "DU1234567" in findings["account"]["found"]


def test_a_clock_that_is_ahead_is_a_warning(mock_gateway: MockGateway, doctor: Doctor) -> None:
    mock_gateway.advance(30)

    code, findings = doctor(mock_gateway.port)

    assert (code, findings["clock"]["verdict"]) == (0, "warn")
    assert "s ahead of this machine" in findings["clock"]["found"]
    assert "NTP" in findings["clock"]["advice"]


@pytest.mark.parametrize(
    ("skew", "verdict", "found"),
    [
        (1.9, "ok", "within 2 s"),
        (-2.0, "ok", "within 2 s"),
        (-2.1, "warn", "the gateway is 2.1 s behind this machine"),
        (3600, "warn", "the gateway is 3600.0 s ahead of this machine"),
    ],
)
def test_clocks_may_be_two_seconds_apart(skew: float, verdict: str, found: str) -> None:
    finding = clock_finding(timedelta(seconds=skew))

    assert (finding.verdict, finding.found) == (verdict, found)


def test_a_clock_of_whole_seconds_is_taken_in_the_middle() -> None:
    told = datetime(2026, 1, 5, 12, 0, 10, tzinfo=UTC)
    asked = told + timedelta(seconds=0.25)

    assert ahead(told, asked, asked + timedelta(seconds=0.5)) == timedelta()


def test_market_data_that_is_not_subscribed_is_a_failure(
    mock_gateway: MockGateway, doctor: Doctor
) -> None:
    mock_gateway.set_data_error("MSFT", 354)

    code, findings = doctor(mock_gateway.port, "--symbol", "MSFT")

    assert (code, findings["market data"]["verdict"]) == (1, "fail")
    assert "354" in findings["market data"]["found"]
    assert "Market Data Subscriptions" in findings["market data"]["advice"]
    assert findings["positions"]["verdict"] == "ok"


def test_delayed_market_data_is_a_warning(mock_gateway: MockGateway, doctor: Doctor) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)

    code, findings = doctor(mock_gateway.port)

    assert (code, findings["market data"]["verdict"]) == (0, "warn")
    assert findings["market data"]["found"].endswith(", delayed")


def test_a_gateway_that_does_not_answer_requests(mock_gateway: MockGateway, doctor: Doctor) -> None:
    mock_gateway.inject(faults.Mute("req_current_time"))

    code, findings = doctor(mock_gateway.port, "--timeout", "1")

    assert (code, findings["clock"]["verdict"]) == (1, "fail")
    assert findings["market data"]["verdict"] == "ok"


def test_people_get_a_line_and_advice(capsys: pytest.CaptureFixture[str]) -> None:
    with MockGateway(profile=Profile(read_only=True)) as gateway:
        assert main(["doctor", "--port", str(gateway.port), "--timeout", "1"]) == 0

    said = capsys.readouterr().out
    assert "\nok    client id       client id 1 is free\n" in said
    assert "\n                      -> to place orders, clear Read-Only API" in said
