"""Orders, executions and commissions written down as they happen.

Events are taken from the client at once and kept until they are written, so a database that is
away delays nobody and loses nothing while the process lives: one row is kept for each order,
execution and commission not yet written, the latest state of each, some 2 kB. After every
reconnect, and at the start, what the gateway lists is taken too.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DataError, IntegrityError

from aioibkr import Client, EventHandle, Fill, IBKRBroker, Trade
from aioibkr.errors import ConfigError, DatabaseError, IBKRError, NotConnected
from aioibkr.integrations.sqlalchemy.mapped import Facts, MappedTable, Row
from aioibkr.integrations.sqlalchemy.trade_facts import (
    commission_facts,
    execution_facts,
    order_facts,
    provisional_uid,
)
from aioibkr.integrations.sqlalchemy.trade_tables import (
    LoggedCommission,
    LoggedExecution,
    LoggedOrder,
)
from aioibkr.integrations.sqlalchemy.trade_writing import Batch, Listing, TradeTables
from aioibkr.integrations.sqlalchemy.transactions import Sessions, transact

__all__ = ["TradeLog"]

_log = logging.getLogger("aioibkr.trade_log")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
REFUSED_KEPT = 100
HEARING = 1.0


class TradeLog:
    """The trade log of one client; an async context manager that writes while it is open.

    Args:
        client_or_broker: Whose orders: all that the client sees. A broker is connected if need
            be; after its `disconnect` a new log is needed.
        sessions: A maker of sessions, or a session that nobody else uses.
        orders: The mapped class of orders, one's own or the one shipped, as the two others.
        executions: The mapped class of executions.
        commissions: The mapped class of commissions.
        timeout: Seconds that one transaction may take.

    Raises `ConfigError` naming what a class lacks. Nothing it does holds up the client. What the
    database refuses for good (a row of its own that breaks a constraint) is logged as an error
    under ``aioibkr.trade_log`` and kept in `refused`; everything else is tried again.
    """

    def __init__(
        self,
        client_or_broker: Client | IBKRBroker,
        sessions: Sessions,
        *,
        orders: type[object] = LoggedOrder,
        executions: type[object] = LoggedExecution,
        commissions: type[object] = LoggedCommission,
        timeout: float = 30.0,
    ) -> None:
        self._source = client_or_broker
        self._sessions = sessions
        self._tables = TradeTables.of(orders, executions, commissions)
        self._timeout = timeout
        self._pending, self._writing = Batch(), Batch()
        self._handles: list[EventHandle] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._news, self._listing_wanted = asyncio.Event(), asyncio.Event()
        self._written_all = asyncio.Event()
        self._is_ending = self._is_listed = False
        self._last_error: IBKRError | None = None
        self._refused: deque[str] = deque(maxlen=REFUSED_KEPT)
        self._client: Client | None = None

    @property
    def waiting(self) -> int:
        """How many rows are kept until they are written."""
        return len(self._pending) + len(self._writing)

    @property
    def last_error(self) -> IBKRError | None:
        """Why the last try failed; None after one that did not."""
        return self._last_error

    @property
    def refused(self) -> tuple[str, ...]:
        """The newest hundred rows that will never be written, each with the reason."""
        return tuple(self._refused)

    async def __aenter__(self) -> Self:
        source = self._source
        self._client = await source.client() if isinstance(source, IBKRBroker) else source
        self._handles = [
            self._client.on("order_status", self._hear_order),
            self._client.on("execution", self._hear_execution),
            self._client.on("commission", self._hear_commission),
            self._client.on("ready", lambda _: self._listing_wanted.set()),
        ]
        self._listing_wanted.set()
        self._tasks = [
            asyncio.create_task(self._write_on(), name="aioibkr trade log: writing"),
            asyncio.create_task(self._list_on(), name="aioibkr trade log: listing"),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except DatabaseError as unwritten:
            if error is None:
                raise
            _log.error("%s", unwritten.message)

    async def close(self, *, timeout: float = 5.0) -> None:
        """Write what was heard, for at most `timeout` seconds, and stop. Twice does nothing.

        Raises `DatabaseError` telling how many rows are not written.
        """
        tasks, self._tasks = self._tasks, []
        if not tasks:
            return
        writing, listing = tasks
        listing.cancel()
        try:
            async with asyncio.timeout(timeout):
                await self._all_heard()
                self._is_ending = True
                self._news.set()
                await asyncio.shield(writing)
        except TimeoutError:
            message = f"the trade log ends with {self.waiting} rows that are not written"
            raise DatabaseError(message, {"waiting": str(self.waiting)}) from self._last_error
        finally:
            for handle in self._handles:
                handle.cancel()
            writing.cancel()
            await asyncio.wait(tasks)

    async def caught_up(self, *, timeout: float = 30.0) -> None:
        """Wait until the gateway was asked and all that was heard by now is written.

        Raises `DatabaseError` when the time is over; its cause is what keeps it.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._all_heard()
                while not self._is_caught_up():
                    self._written_all.clear()
                    await self._written_all.wait()
        except TimeoutError:
            message = f"the trade log has {self.waiting} rows to write after {timeout:g} s"
            raise DatabaseError(message, {"retryable": "yes"}) from self._last_error

    async def catch_up(self) -> None:
        """Ask the gateway what it lists now, as after a reconnect, and wait until it is written.

        Corrections are told as they happen; executions that were taken back are found here.
        Raises as the client's reads and as `caught_up`.
        """
        await self._take_lists(self._opened())
        await self.caught_up()

    def _opened(self) -> Client:
        if self._client is None or not self._tasks:
            raise NotConnected("the trade log is not open: enter it with `async with`")
        return self._client

    def _is_caught_up(self) -> bool:
        is_listed = self._is_listed and not self._listing_wanted.is_set()
        return is_listed and self._pending.is_empty and self._writing.is_empty

    async def _all_heard(self) -> None:
        """Let the calls for events that have happened be made.

        What is not called within a second is taken from the gateway's lists instead.
        """
        try:
            async with asyncio.timeout(HEARING):
                while any(h.waiting and not h.is_finished for h in self._handles):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.001)
        except TimeoutError:
            self._listing_wanted.set()

    def _hear_order(self, trade: Trade) -> None:
        row = self._row(self._tables.orders, order_facts(trade, _now()))
        if row is None:
            return
        uid = str(row[str(self._tables.orders.columns["uid"].key)])
        self._pending.orders[uid] = row
        if trade.perm_id:
            self._pending.promoted[provisional_uid(trade)] = uid
            self._pending.orders.pop(provisional_uid(trade), None)
        self._news.set()

    def _hear_execution(self, fill: Fill) -> None:
        execution = fill.execution
        row = self._row(self._tables.executions, execution_facts(execution, _now()))
        if row is not None:
            self._pending.executions[execution.execution_id] = row
            self._news.set()

    def _hear_commission(self, fill: Fill) -> None:
        if fill.commission is None or fill.commission.amount is None:
            return
        row = self._row(self._tables.commissions, commission_facts(fill.commission, _now()))
        if row is not None:
            self._pending.commissions[fill.commission.execution_id] = row
            self._news.set()
        self._hear_order_of(fill)

    def _hear_order_of(self, fill: Fill) -> None:
        """Take the order again: the sum of its commissions has changed, which no event tells."""
        client, order_id = self._client, fill.execution.order_id
        is_own = client is not None and fill.execution.client_id == client.client_id
        trade = client.trade(order_id) if client is not None and is_own and order_id else None
        if trade is not None:
            self._hear_order(trade)

    def _row(self, table: MappedTable, facts: Facts) -> Row | None:
        try:
            return table.row_of(facts, _blank)
        except ConfigError as error:
            self._refuse(error.message)
            return None

    def _refuse(self, words: str) -> None:
        _log.error("never written: %s", words)
        self._refused.append(words)

    async def _write_on(self) -> None:
        """Write what waits, until the end; after a failure again, after a pause."""
        pause = FIRST_PAUSE
        while not (self._is_ending and self._pending.is_empty):
            if self._pending.is_empty:
                await self._news.wait()
            self._news.clear()
            if await self._write_all():
                pause = FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _write_all(self) -> bool:
        """Write everything that waits now in one transaction; whether that succeeded."""
        self._writing, self._pending = self._pending, Batch()
        try:
            if not self._writing.is_empty:
                await self._written(self._writing)
        except IBKRError as error:
            if isinstance(error.__cause__, IntegrityError | DataError):
                return await self._write_singly()
            return self._failed(error)
        return self._succeeded()

    async def _write_singly(self) -> bool:
        """Write row by row: one that the database refuses for good must not keep the others."""
        for name, batch in self._writing.singly():
            try:
                await self._written(batch)
            except IBKRError as error:
                if not isinstance(error.__cause__, IntegrityError | DataError):
                    return self._failed(error)
                self._refuse(f"{name}: {error.message}")
        return self._succeeded()

    async def _written(self, batch: Batch) -> None:
        mapper = self._tables.orders.mapper
        work = self._tables.write
        await transact(
            self._sessions, mapper, lambda session: work(session, batch), timeout=self._timeout
        )

    def _succeeded(self) -> bool:
        self._writing, self._last_error = Batch(), None
        self._written_all.set()
        return True

    def _failed(self, error: IBKRError) -> bool:
        if self._last_error is None or self._last_error.message != error.message:
            _log.warning("not written, tried again: %s", error.message)
        self._last_error = error
        self._pending.put_back(self._writing)
        self._writing = Batch()
        return False

    async def _list_on(self) -> None:
        """Take the gateway's lists whenever they are wanted; after a failure again."""
        pause = FIRST_PAUSE
        while True:
            await self._listing_wanted.wait()
            self._listing_wanted.clear()
            self._is_listed = False
            try:
                await self._take_lists(self._opened())
                pause = FIRST_PAUSE
            except NotConnected:
                return
            except IBKRError as error:
                _log.warning("not caught up, tried again: %s", error.message)
                self._listing_wanted.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _take_lists(self, client: Client) -> None:
        reads: list[Callable[[], Awaitable[list[Trade]]]]
        reads = [client.open_orders, client.completed_orders]
        for read in reads:
            for trade in await read():
                self._hear_order(trade)
        for trade in client.trades():
            self._hear_order(trade)
        asked_at = _now()
        fills = await client.executions()
        for fill in fills:
            self._hear_execution(fill)
            self._hear_commission(fill)
        self._pending.listings |= _listings(fills, asked_at)
        self._is_listed = True
        self._news.set()


def _listings(fills: list[Fill], asked_at: datetime) -> dict[tuple[str, int], Listing]:
    """What was listed, by account and client; executions without a time tell nothing."""
    groups: dict[tuple[str, int], list[tuple[datetime, str]]] = {}
    for fill in fills:
        execution = fill.execution
        if execution.time is not None:
            group = groups.setdefault((execution.account, execution.client_id), [])
            group.append((execution.time, execution.execution_id))
    every = tuple(fill.execution.execution_id for fill in fills)
    return {
        (account, client_id): Listing(account, client_id, min(group)[0], asked_at, every)
        for (account, client_id), group in groups.items()
    }


def _blank(facts: Facts) -> Facts:
    """Stands for texts that IB leaves out, where a column may not be NULL."""
    return {name: "" for name, value in facts.items() if value is None}


def _now() -> datetime:
    return datetime.now(UTC)
