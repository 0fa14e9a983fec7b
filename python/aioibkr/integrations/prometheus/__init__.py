"""What clients have counted, as Prometheus reads it: names, units and labels by its conventions.

::

    REGISTRY.register(ClientCollector(lambda: {"default": client}))

Needs the extra: ``pip install 'aioibkr[server]'``.
"""

from aioibkr.integrations.prometheus.collector import ClientCollector
from aioibkr.integrations.prometheus.families import FAMILIES

__all__ = ["FAMILIES", "ClientCollector"]
