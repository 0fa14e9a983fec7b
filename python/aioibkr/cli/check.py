"""``aioibkr check``: connect, and say what the gateway is."""

import argparse
import asyncio
import json

from aioibkr import connect
from aioibkr.cli.options import AddParser, add_gateway

__all__ = ["add_to"]


def add_to(add_parser: AddParser) -> None:
    """Add the command to the program."""
    parser = add_parser("check", help="connect and print what the gateway says it is")
    add_gateway(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Connect within the timeout, print, and close."""
    found = asyncio.run(look(options))
    lines = [f"{name.replace('_', ' ')}: {told(value)}" for name, value in found.items()]
    print(json.dumps(found) if options.json else "\n".join(lines))
    return 0


async def look(options: argparse.Namespace) -> dict[str, object]:
    """What a gateway says about itself; the client may not trade."""
    async with connect(
        host=options.host,
        port=options.port,
        client_id=options.client_id,
        account=options.account,
        timeout=options.timeout,
        read_only=True,
    ) as client:
        now = await client.server_time(timeout=options.timeout)
        return {
            "gateway": f"{options.host}:{options.port}",
            "server_version": client.server_version,
            "server_time": now.isoformat(),
            "accounts": list(client.accounts),
            "account": client.account,
            "paper": client.is_paper,
        }


def told(value: object) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
