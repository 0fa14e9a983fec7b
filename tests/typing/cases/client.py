"""The client and its values: what strict checking lets pass, and what it refuses."""

import asyncio
from datetime import datetime
from decimal import Decimal

import aioibkr as ib


def report(*_: object) -> None: ...


async def right(client: ib.Client) -> None:
    async with ib.connect(host="localhost", port=4002, client_id=0) as entered:
        awaited: ib.Client = await ib.connect(settings=ib.Settings.load(ibkr_port=4002))
        assert entered is not awaited
    contract: ib.Contract = await client.qualify(ib.Stock("AAPL", primary_exchange="NASDAQ"))
    bid: float | None = (await client.quote(contract, max_age=2, timeout=0.5)).bid
    bars: ib.Bars = await client.bars(contract, duration="30 D", bar_size="1 hour")
    closes: list[float] = [bar.close for bar in bars[10:]] + list(bars.close)
    first: datetime = bars[0].time
    trade: ib.Trade = await client.place(contract, ib.LimitOrder("BUY", Decimal("0.5"), 10.0))
    done: ib.Trade = await asyncio.create_task(trade.done(timeout=30))
    changed: ib.Trade = await client.modify(trade, trade.order.replace(limit_price=11.0))
    quantities: list[Decimal] = [position.quantity for position in await client.positions()]
    number: float | None = (await client.account_summary()).number("NetLiquidation")
    latency: ib.Histogram = client.metrics().requests["place"].latency
    reopened: int = client.metrics().control.reconnects["probe"]
    balance: ib.Balance | None = client.health().balance
    report(latency, reopened, balance, ib.Reconnect.abc().tries[0].count)
    report(bid, closes, first, done, changed, quantities, number)


async def wrong(client: ib.Client, order: ib.Order) -> None:
    ib.connect("localhost")  # E: call-arg
    await ib.connect(port="4002")  # E: arg-type
    await ib.connect(colour="red")  # E: call-arg
    await ib.connect(market_data_type="dead")  # E: arg-type
    client.server_time()  # E: unused-coroutine
    await client.quote("AAPL")  # E: arg-type
    await client.quote(ib.Stock("AAPL"), 2.0)  # E: call-arg
    await client.place(order, ib.Stock("AAPL"))  # E: arg-type, arg-type
    await client.cancel("17")  # E: arg-type
    order.quantity = Decimal(1)  # E: misc
    ib.MarketOrder("HOLD", 1)  # E: arg-type
    ib.LimitOrder("BUY", 1)  # E: call-arg
    ib.Stock("AAPL", colour="red")  # E: call-arg
    ib.Option("AAPL", "20261218", 200.0, "X")  # E: arg-type
    ib.Settings(port=4002)  # E: call-arg
    client.health().balance.cash  # E: union-attr
    client.metrics().connections = 1  # E: misc
    ib.configure_logging("debug")  # E: call-arg
    ib.Reconnect(tries=(3, 3.0, 8.0))  # E: arg-type
