"""Orders an application may bring, and what the broker makes of those that make no sense."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

from aioibkr import IBKRBroker, Settings
from aioibkr.broker import ApplicationOrder, Order, OrderStatus, OrderType
from aioibkr.errors import (
    ConfigError,
    ContractNotFound,
    OrderOutcomeUnknown,
    OrderRefused,
    StateUnknown,
)
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import buy, until

NONSENSE: dict[str, tuple[Order, str]] = {
    "NaN quantity": (buy(math.nan), "quantity"),
    "infinite quantity": (buy(math.inf), "quantity"),
    "negative quantity": (buy(-1), "quantity"),
    "no quantity": (buy(0), "quantity"),
    "NaN price": (buy(1, limit=math.nan), "price"),
    "negative price": (buy(1, limit=-1.0), "price"),
    "price of 0": (buy(1, limit=0.0), "price"),
    "limit without price": (replace(buy(1), order_type=OrderType.LIMIT), "price"),
    "stop without price": (replace(buy(1), order_type=OrderType.STOP), "stop"),
    "stop limit without stop": (
        replace(buy(1, limit=1.0), order_type=OrderType.STOP_LIMIT),
        "stop",
    ),
    "more than buying power": (buy(200, limit=200.0), "insufficient"),
    "no symbol": (buy(1, symbol=" "), "symbol"),
}


@pytest.mark.parametrize("case", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_refused_with_the_word_users_look_for(
    mock_gateway: MockGateway, ib_broker: IBKRBroker, case: tuple[Order, str]
) -> None:
    order, word = case
    for tag in ("BuyingPower", "AvailableFunds"):
        mock_gateway.set_account_value("DU1234567", tag, 10_000.0)

    async def poor() -> bool:
        return (await ib_broker.get_account()).buying_power == 10_000.0

    await until(poor)
    valid, message = await ib_broker.validate_order(order)
    with pytest.raises(OrderRefused) as refused:
        await ib_broker.place_order(order)

    assert not valid
    assert word in message.lower()
    assert refused.value.rule
    assert mock_gateway.requests("place_order") == []


async def test_buying_beyond_the_means_says_insufficient(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_account_value("DU1234567", "BuyingPower", 100.0)

    async def poor() -> bool:
        return (await ib_broker.get_account()).buying_power == 100.0

    await until(poor)

    assert "Insufficient" in (await ib_broker.validate_order(buy(1, limit=190.0)))[1]


async def test_every_broken_rule_is_told_in_one_message(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_account_value("DU1234567", "BuyingPower", 100.0)
    mock_gateway.set_pnl("DU1234567", daily=-5_000.0, unrealized=0.0, realized=-5_000.0)

    async def exhausted() -> bool:
        account = await ib_broker.get_account()
        return (account.buying_power, account.daily_pnl) == (100.0, -5_000.0)

    await until(exhausted)
    valid, message = await ib_broker.validate_order(buy(2_000, limit=190.0))
    with pytest.raises(OrderRefused) as refused:
        await ib_broker.place_order(buy(2_000, limit=190.0))

    rules = ("size", "value", "buying_power", "position_share", "daily_loss")
    parts = ("Quantity 2000", "order value", "Insufficient buying power", "net liquidation", "loss")
    assert not valid
    found = [message.find(part) for part in parts]
    assert -1 not in found
    assert found == sorted(found), "in the order of the contract"
    assert (refused.value.rule, refused.value.rules) == ("size", rules)
    assert refused.value.message.lower() == message.lower()
    assert mock_gateway.requests("place_order") == []


async def test_a_price_that_is_no_number_hides_no_other_rule(ib_broker: IBKRBroker) -> None:
    _, message = await ib_broker.validate_order(buy(1_000_000, limit=math.nan))

    assert message.startswith("Limit price NaN")
    assert "quantity 1000000 exceeds" in message


async def test_an_unknown_symbol_hides_no_nonsense(ib_broker: IBKRBroker) -> None:
    with pytest.raises(OrderRefused, match="quantity 0") as refused:
        await ib_broker.place_order(buy(0, symbol="NOSUCH", limit=-1.0))

    assert refused.value.rules == ("quantity", "price")


async def test_everything_that_cannot_be_read_is_told(ib_broker: IBKRBroker) -> None:
    order = SimpleNamespace(
        symbol="", side="HOLD", order_type="STOP_LIMIT", quantity="many", price="x", stop_price=[]
    )

    with pytest.raises(OrderRefused) as refused:
        await ib_broker.place_order(order)

    assert refused.value.rules == ("symbol", "side", "quantity", "price", "stop")
    assert (await ib_broker.validate_order(order))[1].lower() == refused.value.message.lower()


ANYTHING: dict[str, object] = {
    "nothing": None,
    "empty": SimpleNamespace(),
    "words": SimpleNamespace(symbol="AAPL", side="HOLD", order_type="MARKET", quantity=1),
    "type": SimpleNamespace(symbol="AAPL", side="BUY", order_type="TELEPATHY", quantity=1),
    "text": SimpleNamespace(symbol="AAPL", side="BUY", order_type="MARKET", quantity="many"),
    "truth": SimpleNamespace(symbol="AAPL", side="BUY", order_type="MARKET", quantity=True),
    "fraction": SimpleNamespace(
        symbol="AAPL", side="BUY", order_type="MARKET", quantity=Fraction(10**400, 3)
    ),
    "huge": SimpleNamespace(symbol="AAPL", side="BUY", order_type="MARKET", quantity=10**400),
    "number": SimpleNamespace(symbol=7, side="BUY", order_type="MARKET", quantity=1),
}


@pytest.mark.parametrize("order", ANYTHING.values(), ids=ANYTHING.keys())
async def test_validation_never_raises(ib_broker: IBKRBroker, order: ApplicationOrder) -> None:
    valid, message = await ib_broker.validate_order(order)

    assert not valid
    assert message[0].isupper()


async def test_good_order_is_valid_and_not_sent(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    valid, _ = await ib_broker.validate_order(buy(1, limit=190.0))

    assert valid
    assert mock_gateway.requests("place_order") == []


async def test_a_validated_market_order_asks_for_one_quote(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    (await ib_broker.get_account(), await ib_broker.validate_order(buy(1, limit=1.0)))
    before = len(mock_gateway.requests())

    valid, message = await ib_broker.validate_order(buy(1))
    await ib_broker.place_order(buy(1))

    sent = [request.kind for request in mock_gateway.requests()[before:]]
    assert valid, message
    assert sorted(sent) == ["cancel_mkt_data", "place_order", "req_mkt_data"]


async def test_the_price_of_another_link_values_no_order(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    await ib_broker.validate_order(buy(1))
    client = await ib_broker.client()
    link = client.generation
    mock_gateway.drop_connections()

    async def back() -> bool:
        return client.generation > link and client.ready

    await until(back)
    asked = len(mock_gateway.requests("req_mkt_data"))
    await ib_broker.place_order(buy(1))

    assert len(mock_gateway.requests("req_mkt_data")) == asked + 1


async def test_order_in_plain_words_is_placed(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    wish = SimpleNamespace(symbol="aapl", side="buy", order_type="limit", quantity=2, price=1.5)

    order_id = await ib_broker.place_order(wish)

    (order,) = mock_gateway.orders()
    assert (order.symbol, order.action, order.order_type) == ("AAPL", "BUY", "LMT")
    assert (order.quantity, order.limit_price) == (2, 1.5)
    assert (wish.order_id, wish.status) == (order_id, OrderStatus.SUBMITTED)


@dataclass(frozen=True)
class Sealed:
    """An application's order that cannot be written to."""

    symbol: str = "AAPL"
    side: str = "BUY"
    order_type: str = "MARKET"
    quantity: int = 1


async def test_order_that_cannot_be_written_is_placed(ib_broker: IBKRBroker) -> None:
    assert (await ib_broker.place_order(Sealed())).isdigit()


async def test_placing_completes_our_own_order(ib_broker: IBKRBroker) -> None:
    order = buy(1, limit=1.0)

    order_id = await ib_broker.place_order(order)

    assert (order.order_id, order.status) == (order_id, OrderStatus.SUBMITTED)


async def test_unknown_symbol_is_not_ordered(ib_broker: IBKRBroker) -> None:
    with pytest.raises(ContractNotFound):
        await ib_broker.place_order(buy(1, symbol="NOSUCH"))

    assert await ib_broker.get_orders() == []


@pytest.mark.parametrize("order_id", ["abc", "", "-1", "1.5", "999999", "9" * 400, "²"])
async def test_order_that_is_unknown_is_not_cancelled(ib_broker: IBKRBroker, order_id: str) -> None:
    assert await ib_broker.cancel_order(order_id) is False
    assert await ib_broker.get_order(order_id) is None
    with pytest.raises(ValueError, match="not known"):
        await ib_broker.get_order_status(order_id)


async def test_orders_are_narrowed_by_any_name_of_a_status(ib_broker: IBKRBroker) -> None:
    working = await ib_broker.place_order(buy(1, limit=1.0))
    ended = await ib_broker.place_order(buy(1, limit=1.0))
    await ib_broker.cancel_order(ended)

    for name in ("open", "SUBMITTED", OrderStatus.SUBMITTED):
        assert [order.order_id for order in await ib_broker.get_orders(name)] == [working]
    for name in ("cancelled", OrderStatus.CANCELLED):
        assert [order.order_id for order in await ib_broker.get_orders(name)] == [ended]
    with pytest.raises(ConfigError, match="SHELVED"):
        await ib_broker.get_orders("shelved")


async def test_outcome_nobody_knows_is_said_and_settled_by_the_key(
    mock_gateway: MockGateway,
) -> None:
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_order_timeout=0.3)
    broker = IBKRBroker(settings=settings)
    await broker.get_account()
    mock_gateway.inject(faults.LateFill())
    mutes = [mock_gateway.inject(faults.Mute(kind)) for kind in ("open_order", "order_status")]

    with pytest.raises(OrderOutcomeUnknown) as unknown:
        await broker.place_order(buy(1), key="once")
    for mute in mutes:
        mute.clear()

    assert unknown.value.key == "once"
    assert len(mock_gateway.requests("place_order")) == 1
    assert broker.is_connected
    await broker.disconnect()


async def test_orders_of_an_earlier_broker_are_known_as_soon_as_they_are_asked_for(
    mock_gateway: MockGateway, ib_broker: IBKRBroker
) -> None:
    order_ids = [await ib_broker.place_order(buy(1, limit=1.0)) for _ in range(2)]
    await ib_broker.disconnect()
    mock_gateway.inject(faults.Stall("open_order", seconds=0.2))
    next_one = IBKRBroker(port=mock_gateway.port, client_id=ib_broker.client_id)
    await next_one.connect()

    assert await next_one.cancel_order(order_ids[0]) is True, "it is not unknown: it was not listed"
    assert await next_one.get_order_status(order_ids[1]) is OrderStatus.SUBMITTED
    assert {order.order_id for order in await next_one.get_orders()} == set(order_ids)
    await next_one.disconnect()


async def test_orders_that_were_not_listed_are_unknown_and_not_none(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.inject(faults.Mute("open_order_end"))
    settings = Settings(ibkr_port=mock_gateway.port, ibkr_read_timeout=0.3)
    broker = IBKRBroker(settings=settings)
    await broker.connect()

    for question in (broker.get_orders(), broker.get_order("1"), broker.cancel_order("1")):
        with pytest.raises(StateUnknown, match="open orders"):
            await question
    await broker.disconnect()
