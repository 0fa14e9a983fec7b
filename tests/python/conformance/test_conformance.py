"""Foreign clients read from the mock gateway what the control API put there, in every encoding.

Each client, pinned to a server version, does the operations of its program once; each operation is
a test of its own. All clients answer in one form, so that they are held to one set of expectations.
"""

import pytest

from python.conformance.operations import NOT_OFFERED, OPERATIONS
from python.conformance.peers import PEERS, Run, run
from python.conformance.staged import EXPECTED


@pytest.fixture(scope="module", params=PEERS, ids=lambda peer: peer.label)
def finished(request: pytest.FixtureRequest) -> Run:
    """One run per client and version."""
    return run(request.param)


pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("operation", EXPECTED)
def test_an_operation_reads_what_was_set(finished: Run, operation: str) -> None:
    if operation in NOT_OFFERED.get(finished.peer.name, {}):
        assert operation not in finished.read
    else:
        assert finished.read[operation] == EXPECTED[operation]


def test_a_client_does_the_whole_list(finished: Run) -> None:
    absent = NOT_OFFERED.get(finished.peer.name, {}).keys()

    assert finished.read.keys() == set(OPERATIONS) - absent


def test_an_option_is_priced_above_what_it_is_worth_today(finished: Run) -> None:
    volatility, underlying, price, delta = finished.read["option_price"]

    assert (volatility, underlying) == (0.31, 50.0)
    assert 50.0 - 40.0 < price < 50.0
    assert 0.5 < delta < 1.0


def test_a_modified_order_is_the_one_the_gateway_has(finished: Run) -> None:
    (order,) = [order for order in finished.orders if order.order_ref == "modified"]

    assert (order.quantity, order.limit_price, order.status) == (4.0, 1.5, "Cancelled")


def test_the_highest_common_version_is_agreed(finished: Run) -> None:
    assert finished.read["server_version"] == finished.peer.version


def test_the_time_is_the_present(finished: Run) -> None:
    assert abs(finished.read["server_time"] - finished.ended_at) < 120


def test_futures_have_their_multiplier(finished: Run) -> None:
    futures = finished.read["futures"]

    assert [multiplier for _, multiplier in futures] == [50.0] * 4


def test_bars_are_the_same_for_every_client(finished: Run) -> None:
    bars = finished.read["historical_bars"]

    assert bars == run_once("historical_bars", bars)
    assert [bar[0] for bar in bars] == ["20260102", "20260105"]


def test_a_fill_is_told_with_its_commission(finished: Run) -> None:
    (execution,) = finished.executions

    fill = finished.read["market_order"]

    assert fill["order"] == [7.0, 0.0, 190.1]
    assert fill["fill"] == [7.0, 190.1, "BOT", "NASDAQ", 7.0, execution.exec_id]
    assert fill["commission"] == [execution.exec_id, execution.commission, "USD"]
    assert fill["perm_id"] == execution.perm_id


def test_executions_are_those_of_the_gateway(finished: Run) -> None:
    known = [[row.exec_id, row.quantity, row.price] for row in finished.executions]

    assert finished.read["executions"] == known


def test_a_preview_shows_margin_and_commission(finished: Run) -> None:
    margin, equity, commission = finished.read["what_if"]

    assert margin > 0
    assert equity == -commission == -1.0


def test_an_order_reaches_the_gateway_as_it_was_written(finished: Run) -> None:
    (order,) = [row.fields for row in finished.placed if row.fields.get("order.orderRef") == "mine"]

    expected = {
        "contract.symbol": "MSFT", "order.action": "BUY", "order.totalQuantity": "3",
        "order.lmtPrice": "1.5", "order.tif": "GTD", "order.outsideRth": "true",
        "order.transmit": "true", "order.ocaGroup": "one", "order.algoStrategy": "Adaptive",
        "order.algoParams.adaptivePriority": "Normal", "order.conditions.0.price": "500.25",
        "order.conditions.1.time": "20261230 10:00:00 UTC",
    }  # fmt: skip
    assert expected.items() <= order.items()


_FIRST: dict[str, object] = {}


def run_once(name: str, read: object) -> object:
    """What the first client read under this name."""
    return _FIRST.setdefault(name, read)
