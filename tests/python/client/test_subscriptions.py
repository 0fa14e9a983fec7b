"""What a client has subscribed to, and what it says of what could not be restored."""

import asyncio
from collections.abc import Callable

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway

pytestmark = pytest.mark.anyio


async def until(claim: Callable[[], bool]) -> None:
    """Waits until the claim holds."""
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - the list is looked at, not awaited
            await asyncio.sleep(0.002)


def state(client: ib.Client, symbol: str) -> str | None:
    """How the market data of a stock stands."""
    rows = (row for row in client.subscriptions() if row.contract is not None)
    states = [row.state for row in rows if row.contract and row.contract.symbol == symbol]
    return states[0] if states else None


async def test_what_could_not_be_restored_says_why(mock_gateway: MockGateway) -> None:
    settings = ib.Settings(ibkr_delayed_data=False, ibkr_port=mock_gateway.port)
    for symbol in ("AAPL", "MSFT"):
        mock_gateway.set_price(symbol, last=100.0)
    async with (
        ib.connect(settings=settings) as client,
        client.quotes(ib.Stock("AAPL"), ib.Stock("MSFT")),
    ):
        await until(lambda: state(client, "AAPL") == state(client, "MSFT") == "live")

        mock_gateway.set_data_error("MSFT", 354)
        mock_gateway.drop_connections()

        await until(lambda: state(client, "MSFT") == "failed")
        await until(lambda: state(client, "AAPL") == "live")
        failed = next(row for row in client.subscriptions() if row.state == "failed")
        assert failed.kind == "market data"
        assert failed.reason is not None
        assert "354" in failed.reason
        assert failed.generation == 2
        assert repr(failed).startswith("Subscription(kind='market data', symbol='MSFT', ")


async def test_accounts_are_listed_by_name(ib_client: ib.Client) -> None:
    await ib_client.wait_ready()
    await ib_client.pnl()

    rows = {(row.kind, row.account, row.state) for row in ib_client.subscriptions()}

    assert rows == {
        ("positions", None, "live"),
        ("account values", "DU1234567", "live"),
        ("pnl", "DU1234567", "live"),
    }
