"""Await an IB Gateway: connection, market data, accounts and orders of Interactive Brokers."""

__all__: list[str] = []
