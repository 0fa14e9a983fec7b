"""What is said to peers: values of the package in, JSON text out. Pure.

A *row* is the JSON text of one thing that happened, made once for all sockets; a message puts rows
into an envelope that belongs to one socket, because its ``seq`` does.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from aioibkr import Client, errors
from aioibkr.integrations.fastapi.websocket.commands import Channel, Identity, Refused, Topic
from aioibkr.models import (
    Bar,
    DepthBook,
    DepthLevel,
    Fill,
    Pnl,
    Position,
    Quote,
    Tick,
    TickByTick,
    Trade,
)

__all__ = [
    "Action",
    "Kind",
    "Row",
    "acknowledgement",
    "away",
    "bar",
    "book",
    "commission",
    "data",
    "execution",
    "failure",
    "gap",
    "heartbeat",
    "number",
    "order",
    "order_status",
    "pnl",
    "quote",
    "refusal",
    "session",
    "slow",
    "tick",
    "tick_by_tick",
]

Kind: TypeAlias = Literal["snapshot", "update", "gap"]
Action: TypeAlias = Literal["subscribed", "unsubscribed", "resumed"]
Fields: TypeAlias = dict[str, object]

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to tell; a gap tells that what was known is known no longer."""

    text: str
    is_gap: bool = False


def data(channel: Channel, kind: Kind, seq: int, at: str, rows: str) -> str:
    """A message of rows that are joined by commas already."""
    return f'{{"channel":"{channel}","type":"{kind}","seq":{seq},"at":"{at}","data":[{rows}]}}'


def slow(channel: Channel, seq: int, at: str, *, missed: int, symbols: Iterable[str]) -> str:
    """A message that the peer was too slow, and what that cost it."""
    lost = {"missed": missed} if missed else {"symbols": sorted(symbols)}
    envelope = {"channel": channel, "type": "slow", "seq": seq, "at": at, "data": lost}
    return _encode(envelope)


def acknowledgement(
    action: Action,
    channel: Channel,
    symbols: Iterable[str],
    identity: Identity,
) -> str:
    """The answer to a command that was carried out."""
    message: Fields = {"channel": channel, "type": action, "data": {"symbols": sorted(symbols)}}
    return _encode(_identified(message, identity))


def heartbeat(kind: Literal["ping", "pong"], at: str, identity: Identity = None) -> str:
    """A question whether the peer lives, or the answer to its question."""
    return _encode(_identified({"type": kind, "at": at}, identity))


def refusal(refused: Refused) -> str:
    """The answer to a message that is no command, or one that goes beyond a limit."""
    message: Fields = {"channel": refused.channel, "type": "error", "detail": refused.detail}
    return _encode(_identified(message, refused.id))


def failure(topic: Topic, error: errors.IBKRError) -> str:
    """The end of a subscription that cannot be served: the reason, with IB's code if any."""
    message: Fields = {"channel": topic.channel, "type": "error", "detail": error.message}
    message |= {"kind": type(error).__name__} | _subject(topic)
    if error.code is not None:
        message["code"] = error.code
    return _encode(message)


def gap(topic: Topic, reason: str) -> Row:
    """A hole in what is told of a topic."""
    return Row(_encode(_subject(topic) | {"reason": reason}), is_gap=True)


def quote(topic: Topic, found: Quote) -> Row:
    """The latest quote of a symbol."""
    if found.is_gap:
        return gap(topic, "the link was lost")
    return Row(
        _encode(
            {
                "symbol": topic.symbol,
                "bid": found.bid,
                "ask": found.ask,
                "last": found.last,
                "bid_size": found.bid_size,
                "ask_size": found.ask_size,
                "last_size": found.last_size,
                "volume": found.volume,
                "open": found.open,
                "high": found.high,
                "low": found.low,
                "close": found.close,
                "price": found.market_price,
                "halted": found.halted,
                "is_delayed": found.is_delayed,
                "generation": found.generation,
                "received_at": found.received_at.isoformat(),
            }
        )
    )


def tick(topic: Topic, found: Tick) -> Row:
    """One change of one field of a market."""
    if found.is_gap:
        return gap(topic, "the link was lost")
    told = {
        "symbol": topic.symbol,
        "field": found.field,
        "price": found.price,
        "size": found.size,
        "is_delayed": found.is_delayed,
        "generation": found.generation,
        "received_at": found.received_at.isoformat(),
    }
    return Row(_encode(told))


def tick_by_tick(topic: Topic, found: TickByTick) -> Row:
    """One trade, quote or midpoint of tick-by-tick data."""
    if found.is_gap:
        return gap(topic, "the link was lost")
    told = _subject(topic) | {"time": _time(found.time), "generation": found.generation}
    if topic.option == "BidAsk":
        told |= {"bid": found.bid, "bid_size": found.bid_size}
        told |= {"ask": found.ask, "ask_size": found.ask_size}
    else:
        told |= {"price": found.price, "size": found.size, "exchange": found.exchange}
    return Row(_encode(told | {"received_at": found.received_at.isoformat()}))


def book(topic: Topic, found: DepthBook) -> Row:
    """The whole book of a symbol."""
    if found.is_gap:
        return gap(topic, "the link was lost, or the gateway begins the book again")
    told = {
        "symbol": topic.symbol,
        "bids": [_level(level) for level in found.bids],
        "asks": [_level(level) for level in found.asks],
        "generation": found.generation,
        "received_at": found.received_at.isoformat(),
    }
    return Row(_encode(told))


def _level(level: DepthLevel) -> Fields:
    return {"price": level.price, "size": level.size, "market_maker": level.market_maker}


def bar(topic: Topic, found: Bar) -> Row:
    """A bar, perhaps still forming: the same time replaces it."""
    told = _subject(topic) | {
        "time": found.time.isoformat(),
        "open": found.open,
        "high": found.high,
        "low": found.low,
        "close": found.close,
        "volume": found.volume,
        "average": found.average,
        "count": found.count,
        "is_backfill": found.is_backfill,
    }
    return Row(_encode(told))


def order(trade: Trade) -> Fields:
    """An order and where it stands."""
    return {
        "key": trade.key,
        "order_id": trade.order_id,
        "perm_id": trade.perm_id,
        "account": trade.account,
        "symbol": trade.contract.symbol,
        "security_type": trade.contract.security_type,
        "side": trade.order.action,
        "order_type": trade.order.order_type,
        "quantity": number(trade.order.quantity),
        "limit_price": trade.order.limit_price,
        "stop_price": trade.order.stop_price,
        "status": trade.status,
        "filled": number(trade.filled),
        "remaining": number(trade.remaining),
        "average_price": trade.average_price,
        "commission": trade.commission,
        "rejection": None if trade.rejection is None else list(trade.rejection),
        "is_done": trade.is_done,
    }


def order_status(trade: Trade) -> Row:
    """A change of an order; in a snapshot, where it stands."""
    return Row(_encode({"event": "order_status"} | order(trade)))


def execution(fill: Fill) -> Row:
    """A fill."""
    found = fill.execution
    told = {
        "event": "execution",
        "execution_id": found.execution_id,
        "order_id": found.order_id,
        "perm_id": found.perm_id,
        "account": found.account,
        "symbol": found.contract.symbol,
        "side": found.action,
        "quantity": number(found.quantity),
        "price": found.price,
        "exchange": found.exchange,
        "time": _time(found.time),
    }
    return Row(_encode(told))


def commission(fill: Fill) -> Row:
    """What a fill cost."""
    paid = fill.commission
    told = {
        "event": "commission",
        "execution_id": fill.execution.execution_id,
        "order_id": fill.execution.order_id,
        "symbol": fill.execution.contract.symbol,
        "amount": None if paid is None else paid.amount,
        "currency": None if paid is None else paid.currency,
        "realized_pnl": None if paid is None else paid.realized_pnl,
    }
    return Row(_encode(told))


def pnl(account: str | None, found: Pnl, positions: Iterable[Position]) -> Row:
    """Profit and loss of an account, and of each of its positions."""
    told = {
        "account": account,
        "daily": found.daily,
        "unrealized": found.unrealized,
        "realized": found.realized,
        "positions": [_position(position) for position in positions],
    }
    return Row(_encode(told))


def _position(found: Position) -> Fields:
    return {
        "symbol": found.contract.symbol,
        "security_type": found.contract.security_type,
        "currency": found.contract.currency,
        "quantity": number(found.quantity),
        "average_cost": found.average_cost,
        "market_price": found.market_price,
        "market_value": found.market_value,
        "unrealized_pnl": found.unrealized_pnl,
        "realized_pnl": found.realized_pnl,
    }


def away(state: str, reason: str) -> Row:
    """The session while there is no client that could tell."""
    return Row(_encode({"state": state, "connected": False, "ready": False, "reason": reason}))


def session(client: Client, reason: str) -> Row:
    """How the links of a client stand; `reason` is why the link is not as it should be."""
    health = client.health()
    told = {
        "state": client.state,
        "connected": client.is_connected,
        "ready": client.ready,
        "missing": health.missing,
        "generation": client.generation,
        "server_version": client.server_version,
        "account": client.account,
        "is_paper": client.is_paper,
        "feed": None if health.feed is None else health.feed.state,
        "reason": reason or health.control.reason,
    }
    return Row(_encode(told))


def number(quantity: Decimal) -> int | float:
    """A quantity as JSON has it: an integer when integral."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def _subject(topic: Topic) -> Fields:
    told: Fields = {"symbol": topic.symbol} if topic.symbol else {}
    if topic.option:
        told["bar_size" if topic.channel == "bars" else "kind"] = topic.option
    return told


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _identified(message: Fields, identity: Identity) -> Fields:
    return message if identity is None else message | {"id": identity}
