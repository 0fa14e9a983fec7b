"""The official client in a thread with a queue and an Event, as many applications run it.

``python official_peer.py ticks HOST PORT LINES COUNT``, in an environment of its own.
"""

# The foreign interface is not installed where types are checked.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, FBT003, N802, N803, ARG002

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper
from watching import Meter, ready

CLIENT_ID = 4401
LAST, LAST_SIZE = 4, 5
DEADLINE = 30.0


class Threaded(EWrapper, EClient):
    """Callbacks run in the client's thread; prices go to a queue, and an Event tells of them."""

    def __init__(self):
        EClient.__init__(self, self)
        self.ready = threading.Event()
        self.news = threading.Event()
        self.ticks = queue.Queue()

    def nextValidId(self, orderId):
        """The connection is up."""
        self.ready.set()

    def tickPrice(self, reqId, tickType, price, attrib):
        """A price."""
        self.ticks.put((reqId, tickType, price))
        self.news.set()


def ticks(host, port, lines, count):
    """Every price through the queue."""
    client = Threaded()
    client.connect(host, int(port), CLIENT_ID)
    threading.Thread(target=client.run, daemon=True).start()
    assert client.ready.wait(DEADLINE)
    for number in range(1, int(lines) + 1):
        client.reqMktData(number, _stock(number), "", False, False, [])
    time.sleep(1.0)
    while not client.ticks.empty():
        client.ticks.get()
    ready()
    return _read(client, int(count))


def _read(client, total):
    meter, seen, checksum = None, 0, 0.0
    while seen < total:
        assert client.news.wait(DEADLINE)
        client.news.clear()
        while not client.ticks.empty():
            _, _, price = client.ticks.get()
            checksum += price
            seen += 1
        meter = meter or Meter(seen)
    return meter.stop(seen) | {"checksum": checksum}


def _stock(number):
    contract = Contract()
    contract.symbol, contract.secType = f"S{number:05}", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


if __name__ == "__main__":
    print(json.dumps(ticks(*sys.argv[2:])), flush=True)
    # The client's thread is still reading.
    os._exit(0)
