"""What a client reads: values set at the gateway arrive, failures are typed and name a cause."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

import aioibkr as ib
from aioibkr import _native
from aioibkr.testing import MockGateway, faults

ACCOUNT = "DU1234567"
AAPL = ib.Stock("AAPL")
NOWHERE = ib.Stock("NOSUCHSYMBOL")
pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def until(read: Callable[[], Awaitable[T]], claim: Callable[[T], bool]) -> T:
    """Read until a claim holds: nothing tells when the kept value has followed the gateway."""
    async with asyncio.timeout(5):
        while not claim(value := await read()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
    return value


Read = Callable[[ib.Client], Awaitable[object]]


async def test_server_time_is_aware_and_now(ib_client: ib.Client) -> None:
    time = await ib_client.server_time()

    assert time.tzinfo is UTC
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)


async def test_both_bridges_read_the_same_clock(ib_client: ib.Client) -> None:
    over_future = await _native._server_time_via_future_into_py(ib_client._native)

    assert abs(await ib_client.server_time() - over_future) < timedelta(seconds=5)


async def test_managed_accounts_are_asked_anew() -> None:
    with MockGateway(accounts=["DU1", "DU2"]) as gateway:
        async with ib.connect(port=gateway.port, account="DU2") as client:
            assert await client.managed_accounts() == ["DU1", "DU2"]
            assert client.account == "DU2"
        assert len(gateway.requests("req_managed_accts")) >= 1


async def test_account_values_are_not_mixed_with_other_currencies(
    mock_gateway: MockGateway,
) -> None:
    mock_gateway.set_account_value(ACCOUNT, "CashBalance", 7.0, currency="EUR")
    mock_gateway.set_account_value(ACCOUNT, "CashBalance", 9.0, currency="BASE")
    mock_gateway.set_account_value(ACCOUNT, "NetLiquidation", 250_000.0)

    async with ib.connect(port=mock_gateway.port, client_id=9) as client:
        account = await client.account_summary()
        rows = await client.account_values()

    assert (account.account, account.currency) == (ACCOUNT, "USD")
    assert account.number("NetLiquidation") == 250_000.0
    assert account.number("CashBalance") not in {7.0, 9.0}
    assert account.number("NoSuchTag") is None
    assert account.updated_at.tzinfo is UTC
    cash = {row.currency: row.value for row in rows if row.tag == "CashBalance"}
    assert float(cash["EUR"]) == 7.0
    assert {row.account for row in rows} == {ACCOUNT}


async def test_pnl_is_that_of_the_gateway(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    mock_gateway.set_pnl(ACCOUNT, daily=12.5, unrealized=100.0, realized=-3.25)

    pnl = await until(ib_client.pnl, lambda pnl: pnl.daily == 12.5)

    assert (pnl.daily, pnl.unrealized, pnl.realized) == (12.5, 100.0, -3.25)


async def test_positions_keep_fractions_and_signs(mock_gateway: MockGateway) -> None:
    mock_gateway.set_position(ACCOUNT, "AAPL", quantity=10.5, average_cost=180.0)
    mock_gateway.set_position(ACCOUNT, "MSFT", quantity=-3, average_cost=400.0)

    async with ib.connect(port=mock_gateway.port) as client:
        found = {position.contract.symbol: position for position in await client.positions()}
        own = await client.positions(ACCOUNT)

    assert found["AAPL"].quantity == Decimal("10.5")
    assert (found["AAPL"].average_cost, found["AAPL"].account) == (180.0, ACCOUNT)
    assert found["MSFT"].quantity == -3
    assert len(own) == 2


async def test_unmanaged_account_is_refused_by_name(ib_client: ib.Client) -> None:
    reads: list[Read] = [
        lambda client: client.account_summary("DU99"),
        lambda client: client.account_values("DU99"),
        lambda client: client.pnl("DU99"),
        lambda client: client.positions("DU99"),
    ]

    for read in reads:
        with pytest.raises(ib.ConfigError, match="DU99"):
            await read(ib_client)


async def test_qualify_completes_a_contract(ib_client: ib.Client) -> None:
    contract = await ib_client.qualify(AAPL)
    (details,) = await ib_client.contract_details(AAPL)

    assert contract.contract_id is not None
    assert contract.contract_id > 0
    assert (contract.symbol, contract.security_type, contract.currency) == ("AAPL", "STK", "USD")
    assert details.contract.contract_id == contract.contract_id
    assert details.min_tick == 0.01
    assert "LMT" in details.order_types
    assert "SMART" in details.valid_exchanges
    assert details.long_name


async def test_details_of_a_future_tell_its_month_and_underlying(ib_client: ib.Client) -> None:
    (stock,) = await ib_client.contract_details(AAPL)
    details = (await ib_client.contract_details(ib.Future("ES", "", "CME")))[0]

    assert details.contract.expiry.startswith(details.contract_month)
    assert details.real_expiration_date == details.contract.expiry
    assert details.price_magnifier == 1
    assert (stock.contract_month, stock.last_trade_time, stock.under_contract_id) == ("", "", None)


async def test_contract_that_matches_nothing_is_named(ib_client: ib.Client) -> None:
    reads: list[Read] = [
        lambda client: client.qualify(NOWHERE),
        lambda client: client.contract_details(NOWHERE),
        lambda client: client.quote(NOWHERE),
        lambda client: client.bars(NOWHERE),
    ]

    for read in reads:
        with pytest.raises(ib.ContractNotFound) as refused:
            await read(ib_client)
        assert refused.value.details["symbol"] == "NOSUCHSYMBOL"
        assert refused.value.code == 200


async def test_quote_has_what_the_gateway_says_and_none_for_the_rest(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=195.0, bid_size=3)

    quote = await ib_client.quote(AAPL)

    assert (quote.bid, quote.ask, quote.last, quote.bid_size) == (189.9, 190.1, 195.0, 3.0)
    assert quote.mid == pytest.approx(190.0)
    assert quote.market_price == pytest.approx(190.0)
    assert (quote.market_data_type, quote.is_delayed) == ("live", False)
    assert 0 <= quote.age < 60
    assert quote.received_at.tzinfo is UTC
    assert quote.generation == 1
    assert quote.contract.contract_id is not None


async def test_delayed_quote_says_so(mock_gateway: MockGateway, ib_client: ib.Client) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)

    quote = await ib_client.quote(AAPL)

    assert (quote.market_data_type, quote.is_delayed) == ("delayed", True)


async def test_delayed_data_may_be_declined(mock_gateway: MockGateway) -> None:
    mock_gateway.set_entitlement("AAPL", live=False)
    settings = ib.Settings(ibkr_port=mock_gateway.port, ibkr_delayed_data=False)

    async with ib.connect(settings=settings) as client:
        with pytest.raises(ib.NotEntitled):
            await client.quote(AAPL)


async def test_subscribed_quote_follows_the_market_until_released(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    contract = await ib_client.qualify(AAPL)
    assert ib_client.latest_quote(contract) is None

    first = await ib_client.subscribe_quote(contract)
    mock_gateway.set_price("AAPL", bid=99.0, ask=101.0, last=100.0)

    async def latest() -> ib.Quote | None:
        return ib_client.latest_quote(contract)

    quote = await until(latest, lambda quote: quote is not None and quote.ask == 101.0)

    assert first.contract == contract
    assert quote is not None
    assert (quote.bid, quote.ask) == (99.0, 101.0)
    await ib_client.unsubscribe_quote(contract)
    assert ib_client.latest_quote(contract) is None


async def test_bars_read_alike_as_rows_and_columns(ib_client: ib.Client) -> None:
    bars = await ib_client.bars(AAPL, duration="1 D", bar_size="5 mins")

    rows = list(bars)
    assert len(rows) == len(bars) > 10
    assert [row.close for row in rows] == list(bars.close)
    assert [row.volume for row in rows] == list(bars.volume)
    assert [int(row.time.timestamp()) * 10**9 for row in rows] == list(bars.time)
    assert (bars[0], bars[-1]) == (rows[0], rows[-1])
    assert list(bars[2:9:3]) == rows[2:9:3]
    assert list(bars[::-1]) == rows[::-1]
    assert rows == sorted(rows, key=lambda row: row.time)
    assert all(row.low <= min(row.open, row.close) <= row.high for row in rows)
    assert bars.close.readonly
    for row in (len(bars), -len(bars) - 1, 2**62):
        with pytest.raises(IndexError, match=str(row)):
            bars[row]


async def test_bars_of_the_midpoint_have_no_volume(ib_client: ib.Client) -> None:
    bars = await ib_client.bars(AAPL, what_to_show="midpoint")

    assert (bars[0].volume, bars[0].average, bars[0].count) == (None, None, None)


async def test_frames_name_what_to_install(
    ib_client: ib.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = await ib_client.bars(AAPL)
    for package in ("pandas", "polars"):
        monkeypatch.setitem(__import__("sys").modules, package, None)

    with pytest.raises(ImportError, match=r"to_pandas\(\) needs pandas: pip install pandas"):
        bars.to_pandas()
    with pytest.raises(ImportError, match=r"to_polars\(\) needs polars: pip install polars"):
        bars.to_polars()


async def test_frames_hold_the_bars(ib_client: ib.Client) -> None:
    bars = await ib_client.bars(AAPL)

    pandas, polars = bars.to_pandas(), bars.to_polars()

    assert list(pandas["close"]) == list(bars.close) == polars["close"].to_list()
    assert pandas.index[0].to_pydatetime() == bars[0].time == polars["time"][0]


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (lambda client: client.bars(AAPL, bar_size="7 mins"), 'bar_size "7 mins"'),
        (lambda client: client.bars(AAPL, what_to_show="ALL"), 'what_to_show "ALL"'),
        (lambda client: client.bars(AAPL, duration="soon"), "soon"),
        (lambda client: client.bars(AAPL, end=datetime(2026, 1, 1)), "time zone"),  # noqa: DTZ001
        (lambda client: client.quote(AAPL, max_age=0), "max_age 0"),
        (lambda client: client.quote(AAPL, timeout=float("nan")), "timeout NaN"),
        (lambda client: client.server_time(timeout=-1), "timeout -1"),
        (lambda client: client.managed_accounts(timeout=1e12), "timeout 1000000000000"),
        (lambda client: client.unsubscribe_quote(AAPL), "qualify it first"),
    ],
)
async def test_argument_that_cannot_be_meant_is_refused_before_anything_is_sent(
    read: Read, complaint: str, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    await ib_client.wait_ready()
    await ib_client.pnl()
    await ib_client.server_time()  # answered after everything sent so far was received
    sent = len(mock_gateway.requests())

    with pytest.raises(ib.ConfigError, match=complaint):
        await read(ib_client)

    assert len(mock_gateway.requests()) == sent


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("req_current_time", lambda client: client.server_time(timeout=0.05)),
        ("req_managed_accts", lambda client: client.managed_accounts(timeout=0.05)),
        ("req_contract_data", lambda client: client.contract_details(AAPL, timeout=0.05)),
        ("req_contract_data", lambda client: client.qualify(AAPL, timeout=0.05)),
        ("req_historical_data", lambda client: client.bars(AAPL, timeout=0.05)),
    ],
)
async def test_silent_gateway_ends_a_read_at_its_timeout(
    kind: str, read: Read, mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mute = mock_gateway.inject(faults.Mute(kind))

    with pytest.raises(ib.RequestTimeout, match=r"0\.05 s"):
        await read(ib_client)

    mute.clear()
    assert (await ib_client.server_time()).tzinfo is UTC


async def test_cancelled_reads_leave_the_client_usable(
    mock_gateway: MockGateway, ib_client: ib.Client
) -> None:
    mute = mock_gateway.inject(faults.Mute("req_current_time"))
    tasks = [asyncio.create_task(ib_client.server_time()) for _ in range(20)]
    tasks += [asyncio.create_task(ib_client.quote(AAPL)) for _ in range(20)]  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    mute.clear()

    assert (await ib_client.qualify(AAPL)).contract_id


async def test_one_client_serves_several_loops_and_threads(ib_client: ib.Client) -> None:
    answers: list[list[str]] = []

    def elsewhere() -> None:
        answers.append(asyncio.run(ib_client.managed_accounts()))

    threads = [threading.Thread(target=elsewhere) for _ in range(4)]
    for thread in threads:
        thread.start()
    here = await ib_client.managed_accounts()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert answers == [here] * 4


async def test_metrics_count_requests(ib_client: ib.Client) -> None:
    before = ib_client.metrics()

    await ib_client.server_time()
    after = ib_client.metrics()

    assert (after.connections, after.reconnections) == (1, 0)
    assert after.total_requests > before.total_requests
    assert after.last_connect_time is not None
    assert after.last_connect_time.tzinfo is UTC


async def test_a_qualified_contract_may_still_be_an_expired_one() -> None:
    with MockGateway() as gateway:
        gateway.add_instrument(
            "ES", con_id=990, price=5000.0, security_type="FUT", exchange="CME", expiry="20251219"
        )
        async with ib.connect(port=gateway.port, client_id=7) as client:
            expired = ib.Future("ES", "20251219", "CME", include_expired=True)
            await client.bars(expired, duration="1 D", end=datetime(2025, 12, 10, tzinfo=UTC))
            asked = gateway.requests("req_historical_data")[-1].fields

            assert (await client.qualify(expired)).include_expired
    assert asked["contract.includeExpired"] == "true"


async def test_trades_of_a_coin_are_asked_for_as_aggregated() -> None:
    with MockGateway() as gateway:
        async with ib.connect(port=gateway.port, client_id=7) as client:
            bars = await client.bars(ib.Crypto("BTC"), what_to_show="AGGTRADES")

            with pytest.raises(ib.RequestError) as refused:
                await client.bars(ib.Crypto("BTC"), what_to_show="TRADES")

    assert len(bars) > 0
    assert refused.value.code == 10299
