"""Writes what the trade log has heard, in one transaction; repeating it changes nothing.

An order's row never goes back: not from an end to a state before it, not to fewer units filled. An
execution that was corrected is marked by the id of its correction, whichever came first; one that
the gateway no longer lists, though it lists an older one of the same account and client, was taken
back and is marked with the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from aioibkr.errors import ConfigError
from aioibkr.integrations.sqlalchemy.fitting import Kind
from aioibkr.integrations.sqlalchemy.mapped import MappedTable, Row
from aioibkr.integrations.sqlalchemy.statements import Insert, insert, upsert
from aioibkr.integrations.sqlalchemy.trade_tables import COMMISSIONS, EXECUTIONS, ORDERS

__all__ = ["Batch", "Listing", "TradeTables"]

ENDED = ("Filled", "Cancelled", "ApiCancelled")


@dataclass(frozen=True)
class Listing:
    """Executions that the gateway listed of one account and client, and when it was asked."""

    account: str
    client_id: int
    oldest: datetime
    asked_at: datetime
    execution_ids: tuple[str, ...]


@dataclass
class Batch:
    """Rows to write, by what names each. `promoted` are provisional names that became permanent."""

    orders: dict[str, Row] = field(default_factory=dict)
    promoted: dict[str, str] = field(default_factory=dict)
    executions: dict[str, Row] = field(default_factory=dict)
    commissions: dict[str, Row] = field(default_factory=dict)
    listings: dict[tuple[str, int], Listing] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.orders) + len(self.executions) + len(self.commissions)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not len(self) and not self.listings

    def put_back(self, other: Batch) -> None:
        """Take what could not be written; what is here already is newer."""
        self.orders = other.orders | self.orders
        self.promoted = other.promoted | self.promoted
        self.executions = other.executions | self.executions
        self.commissions = other.commissions | self.commissions
        self.listings = other.listings | self.listings

    def singly(self) -> Iterable[tuple[str, Batch]]:
        """Each row in a batch of its own, with what names it."""
        for uid, row in self.orders.items():
            promoted = {old: new for old, new in self.promoted.items() if new == uid}
            yield f"order {uid}", Batch(orders={uid: row}, promoted=promoted)
        for name, row in self.executions.items():
            yield f"execution {name}", Batch(executions={name: row})
        for name, row in self.commissions.items():
            yield f"commission of {name}", Batch(commissions={name: row})
        yield "listings", Batch(listings=self.listings)


@dataclass(frozen=True)
class TradeTables:
    """The mapped classes of a trade log, shipped or the caller's."""

    orders: MappedTable
    executions: MappedTable
    commissions: MappedTable

    @classmethod
    def of(
        cls, orders: type[object], executions: type[object], commissions: type[object]
    ) -> TradeTables:
        """Read the classes; raises `ConfigError` naming the column or key that one lacks."""
        marks = ("execution_id", "execution_base", "superseded_by")
        return cls(
            _keyed(orders, ORDERS, "uid", ("uid", "status")),
            _keyed(executions, EXECUTIONS, "execution_id", marks),
            _keyed(commissions, COMMISSIONS, "execution_id", ("execution_id", "amount")),
        )

    def write(self, session: Session, batch: Batch) -> None:
        """Write a batch within the session's transaction."""
        connection = session.connection(bind_arguments={"mapper": self.orders.mapper})
        if batch.orders:
            self._write_orders(connection, batch)
        if batch.executions:
            rows = list(batch.executions.values())
            _upsert(connection, self.executions, "execution_id", rows)
            self._mark_superseded(connection, rows)
        if batch.commissions:
            rows = list(batch.commissions.values())
            _upsert(connection, self.commissions, "execution_id", rows)
        for listing in batch.listings.values():
            self._mark_busted(connection, listing)

    def _write_orders(self, connection: sa.Connection, batch: Batch) -> None:
        columns, table = self.orders.columns, self.orders.table
        if batch.promoted:
            other, uid = table.alias(), columns["uid"]
            taken = sa.exists().where(other.c[str(uid.key)] == sa.bindparam("new"))
            names = [{"old": old, "new": new} for old, new in batch.promoted.items()]
            is_old = uid == sa.bindparam("old")
            renamed = sa.update(table).where(is_old, ~taken)
            connection.execute(renamed.values({uid: sa.bindparam("new")}), names)
            connection.execute(sa.delete(table).where(is_old), names)
        rows = [row for uid, row in batch.orders.items() if uid not in batch.promoted]
        if rows:
            _upsert(connection, self.orders, "uid", rows)

    def _mark_superseded(self, connection: sa.Connection, rows: list[Row]) -> None:
        columns, table = self.executions.columns, self.executions.table
        name, base = columns["execution_id"], columns["execution_base"]
        later = table.alias()
        name_of_later, base_of_later = later.c[str(name.key)], later.c[str(base.key)]
        length, length_of_later = sa.func.length(name), sa.func.length(name_of_later)
        is_later = (length_of_later > length) | (
            (length_of_later == length) & (name_of_later > name)
        )
        latest = (
            sa.select(name_of_later)
            .where(base_of_later == base, is_later)
            .order_by(length_of_later.desc(), name_of_later.desc())
            .limit(1)
            .scalar_subquery()
        )
        bases = {row[str(base.key)] for row in rows}
        marked = sa.update(table).where(base.in_(bases))
        connection.execute(marked.values({columns["superseded_by"]: latest}))

    def _mark_busted(self, connection: sa.Connection, listing: Listing) -> None:
        """Mark what was recorded before the gateway was asked and is not in its list."""
        columns = self.executions.columns
        needed = ("busted_at", "account", "client_id", "time", "recorded_at")
        if not all(name in columns for name in needed):
            return
        fits = self.executions.fit
        marked = sa.update(self.executions.table).where(
            columns["account"] == listing.account,
            columns["client_id"] == listing.client_id,
            columns["time"] >= fits("time", listing.oldest),
            columns["recorded_at"] < fits("recorded_at", listing.asked_at),
            columns["superseded_by"].is_(None),
            columns["busted_at"].is_(None),
            columns["execution_id"].not_in(listing.execution_ids),
        )
        connection.execute(
            marked.values({columns["busted_at"]: fits("busted_at", listing.asked_at)})
        )


def _keyed(
    mapped: type[object], kinds: Mapping[str, Kind], key: str, needed: Iterable[str]
) -> MappedTable:
    table = MappedTable.of(mapped, kinds, [(name,) for name in needed])
    if (table.columns[key],) not in table.unique_keys():
        raise ConfigError(f"{table.name}.{key} has to be unique: a row is found by it")
    return table


def _upsert(connection: sa.Connection, mapped: MappedTable, key: str, rows: list[Row]) -> None:
    kept = {key, "recorded_at"}
    names = [str(column.key) for name, column in mapped.columns.items() if name not in kept]
    statement = insert(connection, mapped.table)
    is_newer = _is_no_step_back(mapped, statement) if key == "uid" else None
    brought = upsert(statement, mapped.table, [mapped.columns[key]], names, where=is_newer)
    connection.execute(brought, rows)


def _is_no_step_back(mapped: MappedTable, statement: Insert) -> sa.ColumnElement[bool]:
    status, filled = mapped.columns["status"], mapped.columns.get("filled")
    fresh = statement.excluded
    # Not `in_`: a statement for many rows takes no lists.
    has_ended = sa.or_(*(status == word for word in ENDED))
    ends = sa.or_(*(fresh[str(status.key)] == word for word in ENDED))
    forward = sa.or_(sa.not_(has_ended), ends)
    return forward if filled is None else sa.and_(forward, fresh[str(filled.key)] >= filled)
