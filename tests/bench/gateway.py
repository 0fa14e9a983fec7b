"""The mock gateway's own ceiling: peers that do no more than cut the stream into frames.

A tick of a simulated price is a tickPrice or a tickSize, as IB counts them; price ticks alone stand
below.
"""

from __future__ import annotations

import statistics
import time
from functools import partial

from aioibkr.testing import MockGateway
from bench.feed import flood
from bench.measuring import Figures, Row, Run, figure, peers, rate, rate_ratio

STOCK = "S00001"
# Half a second: over a tenth of that, the first round and the scheduler decide the ratio.
FLOOD = 40_000_000
WALK = 2_100_000
CROWD, CROWD_TICKS, CROWD_WALK = 32, 1_000_000, 280_000
IDLE_S = 2.0


def runs(address: list[str]) -> list[Run]:
    """Every configuration, in the order of one round."""
    rust = peers()

    def peer(task: str, *rest: object) -> list[str]:
        return [rust, task, *address, *map(str, rest)]

    return [
        Run("gateway, bare loop", [rust, "bare", str(FLOOD)]),
        Run("gateway, 1 line", peer("split", FLOOD, 1), flood(1, FLOOD)),
        Run("gateway, 1000 lines", peer("split", FLOOD, 1000), flood(1000, FLOOD)),
        *(
            Run(f"gateway, {wire}", peer("simulated", WALK, wire), partial(walk, ticks=WALK))
            for wire in ("protobuf", "text")
        ),
        Run("gateway, 32 clients", peer("crowd", CROWD, CROWD_TICKS), flood(1, CROWD_TICKS)),
        Run(
            "gateway, 32 walks",
            peer("crowd", CROWD, CROWD_WALK),
            partial(walk, ticks=CROWD_WALK),
        ),
        Run("gateway, idle", peer("idle", CROWD), idle),
    ]


def walk(gateway: MockGateway, ticks: int) -> None:
    """Let a price walk as fast as it can, at least this many ticks.

    A step is seven ticks: bid, ask and last with a size each, and the volume.
    """
    gateway.walk_price(STOCK, interval=0.001)
    for _ in range(ticks // 70_000 + 1):
        gateway.advance(10.0)
    gateway.hold_price(STOCK)


def idle(_: MockGateway) -> Figures:
    """User and system time per second of this process, which the gateway is in."""
    start, cpu = time.perf_counter(), time.process_time()
    time.sleep(IDLE_S)
    return {"cpu_share": (time.process_time() - cpu) / (time.perf_counter() - start)}


def start_time() -> float:
    """Median time to start a mock gateway and have it listen."""
    spent = []
    for _ in range(20):
        start = time.perf_counter()
        gateway = MockGateway(port=0)
        spent.append(time.perf_counter() - start)
        gateway.stop()
    return statistics.median(spent)


BARE, SHARE = "gateway, bare loop", "slowest_to_fastest"
WALKED, WALKED_TEXT = "gateway, protobuf", "gateway, text"
FLOODED, CROWDED = "gateway, 32 clients", "gateway, 32 walks"
ROWS = [
    Row("gateway: start", "< 50 ms", figure("gateway, start", "start_s", 1e3), "ms"),
    Row("gateway: bare loop", "", rate(BARE), "M/s"),
    Row("gateway: flood", "", rate("gateway, 1 line"), "M/s"),
    Row("gateway: flood / bare loop", ">= 0.8", rate_ratio("gateway, 1 line", BARE)),
    Row(
        "gateway: flood of 1000 lines / bare loop",
        ">= 0.8",
        rate_ratio("gateway, 1000 lines", BARE),
    ),
    Row("gateway: simulated, price + size ticks", ">= 2 M/s", rate(WALKED), "M/s"),
    Row("gateway: simulated, price ticks alone", "", rate(WALKED, "price_ticks"), "M/s"),
    Row("gateway: simulated in text, price + size", ">= 0.5 M/s", rate(WALKED_TEXT), "M/s"),
    Row("gateway: simulated in text, price alone", "", rate(WALKED_TEXT, "price_ticks"), "M/s"),
    Row("gateway: flood of 32 clients, together", "", rate(FLOODED), "M/s"),
    Row("gateway: flood, slowest / fastest of 32", "", figure(FLOODED, SHARE)),
    Row("gateway: simulated to 32, together", "", rate(CROWDED), "M/s"),
    Row("gateway: simulated, slowest / fastest", "", figure(CROWDED, SHARE)),
    Row("gateway: CPU for 32 idle clients", "", figure("gateway, idle", "cpu_share", 1e6), "us/s"),
]
