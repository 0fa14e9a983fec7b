"""Client ids: leased from a range by each process, free after its end, their holders named."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr import IBKRBroker, Settings
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).with_name("lease_program.py")


class Holder:
    """A child process that leases an id."""

    def __init__(self, port: int, ids: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port), ids, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.told = self.next()

    def next(self) -> dict[str, object]:
        """What it tells next."""
        assert self.process.stdout is not None
        facts: dict[str, object] = json.loads(self.process.stdout.readline())
        return facts

    def go_on(self) -> dict[str, object]:
        """Let it go on; what it tells then."""
        assert self.process.stdin is not None
        self.process.stdin.write(".")
        self.process.stdin.flush()
        return self.next()

    def end(self) -> None:
        """End it, however far it is."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(timeout=10)


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for locks that no other test shares."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(mock_gateway: MockGateway) -> Iterator[Callable[..., Holder]]:
    """Start children of a range at the mock gateway."""
    children: list[Holder] = []

    def start(ids: str, *options: str) -> Holder:
        children.append(Holder(mock_gateway.port, ids, *options))
        return children[-1]

    yield start
    for child in children:
        child.end()


def test_workers_lease_ids_and_feeds_of_their_own(
    mock_gateway: MockGateway, holder: Callable[..., Holder]
) -> None:
    workers = [holder("11-13") for _ in range(3)]

    assert [worker.told["id"] for worker in workers] == [11, 12, 13]
    assert [worker.told["feed"] for worker in workers] == [1011, 1012, 1013]
    assert sorted(mock_gateway.clients) == [11, 12, 13, 1011, 1012, 1013]


def test_a_range_that_is_taken_names_itself_and_who_has_it(holder: Callable[..., Holder]) -> None:
    first, second = holder("11-12"), holder("11-12")

    refused = holder("11-12")

    holders = f"11 by process {first.told['pid']}, 12 by process {second.told['pid']}"
    assert refused.told["holders"] == holders
    assert "client ids 11-12 of 127.0.0.1:" in str(refused.told["error"])


def test_a_lease_ends_with_its_client_and_with_its_process(
    holder: Callable[..., Holder], state_home: Path
) -> None:
    closed, killed = holder("11-12"), holder("11-12")

    assert closed.go_on() == {"closed": True}
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(timeout=10)
    ids = {holder("11-12").told["id"], holder("11-12").told["id"]}

    assert ids == {11, 12}
    locks = state_home / "aioibkr" / "client-ids"
    assert locks.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in locks.iterdir()} == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="this system cannot fork")
def test_a_forked_child_holds_no_lease_of_its_parent(holder: Callable[..., Holder]) -> None:
    parent = holder("11-11", "fork")
    forked = int(str(parent.told["forked"]))

    assert parent.go_on() == {"closed": True}

    assert holder("11-11").told["id"] == 11
    os.kill(forked, signal.SIGKILL)


async def test_a_held_id_names_the_process_that_holds_it(
    mock_gateway: MockGateway, holder: Callable[..., Holder]
) -> None:
    other = holder("11-11")

    with pytest.raises(ib.ClientIdInUse) as failed:
        await ib.connect(port=mock_gateway.port, client_id=11, timeout=0.2)
    with pytest.raises(ib.ClientIdInUse) as feed:
        await ib.connect(host="localhost", port=mock_gateway.port, client_id=1011, timeout=0.2)

    assert f"process {other.told['pid']} of this machine" in failed.value.message
    assert failed.value.details["holder_pid"] == str(other.told["pid"])
    assert f"{other.told['pid']} of this machine for the feed of its client id 11" in str(
        feed.value
    )


async def test_clients_of_one_process_lease_apart_and_say_when_they_hold_an_id(
    mock_gateway: MockGateway,
) -> None:
    ids = ib.ClientIds("11-12")
    async with (
        ib.connect(port=mock_gateway.port, client_id=ids) as first,
        ib.connect(port=mock_gateway.port, client_id=ids) as second,
    ):
        assert (first.client_id, second.client_id) == (11, 12)
        with pytest.raises(ib.ClientIdInUse, match="of this process"):
            await ib.connect(port=mock_gateway.port, client_id=11, timeout=0.2)
        with pytest.raises(ib.ClientIdInUse, match="11-12"):
            await ib.connect(port=mock_gateway.port, client_id=ids)

    async with ib.connect(port=mock_gateway.port, client_id=ids) as third:
        assert third.client_id == 11


async def test_a_broker_leases_anew_each_time_it_connects(mock_gateway: MockGateway) -> None:
    broker = IBKRBroker(port=mock_gateway.port, client_ids="21-22")

    for _ in range(2):
        await broker.connect()
        assert broker.client_id == 21
        await broker.disconnect()


@pytest.mark.parametrize(
    ("ids", "complaint"),
    [
        ("", "a range such as 11-18"),
        ("eleven", "a range such as 11-18"),
        ("11-", "a range such as 11-18"),
        ("18-11", "a range such as 11-18"),
        ("-3", "a range such as 11-18"),
        ("1-1001", "at most 1000 ids"),
        ("2147483000-2147483001", "too high"),
        ("9999999999", "client_ids 9999999999"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused_at_once(ids: str, complaint: str) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        _ = ib.connect(client_id=ib.ClientIds(ids))


def test_a_feed_id_of_its_own_does_not_go_with_a_range() -> None:
    with pytest.raises(ib.ConfigError, match="feed_client_id"):
        _ = ib.connect(client_id=ib.ClientIds("11-18"), feed_client_id=99)


def test_an_id_given_stands_over_a_range_of_a_source_that_counts_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.ini"
    file.write_text("[ibkr]\nclient_ids = 1-4\n")
    assert Settings.load(file).ibkr_client_ids == "1-4"

    monkeypatch.setenv("IBKR_CLIENT_ID", "5")
    assert Settings.load(file).ibkr_client_ids is None
    monkeypatch.setenv("IBKR_CLIENT_IDS", "11-18")
    assert Settings.load(file).ibkr_client_ids == "11-18"
    assert Settings.load(file, ibkr_client_id=7).ibkr_client_ids is None
    assert IBKRBroker(client_id=7).client_id == 7


def test_a_range_in_the_settings_that_cannot_be_meant_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IBKR_CLIENT_IDS", "many")

    with pytest.raises(ib.ConfigError, match="client_ids 'many'"):
        IBKRBroker()
