"""The one integration of a process: found from any thread, answers without exceptions."""

import threading

import pytest

from aioibkr import IBKRIntegration, Settings, get_ibkr_integration
from aioibkr.testing import MockGateway


def enabled(gateway: MockGateway) -> IBKRIntegration:
    """An integration that may connect to a gateway."""
    settings = Settings(ibkr_enabled=True, ibkr_port=gateway.port, ibkr_connect_timeout=0.5)
    return IBKRIntegration(settings)


def test_every_thread_finds_the_same_integration() -> None:
    found: list[IBKRIntegration] = []
    threads = [
        threading.Thread(target=lambda: found.append(get_ibkr_integration())) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert len(found) == 8
    assert {id(integration) for integration in found} == {id(get_ibkr_integration())}


async def test_it_connects_when_asked_and_parts(mock_gateway: MockGateway) -> None:
    integration = enabled(mock_gateway)
    seen = [integration.is_connected]

    for connect in (integration.connect, integration.ensure_connected):
        assert await connect()
    seen.append(integration.is_connected)
    for _ in range(2):
        await integration.disconnect()
    seen.append(integration.is_connected)

    assert seen == [False, True, False]
    assert mock_gateway.connect_count == 1


async def test_initializing_prepares_and_connects_nothing(mock_gateway: MockGateway) -> None:
    integration = enabled(mock_gateway)

    assert await integration.initialize_in_loop()

    assert integration.broker.port == mock_gateway.port
    assert not integration.is_connected
    assert (await integration.get_account_summary()) is not None
    assert mock_gateway.connect_count == 1, "the first use connects"
    await integration.disconnect()


async def test_initializing_needs_no_gateway_but_settings_that_can_be_meant() -> None:
    assert await IBKRIntegration(Settings(ibkr_enabled=True, ibkr_port=1)).initialize_in_loop()
    assert not await IBKRIntegration(Settings(ibkr_port=1)).initialize_in_loop()
    cannot = Settings(ibkr_enabled=True, ibkr_port=70000)
    assert not await IBKRIntegration(cannot).initialize_in_loop()


def test_every_name_has_an_integration_of_its_own() -> None:
    paper, live = get_ibkr_integration("paper"), get_ibkr_integration("live")

    assert paper is get_ibkr_integration("paper")
    assert get_ibkr_integration() is get_ibkr_integration("default")
    assert len({id(paper), id(live), id(get_ibkr_integration())}) == 3
    assert (paper.name, live.name) == ("paper", "live")


async def test_account_summary_connects_by_itself(mock_gateway: MockGateway) -> None:
    integration = enabled(mock_gateway)

    summary = await integration.get_account_summary()

    assert summary is not None
    keys = {"account_id", "cash_balance", "portfolio_value", "buying_power", "daily_pnl"}
    assert summary.keys() == keys
    assert summary["account_id"] == "DU1234567"
    await integration.disconnect()


async def test_gateway_that_is_away_is_an_answer(mock_gateway: MockGateway) -> None:
    integration = enabled(mock_gateway)
    mock_gateway.down()

    assert await integration.ensure_connected() is False
    assert await integration.get_account_summary() is None
    await integration.disconnect()


async def test_disabled_integration_never_connects(mock_gateway: MockGateway) -> None:
    integration = IBKRIntegration(Settings(ibkr_port=mock_gateway.port))

    assert await integration.ensure_connected() is False
    assert await integration.get_account_summary() is None
    assert mock_gateway.connect_count == 0


def test_environment_is_read_when_first_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    integration = IBKRIntegration()
    monkeypatch.setenv("IBKR_ENABLED", "true")
    monkeypatch.setenv("IBKR_PORT", "4123")

    assert integration.enabled
    assert integration.broker.port == 4123
