"""The brokers of an application, found by name from anywhere in it.

`get_ibkr_integration` returns the same object in every thread. It answers an application that has
no gateway with False or None instead of an exception.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Literal

from aioibkr._broker import IBKRBroker
from aioibkr._keeping import Keeper
from aioibkr._portfolio import Portfolio, SyncAnswer
from aioibkr.config import Settings
from aioibkr.errors import ConfigError, IBKRError, NotConnected

__all__ = ["IBKRIntegration", "get_ibkr_integration"]

_log = logging.getLogger("aioibkr.integration")
_lock = threading.Lock()
_named: dict[str, "IBKRIntegration"] = {}

# How long an application's start waits for the link, in seconds; it goes on without one.
START_PATIENCE = 1.0

AccountSummary = dict[str, str | float | None]


class IBKRIntegration:
    """A broker made from settings, connected when it is first needed and only if enabled.

    Settings that are not given are read from the environment when first needed. `name` tells
    several of one application apart; `broker` makes the broker, for an application that wants
    other rules for its connection than `IBKRBroker(settings=settings)` has.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        name: str = "default",
        broker: Callable[[Settings], IBKRBroker] | None = None,
    ) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._settings = settings
        self._make = broker or _broker_of
        self._broker: IBKRBroker | None = None
        self._keeper = Keeper()
        self._is_kept = False
        self._lives = 0
        self._portfolio = Portfolio()

    def __repr__(self) -> str:
        """Name it and say how it stands."""
        state = "connected" if self.is_connected else "not connected"
        return f"<IBKRIntegration {self._name!r}, {state}>"

    @property
    def name(self) -> str:
        """What tells it apart from others of the application."""
        return self._name

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        with self._lock:
            return self._loaded()

    @property
    def enabled(self) -> bool:
        """Whether the settings allow a connection at all (`ibkr_enabled`)."""
        return self.settings.ibkr_enabled

    @property
    def broker(self) -> IBKRBroker:
        """The broker; made on first use, not yet connected then."""
        with self._lock:
            if self._broker is None:
                self._broker = self._make(self._loaded())
            return self._broker

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        broker = self._broker
        return broker is not None and broker.is_connected

    @property
    def has_begun(self) -> bool:
        """Whether it is part of an application that runs: after `begin`, until `end`."""
        return self._lives > 0

    @property
    def reason(self) -> str | None:
        """Why it is not connected, where something went wrong; None while connected."""
        broker = self._broker
        return None if broker is None else broker.reason

    def _loaded(self) -> Settings:
        if self._settings is None:
            self._settings = Settings.load()
        return self._settings

    def configure(
        self,
        settings: Settings | None = None,
        *,
        holdings: type[object] | None = None,
        snapshots: type[object] | None = None,
        sessions: object = None,
    ) -> None:
        """Use from now on what is given; the rest stays.

        `holdings` and `snapshots` are the mapped classes that `sync_portfolio` writes to,
        `sessions` a maker of SQLAlchemy sessions for syncs without a session of their own. Raises
        `ConfigError` for other settings while connected, and naming a column that a class lacks.
        """
        self._portfolio.configure(holdings, snapshots, sessions)
        if settings is not None:
            self._use(settings)

    def _use(self, settings: Settings) -> None:
        with self._lock:
            if settings == self._settings:
                return
            if self._is_kept or (self._broker is not None and self._broker.is_connected):
                raise ConfigError(
                    f"the settings of integration {self._name!r} cannot change while connected: "
                    "disconnect first, or give a second integration a name of its own"
                )
            self._settings, self._broker = settings, None

    async def initialize_in_loop(self) -> bool:
        """Prepare, and connect nothing; whether the integration is enabled and can be meant."""
        try:
            self.prepare()
        except ConfigError as error:
            _log.error("not prepared: %s", error.message)
            return False
        return self.enabled

    def prepare(self) -> None:
        """Read the settings and make the broker if they enable it; nothing is connected.

        Raises `ConfigError` for settings that cannot be meant.
        """
        if self.enabled:
            _ = self.broker

    async def begin(self, connect: Literal["startup", "lazy"] = "startup") -> None:
        """Begin an application's life; each needs its `end`.

        With `startup` it connects if enabled, and keeps trying in the background until
        `disconnect`, as after a loss; after that the next `open` or `ensure_connected` goes on
        with it. Returns once connected, once the first connect has failed, or after a second. The
        task that tries is the running loop's. With `lazy` the first use connects.

        Raises `ConfigError` for settings that cannot be meant.
        """
        self.prepare()
        self._lives += 1
        self._is_kept = self._is_kept or connect == "startup"
        if not self.enabled:
            return
        self.broker.resume()
        if self._is_kept:
            self._keeper.start(self.broker)
            try:
                await self._keeper.tried(START_PATIENCE)
            except asyncio.CancelledError:
                await self.end()
                raise

    async def end(self) -> None:
        """End an application's life: with the last one, disconnect and keep nothing connected."""
        self._lives = max(self._lives - 1, 0)
        if not self._lives:
            self._is_kept = False
            await self.disconnect()

    async def connect(self) -> bool:
        """As `ensure_connected`."""
        return await self.ensure_connected()

    async def ensure_connected(self) -> bool:
        """Connect unless connected; False when disabled or unable to. Never raises."""
        try:
            await self.open()
        except IBKRError as error:
            _log.warning("not connected: %s", error.message)
            return False
        return True

    async def open(self) -> IBKRBroker:
        """Connect unless connected, and return the broker.

        Raises a `ConnectionError` that says why it cannot, also when disabled.
        """
        broker = self.enabled_broker()
        broker.resume()
        if self._is_kept:
            self._keeper.start(broker)
        await broker.connect()
        return broker

    def enabled_broker(self) -> IBKRBroker:
        """The broker, connected or not; raises `NotConnected` when the settings disable it."""
        if not self.enabled:
            raise NotConnected("IBKR is disabled: set IBKR_ENABLED=true")
        return self.broker

    async def disconnect(self) -> None:
        """Close the link, and keep none until somebody connects. Harmless when there is none."""
        await self._keeper.stop()
        broker = self._broker
        if broker is not None:
            await broker.disconnect()

    async def get_account_summary(self) -> AccountSummary | None:
        """The account's main figures; None when they cannot be read."""
        if not await self.ensure_connected():
            return None
        try:
            account = await self.broker.get_account()
        except IBKRError as error:
            _log.warning("no account summary: %s", error.message)
            return None
        return {
            "account_id": account.account_id,
            "cash_balance": account.cash_balance,
            "portfolio_value": account.portfolio_value,
            "buying_power": account.buying_power,
            "daily_pnl": account.daily_pnl,
        }

    async def sync_portfolio(self, db: object = None) -> SyncAnswer:
        """Write positions and a snapshot into the configured classes, in one transaction.

        `db` is a SQLAlchemy `AsyncSession` or `Session`, or a maker of either; without one the
        configured maker is used. Answers `success` with `cash_balance`, `portfolio_value` and
        `positions_count`, or without it `error`; then the tables are as they were.
        """
        return await self._portfolio.sync(db, self.open)


def get_ibkr_integration(name: str = "default") -> IBKRIntegration:
    """The one integration of this process with that name, made on first use, from any thread."""
    with _lock:
        return _named.setdefault(name, IBKRIntegration(name=name))


def _broker_of(settings: Settings) -> IBKRBroker:
    return IBKRBroker(settings=settings)
