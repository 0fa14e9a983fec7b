"""Reads a caller's mapped class: which of its columns are ours to write, and what its key is.

A column is ours when its attribute has one of our names and its type keeps such values. All others
are the caller's own and never written, so each must be able to do without us in a new row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.orm import Mapper

from aioibkr.errors import ConfigError
from aioibkr.integrations.sqlalchemy.fitting import Fit, Kind, Value, fit_for, holds

__all__ = ["Facts", "MappedTable", "Row"]

Facts = Mapping[str, Value]
"""What is known, by our names."""
Row = dict[str, object]
"""What is written, by the keys of the table's columns."""


def _nothing(_facts: Facts) -> Facts:
    return {}


@dataclass(frozen=True)
class MappedTable:
    """One mapped class and the columns of it that we write, by our names."""

    mapper: Mapper[object]
    table: sa.Table
    kinds: Mapping[str, Kind]
    columns: Mapping[str, sa.Column[object]]

    @classmethod
    def of(
        cls, mapped: type[object], kinds: Mapping[str, Kind], needed: Iterable[tuple[str, ...]]
    ) -> MappedTable:
        """Read a class; `needed` lists the names of which one must be there.

        Raises `ConfigError` naming the column that is missing, or that we could not fill.
        """
        mapper = _mapper_of(mapped)
        table = mapper.local_table
        if not isinstance(table, sa.Table) or len(mapper.tables) != 1:
            raise ConfigError(f"{mapped.__name__} is mapped to more than one table: give it one")
        found = cls(mapper, table, kinds, _columns_of(mapper, kinds))
        found._check(list(needed))
        return found

    @property
    def name(self) -> str:
        """The class's name."""
        return self.mapper.class_.__name__

    @cached_property
    def written(self) -> tuple[sa.Column[object], ...]:
        """The columns that we write."""
        return tuple(self.columns.values())

    @cached_property
    def own(self) -> tuple[sa.Column[object], ...]:
        """The caller's own columns, key columns apart."""
        ours = {*self.written, *self.mapper.primary_key}
        return tuple(column for column in self.table.columns if column not in ours)

    def row_of(self, facts: Facts, estimate: Callable[[Facts], Facts] = _nothing) -> Row:
        """The row that tells the facts, each as its column keeps it.

        Where nothing is known and the column may not be NULL it is the estimate. Raises
        `ConfigError` naming what does not fit, or must be known and is not.
        """
        row: Row = {}
        for name, key, is_nullable, fit in self._fits:
            value = facts.get(name)
            if value is None and not is_nullable:
                value = estimate(facts).get(name)
                if value is None:
                    raise ConfigError(f"{self.name}.{name} may not be NULL, and it is not known")
            row[key] = None if value is None else fit(value)
        return row

    def fit(self, name: str, value: Value) -> object:
        """One value as its column keeps it; raises `ConfigError` when it does not fit."""
        return fit_for(f"{self.name}.{name}", self.columns[name], self.kinds[name])(value)

    @cached_property
    def _fits(self) -> list[tuple[str, str, bool, Fit]]:
        return [
            (
                name,
                str(column.key),
                bool(column.nullable),
                fit_for(f"{self.name}.{name}", column, self.kinds[name]),
            )
            for name, column in self.columns.items()
        ]

    def unique_keys(self) -> list[tuple[sa.Column[object], ...]]:
        """The sets of columns that no two rows share, the primary key first."""
        unique = (c for c in self.table.constraints if isinstance(c, sa.UniqueConstraint))
        indexes = (i for i in self.table.indexes if i.unique and _is_of_columns(i))
        keys = [tuple(self.table.primary_key.columns)]
        keys += [tuple(part.columns) for part in unique]
        keys += [tuple(part.columns) for part in indexes]
        return [key for key in keys if key]

    def _check(self, needed: list[tuple[str, ...]]) -> None:
        for names in needed:
            if not any(name in self.columns for name in names):
                raise ConfigError(
                    f"{self.name} has no column {names[0]!r} of a fitting type",
                    {"class": self.name, "column": names[0]},
                )
        written = set(self.written)
        for column in self.table.columns:
            if column not in written and _must_be_given(column, self.table):
                raise ConfigError(
                    f"{self.name}.{column.key} may not be NULL and has no default: "
                    "a new row would need a value that is not ours to give",
                    {"class": self.name, "column": str(column.key)},
                )


def _mapper_of(mapped: type[object]) -> Mapper[object]:
    try:
        mapper = sa.inspect(mapped)
    except NoInspectionAvailable:
        mapper = None
    if not isinstance(mapper, Mapper):
        raise ConfigError(f"{mapped!r} is not a mapped class")
    return mapper


def _columns_of(mapper: Mapper[object], kinds: Mapping[str, Kind]) -> dict[str, sa.Column[object]]:
    found = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        kind = kinds.get(attribute.key)
        if kind is not None and isinstance(column, sa.Column) and holds(column, kind):
            found[attribute.key] = column
    return found


def _must_be_given(column: sa.Column[object], table: sa.Table) -> bool:
    fillers = (column.default, column.server_default, column.identity, column.computed)
    is_filled = column.nullable or any(filler is not None for filler in fillers)
    return not is_filled and column is not table.autoincrement_column


def _is_of_columns(index: sa.Index) -> bool:
    """Whether an index is of plain columns and of all rows, as a conflict target has to be."""
    dialects = ("postgresql", "sqlite")
    is_part = any(index.dialect_options[name].get("where") is not None for name in dialects)
    return not is_part and all(isinstance(part, sa.Column) for part in index.expressions)
