"""Whatever a client sends, the answer is one that the OpenAPI description names, and never a 500.

Requests are made from the description, valid and invalid ones alike, and sent over a real socket to
a service on a mock gateway. Examples are bounded and the same in every run.
"""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aioibkr import Settings
from aioibkr.integrations.fastapi import application
from aioibkr.testing import MockGateway
from python.fastapi.serving import serving

PATIENCE = 15.0
DISCONNECT = "/api/ibkr/disconnect"
CHECKS: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of a service on a mock gateway, in a thread of its own."""
    with MockGateway() as gateway:
        gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
        wanted = Settings(ibkr_enabled=True, ibkr_port=gateway.port)
        yield from running(wanted)


def running(wanted: Settings) -> Iterator[str]:
    """The URL of a service, for as long as the generator is held."""
    started, stop, ports = threading.Event(), asyncio.Event(), list[int]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(application(wanted), lifespan="on") as port:
            ports.append(port)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


schema = schemathesis.openapi.from_dict(application(Settings()).openapi())


@pytest.mark.timeout(240)
@schema.parametrize()
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_a_500_or_undocumented(case: schemathesis.Case[Any], service: str) -> None:
    answer = case.call_and_validate(base_url=service, checks=CHECKS, timeout=PATIENCE)

    assert answer.status_code not in {500, 501, 502}
    if case.operation.path == DISCONNECT:  # the others are to meet a gateway
        assert httpx.post(f"{service}/api/ibkr/connect", timeout=PATIENCE).status_code == 200
