"""How rows are brought up to date in each database; the caller holds the transaction.

On PostgreSQL with a unique key the holdings are one statement: closed positions out, open ones in
or up to date. Elsewhere the rows are read first, as SQLite has no round trips to save and a table
without a unique key may hold duplicates.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from aioibkr.errors import ConfigError
from aioibkr.integrations.sqlalchemy.holdings import HoldingsTable
from aioibkr.integrations.sqlalchemy.mapped import MappedTable, Row

__all__ = ["Changed", "Insert", "insert", "open_and_ask", "replace_holdings", "upsert"]

Answers = Sequence[object]
Insert = postgresql.Insert | sqlite.Insert


@dataclass(frozen=True)
class Changed:
    """How many rows were written and how many removed."""

    written: int
    removed: int


def insert(connection: sa.Connection, table: sa.Table) -> Insert:
    """An insert that knows ON CONFLICT; `ConfigError` for databases that we do not write to."""
    name = connection.dialect.name
    if name == "postgresql":
        return postgresql.insert(table)
    if name == "sqlite":
        return sqlite.insert(table)
    raise ConfigError(f"{name} is not supported: use SQLite or PostgreSQL")


def open_and_ask(
    connection: sa.Connection,
    table: sa.Table,
    questions: Sequence[sa.ColumnElement[object]],
    *,
    timeout: float,
) -> Answers:
    """Keep other syncs of the table out, wait for one at work, and ask what is wanted, at once.

    On SQLite a transaction that writes has kept them out already.
    """
    if connection.dialect.name == "sqlite":
        return tuple(connection.execute(sa.select(*questions)).one()) if questions else ()
    lock = zlib.crc32(f"aioibkr {table.fullname}".encode())
    milliseconds = str(max(int(timeout * 1000), 1))
    wait = sa.func.set_config("lock_timeout", milliseconds, sa.true())
    held = sa.func.pg_advisory_xact_lock(sa.cast(lock, sa.BigInteger))
    # The void of the lock as text: drivers differ in what they make of it.
    found = connection.execute(sa.select(wait, sa.cast(held, sa.Text), *questions)).one()
    return tuple(found)[2:]


def replace_holdings(
    connection: sa.Connection, holdings: HoldingsTable, rows: list[Row], accounts: Sequence[str]
) -> Changed:
    """Make the table hold these rows and no others of the accounts; the caller's columns stay."""
    table = holdings.mapped.table
    is_whole = holdings.is_unique and not any(map(_calls_python, table.columns))
    if connection.dialect.name == "postgresql" and is_whole:
        return _replace_at_once(connection, holdings, rows, accounts)
    return _replace_after_reading(connection, holdings, rows, accounts)


def upsert(
    statement: Insert,
    table: sa.Table,
    key: Sequence[sa.Column[object]],
    written: Sequence[str],
    *,
    where: sa.ColumnElement[bool] | None = None,
) -> Insert:
    """Let an insert bring a row of the same key up to date instead, where that is allowed."""
    fresh = {name: statement.excluded[name] for name in written}
    changed = {
        column.key: column.onupdate.arg
        for column in table.columns
        if isinstance(column.onupdate, sa.ColumnDefault) and not column.onupdate.is_callable
    }
    return statement.on_conflict_do_update(
        index_elements=list(key), set_=changed | fresh, where=where
    )


def _calls_python(column: sa.Column[object]) -> bool:
    """Whether each new row needs a default of its own from a Python function."""
    return column.default is not None and column.default.is_callable


def _replace_at_once(
    connection: sa.Connection, holdings: HoldingsTable, rows: list[Row], accounts: Sequence[str]
) -> Changed:
    table, columns = holdings.mapped.table, holdings.mapped.written
    fresh = _rows_given(columns)
    given = sa.select(*(fresh.c[str(column.key)] for column in holdings.key))
    gone = sa.delete(table).where(sa.tuple_(*holdings.key).not_in(given))
    if holdings.account is not None:
        gone = gone.where(holdings.account.in_(accounts))
    removed = gone.returning(sa.literal(1)).cte("removed")
    names = [str(column.key) for column in columns]
    new = postgresql.insert(table).from_select(names, sa.select(*fresh.c))
    written = upsert(new, table, holdings.key, names).returning(sa.literal(1)).cte("written")
    counts = sa.select(_count(written), _count(removed)).add_cte(removed)
    values = {f"all_{name}": [row[name] for row in rows] for name in names}
    found = connection.execute(counts, values).one()
    return Changed(int(found[0]), int(found[1]))


def _rows_given(columns: Sequence[sa.Column[object]]) -> sa.TableValuedAlias:
    """Rows given as one array for each column: as many rows as there are, in one statement."""
    arrays = [
        sa.cast(
            sa.bindparam(f"all_{column.key}", type_=postgresql.ARRAY(column.type)),
            postgresql.ARRAY(column.type),
        )
        for column in columns
    ]
    named = [sa.column(str(column.key), column.type) for column in columns]
    return sa.func.unnest(*arrays).table_valued(*named).render_derived(name="fresh")


def _count(counted: sa.CTE) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(counted).scalar_subquery()


def _replace_after_reading(
    connection: sa.Connection, holdings: HoldingsTable, rows: list[Row], accounts: Sequence[str]
) -> Changed:
    known = _Known.read(connection, holdings, accounts)
    table, names = holdings.mapped.table, [str(column.key) for column in holdings.mapped.written]
    if holdings.is_unique:
        new, old = rows, []
    else:
        new = [row for row in rows if known.key_of(row) not in known.rows]
        old = [row for row in rows if known.key_of(row) in known.rows]
    if new:
        statement = insert(connection, table)
        if holdings.is_unique:
            statement = upsert(statement, table, holdings.key, names)
        connection.execute(statement, new)
    if old:
        _update(connection, holdings.mapped, [row | known.identity_of(row) for row in old])
    gone = known.gone(rows)
    if gone:
        _delete(connection, holdings.mapped, gone)
    return Changed(len(rows), len(gone))


@dataclass(frozen=True)
class _Known:
    """The rows that the table holds of the accounts, by our key."""

    holdings: HoldingsTable
    rows: dict[tuple[object, ...], list[sa.RowMapping]]

    @classmethod
    def read(
        cls, connection: sa.Connection, holdings: HoldingsTable, accounts: Sequence[str]
    ) -> _Known:
        mapped = holdings.mapped
        own = () if holdings.is_unique else mapped.own
        wanted = dict.fromkeys((*mapped.mapper.primary_key, *holdings.key, *own))
        asked = sa.select(*wanted).order_by(*mapped.mapper.primary_key).with_for_update()
        if holdings.account is not None:
            asked = asked.where(holdings.account.in_(accounts))
        rows: dict[tuple[object, ...], list[sa.RowMapping]] = {}
        for row in connection.execute(asked).mappings():
            rows.setdefault(tuple(row[column] for column in holdings.key), []).append(row)
        return cls(holdings, rows)

    def key_of(self, row: Row) -> tuple[object, ...]:
        return tuple(row[str(column.key)] for column in self.holdings.key)

    def identity_of(self, row: Row) -> Row:
        """The primary key of the row to update: of duplicates the first."""
        return _identity(self.holdings.mapped, self.rows[self.key_of(row)][0])

    def gone(self, rows: list[Row]) -> list[Row]:
        """The primary keys of rows to remove: positions that are closed, and duplicates.

        Raises `ConfigError` for duplicates that differ in the caller's own columns: which of them
        counts is not ours to say.
        """
        open_keys, mapped = {self.key_of(row) for row in rows}, self.holdings.mapped
        gone: list[Row] = []
        for key, known in self.rows.items():
            extra = known[1:] if key in open_keys else known
            if key in open_keys and any(self._differs(known[0], other) for other in extra):
                raise self._refused(key, known)
            gone.extend(_identity(mapped, row) for row in extra)
        return gone

    def _differs(self, one: sa.RowMapping, other: sa.RowMapping) -> bool:
        return any(one[column] != other[column] for column in self.holdings.mapped.own)

    def _refused(self, key: tuple[object, ...], known: list[sa.RowMapping]) -> ConfigError:
        mapped, named = self.holdings.mapped, "/".join(map(str, key))
        rows = ", ".join(str(tuple(_identity(mapped, row).values())) for row in known)
        return ConfigError(
            f"{mapped.name} has {len(known)} rows of {named} that differ in columns of your own: "
            f"leave one of the rows {rows}",
            {"class": mapped.name, "key": named},
        )


def _identity(mapped: MappedTable, row: sa.RowMapping) -> Row:
    return {f"pk_{column.key}": row[column] for column in mapped.mapper.primary_key}


def _is_it(mapped: MappedTable) -> sa.ColumnElement[bool]:
    """The row of a primary key that is given."""
    return sa.and_(
        *(column == sa.bindparam(f"pk_{column.key}") for column in mapped.mapper.primary_key)
    )


def _update(connection: sa.Connection, mapped: MappedTable, rows: list[Row]) -> None:
    names = [str(column.key) for column in mapped.written]
    values: dict[str, object] = {name: sa.bindparam(f"new_{name}") for name in names}
    renamed = [
        {f"new_{name}" if name in values else name: value for name, value in row.items()}
        for row in rows
    ]
    connection.execute(sa.update(mapped.table).where(_is_it(mapped)).values(values), renamed)


def _delete(connection: sa.Connection, mapped: MappedTable, identities: list[Row]) -> None:
    connection.execute(sa.delete(mapped.table).where(_is_it(mapped)), identities)
