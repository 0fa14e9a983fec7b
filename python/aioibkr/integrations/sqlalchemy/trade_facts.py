"""What a trade, an execution and a commission say, by the names of the trade log's columns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from aioibkr import Commission, Contract, Execution, Trade
from aioibkr.integrations.sqlalchemy.fitting import Value, exact

__all__ = ["commission_facts", "execution_facts", "order_facts", "provisional_uid", "uid_of"]


def uid_of(trade: Trade) -> str:
    """What names an order for good: IB's permId; until there is one, see `provisional_uid`."""
    return f"perm:{trade.perm_id}" if trade.perm_id else provisional_uid(trade)


def provisional_uid(trade: Trade) -> str:
    """What names an order before IB has: our key, else the client and its order id."""
    return f"key:{trade.key}" if trade.key else f"order:{trade.client_id}:{trade.order_id}"


def order_facts(trade: Trade, seen_at: datetime) -> dict[str, Value]:
    """The order as it stands."""
    code, reason = trade.rejection or (None, None)
    order = trade.order
    return _contract_facts(trade.contract) | {
        "uid": uid_of(trade),
        "key": trade.key,
        "order_ref": order.order_ref,
        "perm_id": trade.perm_id,
        "order_id": trade.order_id,
        "client_id": trade.client_id,
        "account": trade.account or order.account,
        "action": order.action,
        "order_type": order.order_type,
        "quantity": order.quantity,
        "limit_price": _amount(order.limit_price),
        "stop_price": _amount(order.stop_price),
        "time_in_force": order.time_in_force,
        "status": trade.status,
        "filled": trade.filled,
        "remaining": trade.remaining,
        "average_price": _amount(trade.average_price),
        "commission": _amount(trade.commission),
        "reject_code": code,
        "reject_reason": reason,
        "submitted_at": trade.submitted_at,
        "filled_at": trade.filled_at,
        "updated_at": seen_at,
    }  # fmt: skip


def execution_facts(execution: Execution, seen_at: datetime) -> dict[str, Value]:
    """The execution. Its base is what its corrections share: all but the last group of the id."""
    base, point, _ = execution.execution_id.rpartition(".")
    return _contract_facts(execution.contract) | {
        "execution_id": execution.execution_id,
        "execution_base": base if point else execution.execution_id,
        "superseded_by": None,
        "busted_at": None,
        "perm_id": execution.perm_id,
        "order_id": execution.order_id,
        "client_id": execution.client_id,
        "account": execution.account,
        "order_ref": execution.order_ref,
        "action": execution.action,
        "quantity": execution.quantity,
        "price": exact(execution.price),
        "exchange": execution.exchange,
        "time": execution.time,
        "recorded_at": seen_at,
    }  # fmt: skip


def commission_facts(commission: Commission, seen_at: datetime) -> dict[str, Value]:
    """The commission."""
    return {
        "execution_id": commission.execution_id,
        "amount": _amount(commission.amount),
        "currency": commission.currency,
        "realized_pnl": _amount(commission.realized_pnl),
        "recorded_at": seen_at,
    }


def _contract_facts(contract: Contract) -> dict[str, Value]:
    return {
        "con_id": contract.contract_id,
        "symbol": contract.symbol,
        "sec_type": contract.security_type,
        "currency": contract.currency,
        "local_symbol": contract.local_symbol,
        "exchange": contract.exchange,
    }


def _amount(number: float | None) -> Decimal | None:
    return None if number is None else exact(number)
