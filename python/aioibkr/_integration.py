"""The one broker of an application, found from anywhere in it.

`get_ibkr_integration` returns the same object in every thread. It answers an application that has
no gateway with False or None instead of an exception.
"""

import logging
import threading

from aioibkr._broker import IBKRBroker
from aioibkr.config import Settings
from aioibkr.errors import ConfigError, IBKRError, NotConnected

__all__ = ["IBKRIntegration", "get_ibkr_integration"]

_log = logging.getLogger("aioibkr.integration")
_lock = threading.Lock()
_shared: list["IBKRIntegration"] = []

AccountSummary = dict[str, str | float | None]


class IBKRIntegration:
    """A broker made from settings, connected when it is first needed and only if enabled.

    Settings that are not given are read from the environment when first needed.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._lock = threading.Lock()
        self._settings = settings
        self._broker: IBKRBroker | None = None

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
                self._broker = IBKRBroker(settings=self._loaded())
            return self._broker

    @property
    def is_connected(self) -> bool:
        """Whether the link is up at this moment."""
        broker = self._broker
        return broker is not None and broker.is_connected

    def _loaded(self) -> Settings:
        if self._settings is None:
            self._settings = Settings.load()
        return self._settings

    def configure(self, settings: Settings) -> None:
        """Use these settings from now on; raises `ConfigError` while connected with others."""
        with self._lock:
            if settings == self._settings:
                return
            if self._broker is not None and self._broker.is_connected:
                raise ConfigError("settings cannot change while connected: disconnect first")
            self._settings, self._broker = settings, None

    async def initialize_in_loop(self) -> bool:
        """As `ensure_connected`; kept for old callers."""
        return await self.ensure_connected()

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
        await broker.connect()
        return broker

    def enabled_broker(self) -> IBKRBroker:
        """The broker, connected or not; raises `NotConnected` when the settings disable it."""
        if not self.enabled:
            raise NotConnected("IBKR is disabled: set IBKR_ENABLED=true")
        return self.broker

    async def disconnect(self) -> None:
        """Close the link. Harmless when there is none."""
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


def get_ibkr_integration() -> IBKRIntegration:
    """The one integration of this process, made on first use. Safe from any thread."""
    with _lock:
        if not _shared:
            _shared.append(IBKRIntegration())
        return _shared[0]
