"""A mock IB Gateway for tests: real sockets, IB's real wire format, no account needed.

``MockGateway`` listens on a thread of its own; its methods may be called from any thread and have
taken effect when they return. ``Recorder`` writes down what clients and a gateway say, for a
``MockGateway`` to answer from. The pytest plugin offers the fixtures ``mock_gateway``,
``ib_client`` and ``ib_broker``.
"""

from __future__ import annotations

from aioibkr.testing import faults
from aioibkr.testing._gateway import (
    Execution,
    FaultHandle,
    MockGateway,
    Order,
    Request,
    run_mock_gateway,
    run_recorder,
)
from aioibkr.testing._limits import Limits
from aioibkr.testing._profile import Profile
from aioibkr.testing._recorder import Recorder
from aioibkr.testing._staging import DepthRow, HistoryBar

__all__ = [
    "DepthRow",
    "Execution",
    "FaultHandle",
    "HistoryBar",
    "Limits",
    "MockGateway",
    "Order",
    "Profile",
    "Recorder",
    "Request",
    "faults",
    "run_mock_gateway",
    "run_recorder",
]
