"""Orders of a session as a mapping: a view of what the client knows, which asks nothing."""

from collections.abc import Iterator, Mapping

from aioibkr._broker_models import Order
from aioibkr._broker_orders import order_of
from aioibkr._client import Client

__all__ = ["OrdersById"]


class OrdersById(Mapping[str, Order]):
    """Orders by their id, a numeric string; always as they are known at the moment."""

    def __init__(self, client: Client | None) -> None:
        self._client = client

    def __getitem__(self, order_id: str) -> Order:
        for trade in self._client.trades() if self._client else ():
            if str(trade.order_id) == order_id:
                return order_of(trade)
        raise KeyError(order_id)

    def __iter__(self) -> Iterator[str]:
        return iter(
            [str(trade.order_id) for trade in self._client.trades()] if self._client else ()
        )

    def __len__(self) -> int:
        return len(self._client.trades()) if self._client else 0
