"""Values made to fit the columns they are written to, or refused by name.

Money is rounded to the column's scale, half to even. Nothing else is changed: a text that is too
long, a quantity with more digits than its column keeps, a number out of the column's range are
`ConfigError`s that name the column and the value, whatever the database itself would have done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from aioibkr.errors import ConfigError

__all__ = ["Fit", "Kind", "Value", "exact", "fit_for", "holds"]

Value: TypeAlias = str | int | bool | Decimal | datetime | None

Fit: TypeAlias = Callable[[Value], object]
"""Returns a value, not None, as its column keeps it; `ConfigError` when it does not fit."""

EVERY_DOUBLE = Context(prec=700, rounding=ROUND_HALF_EVEN)


class Kind(StrEnum):
    """What a value is, which says how it may be made to fit."""

    TEXT = "text"
    MONEY = "money"
    QUANTITY = "quantity"
    WHOLE = "whole number"
    TIME = "time"
    FLAG = "flag"


ACCEPTED: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.MONEY: (Decimal, float, int),
    Kind.QUANTITY: (Decimal, float, int),
    Kind.WHOLE: (int, Decimal),
    Kind.TIME: (datetime, date),
    Kind.FLAG: (bool,),
}


def exact(number: float) -> Decimal:
    """The number that IB's double stands for: its shortest decimal form."""
    return Decimal(repr(float(number)))


def holds(column: sa.Column[object], kind: Kind) -> bool:
    """Whether a column is made for such values; of a type that does not say, it is."""
    try:
        kept = column.type.python_type
    except NotImplementedError:
        return True
    return kept in ACCEPTED[kind]


def fit_for(place: str, column: sa.Column[object], kind: Kind) -> Fit:
    """What makes values of a kind fit a column; `place` names it in errors."""
    kept: TypeEngine[object] = column.type
    while isinstance(kept, TypeDecorator):
        kept = kept.impl_instance
    if kind is Kind.TEXT:
        return _text(place, getattr(kept, "length", None))
    if kind is Kind.TIME:
        # A decorated type says for itself what becomes of the zone.
        return _moment(kept, is_aware=getattr(kept, "timezone", False) or kept is not column.type)
    if kind is Kind.FLAG:
        return lambda value: value
    may_round = kind is Kind.MONEY
    if isinstance(kept, sa.Integer):
        return _whole(place, kept, may_round=may_round)
    if isinstance(kept, sa.Float):
        return lambda value: float(_decimal(value))
    return _numeric(place, kept, may_round=may_round)


def _decimal(value: Value) -> Decimal:
    if isinstance(value, Decimal | int):
        return Decimal(value)
    raise TypeError(f"{value!r} is no number")


def _text(place: str, longest: int | None) -> Fit:
    def fit(value: Value) -> object:
        text = str(value)
        if longest is not None and len(text) > longest:
            raise _refused(place, f"keeps {longest} characters", text)
        if "\0" in text:
            raise _refused(place, "keeps no NUL character", repr(text))
        return text

    return fit


def _moment(kept: TypeEngine[object], *, is_aware: bool) -> Fit:
    def fit(value: Value) -> object:
        if not isinstance(value, datetime):
            raise TypeError(f"{value!r} is no time")
        if isinstance(kept, sa.Date):
            return value.astimezone(UTC).date()
        return value if is_aware else value.astimezone(UTC).replace(tzinfo=None)

    return fit


def _whole(place: str, kept: sa.Integer, *, may_round: bool) -> Fit:
    bits = _bits(kept)
    lowest, beyond = -(2 ** (bits - 1)), 2 ** (bits - 1)

    def fit(value: Value) -> object:
        number = _decimal(value)
        whole = number.to_integral_value(ROUND_HALF_EVEN)
        if whole != number and not may_round:
            raise _refused(place, "keeps whole numbers", number)
        if not lowest <= whole < beyond:
            raise _refused(place, f"keeps {bits} bits", number)
        return int(whole)

    return fit


def _bits(kept: sa.Integer) -> int:
    if isinstance(kept, sa.SmallInteger):
        return 16
    return 64 if isinstance(kept, sa.BigInteger) else 32


def _numeric(place: str, kept: TypeEngine[object], *, may_round: bool) -> Fit:
    scale, precision = getattr(kept, "scale", None), getattr(kept, "precision", None)
    step = None if scale is None else Decimal(1).scaleb(-scale)
    digits = None if precision is None else precision - (scale or 0)
    beyond = None if digits is None else Decimal(10) ** digits
    as_decimal = getattr(kept, "asdecimal", True)

    def fit(value: Value) -> object:
        number = rounded = _decimal(value)
        if step is not None:
            rounded = number.quantize(step, context=EVERY_DOUBLE)
            if rounded != number and not may_round:
                raise _refused(place, f"keeps {scale} digits after the point", number)
        if beyond is not None and abs(rounded) >= beyond:
            raise _refused(place, f"keeps {digits} digits before the point", number)
        return rounded if as_decimal else float(rounded)

    return fit


def _refused(place: str, limit: str, value: object) -> ConfigError:
    details = {"column": place, "value": str(value)}
    return ConfigError(f"{place} {limit}: {value} does not fit", details)
