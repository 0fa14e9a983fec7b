"""One transaction on whatever session an application has, its failures told as `DatabaseError`.

A session inside the application's own `with session.begin()` is joined by a savepoint, and
committing is left to that block; any other session is committed, or rolled back after a failure,
with whatever it held. A blocking session works on a thread, so that no event loop waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import TypeAlias, TypeVar

from sqlalchemy import delete, false
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Mapper, Session, SessionTransactionOrigin, scoped_session, sessionmaker
from sqlalchemy.pool import SingletonThreadPool

from aioibkr.errors import ConfigError, DatabaseError

__all__ = ["Sessions", "is_conflict", "transact"]

Sessions: TypeAlias = (
    Session
    | AsyncSession
    | sessionmaker[Session]
    | async_sessionmaker[AsyncSession]
    | scoped_session[Session]
    | async_scoped_session[AsyncSession]
)
"""A session, or what makes one; one that is made here is closed here."""

Done = TypeVar("Done")
CONFLICTS = {"40001", "40P01"}
GRACE = 1.0
"""Seconds in which the server itself says that a lock was not to be had."""


async def transact(
    sessions: Sessions,
    mapper: Mapper[object],
    work: Callable[[Session], Done],
    *,
    timeout: float,
) -> Done:
    """Do the work in one transaction within `timeout` seconds; all of it or nothing.

    `mapper` is that of a class the work writes to. On SQLite the write lock is taken first, and
    waited for as long as the driver's own timeout.

    A cancelled await waits for the end of a transaction that has begun: a driver that is cut off
    may leave its locks behind. On SQLite and on a blocking session the driver's own timeouts bound
    it. Raises `DatabaseError`.
    """
    async with AsyncExitStack() as stack:
        session = await _session_of(sessions, stack)
        try:
            if isinstance(session, AsyncSession):
                return await _to_its_end(_awaited(session, mapper, work, timeout))
            if _is_bound_to_its_thread(session, mapper):
                return _carried_out(session, mapper, work)
            return await _to_its_end(asyncio.to_thread(_carried_out, session, mapper, work))
        except TimeoutError as error:
            message = f"the database did not answer within {timeout:.1f} s"
            raise DatabaseError(message, {"retryable": "yes"}) from error
        except (SQLAlchemyError, OSError) as error:
            raise _told(error) from error


async def _session_of(sessions: Sessions, stack: AsyncExitStack) -> Session | AsyncSession:
    if isinstance(sessions, scoped_session | async_scoped_session):
        return sessions()
    if isinstance(sessions, sessionmaker):
        return stack.enter_context(sessions())
    if isinstance(sessions, async_sessionmaker):
        return await stack.enter_async_context(sessions())
    if not isinstance(sessions, Session | AsyncSession):
        raise ConfigError(f"{sessions!r} is no session: give a Session, an AsyncSession or a maker")
    return sessions


def _carried_out(session: Session, mapper: Mapper[object], work: Callable[[Session], Done]) -> Done:
    if _is_within_a_block(session):
        _begin_writing(session, mapper)
        with session.begin_nested():
            return work(session)
    try:
        _begin_writing(session, mapper)
        done = work(session)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    return done


def _is_within_a_block(session: Session) -> bool:
    """Whether the application began the transaction in so many words, and will end it."""
    root = session.get_transaction()
    begun = root is not None and root.origin is not SessionTransactionOrigin.AUTOBEGIN
    return begun or session.in_nested_transaction()


def _begin_writing(session: Session, mapper: Mapper[object]) -> None:
    """Take SQLite's write lock now: taken after a read it could fail without waiting.

    The driver begins no transaction by itself before a savepoint, whose end would then commit.
    """
    connection = session.connection(bind_arguments={"mapper": mapper})
    if connection.dialect.name != "sqlite":
        return
    if getattr(connection.connection.driver_connection, "in_transaction", False):
        connection.execute(delete(mapper.class_).where(false()))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_bound_to_its_thread(session: Session, mapper: Mapper[object]) -> bool:
    """Whether another thread would see another database: SQLite's in memory."""
    bind = session.get_bind(mapper)
    return isinstance(bind.engine.pool, SingletonThreadPool)


async def _awaited(
    session: AsyncSession, mapper: Mapper[object], work: Callable[[Session], Done], timeout: float
) -> Done:
    # SQLite is never cut short: its driver would go on, and keep the lock of a lost connection.
    is_sqlite = session.get_bind(mapper).dialect.name == "sqlite"
    async with asyncio.timeout(None if is_sqlite else timeout + GRACE):
        return await session.run_sync(_carried_out, mapper, work)


async def _to_its_end(work: Coroutine[object, object, Done]) -> Done:
    """Await it; a cancelled await still waits, as the session is in use until the end."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait([running])
            except asyncio.CancelledError:
                continue
        _ = running.exception()  # the caller has gone: nobody would fetch it
        raise


def is_conflict(error: BaseException | None) -> bool:
    """Whether another transaction got in the way: repeating it is safe and may succeed."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) in CONFLICTS


def _told(error: SQLAlchemyError | OSError) -> DatabaseError:
    original = error.orig if isinstance(error, DBAPIError) else error
    lines = str(original).splitlines() or [type(original).__name__]
    words = lines[0].removeprefix(f"{_class_named_in(lines[0])}: ")
    retryable = "yes" if _is_retryable(error) else "no"
    return DatabaseError(f"the database refused: {words}", {"retryable": retryable})


def _class_named_in(line: str) -> str:
    """What asyncpg's adapter puts before the message."""
    return line.partition(": ")[0] if line.startswith("<class ") else ""


def _is_retryable(error: SQLAlchemyError | OSError) -> bool:
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state:
        return state[:2] in {"08", "40", "53", "55", "57"}
    return type(error).__name__ == "OperationalError" or error.connection_invalidated
