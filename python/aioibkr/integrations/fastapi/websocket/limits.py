"""What one socket may cost, and the allowance that its messages draw on. Pure."""

from dataclasses import dataclass

from aioibkr.errors import ConfigError

__all__ = ["Allowance", "SocketLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Limits of the WebSocket; all are per process. Times are in seconds.

    Raises `ConfigError` for one that is not above 0.
    """

    connections: int = 500
    """Sockets open at once; one more is closed with 1013."""
    symbols: int = 100
    """Different symbols of one socket."""
    subscriptions: int = 300
    """Subscriptions of one socket: one per symbol and channel."""
    message_bytes: int = 16_384
    """Longest message of a peer; a longer one closes the socket with 1009."""
    messages_per_second: float = 20.0
    """Messages a peer may send in the long run; a flood closes the socket with 1008."""
    burst: int = 100
    """Messages it may send at once; one that is no command counts as five."""
    heartbeat: float = 20.0
    """A socket on which nothing was sent for so long is sent a ping."""
    silence: float = 60.0
    """A peer that says nothing for so long, or takes nothing, is closed with 4408."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} {getattr(self, name)}: give a number above 0")


class Allowance:
    """Tokens that come back with time: how many messages a peer may still send."""

    def __init__(self, *, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._left = float(burst)
        self._at = now

    def spend(self, cost: int, *, now: float) -> bool:
        """Take what a message costs; False when there is not enough, and nothing is taken."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if cost > self._left:
            return False
        self._left -= cost
        return True
