"""An integration that is kept connected: before its gateway is there, and after a long loss."""

import asyncio
import threading

from aioibkr import Breaker, IBKRBroker, IBKRIntegration, Reconnect, Settings
from aioibkr.testing import MockGateway, faults
from python.broker.wishes import until


def quick(settings: Settings) -> IBKRBroker:
    """A broker that tries often, and after a loss only once."""
    return IBKRBroker(
        settings=settings,
        reconnect=Reconnect(first=0.02, longest=0.1, attempts=1),
        breaker=Breaker(failures=3, pause=0.1),
    )


def kept(gateway: MockGateway, **options: str) -> IBKRIntegration:
    """An integration that may connect to a gateway."""
    settings = Settings(
        ibkr_enabled=True,
        ibkr_port=gateway.port,
        ibkr_connect_timeout=0.3,
        ibkr_account=options.get("account"),
    )
    return IBKRIntegration(settings, name="kept", broker=quick)


async def connected(integration: IBKRIntegration) -> None:
    """Wait until it is connected; nothing is asked of it."""

    async def is_so() -> bool:
        return integration.is_connected

    await until(is_so)


def keepers() -> list[str]:
    """The tasks of this loop that keep something connected."""
    names = (task.get_name() for task in asyncio.all_tasks())
    return [name for name in names if name == "aioibkr-keeper"]


async def no_keeper() -> None:
    """Wait until nothing is kept connected on this loop."""

    async def is_so() -> bool:
        return not keepers()

    await until(is_so)


async def test_gateway_that_comes_later_is_found_without_any_request(
    mock_gateway: MockGateway,
) -> None:
    integration = kept(mock_gateway)
    mock_gateway.down()
    await integration.begin()
    assert not integration.is_connected
    assert str(mock_gateway.port) in (integration.reason or "")

    mock_gateway.up()
    await connected(integration)

    assert integration.reason is None
    await integration.end()
    assert not integration.is_connected


async def test_gateway_that_is_away_for_longer_than_the_session_tries_is_found_again(
    mock_gateway: MockGateway,
) -> None:
    integration = kept(mock_gateway)
    await integration.begin()
    client = await integration.broker.client()
    mock_gateway.down()

    async def has_given_up() -> bool:
        return client.state in {"idle", "tripped"}

    await until(has_given_up)
    mock_gateway.up()
    await connected(integration)

    assert client is await integration.broker.client()
    await integration.end()


async def test_lazy_begin_tries_nothing(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)

    await integration.begin("lazy")

    assert integration.broker.get_metrics()["connections"] == 0
    assert (await integration.get_account_summary()) is not None
    await integration.end()
    await integration.begin("lazy")
    assert (await integration.broker.get_account()).account_id == "DU1234567"
    await integration.end()


async def test_disconnect_ends_the_tries_and_connect_begins_them_again(
    mock_gateway: MockGateway,
) -> None:
    integration = kept(mock_gateway)
    mock_gateway.down()
    await integration.begin()
    others = asyncio.all_tasks()

    await integration.disconnect()

    assert [
        task for task in others if task.get_name() == "aioibkr-keeper" and not task.done()
    ] == []
    mock_gateway.up()
    assert await integration.connect()
    assert mock_gateway.connect_count == 1
    await integration.end()


async def test_connect_that_fails_is_tried_on(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)
    await integration.begin()
    await integration.disconnect()
    mock_gateway.down()

    assert not await integration.connect()
    mock_gateway.up()

    await connected(integration)
    await integration.end()


async def test_account_of_another_login_ends_the_tries_with_the_reason(
    mock_gateway: MockGateway,
) -> None:
    integration = kept(mock_gateway, account="DU7654321")

    await integration.begin()

    await no_keeper()
    assert "DU1234567" in (integration.reason or "")
    assert not integration.is_connected
    await integration.end()


async def test_two_lives_end_with_the_last(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)
    await integration.begin()
    await integration.begin()

    seen = []
    for _ in range(2):
        await integration.end()
        seen.append(integration.is_connected)

    assert seen == [True, False]
    assert mock_gateway.connect_count == 1


async def test_begun_again_it_connects_again(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)

    for _ in range(3):
        await integration.begin()
        await connected(integration)
        await integration.end()

    assert mock_gateway.connect_count == 3


async def test_start_that_is_cancelled_leaves_nothing(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)
    mock_gateway.inject(faults.Mute("all"))
    starting = asyncio.ensure_future(integration.begin())
    await asyncio.sleep(0)

    starting.cancel()
    await asyncio.wait([starting])

    assert not integration.has_begun
    assert not keepers()


async def test_another_loop_may_disconnect(mock_gateway: MockGateway) -> None:
    integration = kept(mock_gateway)
    await integration.begin()
    await connected(integration)

    thread = threading.Thread(target=lambda: asyncio.run(integration.disconnect()))
    thread.start()
    await asyncio.to_thread(thread.join, 10)

    await no_keeper()
    assert not integration.is_connected
    await integration.end()
