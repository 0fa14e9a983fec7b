"""The broker's values: frozen, and enums equal to those of the application."""

import enum
import json
from dataclasses import FrozenInstanceError, replace
from typing import cast

import pytest

from aioibkr import broker
from aioibkr.broker import Account, Order, OrderSide, OrderStatus, OrderType, Position
from python.broker.wishes import buy


def foreign(words: type[enum.StrEnum], *bases: type) -> type[enum.Enum]:
    """An application's own enum of the same class name, with the same names and values."""
    body = enum.EnumType.__prepare__(words.__name__, (*bases, enum.Enum))
    for word in words:
        body[word.name] = word.value
    return cast("type[enum.Enum]", enum.EnumType(words.__name__, (*bases, enum.Enum), body))


FOREIGN = {
    f"{ours.__name__} as {kind}": (ours, foreign(ours, *bases))
    for ours in (OrderStatus, OrderType, OrderSide)
    for kind, bases in (("Enum", ()), ("str Enum", (str,)))
}


@pytest.mark.parametrize("pair", FOREIGN.values(), ids=FOREIGN.keys())
def test_enum_is_equal_to_the_applications_own(
    pair: tuple[type[enum.StrEnum], type[enum.Enum]],
) -> None:
    ours, theirs = pair

    for mine in ours:
        other = theirs[mine.name]
        assert mine == other
        assert other == mine
        assert (mine != other, other != mine) == (False, False)
        assert hash(mine) == hash(other)
        assert {mine: 1}[other] == {other: 1}[mine] == 1
        assert theirs(mine) is other


class Strange(enum.Enum):
    """Another class with a value of ours."""

    BUY = "BUY"


class Lower:
    """Holds a class of our name with another value."""

    class OrderSide(enum.Enum):
        """Not ours."""

        BUY = "buy"


def test_enum_differs_from_other_words_and_other_classes() -> None:
    others: list[object] = [OrderSide.SELL, Strange.BUY, Lower.OrderSide.BUY, 1, None]

    assert [other for other in others if other == OrderSide.BUY] == []
    assert [other for other in others if OrderSide.BUY.__eq__(other) is True] == []


@pytest.mark.parametrize("words", [OrderStatus, OrderType, OrderSide])
def test_enum_values_equal_their_names(words: type[enum.StrEnum]) -> None:
    assert [word.value for word in words] == [word.name for word in words]
    assert json.loads(json.dumps([*words])) == [word.name for word in words]


def test_values_are_frozen() -> None:
    position = Position("AAPL", 10, 180.0, 190.0, 1900.0, 100.0)
    account = Account("DU1", 1.0, 1.0, 1.0, 1.0, None, None)

    for value in (buy(1), position, account):
        with pytest.raises(FrozenInstanceError):
            value.symbol = "MSFT"  # type: ignore[misc, union-attr]


def test_order_knows_what_remains() -> None:
    order = replace(buy(10), filled_quantity=4)

    assert order.remaining_quantity == 6
    assert order.status is OrderStatus.PENDING
    assert order.timestamp.tzinfo is not None
    assert hash(order) == hash(replace(order, status=OrderStatus.FILLED))


def test_position_tells_its_price_by_both_names() -> None:
    assert Position("AAPL", 10, 180.0, 190.0, 1900.0, 100.0).market_price == 190.0


def test_public_module_names_every_value() -> None:
    assert broker.Order is Order
    assert {"IBKRBroker", "Order", "Position", "Account"} <= set(broker.__all__)
