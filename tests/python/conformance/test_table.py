"""The table in the documentation is that of the list as it is."""

from python.conformance.operations import NOT_OFFERED, OPERATIONS
from python.conformance.peers import PEERS
from python.conformance.table import PAGE, marks_of, operations_of, page, peers_of


def test_the_table_lists_exactly_the_operations_of_the_list() -> None:
    assert operations_of(PAGE.read_text(encoding="utf-8")) == list(OPERATIONS)


def test_the_table_lists_exactly_the_clients_of_the_list() -> None:
    assert peers_of(PAGE.read_text(encoding="utf-8")) == [peer.label for peer in PEERS]


def test_the_table_is_that_of_a_run_in_which_all_passed() -> None:
    offered = {
        (peer.label, operation): None if operation in NOT_OFFERED.get(peer.name, {}) else True
        for peer in PEERS
        for operation in OPERATIONS
    }

    assert PAGE.read_text(encoding="utf-8") == page(offered)


def test_a_failure_would_be_in_the_table() -> None:
    failed = {(peer.label, name): False for peer in PEERS for name in OPERATIONS}

    assert marks_of(page(failed)) == {"**no**"}


def test_the_list_is_as_long_as_promised_and_names_nothing_twice() -> None:
    assert len(OPERATIONS) == len(set(OPERATIONS)) >= 45
    assert {name for absent in NOT_OFFERED.values() for name in absent} <= set(OPERATIONS)
