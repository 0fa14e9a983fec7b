"""When a gateway that ended is started again: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from aioibkr.errors import ConfigError

__all__ = ["RestartPolicy"]

When: TypeAlias = Literal["crash", "always", "never"]
WHENS = ("crash", "always", "never")


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """When a gateway process that ended is started again. Times are in seconds.

    Raises ``ConfigError`` for what cannot be meant.
    """

    when: When = "crash"
    """After an exit status other than 0 or a signal, after any end, or never."""
    attempts: int | None = 5
    """Starts in a row that may fail before it gives up; None: no limit."""
    first_delay: float = 1.0
    """Wait before the first restart; doubled for each that follows."""
    longest_delay: float = 60.0
    """The wait is never longer."""
    sound_after: float = 300.0
    """Who ran that long did not fail: the count begins anew."""

    def __post_init__(self) -> None:
        if self.when not in WHENS:
            raise ConfigError(f"restart {self.when!r}: give one of {', '.join(WHENS)}")
        if self.attempts is not None and self.attempts < 1:
            raise ConfigError(f"restart attempts {self.attempts}: give 1 or more, or None")
        if not 0 < self.first_delay <= self.longest_delay < float("inf"):
            raise ConfigError(
                f"restart delays {self.first_delay} to {self.longest_delay}: "
                "give seconds above 0, the first no longer than the longest"
            )

    def delay(self, status: int | None, failures: int) -> float | None:
        """Seconds to wait after an end, the ``failures``-th in a row; None: leave it ended.

        The status is None where the program could not even be started.
        """
        if self.when == "never" or (self.when == "crash" and status == 0):
            return None
        if self.attempts is not None and failures > self.attempts:
            return None
        # Beyond 2**60 the longest delay holds anyway.
        return float(min(self.first_delay * 2 ** min(failures - 1, 60), self.longest_delay))

    def failures(self, lived: float, before: int) -> int:
        """Count of failures in a row after an end, by the seconds the process had lived."""
        return 1 if lived >= self.sound_after else before + 1
