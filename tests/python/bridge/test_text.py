"""Texts that IB's frames cannot carry are refused by name, wherever a text crosses the bridge."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

import aioibkr as ib
from aioibkr.broker import Order, OrderSide, OrderType
from aioibkr.testing import MockGateway

NO_TEXT = {
    "half a surrogate pair": "\ud800",
    "the other half": "AA\udc00PL",
    "NUL": "AA\0PL",
    "line end": "AA\nPL",
    "delete": "AAPL\x7f",
    "257 characters": "A" * 257,
}
NAMES = (
    "symbol",
    "security_type",
    "exchange",
    "currency",
    "expiry",
    "right",
    "multiplier",
    "primary_exchange",
    "local_symbol",
    "trading_class",
    "security_id_type",
    "security_id",
)
AAPL = ib.Stock("AAPL")
BUY = ib.MarketOrder("BUY", 1)


def named(name: str, text: str) -> ib.Contract:
    """A stock, one of its names replaced."""
    return ib.Contract(symbol="AAPL", security_type="STK").replace(**{name: text})  # type: ignore[arg-type]


MADE: dict[str, Callable[[str], object]] = {
    **{f"contract {name}": partial(named, name) for name in NAMES},
    "action": lambda text: ib.MarketOrder(text, 1),  # type: ignore[arg-type]
    "quantity": lambda text: ib.MarketOrder("BUY", text),
    "order type": lambda text: ib.Order(action="BUY", quantity=1, order_type=text),
    "time in force": lambda text: ib.MarketOrder("BUY", 1, time_in_force=text),
    "order account": lambda text: ib.MarketOrder("BUY", 1, account=text),
    "reference": lambda text: ib.MarketOrder("BUY", 1, order_ref=text),
    "account": lambda text: ib.connect(account=text),
    "host": lambda text: ib.connect(host=text),
    "market data type": lambda text: ib.connect(market_data_type=text),  # type: ignore[arg-type]
    "restart window": lambda text: ib.connect(
        restart_windows=[ib.RestartWindow(start=text, end="12:00", zone="UTC")]
    ),
}
ASKED: dict[str, Callable[[ib.Client, str], Awaitable[object]]] = {
    "key": lambda client, text: client.place(AAPL, BUY, key=text),
    "positions": lambda client, text: client.positions(text),
    "account summary": lambda client, text: client.account_summary(text),
    "pnl": lambda client, text: client.pnl(text),
    "duration": lambda client, text: client.bars(AAPL, duration=text, bar_size="1 min"),
    "bar size": lambda client, text: client.bars(AAPL, duration="1 D", bar_size=text),
    "what to show": lambda client, text: client.bars(
        AAPL, duration="1 D", bar_size="1 min", what_to_show=text
    ),
}


@pytest.mark.parametrize("text", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_a_value_takes_no_text_that_cannot_be_sent(
    make: Callable[[str], object], text: str
) -> None:
    with pytest.raises(ib.ConfigError):
        make(text)


@pytest.mark.parametrize("text", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
async def test_a_call_takes_no_text_that_cannot_be_sent(
    mock_gateway: MockGateway,
    ib_client: ib.Client,
    ask: Callable[[ib.Client, str], Awaitable[object]],
    text: str,
) -> None:
    await ib_client.wait_ready()
    before = len(mock_gateway.requests())

    with pytest.raises(ib.ConfigError):
        await ask(ib_client, text)

    assert mock_gateway.requests()[before:] == []
    assert ib_client.is_connected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\ud800", r"text '\\ud800': half a surrogate pair is no character"),
        ("A\0B", r"text 'A\\x00B': control characters cannot be sent"),
        ("A" * 300, r"text 'A{39}… \(302 characters\): give at most 256 characters"),
    ],
)
def test_the_refusal_shows_the_text(text: str, complaint: str) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        ib.Stock(text)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "right"])
async def test_a_name_that_no_contract_of_ib_has_is_not_asked_for(
    mock_gateway: MockGateway, ib_client: ib.Client, name: str
) -> None:
    contract = named(name, "Müller")

    with pytest.raises(ib.ConfigError, match=f'contract {name} "Müller".*ASCII'):
        await ib_client.place(contract, BUY)

    assert mock_gateway.requests("req_contract_data") == []


@pytest.mark.parametrize("name", ["order_type", "time_in_force"])
def test_a_word_that_ib_has_not_is_no_word_of_an_order(name: str) -> None:
    with pytest.raises(ib.ConfigError, match=f'{name} "Müller"'):
        BUY.replace(**{name: "Müller"})  # type: ignore[arg-type]


async def test_the_broker_refuses_what_is_no_text(
    mock_gateway: MockGateway, ib_broker: ib.IBKRBroker
) -> None:
    order = Order("", "\ud800", OrderSide.BUY, OrderType.MARKET, 1)
    good = Order("", "AAPL", OrderSide.BUY, OrderType.MARKET, 1)

    valid, message = await ib_broker.validate_order(order)
    for wish, key in ((order, None), (good, "\ud800")):
        with pytest.raises(ib.ConfigError, match="ud800"):
            await ib_broker.place_order(wish, key=key)

    assert (valid, "\\ud800" in message) == (False, True)
    assert mock_gateway.orders() == []


def test_texts_of_other_programs_survive_a_copy() -> None:
    contract = ib.Contract(symbol="Müller", local_symbol="日経")

    assert contract.replace(currency="JPY").local_symbol == "日経"
