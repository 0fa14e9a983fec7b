"""A connected ib_insync or ib_async client, for the programs of operations."""

# The foreign interface has untyped objects.
# ruff: noqa: ANN401
# mypy: ignore-errors

import importlib
from typing import Any

CLIENT_ID = 31
PATIENCE = 10.0


class Session:
    """A connected client and its library."""

    def __init__(self, module: str, host: str, port: int) -> None:
        self.lib = importlib.import_module(module)
        self.ib = self.lib.IB()
        self.ib.RequestTimeout = PATIENCE
        self.errors: list[tuple[int, int]] = []
        self.ib.errorEvent += lambda id_, code, *_: self.errors.append((id_, code))
        self.ib.connect(host, port, clientId=CLIENT_ID)

    def wait(self, until: Any) -> None:
        """Let the client work until a condition holds, or for the patience of a test."""
        for _ in range(int(PATIENCE * 50)):
            if until():
                return
            self.ib.sleep(0.02)
        raise TimeoutError

    def stock(self, symbol: str) -> Any:
        """A stock, qualified."""
        contract = self.lib.Stock(symbol, "SMART", "USD")
        self.ib.qualifyContracts(contract)
        return contract

    def error_of(self, code: int) -> int:
        """Wait for an error and return its code."""
        self.wait(lambda: any(known == code for _, known in self.errors))
        return code
