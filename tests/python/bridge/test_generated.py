"""What follows from the values' fields is generated, and generating it anew changes nothing."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import aioibkr as ib
from aioibkr import _native
from aioibkr._value_fields import FIELDS

GENERATOR = Path(__file__).resolve().parents[3] / "src" / "bridge" / "generate.py"
# What does something, holds columns, or stands behind `aioibkr.testing`.
NO_VALUES = {
    "ArrowTable", "Awaitable", "Bars", "Client", "Config", "FaultHandle", "MockGateway", "Recorder",
    "TickBatch", "TickByTickBatch",
}  # fmt: skip


def test_generating_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATOR), "--check"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_every_class_of_the_extension_is_a_value_or_said_to_be_none() -> None:
    classes = {
        name
        for name, found in vars(_native).items()
        if isinstance(found, type) and not name.startswith("_")
    }

    assert classes == set(FIELDS) | NO_VALUES


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_property_of_a_value_is_in_the_table(name: str) -> None:
    found = vars(getattr(ib.models, name))
    properties = {
        key for key, member in found.items() if type(member).__name__ == "getset_descriptor"
    }

    assert properties == {field for field, _ in FIELDS[name]}


# What the short ways to make a contract or an order ask for by name.
ASKED_FOR = {
    "Contract": {"symbol", "security_type", "exchange", "currency", "expiry", "strike", "right"},
    "Order": {"action", "quantity", "order_type", "limit_price", "stop_price"},
}


@pytest.mark.parametrize(
    ("value_class", "options"),
    [(ib.Contract, ib.models.ContractOptions), (ib.Order, ib.models.OrderOptions)],
    ids=lambda one: one.__name__,
)
def test_short_ways_take_every_other_keyword(value_class: type, options: type) -> None:
    keywords = set(inspect.signature(value_class).parameters)

    assert set(options.__annotations__) == keywords - ASKED_FOR[value_class.__name__]
