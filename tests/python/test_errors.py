"""Every error of the package: its bases, its values, its journey to another process."""

import builtins
import copy
import pickle
import re
from pathlib import Path

import pytest

import aioibkr
from aioibkr import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", CLASSES, ids=errors.__all__)
def test_error_survives_pickle_and_copy(kind: type[errors.TradingError]) -> None:
    error = kind("no answer", {"key": "a", "rule": "price"}, code=201, request_id=7)

    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(other) is kind
        assert (other.message, str(other)) == ("no answer", "no answer")
        assert other.details == {"key": "a", "rule": "price"}
        assert (other.code, other.request_id) == (201, 7)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.IBKRConnectionError, builtins.ConnectionError),
        (errors.ConnectTimeout, builtins.ConnectionError),
        (errors.RequestTimeout, builtins.TimeoutError),
        (errors.ConfigError, builtins.ValueError),
    ],
)
def test_error_is_also_the_builtin_that_callers_catch(
    kind: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


def test_every_error_is_at_the_root() -> None:
    assert set(errors.__all__) <= set(aioibkr.__all__)
    assert all(issubclass(kind, errors.TradingError) for kind in CLASSES)


def test_refusal_and_unknown_outcome_name_rule_and_key() -> None:
    assert errors.OrderRefused("too large", {"rule": "size"}).rule == "size"
    assert errors.OrderRefused("too large", {"rule": "size"}).rules == ("size",)
    both = errors.OrderRefused("too large", {"rule": "size", "rules": "size,value"})
    assert (both.rule, both.rules) == ("size", ("size", "value"))
    assert errors.OrderOutcomeUnknown("no answer", {"key": "k-1"}).key == "k-1"


def test_errors_and_core_agree_on_what_may_be_repeated() -> None:
    core = Path(__file__).parents[2] / "src" / "core" / "error.rs"
    question = core.read_text().split("pub fn is_retryable", 1)[1].split("\n    }\n", 1)[0]
    kinds = set(re.findall(r"ErrorKind::(\w+)", question))
    ours = [kind for kind in CLASSES if issubclass(kind, errors.IBKRError)]

    retryable = {kind.__name__ for kind in ours if kind("text").is_retryable}

    assert retryable == kinds
    assert not any(issubclass(getattr(errors, name), errors.OrderError) for name in retryable)
