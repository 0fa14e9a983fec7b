"""The shipped tables under Alembic: what it makes of an empty database is what they are."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy.orm import DeclarativeBase

from aioibkr.integrations.sqlalchemy import ExecutionColumns, OrderColumns, TradeLogBase
from python.sqlalchemy.conftest import Database

METADATA = TradeLogBase.metadata


async def test_alembic_finds_no_difference(database: Database) -> None:
    METADATA.create_all(database.engine)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=only_ours())
        assert compare_metadata(context, METADATA) == []


async def test_an_upgrade_from_an_empty_database_makes_the_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts=only_ours())
        upgrade = produce_migrations(context, METADATA).upgrade_ops
        assert upgrade is not None
        apply(upgrade, Operations(context))

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=only_ours())
        assert compare_metadata(context, METADATA) == []
    names = set(sa.inspect(database.engine).get_table_names())
    assert {"ib_orders", "ib_executions", "ib_commissions"} <= names


def test_every_constraint_has_a_name() -> None:
    for table in METADATA.tables.values():
        assert all(constraint.name for constraint in table.constraints)
        assert all(index.name for index in table.indexes)


def test_columns_mix_into_an_application_s_own_classes() -> None:
    class Base(DeclarativeBase):
        pass

    class Order(OrderColumns, Base):
        __tablename__ = "orders"

    class Execution(ExecutionColumns, Base):
        __tablename__ = "executions"

    tables = Base.metadata.tables
    assert tables[Order.__tablename__].primary_key.columns.keys() == ["uid"]
    assert {index.name for index in tables[Execution.__tablename__].indexes} == {
        "ix_executions_execution_base",
        "ix_executions_perm_id",
    }


def only_ours() -> dict[str, object]:
    """Leaves the application's tables, which are in the same database, out of the comparison."""
    return {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}


def apply(operation: MigrateOperation, operations: Operations) -> None:
    """Carry out an operation and those in it."""
    if isinstance(operation, OpContainer):
        for part in operation.ops:
            apply(part, operations)
    else:
        operations.invoke(operation)
