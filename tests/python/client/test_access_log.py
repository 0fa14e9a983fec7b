"""The access log, and `configure_logging`."""

import asyncio
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

pytestmark = pytest.mark.anyio

ACCOUNT = "DU1234567"
LINE = re.compile(
    r"(?P<time>\S+)Z DEBUG aioibkr\.access request=(?P<request>\w+) subject=\"(?P<subject>.*)\""
    r" outcome=(?P<outcome>\w+) code=(?P<code>\S+) ms=\d+\.\d{3} generation=1"
)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    names = ("aioibkr", "aioibkr.access")
    levels = [logging.getLogger(name).level for name in names]
    yield
    for handler in ours():
        logging.getLogger("aioibkr").removeHandler(handler)
        handler.close()
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)


def ours() -> list[logging.Handler]:
    """The handlers that `configure_logging` put there."""
    handlers = logging.getLogger("aioibkr").handlers
    return [handler for handler in handlers if handler.get_name() == "aioibkr"]


async def lines_of(file: Path, request: str, count: int = 1) -> list[dict[str, str]]:
    """Waits for so many lines about a request."""
    async with asyncio.timeout(5):
        while len(found := written(file, request)) < count:  # noqa: ASYNC110 - a file is looked at
            await asyncio.sleep(0.002)
    return found


def written(file: Path, request: str) -> list[dict[str, str]]:
    """The lines about a request."""
    lines = [match.groupdict() for match in LINE.finditer(file.read_text())]
    return [line for line in lines if line["request"] == request]


async def test_each_request_has_its_line_however_it_ends(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    ib.configure_logging(level="info", file=file, access=True)
    async with ib.connect(port=mock_gateway.port) as client:
        await client.place(ib.Stock("AAPL"), ib.LimitOrder("BUY", 10, 5.0), key="my-secret-key")
        with pytest.raises(ib.ContractNotFound):
            await client.contract_details(ib.Stock('NO"SUCH'))

    (place,) = await lines_of(file, "place")
    (refused,) = await lines_of(file, "contract_details")

    assert (place["subject"], place["outcome"]) == ("BUY 10 STK AAPL SMART USD", "ok")
    assert (refused["outcome"], refused["code"]) == ("ContractNotFound", "200")
    assert refused["subject"] == 'STK NO\\"SUCH SMART USD'
    age = datetime.now(UTC) - datetime.fromisoformat(place["time"]).replace(tzinfo=UTC)
    assert timedelta(seconds=-1) < age < timedelta(minutes=1)
    assert not any("aioibkr.market_data" in line for line in file.read_text().splitlines())


async def test_lines_hold_no_account_and_no_key(mock_gateway: MockGateway, tmp_path: Path) -> None:
    file = tmp_path / "log"
    ib.configure_logging(level="warning", file=file, access=True)
    order = ib.LimitOrder("BUY", 1, 7.77, account=ACCOUNT, order_ref="my-tag")
    async with ib.connect(port=mock_gateway.port, account=ACCOUNT) as client:
        await client.positions(ACCOUNT)
        await client.account_summary(ACCOUNT)
        trade = await client.place(ib.Stock("AAPL"), order, key="my-secret-key")
        await client.cancel(trade)

    await lines_of(file, "cancel")

    (positions,) = await lines_of(file, "positions")
    assert positions["subject"] == "DU…67"
    for secret in (ACCOUNT, "my-secret-key", "my-tag", "7.77"):
        assert secret not in file.read_text()


async def test_debug_lines_hold_no_account_not_even_as_bytes(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    ib.configure_logging(level="debug", file=file)
    async with ib.connect(port=mock_gateway.port, account=ACCOUNT) as client:
        await client.wait_ready()
        order = ib.LimitOrder("BUY", 1, 7.77, account=ACCOUNT)
        await client.place(ib.Stock("AAPL"), order, key="my-secret-key")

    await lines_of(file, "place")

    for secret in (ACCOUNT, "my-secret-key"):
        assert secret not in file.read_text()
        assert ", ".join(str(byte) for byte in secret.encode()) not in file.read_text()


async def test_a_request_that_was_given_up_has_a_line(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    ib.configure_logging(file=file, access=True)
    mock_gateway.inject(faults.Mute("req_contract_data"))
    async with ib.connect(port=mock_gateway.port) as client:
        reading = asyncio.ensure_future(client.contract_details(ib.Stock("AAPL")))
        async with asyncio.timeout(5):
            while not mock_gateway.requests("req_contract_data"):  # noqa: ASYNC110 - looked at
                await asyncio.sleep(0.002)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

        (line,) = await lines_of(file, "contract_details")

    assert line["outcome"] == "cancelled"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"level": "debug"}, 1),
        ({"level": "info"}, 0),
        ({"level": "debug", "access": False}, 0),
        ({"level": "error", "access": True}, 1),
    ],
)
async def test_the_access_log_is_read_when_it_was_asked_for(
    mock_gateway: MockGateway, tmp_path: Path, given: dict[str, Any], expected: int
) -> None:
    file = tmp_path / "log"
    ib.configure_logging(file=file, **given)
    async with ib.connect(port=mock_gateway.port) as client:
        await client.managed_accounts()
    ib.configure_logging(level="debug", file=file, access=True)
    async with ib.connect(port=mock_gateway.port, client_id=2) as client:
        await client.qualify(ib.Stock("AAPL"))

    await lines_of(file, "qualify")

    assert len(written(file, "managed_accounts")) == expected


def test_a_second_call_replaces_the_first_and_the_root_is_left_alone(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    ib.configure_logging(file=tmp_path / "one")

    ib.configure_logging(level=logging.ERROR, file=tmp_path / "two")
    logging.getLogger("aioibkr.session").error("a line")

    assert len(ours()) == 1
    assert (list(root.handlers), root.level) == before
    assert (tmp_path / "one").read_text() == ""
    assert (tmp_path / "two").read_text().endswith("Z ERROR aioibkr.session a line\n")


def test_a_full_file_is_renamed(tmp_path: Path) -> None:
    ib.configure_logging(file=tmp_path / "log", max_bytes=200, backups=2)

    for number in range(20):
        logging.getLogger("aioibkr.session").info("line %d", number)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2"]


def test_what_cannot_be_meant_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    ib.configure_logging(level="error", file=tmp_path / "log")
    handlers = ours()

    wrong: list[dict[str, Any]] = [
        {"file": tmp_path / "missing" / "log"},
        {"file": tmp_path},
        {"level": "loud"},
        {"level": 0},
        {"backups": -1},
    ]
    for given in wrong:
        with pytest.raises(ib.ConfigError):
            ib.configure_logging(**given)

    assert (ours(), logging.getLogger("aioibkr").level) == (handlers, logging.ERROR)
