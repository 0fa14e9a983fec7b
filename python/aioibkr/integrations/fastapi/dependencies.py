"""What a route may ask for: the integration, the connected broker, the connected client.

A route belongs to the integration that its router was made for, a route of one's own to the one
named `default`; for another one there are `integration_of(name)`, `broker_of(name)` and
`client_of(name)`.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from aioibkr import Client, IBKRBroker, IBKRIntegration
from aioibkr.integrations.fastapi.binding import found_in

__all__ = [
    "BrokerDep",
    "IntegrationDep",
    "ReadingDep",
    "broker_of",
    "client_of",
    "get_broker",
    "get_client",
    "get_integration",
    "get_reading_broker",
    "integration_of",
]


async def get_integration(connection: HTTPConnection) -> IBKRIntegration:
    """The integration of the route, connected or not.

    Raises `NotConnected` in an application whose lifespan was not run.
    """
    return found_in(connection.scope)


IntegrationDep = Annotated[IBKRIntegration, Depends(get_integration)]


async def get_broker(integration: IntegrationDep) -> IBKRBroker:
    """The broker with its link up; raises `NotConnected` when disabled or unable to connect.

    It connects on first use and after a loss, not after `POST /disconnect`.
    """
    broker = integration.enabled_broker()
    await broker.client()
    return broker


BrokerDep = Annotated[IBKRBroker, Depends(get_broker)]


async def get_reading_broker(integration: IntegrationDep) -> IBKRBroker:
    """The broker, for reads that may be answered from what is kept.

    As `get_broker` without `ibkr_stale_ok`; with it the link need not be up, and a read takes
    `stale_ok=broker.stale_ok`.
    """
    broker = integration.enabled_broker()
    if broker.stale_ok is None:
        await broker.client()
    return broker


ReadingDep = Annotated[IBKRBroker, Depends(get_reading_broker)]


async def get_client(broker: BrokerDep) -> Client:
    """The connected client beneath the broker."""
    return await broker.client()


def integration_of(name: str) -> Callable[[HTTPConnection], Awaitable[IBKRIntegration]]:
    """As `get_integration`, of the integration of that name."""

    async def integration(connection: HTTPConnection) -> IBKRIntegration:
        return found_in(connection.scope, name)

    return integration


def broker_of(name: str) -> Callable[[HTTPConnection], Awaitable[IBKRBroker]]:
    """As `get_broker`, of the integration of that name."""

    async def broker(connection: HTTPConnection) -> IBKRBroker:
        return await get_broker(found_in(connection.scope, name))

    return broker


def client_of(name: str) -> Callable[[HTTPConnection], Awaitable[Client]]:
    """As `get_client`, of the integration of that name."""

    async def client(connection: HTTPConnection) -> Client:
        return await get_client(await get_broker(found_in(connection.scope, name)))

    return client
