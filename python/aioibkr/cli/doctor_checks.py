"""What ``aioibkr doctor`` looks at, in the order in which one thing needs the other.

``name port handshake version client id`` are needed for everything after them: the first that fails
ends the examination, and the rest is skipped. The others stand for themselves. Nothing is changed
at the gateway; the client that asks may not trade.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from aioibkr import Client, Stock, connect
from aioibkr.errors import (
    ClientIdInUse,
    GatewayTooOld,
    IBKRConnectionError,
    IBKRError,
    NotEntitled,
    StateUnknown,
)

__all__ = ["CHECKS", "Finding", "Question", "examine", "is_sound"]

Verdict: TypeAlias = Literal["ok", "warn", "fail", "skip"]
NEEDED = ("name", "port", "handshake", "server version", "client id")
CHECKS = (*NEEDED, "read-only API", "account", "clock", "market data", "positions")
KNOWN_PORTS = {
    4001: "IB Gateway, live",
    4002: "IB Gateway, paper",
    7496: "TWS, live",
    7497: "TWS, paper",
}
TOLERATED = timedelta(seconds=2)
HALF_SECOND = timedelta(seconds=0.5)
# Seconds after which open orders that nobody tells are taken for refused.
REFUSED_AFTER = 3.0
ADVICE = {
    "name": "check the spelling; a gateway on this machine is 127.0.0.1",
    "handshake": (
        "in the gateway under Configure > Settings > API > Settings: allow socket clients (TWS), "
        "add this machine to the trusted IPs or allow more than localhost; if it is just "
        "restarting, repeat in a minute; if another program listens there, give another --port"
    ),
    "server version": "install IB Gateway or TWS 10.40 or newer",
    "client id": (
        "end the program that has it, or give another --client-id; after a crash wait a minute"
    ),
    "read-only API": (
        "to place orders, clear Read-Only API in the gateway under Configure > Settings > API > "
        "Settings; it refuses with 321"
    ),
    "account": "orders to a live account need allow_live=True; give the account with --account",
    "clock": "synchronise the clock of this machine, and of the gateway's, by NTP",
    "market data": (
        "subscribe in the Client Portal under Settings > Market Data Subscriptions, and share the "
        "subscription with the paper user; end other sessions of the same user"
    ),
    "positions": "repeat in a minute; if it stays, restart the gateway",
}


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which gateway is examined, as whom, with which instrument; ``timeout`` is per step."""

    host: str
    port: int
    client_id: int
    account: str | None
    symbol: str
    timeout: float


def is_sound(findings: list[Finding]) -> bool:
    """Whether nothing failed; warnings are no failure."""
    return all(finding.verdict != "fail" for finding in findings)


async def examine(question: Question) -> list[Finding]:
    """Look at everything; one finding per check, in order."""
    findings = [await name_resolves(question)]
    if is_sound(findings):
        findings.append(await port_listens(question))
    if is_sound(findings):
        findings += await session(question)
    seen = {finding.check for finding in findings}
    reason = f"needs: {findings[-1].check}"
    return findings + [Finding(check, "skip", reason) for check in CHECKS if check not in seen]


async def name_resolves(question: Question) -> Finding:
    """Look the host up."""
    try:
        async with asyncio.timeout(question.timeout):
            found = await asyncio.get_running_loop().getaddrinfo(
                question.host, question.port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return failed("name", f"{question.host}: no answer within {question.timeout} s")
    except (OSError, UnicodeError) as error:
        return failed("name", f"{question.host}: {error}")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Finding("name", "ok", f"{question.host} is {', '.join(addresses)}")


async def port_listens(question: Question) -> Finding:
    """Connect to the port, and to the usual ones where that fails."""
    address = f"{question.host}:{question.port}"
    problem = await trouble(question.host, question.port, question.timeout)
    if problem is None:
        return Finding("port", "ok", f"{address} accepts connections")
    others = [known for known in KNOWN_PORTS if known != question.port]
    problems = await asyncio.gather(*(trouble(question.host, other, 1.0) for other in others))
    open_ports = [other for other, found in zip(others, problems, strict=True) if found is None]
    return Finding("port", "fail", f"{address}: {problem}", port_advice(question.port, open_ports))


async def trouble(host: str, port: int, timeout: float) -> str | None:
    """Why a port accepts no connection; None if it does."""
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no answer within {timeout} s: a firewall, or another machine than meant"
    except ConnectionResetError:
        return None  # somebody listens there; the handshake tells more
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    writer.close()
    return None


def port_advice(port: int, open_ports: list[int]) -> str:
    """What to do about a closed port, by what listens beside it."""
    if open_ports:
        said = ", ".join(f"{other} ({KNOWN_PORTS[other]})" for other in open_ports)
        return f"give --port: there is a listener on {said}"
    usual = ", ".join(f"{known} {program}" for known, program in KNOWN_PORTS.items())
    meant = f" (you gave that of {KNOWN_PORTS[port]})" if port in KNOWN_PORTS else ""
    return (
        f"start the gateway and log in; its port is under Configure > Settings > API > Settings, "
        f"usually {usual}{meant}"
    )


async def session(question: Question) -> list[Finding]:
    """Connect as a client and look at everything that takes one."""
    try:
        async with connect(
            host=question.host,
            port=question.port,
            client_id=question.client_id,
            timeout=question.timeout,
            read_only=True,
            feed=False,
        ) as client:
            return met(client.server_version, question) + await within(client, question)
    except IBKRConnectionError as error:
        return refused(error, question)


def met(version: int | None, question: Question) -> list[Finding]:
    """What a connection shows."""
    return [
        Finding("handshake", "ok", "it answers like a gateway"),
        Finding("server version", "ok", str(version)),
        Finding("client id", "ok", f"client id {question.client_id} is free"),
    ]


def refused(error: IBKRConnectionError, question: Question) -> list[Finding]:
    """What a connection that was refused shows."""
    answered, recent, _ = met(None, question)
    if isinstance(error, GatewayTooOld):
        return [answered, failed("server version", str(error))]
    if isinstance(error, ClientIdInUse):
        recent = Finding("server version", "ok", "new enough")
        return [answered, recent, failed("client id", str(error))]
    return [failed("handshake", str(error))]


async def within(client: Client, question: Question) -> list[Finding]:
    """Everything that takes a connected client, one after the other."""
    looks: dict[str, Callable[[Client, Question], Awaitable[Finding]]] = {
        "read-only API": orders_told,
        "account": account_managed,
        "clock": clock_agrees,
        "market data": market_seen,
        "positions": positions_read,
    }
    findings = []
    for check, look in looks.items():
        try:
            findings.append(await look(client, question))
        except IBKRError as error:
            findings.append(failed(check, str(error)))
    return findings


async def orders_told(client: Client, question: Question) -> Finding:
    """Ask for open orders: a read-only API refuses even that."""
    try:
        orders = await client.open_orders(timeout=min(question.timeout, REFUSED_AFTER))
    except StateUnknown:
        return warned("read-only API", "open orders are not told: it is on, or the gateway is slow")
    return Finding("read-only API", "ok", f"off; {len(orders)} open orders")


async def account_managed(client: Client, question: Question) -> Finding:
    """Tell the accounts of the login, and whether the one meant is paper."""
    accounts = ", ".join(client.accounts)
    meant = question.account or client.account
    if meant not in client.accounts:
        return failed("account", f"{meant} is not among those of the login: {accounts}")
    if not meant.startswith(("DU", "DF")):
        return warned("account", f"{meant} is a live account, of {accounts}")
    return Finding("account", "ok", f"{meant} is a paper account, of {accounts}")


async def clock_agrees(client: Client, question: Question) -> Finding:
    """Compare the gateway's clock with ours."""
    before = datetime.now(UTC)
    told = await client.server_time(timeout=question.timeout)
    return clock_finding(ahead(told, before, datetime.now(UTC)))


def ahead(told: datetime, before: datetime, after: datetime) -> timedelta:
    """How far a clock that tells whole seconds is ahead, to half a second and half the way."""
    return told + HALF_SECOND - (before + (after - before) / 2)


def clock_finding(skew: timedelta) -> Finding:
    """Whether the clocks agree well enough."""
    seconds = skew.total_seconds()
    if abs(skew) > TOLERATED:
        word = "ahead of" if seconds > 0 else "behind"
        return warned("clock", f"the gateway is {abs(seconds):.1f} s {word} this machine")
    return Finding("clock", "ok", f"within {TOLERATED.total_seconds():.0f} s")


async def market_seen(client: Client, question: Question) -> Finding:
    """Ask for one quote."""
    try:
        quote = await client.quote(Stock(question.symbol), timeout=question.timeout)
    except NotEntitled as error:
        code = "" if error.code is None else f" ({error.code})"
        return failed("market data", f"{question.symbol}: {error}{code}")
    said = f"{question.symbol} {quote.market_price}, {quote.market_data_type}"
    if quote.market_data_type != "live":
        return warned("market data", said)
    return Finding("market data", "ok", said)


async def positions_read(client: Client, question: Question) -> Finding:
    """Ask for the positions."""
    held = await client.positions(priced=False, timeout=question.timeout)
    return Finding("positions", "ok", f"{len(held)} positions")


def failed(check: str, found: str) -> Finding:
    """A failure, with the advice that belongs to the check."""
    return Finding(check, "fail", found, ADVICE[check])


def warned(check: str, found: str) -> Finding:
    """A warning, with the advice that belongs to the check."""
    return Finding(check, "warn", found, ADVICE[check])
