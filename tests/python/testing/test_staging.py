"""What a test stages from Python is what a client is told, over a bare socket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from aioibkr import ConfigError
from aioibkr.testing import DepthRow, HistoryBar, MockGateway
from python.testing.text_client import AAPL, Frame, TextClient, codes, of

ACCOUNT = "DU1234567"
TICKS, DEPTH, BARS, REAL_TIME = 1, 10, 20, 50


@pytest.fixture
def client(mock_gateway: MockGateway) -> Iterator[TextClient]:
    with TextClient(mock_gateway, 7) as client:
        yield client


def follow_ticks(client: TextClient, generics: str = "") -> list[Frame]:
    return client.ask(TICKS, "11", "9", *AAPL, "0", generics, "0", "0", "")


def follow_depth(client: TextClient) -> list[Frame]:
    return client.ask(DEPTH, "5", "9", *AAPL, "5", "1", "")


def ask_bars(client: TextClient, *, live: bool = False) -> list[Frame]:
    end = "" if live else "20261120-22:00:00"
    terms = ("0", end, "1 min", "1 D", "0", "TRADES", "1", str(int(live)), "")
    return client.ask(BARS, "8", *AAPL, *terms)


def lasts(frames: list[Frame]) -> list[float]:
    """The prices of last ticks."""
    return [float(frame[4]) for frame in of(frames, "1") if frame[3] == "4"]


def test_a_book_that_is_set_is_shown_and_its_changes_follow(
    mock_gateway: MockGateway, client: TextClient
) -> None:
    bids = [DepthRow(9.0, 1.0, maker="ARCA"), DepthRow(8.0, 2.0, maker="NASDAQ")]
    mock_gateway.set_depth("AAPL", bids=bids, asks=[])

    shown = of(follow_depth(client), "13")
    mock_gateway.set_depth("AAPL", bids=bids[:1], asks=[])
    (gone,) = client.settle()

    # Row, maker, operation, side, price, size.
    assert [row[3:9] for row in shown] == [
        ["0", "ARCA", "0", "1", "9", "1"],
        ["1", "NASDAQ", "0", "1", "8", "2"],
    ]
    assert gone[3] + gone[5] == "12"


def test_a_book_that_is_reset_comes_again_and_a_halted_one_ends(
    mock_gateway: MockGateway, client: TextClient
) -> None:
    row = DepthRow(9.0, 1.0, maker="ARCA")
    mock_gateway.set_depth("AAPL", bids=[row], asks=[])
    follow_depth(client)

    mock_gateway.reset_depth("AAPL")
    reset = client.settle()
    mock_gateway.halt_depth("AAPL")
    halted = client.settle()
    mock_gateway.set_depth("AAPL", bids=[], asks=[row])

    assert (codes(reset), len(of(reset, "13"))) == ([317], 1)
    assert (codes(halted), client.settle()) == ([316], [])


def test_a_trade_prints_and_moves_volume_and_range(
    mock_gateway: MockGateway, client: TextClient
) -> None:
    mock_gateway.set_price("AAPL", last=100.0, volume=50, high=101.0, low=99.0)
    follow_ticks(client)

    mock_gateway.trade("AAPL", price=105.0, size=7)
    told = client.settle()

    ticks = {frame[3]: float(frame[4]) for frame in of(told, "1") + of(told, "2")}
    assert (ticks["4"], ticks["5"], ticks["8"], ticks["6"]) == (105.0, 7.0, 57.0, 105.0)


def test_a_price_walks_until_it_is_held(mock_gateway: MockGateway, client: TextClient) -> None:
    mock_gateway.set_price("AAPL", bid=99.0, ask=101.0, last=100.0)
    follow_ticks(client)

    mock_gateway.walk_price("AAPL", interval=1.0, most_ticks=5)
    mock_gateway.advance(20)
    walked = client.settle()
    mock_gateway.hold_price("AAPL")
    client.settle()
    mock_gateway.advance(20)

    assert len(of(walked, "1")) > 10
    assert client.settle() == []


def test_bars_that_are_set_are_the_history(mock_gateway: MockGateway, client: TextClient) -> None:
    start = datetime(2026, 11, 20, 15, tzinfo=UTC)
    bar = HistoryBar(start=start, open=1.0, high=4.0, low=0.5, close=2.0, volume=1000)
    mock_gateway.set_bars("AAPL", [bar])

    (answer,) = ask_bars(client)

    assert answer[4:11] == ["1", "20261120 10:00:00 US/Eastern", "1", "4", "0.5", "2", "1000"]


def test_a_bust_ends_bars(mock_gateway: MockGateway, client: TextClient) -> None:
    ask_bars(client, live=True)

    mock_gateway.bust_bars("AAPL")
    busted = client.settle()
    mock_gateway.trade("AAPL", price=100.0, size=1)

    assert (codes(busted), client.settle()) == ([10225], [])


def test_the_interval_of_bars_is_what_was_set(
    mock_gateway: MockGateway, client: TextClient
) -> None:
    mock_gateway.set_bar_interval(0.02)
    client.send(REAL_TIME, "3", "9", *AAPL, "5", "TRADES", "1", "")

    bars = [client.read_until("50") for _ in range(3)]

    assert [bar[2] for bar in bars] == ["9", "9", "9"]


def test_a_generic_tick_tells_what_was_set(mock_gateway: MockGateway, client: TextClient) -> None:
    mock_gateway.set_statistic("AAPL", "implied_volatility", 0.25)

    told = follow_ticks(client, "106")

    assert [tick[4] for tick in of(told, "45") if tick[3] == "24"] == ["0.25"]


def test_account_figures_are_what_was_set(mock_gateway: MockGateway, client: TextClient) -> None:
    mock_gateway.set_position(ACCOUNT, "AAPL", quantity=10, average_cost=90.0)
    mock_gateway.set_account_value(ACCOUNT, "BuyingPower", 5)
    mock_gateway.set_pnl(ACCOUNT, daily=1.5, unrealized=2.5, realized=3.5)

    (position, _) = client.ask("61", "1")
    summary = client.ask("62", "1", "9", "All", "BuyingPower")
    (pnl,) = client.ask("92", "9", ACCOUNT, "")

    assert (position[4], position[14:16]) == ("AAPL", ["10", "90"])
    assert summary[0][5] == "5"
    assert pnl[2:5] == ["1.5", "2.5", "3.5"]


def test_rights_and_notices_are_what_was_set(mock_gateway: MockGateway, client: TextClient) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)
    unpaid = follow_ticks(client)
    mock_gateway.set_entitlement("AAPL", live=True)
    mock_gateway.set_data_error("AAPL", 10197)
    competing = follow_ticks(client)
    mock_gateway.set_data_error("AAPL", None)

    mock_gateway.notice(2103)

    assert (codes(unpaid), codes(competing), codes(client.settle())) == ([354], [10197], [2103])
    assert lasts(follow_ticks(client)) != []


CALLS: list[Callable[[MockGateway, str], None]] = [
    lambda gateway, symbol: gateway.set_price(symbol, last=1.0),
    lambda gateway, symbol: gateway.clear_price(symbol),
    lambda gateway, symbol: gateway.trade(symbol, price=1.0, size=1),
    lambda gateway, symbol: gateway.walk_price(symbol),
    lambda gateway, symbol: gateway.hold_price(symbol),
    lambda gateway, symbol: gateway.set_depth(symbol, bids=[], asks=[]),
    lambda gateway, symbol: gateway.reset_depth(symbol),
    lambda gateway, symbol: gateway.halt_depth(symbol),
    lambda gateway, symbol: gateway.set_bars(symbol, []),
    lambda gateway, symbol: gateway.bust_bars(symbol),
    lambda gateway, symbol: gateway.set_statistic(symbol, "dividends", "1,1,20261201,1"),
    lambda gateway, symbol: gateway.set_entitlement(symbol, live=True),
    lambda gateway, symbol: gateway.set_data_error(symbol, None),
    lambda gateway, symbol: gateway.set_position(ACCOUNT, symbol, quantity=1, average_cost=1.0),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_symbol_that_is_not_listed_is_refused_by_name(
    mock_gateway: MockGateway, call: Callable[[MockGateway, str], None]
) -> None:
    call(mock_gateway, "AAPL")

    with pytest.raises(ConfigError, match="NOPE"):
        call(mock_gateway, "NOPE")
