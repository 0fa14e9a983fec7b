"""How patient reads are: `wait=False` refuses what is not known, `retry=True` outlives a link."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import aioibkr as ib
from aioibkr.testing import MockGateway, faults

AAPL = ib.Stock("AAPL")
pytestmark = pytest.mark.anyio

Read = Callable[..., Awaitable[Any]]
KEPT: dict[str, str] = {
    "account_summary": "account values",
    "account_values": "account values",
    "pnl": "pnl",
    "positions": "positions",
    "open_orders": "open orders",
    "completed_orders": "completed orders",
    "executions": "executions",
}
TOLD_BY = {
    "account values": "acct_download_end",
    "pnl": "pnl",
    "positions": "position_end",
    "open orders": "open_order_end",
    "completed orders": "completed_orders_end",
    "executions": "execution_data_end",
}
ASKED: dict[str, tuple[tuple[Any, ...], str]] = {
    "server_time": ((), "req_current_time"),
    "managed_accounts": ((), "req_managed_accts"),
    "contract_details": ((AAPL,), "req_contract_data"),
    "qualify": ((AAPL,), "req_contract_data"),
    "quote": ((AAPL,), "req_mkt_data"),
    "bars": ((AAPL,), "req_historical_data"),
    "completed_orders": ((), "req_completed_orders"),
    "executions": ((), "req_executions"),
}


async def link(client: ib.Client, generation: int) -> None:
    """Waits for the client's link of that number."""
    async with asyncio.timeout(10):
        while client.generation < generation or not client.is_connected:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(("read", "part"), KEPT.items())
async def test_a_read_that_does_not_wait_names_what_is_missing(
    read: str, part: str, mock_gateway: MockGateway
) -> None:
    mock_gateway.inject(faults.Mute(TOLD_BY[part]))
    async with ib.connect(port=mock_gateway.port) as client:
        with pytest.raises(ib.StateUnknown) as caught:
            await getattr(client, read)(wait=False)

        assert part in caught.value.details["missing"]
        if part != "pnl":
            assert part in client.health().missing


@pytest.mark.parametrize("read", KEPT)
async def test_a_read_that_does_not_wait_answers_what_is_known(
    read: str, ib_client: ib.Client
) -> None:
    await ib_client.wait_ready()
    await ib_client.pnl()

    await getattr(ib_client, read)(wait=False)

    assert ib_client.health().missing == []


@pytest.mark.parametrize(("read", "arguments"), ASKED.items())
async def test_a_read_outlives_its_link_where_its_caller_wants_that(
    read: str, arguments: tuple[tuple[Any, ...], str], mock_gateway: MockGateway
) -> None:
    given, request = arguments
    brisk = ib.Reconnect(first=0.02, longest=0.1, jitter_percent=0)
    async with ib.connect(port=mock_gateway.port, reconnect=brisk) as client:
        await client.wait_ready()
        silence = mock_gateway.inject(faults.Mute(request))
        before = len(mock_gateway.requests(request))
        patient = asyncio.ensure_future(getattr(client, read)(*given, retry=True))
        at_once = asyncio.ensure_future(getattr(client, read)(*given))
        async with asyncio.timeout(10):
            while len(mock_gateway.requests(request)) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.002)

        mock_gateway.drop_connections()
        silence.clear()

        with pytest.raises(ib.ConnectionLost):
            await at_once
        await asyncio.wait_for(patient, 10)
        await link(client, 2)
