"""The recipes for web servers, run with the commands of the page: every process works and ends."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from aioibkr.testing import MockGateway
from python.deployment.servers import Service, service, wait

UVICORN_WORKER = "uvicorn.workers.UvicornWorker"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def gateway(mock_gateway: MockGateway) -> MockGateway:
    """A mock gateway with a price."""
    mock_gateway.set_price("AAPL", bid=189.9, ask=190.1, last=190.0)
    return mock_gateway


def test_one_process_takes_all_webhooks_over_one_connection(
    gateway: MockGateway, tmp_path: Path
) -> None:
    with service("uvicorn", gateway, tmp_path) as served:
        served.workers(1)
        answers = [served.post(f"/alerts/alert-{number % 5}") for number in range(15)]

        assert [answer.status_code for answer in answers] == [200] * 15, served.log
        assert len({answer.json()["order_id"] for answer in answers}) == 5
    assert len(gateway.orders()) == 5
    assert gateway.connect_count == 1


def test_uvicorn_workers_have_ids_of_their_own_and_count_limits_for_themselves(
    gateway: MockGateway, tmp_path: Path
) -> None:
    limit = {"IBKR_MAX_DAILY_ORDERS": "1"}
    with service("Several workers", gateway, tmp_path, env=limit) as served:
        ids = served.workers(2)
        placed = orders_until_refused(served)

        assert len(set(ids.values())) == 2
        assert set(gateway.clients) == set(ids.values())
        assert placed == 2
    wait(lambda: gateway.clients == [], served)


def orders_until_refused(served: Service) -> int:
    """How many orders get through before every worker refuses."""
    placed, refused = 0, 0
    while refused < 20:
        answer = served.post(f"/alerts/order-{placed}-{refused}")
        placed += answer.status_code == 200
        refused += answer.status_code != 200
    return placed


def test_a_key_is_known_only_to_the_worker_that_placed_the_order(
    gateway: MockGateway, tmp_path: Path
) -> None:
    def is_doubled() -> bool:
        return served.post("/alerts/same").status_code == 200 and len(gateway.orders()) == 2

    with service("Several workers", gateway, tmp_path) as served:
        served.workers(2)
        wait(is_doubled, served)

    assert {order.order_ref for order in gateway.orders()} == {"|same"}


def test_a_reload_takes_over_the_client_id(gateway: MockGateway, tmp_path: Path) -> None:
    with service("Reload", gateway, tmp_path) as served:
        ((before, client_id),) = served.workers(1).items()
        program = tmp_path / "service.py"
        program.write_text(program.read_text() + "\n# another version\n")

        def reloaded() -> bool:
            answer = served.get("/worker")
            return bool(answer.get("connected")) and answer["pid"] != before

        wait(reloaded, served)
        assert served.get("/worker")["client_id"] == client_id
    wait(lambda: gateway.clients == [], served)


@pytest.mark.parametrize("worker", [UVICORN_WORKER, "asgi"])
def test_gunicorn_with_preload_has_workers_with_ids_of_their_own(
    worker: str, gateway: MockGateway, tmp_path: Path
) -> None:
    with service("gunicorn", gateway, tmp_path, change=(UVICORN_WORKER, worker)) as served:
        ids = served.workers(2)

        assert len(set(ids.values())) == 2
        assert set(gateway.clients) == set(ids.values())
    wait(lambda: gateway.clients == [], served)


def test_open_sockets_keep_no_worker_and_are_told(gateway: MockGateway, tmp_path: Path) -> None:
    with ExitStack() as sockets:
        with service("gunicorn", gateway, tmp_path) as served:
            served.workers(1)
            url = f"ws://127.0.0.1:{served.port}/api/ibkr/ws"
            peer = sockets.enter_context(connect(url, proxy=None))
            peer.send('{"action":"subscribe","channel":"quotes","symbols":["AAPL"]}')
            assert "subscribed" in str(peer.recv(timeout=20))

        with pytest.raises(ConnectionClosed) as closed:
            read_on(peer)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in {1001, 1012}


def read_on(peer: ClientConnection) -> None:
    """Read to the end."""
    while True:
        peer.recv(timeout=20)


def test_a_worker_without_an_id_says_why(gateway: MockGateway, tmp_path: Path) -> None:
    one = {"IBKR_CLIENT_IDS": "", "IBKR_CLIENT_ID": "3", "IBKR_CONNECT_TIMEOUT": "1"}
    with service("Several workers", gateway, tmp_path, env=one) as served:
        served.workers(1)
        details: set[str] = set()

        def told() -> bool:
            details.add(str(served.get("/api/ibkr/account").get("detail", "")))
            return any("client id 3" in detail for detail in details)

        wait(told, served)
