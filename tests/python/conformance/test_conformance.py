"""Foreign clients read from the mock gateway what the control API put there, in every encoding.

Each client, pinned to a server version, does the operations of its program once; each operation is
a test of its own. All clients answer in one form, so that they are held to one set of expectations.
"""

import pytest

from python.conformance.checks import CHECKS
from python.conformance.operations import NOT_OFFERED, OPERATIONS
from python.conformance.peers import PEERS, Run, run
from python.conformance.staged import EXPECTED


@pytest.fixture(scope="module", params=PEERS, ids=lambda peer: peer.label)
def finished(request: pytest.FixtureRequest) -> Run:
    """One run per client and version."""
    return run(request.param)


pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_reads_what_was_set(finished: Run, operation: str) -> None:
    if operation in NOT_OFFERED.get(finished.peer.name, {}):
        assert operation not in finished.read
    elif operation in CHECKS:
        CHECKS[operation](finished)
    else:
        assert finished.read[operation] == EXPECTED[operation]


def test_a_client_does_the_whole_list(finished: Run) -> None:
    absent = NOT_OFFERED.get(finished.peer.name, {}).keys()

    assert finished.read.keys() == set(OPERATIONS) - absent


def test_every_operation_has_one_expectation() -> None:
    assert sorted([*EXPECTED, *CHECKS]) == sorted(OPERATIONS)


def test_a_modified_order_is_the_one_the_gateway_has(finished: Run) -> None:
    (order,) = [order for order in finished.orders if order.order_ref == "modified"]

    assert (order.quantity, order.limit_price, order.status) == (4.0, 1.5, "Cancelled")


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
