"""Events: what a client tells while an order fills and its link is lost, and who is called."""

import asyncio

import aioibkr as ib
from aioibkr.testing import MockGateway

NIGHTLY = ib.RestartWindow(start="23:45", end="00:45", zone="America/New_York")
WEEKEND = ib.RestartWindow(start="23:00", end="03:00", zone="America/New_York", days=["fri"])


def watch(client: ib.Client, told: list[str]) -> None:
    """Writes down what a trading desk would want on its screen."""

    async def page(level: str, kind: str, message: str, context: dict[str, str]) -> None:
        told.append(f"{level}: {kind} of {context['subject']}: {message}")

    client.on("alert", page)
    client.on("execution", lambda fill: told.append(f"filled {fill.execution.quantity}"))
    client.on("disconnected", lambda change: told.append(f"lost link {change.generation}"))
    client.on("ready", lambda readiness: told.append(f"ready on link {readiness.generation}"))


async def next_outage(client: ib.Client) -> ib.StateChange:
    """Waits for the next change to a state without a live link."""
    async with client.states() as states:
        async for change in states:
            if change.link == "control" and change.state != "live":
                return change
    raise ConnectionError("the client was closed")


async def main() -> None:
    """A fill, then a link that is lost and opened again."""
    told: list[str] = []
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        connecting = ib.connect(
            host=gateway.host,
            port=gateway.port,
            reconnect=ib.Reconnect(first=0.05),
            restart_windows=[NIGHTLY, WEEKEND],
        )
        watch(connecting.client, told)
        async with connecting as client:
            await client.wait_ready()
            trade = await client.place(ib.Stock("AAPL"), ib.MarketOrder("BUY", 5))
            await trade.done(timeout=10)

            ready_again = asyncio.Event()
            client.on("ready", lambda _: ready_again.set())
            outage = asyncio.create_task(next_outage(client))
            await asyncio.sleep(0)
            gateway.drop_connections()
            assert (await outage).state == "waiting"
            await asyncio.wait_for(ready_again.wait(), 10)
            assert client.errors("socket")

    assert told[:3] == ["ready on link 1", "filled 5", "lost link 1"], told
    assert any(line.startswith("error: link_lost of control") for line in told)


if __name__ == "__main__":
    asyncio.run(main())
