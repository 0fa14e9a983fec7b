"""An account's figures from other clients: ib_insync, and the official client as it is bridged.

Both are asked in the process of the service; their packages are found by ``PEER_SITE``.
"""

# The foreign interfaces are not installed where types are checked.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204, N802, N803, ARG002

import asyncio
import queue
import socket
import threading

TAGS = ("TotalCashValue", "NetLiquidation", "BuyingPower")
NAMES = {
    "TotalCashValue": "cash_balance",
    "NetLiquidation": "portfolio_value",
    "BuyingPower": "buying_power",
}
DEADLINE = 10.0


class Insync:
    """ib_insync keeps account values and answers from its dictionary."""

    def __init__(self, host, port, client_id):
        self._where = (host, port, client_id)

    async def __aenter__(self):
        from ib_insync import IB

        host, port, client_id = self._where
        self._ib = IB()
        await self._ib.connectAsync(host, port, clientId=client_id)
        self._account = self._ib.managedAccounts()[0]
        self._pnl = self._ib.reqPnL(self._account)

    async def __aexit__(self, *_):
        self._ib.disconnect()

    async def figures(self):
        """The figures as they are kept."""
        values = self._ib.accountValues(self._account)
        found = {v.tag: float(v.value) for v in values if v.tag in TAGS and v.currency != "BASE"}
        figures = {NAMES[tag]: found[tag] for tag in TAGS}
        return {"account_id": self._account, "daily_pnl": None, **figures}


class Threaded:
    """The official client in a thread: a queue of rows, an Event of their end, `to_thread`."""

    def __init__(self, host, port, client_id):
        self._where = (host, port, client_id)
        self._one = threading.Lock()  # IB allows two summaries at once

    async def __aenter__(self):
        await asyncio.to_thread(self._connect)

    def _connect(self):
        self._client = _threaded()
        self._client.connect(*self._where)
        # Without it each answer would wait 40 ms for the acknowledgement of the cancel before.
        self._client.conn.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._client.run, daemon=True).start()
        if not self._client.connected.wait(DEADLINE):
            raise RuntimeError("the official client did not connect")

    async def __aexit__(self, *_):
        self._client.disconnect()

    async def figures(self):
        """The figures, asked anew in a thread of the pool."""
        return await asyncio.to_thread(self._asked)

    def _asked(self):
        with self._one:
            client = self._client
            client.complete.clear()
            client.number += 1
            client.reqAccountSummary(client.number, "All", ",".join(TAGS))
            if not client.complete.wait(DEADLINE):
                raise RuntimeError("no account summary")
            rows = [client.rows.get() for _ in range(client.rows.qsize())]
            client.cancelAccountSummary(client.number)
        figures = {NAMES[tag]: float(value) for _, tag, value in rows}
        return {"account_id": rows[0][0], "daily_pnl": None, **figures}


def _threaded():
    from ibapi.client import EClient
    from ibapi.wrapper import EWrapper

    class Bridge(EWrapper, EClient):
        """Callbacks run in the client's thread."""

        def __init__(self):
            EClient.__init__(self, self)
            self.connected, self.complete = threading.Event(), threading.Event()
            self.rows, self.number = queue.Queue(), 0

        def nextValidId(self, orderId):
            """The connection is up."""
            self.connected.set()

        def accountSummary(self, reqId, account, tag, value, currency):
            """One row."""
            self.rows.put((account, tag, value))

        def accountSummaryEnd(self, reqId):
            """All rows came."""
            self.complete.set()

    return Bridge()


PEERS = {"ib_insync": Insync, "threaded": Threaded}
