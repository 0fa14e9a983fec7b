"""The table of mutations is about the code as it is: each place stands once, each test exists."""

import pytest

from mutations.run import ROOT, Mutation, mutations

ROWS = mutations()


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_mutation_has_its_place_and_its_tests(row: Mutation) -> None:
    assert (ROOT / row.file).read_text().count(row.find) == 1
    assert row.find != row.put
    assert row.tests
    for test in row.tests:
        file, name = test.split("::")
        assert f"def {name}(" in (ROOT / file).read_text()


def test_no_mutation_stands_twice() -> None:
    names = [row.name for row in ROWS]

    assert sorted(set(names)) == sorted(names)
