"""What every test of a client's events needs: a client that reopens links at once."""

from typing import TypedDict, Unpack

import aioibkr as ib
from aioibkr._client import Connecting
from aioibkr._client_events import AlertHook
from aioibkr.testing import MockGateway
from python.client.arrivals import until

BRISK = ib.Reconnect(first=0.02, longest=0.1, jitter_percent=0)


class Options(TypedDict, total=False):
    """What a test gives `connect` besides the address."""

    client_id: int
    feed: bool
    keepalive: ib.Keepalive
    alerts: AlertHook
    alert_rules: ib.AlertRules
    restart_windows: list[ib.RestartWindow]


def connecting(gateway: MockGateway, **options: Unpack[Options]) -> Connecting:
    """A connect to the gateway that reopens its links at once."""
    return ib.connect(host=gateway.host, port=gateway.port, reconnect=BRISK, **options)


async def greeted(client: ib.Client) -> None:
    """Waits until the gateway has told how its three farms stand, as it does of itself."""
    await until(lambda: len(client.health().control.farms) == 3)


async def lose_link(gateway: MockGateway, client: ib.Client) -> None:
    """Drops the connection and waits for the next."""
    generation = client.generation
    gateway.drop_connections()
    await until(lambda: client.generation > generation)
