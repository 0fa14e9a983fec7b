"""Events: what strict checking lets pass, and what it refuses."""

import aioibkr as ib


def report(*_: object) -> None: ...


async def page(level: str, kind: str, message: str, context: dict[str, str]) -> None:
    report(level, kind, message, context)


async def note(notice: ib.Notice) -> None:
    report(notice.code, notice.meaning)


async def right(client: ib.Client) -> None:
    async with client.states(capacity=10) as states:
        async for change in states:
            state: str = change.state
            report(state)
    notices: ib.EventStream[ib.Notice] = client.notices()
    lost: int = notices.lost
    handle: ib.EventHandle = client.on("notice", note)
    handle.cancel()
    with client.on("execution", lambda fill: report(fill.execution.price)) as fills:
        report(fills.waiting)
    client.on("alert", page)
    client.on("order_status", lambda trade: report(trade.filled))
    failures: list[ib.Failure] = client.errors("order")
    report(lost, failures, ib.connect(alerts=page, alert_rules=ib.AlertRules(blind_after=5)))


async def wrong(client: ib.Client) -> None:
    client.on("filled", page)  # E: call-overload
    client.on("state", note)  # E: call-overload
    client.on("state", None)  # E: call-overload
    client.errors("everything")  # E: arg-type
    client.states(10)  # E: call-arg
    ib.RestartWindow(start="23:45", end="00:45")  # E: call-arg
