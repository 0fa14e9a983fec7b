"""Databases of the tests' own: SQLite in a file, PostgreSQL of the distribution."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from aioibkr.integrations.sqlalchemy import Sessions
from python.sqlalchemy import postgresql
from python.sqlalchemy.models import Base

KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Database:
    """One database with the application's tables, empty, and both ways to it."""

    kind: str
    url: str
    engine: Engine
    async_engine: AsyncEngine

    @property
    def blocking(self) -> sessionmaker[Session]:
        """Blocking sessions."""
        return sessionmaker(self.engine)

    @property
    def awaited(self) -> async_sessionmaker[AsyncSession]:
        """Sessions to await."""
        return async_sessionmaker(self.async_engine, expire_on_commit=False)

    def rows(self, mapped: type[DeclarativeBase]) -> list[dict[str, object]]:
        """What a table holds, in the order of its primary key."""
        table = mapped.metadata.tables[mapped.__tablename__]
        with self.engine.connect() as connection:
            asked = select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(asked).mappings()]

    def add(self, *rows: object) -> None:
        """Put rows in place, as the application or a person does."""
        with self.blocking.begin() as session:
            session.add_all(rows)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """One server for all tests."""
    with postgresql.running() as server:
        yield server


def urls(kind: str, request: pytest.FixtureRequest, directory: Path) -> tuple[str, str]:
    """Where an empty database of a kind is, for a blocking driver and for asyncio."""
    if kind == "sqlite":
        file = directory / "test.db"
        return f"sqlite:///{file}", f"sqlite+aiosqlite:///{file}"
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    name = server.new_database()
    return server.url("psycopg", name), server.url("asyncpg", name)


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Each kind of database in turn."""
    blocking, awaited = urls(request.param, request, tmp_path)
    engines = create_engine(blocking), create_async_engine(awaited)
    database = Database(request.param, awaited, *engines)
    Base.metadata.create_all(database.engine)
    yield database
    await database.async_engine.dispose()
    database.engine.dispose()


@pytest.fixture(params=["awaited", "blocking"])
def sessions(request: pytest.FixtureRequest, database: Database) -> Sessions:
    """Each kind of session in turn."""
    made: Sessions = getattr(database, request.param)
    return made
