"""Lists of values as tables: Arrow, pandas and polars, with the same columns whatever is in them.

A column's type follows from the field's, never from the cells, so that tables of different days fit
together and an empty one has its columns. What a package brings is imported when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

from aioibkr import _native
from aioibkr._native import _arrow_table
from aioibkr.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]
    import polars as pl  # type: ignore[import-not-found, unused-ignore]

_Library = Literal["pandas", "polars"]
_Decimals = Literal["decimal", "float"]
_Values = Iterable[object] | Mapping[object, object]

_KINDS = {"str": "text", "int": "int", "float": "float", "bool": "bool", "datetime": "moment"}
_COLLECTIONS = ("list[", "tuple[", "dict[")
_KEY = "index"
# Each has a sign for "not there", so a column's type does not depend on what is missing.
_PANDAS_TYPES = {
    "text": "string",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
    "decimal": "object",
    "moment": "datetime64[us, UTC]",
}


class _Column(NamedTuple):
    name: str
    kind: str
    cells: list[object]


class _Field(NamedTuple):
    name: str
    kind: str
    nested: type | None
    read: Callable[[object], object]


def to_arrow(
    values: _Values, value_class: type | None = None, *, decimals: _Decimals = "decimal"
) -> _native.ArrowTable:
    """Make a table of values of one class, for whatever reads Arrow.

    Each field is a column; those of a value inside have its name in front (``contract_symbol``).
    Lists and dictionaries become JSON texts, times are UTC timestamps of microseconds, decimals are
    exact. Of a mapping, the keys are the column ``index``.

    Args:
        values: Values of one class, or a mapping of keys to them.
        value_class: Their class; needed where there may be none.
        decimals: ``"decimal"`` has 20 digits before the point and 18 behind it; ``"float"`` rounds
            to the nearest double.

    Raises:
        ConfigError: The values are of several classes or none, or a decimal does not fit.
        TypeError: There is one value in place of several.
    """
    columns = list(_table(values, value_class, decimals))
    return _arrow_table(len(columns[0].cells), columns)


@overload
def to_frame(
    values: _Values,
    value_class: type | None = None,
    *,
    library: Literal["pandas"],
    decimals: _Decimals = "decimal",
) -> pd.DataFrame: ...
@overload
def to_frame(
    values: _Values,
    value_class: type | None = None,
    *,
    library: Literal["polars"],
    decimals: _Decimals = "decimal",
) -> pl.DataFrame: ...
@overload
def to_frame(
    values: _Values,
    value_class: type | None = None,
    *,
    library: None = None,
    decimals: _Decimals = "decimal",
) -> pd.DataFrame | pl.DataFrame: ...
def to_frame(
    values: _Values,
    value_class: type | None = None,
    *,
    library: _Library | None = None,
    decimals: _Decimals = "decimal",
) -> pd.DataFrame | pl.DataFrame:
    """Make a data frame of values of one class, with the columns of `to_arrow`.

    Without a ``library`` it is pandas where that is installed, else polars. pandas has decimals as
    ``Decimal`` objects, missing numbers as NaN, and all else in types that know what is missing.

    Raises:
        ImportError: The library is not installed.
        ConfigError: As of `to_arrow`; a library other than pandas and polars.
    """
    name, module = _frame_library(library)
    if name == "polars":
        return module.DataFrame(to_arrow(values, value_class, decimals=decimals))
    columns = _table(values, value_class, decimals)
    return module.DataFrame(
        {
            column.name: module.Series(column.cells, dtype=_PANDAS_TYPES[column.kind])
            for column in columns
        }
    )


def _frame_library(library: str | None) -> tuple[str, ModuleType]:
    """The package that makes the frame."""
    if library not in {None, "pandas", "polars"}:
        raise ConfigError(f"library {library!r}: give 'pandas' or 'polars'")
    names = (library,) if library else ("pandas", "polars")
    for name in names:
        try:
            return name, import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            missing = error
    raise ImportError(f"to_frame() needs {' or '.join(names)}: pip install {names[0]}") from missing


def _table(values: _Values, value_class: type | None, decimals: str) -> Iterator[_Column]:
    """All columns of values, decimals as asked."""
    if decimals not in {"decimal", "float"}:
        raise ConfigError(f"decimals {decimals!r}: give 'decimal' or 'float'")
    for column in _columns(values, value_class):
        if column.kind == "decimal" and decimals == "float":
            cells = [None if cell is None else float(str(cell)) for cell in column.cells]
            yield _Column(column.name, "float", list[object](cells))
        else:
            yield column


def _columns(values: _Values, value_class: type | None) -> Iterator[_Column]:
    if not _is_iterable(values):
        kind = type(values).__name__
        raise TypeError(
            f"values is one {kind}: give a list or a mapping; batches have to_pandas(), to_polars()"
        )
    rows = list(values.values() if isinstance(values, Mapping) else values)
    if isinstance(values, Mapping):
        yield from _keys(list(values))
    yield from _of(rows, _class_of(rows, value_class), "")


def _is_iterable(values: object) -> bool:
    """Whether there can be several: a caller without a type checker may give one, or a batch."""
    return isinstance(values, Iterable)


def _keys(keys: list[object]) -> Iterator[_Column]:
    """The keys of a mapping: texts, whole numbers, or values themselves."""
    classes = {type(key) for key in keys}
    if not classes or all(issubclass(one, str) for one in classes):
        yield _Column(_KEY, "text", keys)
    elif classes == {int}:
        yield _Column(_KEY, "int", keys)
    else:
        yield from _of(keys, _class_of(keys, None), f"{_KEY}_")


def _class_of(rows: list[object], value_class: type | None) -> type:
    """The one class of all rows."""
    classes = {type(row) for row in rows} | ({value_class} if value_class else set())
    if not classes:
        raise ConfigError("no values: say of which class they would be, such as Position")
    names = sorted(one.__name__ for one in classes)
    if len(classes) > 1:
        raise ConfigError(f"values of several classes: {', '.join(names)}; make a table of each")
    (found,) = classes
    is_ours = vars(_native).get(names[0]) is found
    if not is_ours or names[0] not in _known():
        raise ConfigError(f"{names[0]} is no value of aioibkr: a table is made of values")
    return found


def _of(rows: list[object], value_class: type, prefix: str) -> Iterator[_Column]:
    """The columns of a class; a row that is None has none of the values."""
    for field in _fields(value_class):
        cells = [None if row is None else field.read(row) for row in rows]
        if field.nested:
            yield from _of(cells, field.nested, f"{prefix}{field.name}_")
        else:
            yield _Column(prefix + field.name, field.kind, cells)


@cache
def _known() -> dict[str, tuple[tuple[str, str], ...]]:
    """Fields of each class, with their types; read when needed, as imports should be quick."""
    from aioibkr._value_fields import FIELDS

    return FIELDS


@cache
def _fields(value_class: type) -> tuple[_Field, ...]:
    return tuple(_field(name, text) for name, text in _known()[value_class.__name__])


def _field(name: str, text: str) -> _Field:
    """How a field of a type is read."""
    text = text.removesuffix(" | None")
    if text in _known():
        return _Field(name, "value", getattr(_native, text), _reader(name))
    if text == "Decimal":
        return _Field(name, "decimal", None, _reader(name))
    if text in _KINDS:
        return _Field(name, _KINDS[text], None, _reader(name))
    written = _json if text.startswith(_COLLECTIONS) else str
    return _Field(name, "text", None, _reader(name, written))


def _reader(
    name: str, written: Callable[[object], object] | None = None
) -> Callable[[object], object]:
    """Reads a field, and writes it down where a column cannot hold it."""

    def read(row: object) -> object:
        cell: object = getattr(row, name)
        return cell if written is None or cell is None else written(cell)

    return read


def _json(value: object) -> str:
    import json

    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """A value as JSON has it: decimals as texts, times as ISO 8601."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    names = _known().get(type(value).__name__)
    return {name: _plain(getattr(value, name)) for name, _ in names} if names else value
