"""Orders with arguments that cannot be meant: refused by name, nothing sent, on a live client."""

import contextlib
from collections.abc import Awaitable, Callable

import pytest

import aioibkr as ib
from aioibkr.models import Action
from aioibkr.testing import MockGateway

AAPL = ib.Stock("AAPL")
BUY = ib.MarketOrder("BUY", 1)
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda client: client.place(AAPL, BUY, key=""), "order key"),
        (lambda client: client.place(AAPL, BUY, key="a|b"), "order key"),
        (lambda client: client.place(AAPL, BUY, key="x" * 39), "order key"),
        (lambda client: client.place(AAPL, BUY, timeout=0), "timeout 0"),
        (lambda client: client.check_order(AAPL, BUY, timeout=-1), "timeout -1"),
        (lambda client: client.modify(1, BUY, timeout=float("nan")), "timeout NaN"),
        (lambda client: client.cancel(1, timeout=float("inf")), "timeout inf"),
        (lambda client: client.cancel_all(timeout=1e9), "timeout 1000000000"),
        (lambda client: client.open_orders(timeout=0), "timeout 0"),
        (lambda client: client.completed_orders(timeout=0), "timeout 0"),
        (lambda client: client.executions(timeout=1e-12), "timeout"),
    ],
)
async def test_argument_is_refused_before_anything_is_sent(
    call: Callable[[ib.Client], Awaitable[object]],
    complaint: str,
    mock_gateway: MockGateway,
    ib_client: ib.Client,
) -> None:
    with pytest.raises(ib.ConfigError, match=complaint):
        await call(ib_client)

    assert mock_gateway.requests("place_order") == []
    assert mock_gateway.requests("cancel_order") == []


async def test_contract_and_order_must_be_values_of_the_package(ib_client: ib.Client) -> None:
    with pytest.raises(TypeError, match="contract"):
        await ib_client.place("AAPL", BUY)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="order"):
        await ib_client.place(AAPL, "BUY")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="trade"):
        await ib_client.cancel("1")  # type: ignore[arg-type]


async def test_unknown_order_has_no_trade(ib_client: ib.Client) -> None:
    assert ib_client.trade(12345) is None
    assert ib_client.trades() == []


@pytest.mark.parametrize("action", ["BUY", "SELL", "SSHORT", "SLONG"])
async def test_an_action_is_sent_as_the_word_it_is(action: Action) -> None:
    with MockGateway() as gateway:
        gateway.set_position("DU1234567", "AAPL", quantity=10, average_cost=180.0)
        async with ib.connect(port=gateway.port, client_id=7) as client:
            with contextlib.suppress(ib.OrderError):  # what a retail login may not sell so
                await client.place(ib.Stock("AAPL"), ib.LimitOrder(action, 1, 150.0))
        (sent,) = gateway.requests("place_order")

    assert sent.fields["order.action"] == action
