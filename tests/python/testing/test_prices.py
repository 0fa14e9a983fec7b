"""Prices from a file, as a test plays them."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

ROWS = "time,symbol,bid,ask,last\n0,AAPL,10,11,10.5\n60,AAPL,20,21,20.5\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "prices.csv"
    file.write_text(text)
    return file


async def last_price(gateway: MockGateway) -> float | None:
    async with ib.connect(host=gateway.host, port=gateway.port, client_id=7) as client:
        quote = await client.quote(await client.qualify(ib.Stock("AAPL")))
        return quote.last


async def test_prices_of_a_file_pass_with_the_time_of_the_market(tmp_path: Path) -> None:
    with MockGateway(prices=written(tmp_path, ROWS)) as gateway:
        first = await last_price(gateway)
        gateway.advance(60)
        second = await last_price(gateway)

    assert (first, second) == (10.5, 20.5)


async def test_prices_are_played_next_to_each_other(
    mock_gateway: MockGateway, tmp_path: Path
) -> None:
    mock_gateway.play_prices(written(tmp_path, ROWS))
    mock_gateway.play_prices(written(tmp_path, "time,symbol,last\n90,AAPL,30\n"))

    mock_gateway.advance(90)

    assert await last_price(mock_gateway) == 30


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("time,symbol,bid\n0,AAPL,ten\n", r"prices\.csv: line 2: bid \"ten\" must be a number"),
        ("time,symbol,bid\n0,NOSUCH,1\n", r"prices\.csv: line 2: .*add_instrument"),
        ("aioibkr-recording 1\nnonsense\n", r"prices\.csv: line 2"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(
    mock_gateway: MockGateway, tmp_path: Path, text: str, cause: str
) -> None:
    file = written(tmp_path, text)

    with pytest.raises(ib.ConfigError, match=cause):
        mock_gateway.play_prices(file)
    with pytest.raises(ib.ConfigError, match=cause):
        MockGateway(prices=file)


def test_the_command_refuses_a_file_that_is_wrong(tmp_path: Path) -> None:
    file = written(tmp_path, "time,symbol,bid\n0,AAPL,ten\n")
    command = [sys.executable, "-m", "aioibkr", "mock-gateway", "--prices", str(file)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert "line 2" in done.stderr


@contextlib.contextmanager
def playing(file: Path) -> Iterator[int]:
    """The port of a gateway that was started on the command line."""
    command = [sys.executable, "-m", "aioibkr", "mock-gateway", "--port", "0"]
    with subprocess.Popen(
        [*command, "--prices", str(file)], stdout=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        try:
            yield int(gateway.stdout.readline().rsplit(":", 1)[1])
        finally:
            gateway.send_signal(signal.SIGTERM)


async def test_the_command_plays_a_file(tmp_path: Path) -> None:
    with playing(written(tmp_path, ROWS)) as port:
        async with ib.connect(port=port, client_id=7) as client:
            quote = await client.quote(await client.qualify(ib.Stock("AAPL")))

    assert quote.last == 10.5
