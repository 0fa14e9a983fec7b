"""What a route may ask for: the integration, the connected broker, the connected client."""

from typing import Annotated

from fastapi import Depends

from aioibkr import Client, IBKRBroker, IBKRIntegration, get_ibkr_integration

__all__ = ["BrokerDep", "IntegrationDep", "get_broker", "get_client", "get_integration"]


def get_integration() -> IBKRIntegration:
    """The integration of this process, connected or not."""
    return get_ibkr_integration()


IntegrationDep = Annotated[IBKRIntegration, Depends(get_integration)]


async def get_broker(integration: IntegrationDep) -> IBKRBroker:
    """The broker with its link up; raises `NotConnected` when disabled or unable to connect.

    It connects on first use and after a loss, not after `POST /disconnect`.
    """
    broker = integration.enabled_broker()
    await broker.client()
    return broker


BrokerDep = Annotated[IBKRBroker, Depends(get_broker)]


async def get_client(broker: BrokerDep) -> Client:
    """The connected client beneath the broker."""
    return await broker.client()
