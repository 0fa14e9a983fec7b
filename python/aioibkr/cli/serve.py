"""``aioibkr serve``: the FastAPI application, with ``--mock`` on a mock gateway of its own.

It listens on the loopback interface unless told otherwise, and beyond it only for those who bring
a token. The token comes from the environment or a file, never from the command line, which every
user of the machine can read.
"""

import argparse
import contextlib
import importlib
import signal
from collections.abc import Iterator
from types import ModuleType

from aioibkr import get_ibkr_integration
from aioibkr.cli.greeting import greeting
from aioibkr.cli.options import AddParser, add_logging, is_loopback, port
from aioibkr.config import Settings
from aioibkr.errors import ConfigError
from aioibkr.testing import MockGateway

__all__ = ["add_to"]


def add_to(add_parser: AddParser) -> None:
    """Add the command to the program."""
    parser = add_parser("serve", help="serve the broker over HTTP")
    parser.add_argument("--mock", action="store_true", help="start a mock gateway and use it")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=port, default=8000, help="port, 0 for a free one")
    parser.add_argument(
        "--token-file", metavar="FILE", help="ask for the token in it (default: IBKR_HTTP_TOKEN)"
    )
    parser.add_argument(
        "--no-orders", action="store_true", help="answer requests to place or cancel with 403"
    )
    parser.add_argument("--gateway-host", help="gateway's host (default: IBKR_HOST)")
    parser.add_argument("--gateway-port", type=port, help="gateway's port (default: IBKR_PORT)")
    parser.add_argument("--client-id", type=int, help="client id (default: IBKR_CLIENT_ID)")
    parser.add_argument("--account", help="account to act for (default: IBKR_ACCOUNT)")
    add_logging(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; 0 after a clean stop."""
    web = web_server()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with gateway(options) as settings:
        refuse_other_machines(options.host, settings)

        def introduce(url: str) -> None:
            broker = get_ibkr_integration().broker
            print(greeting(url, settings, broker, is_mock=options.mock), flush=True)

        web.serve(settings, host=options.host, port=options.port, introduce=introduce)
    return 0


def web_server() -> ModuleType:
    """The module that needs the extra; raises `ImportError` naming it."""
    try:
        return importlib.import_module("aioibkr.cli.web")
    except ModuleNotFoundError as error:
        raise ImportError(f"needs {error.name}: pip install 'aioibkr[server]'") from error


def refuse_other_machines(host: str, settings: Settings) -> None:
    """Raise `ConfigError` for an address that is not loopback when there is no token."""
    has_token = settings.ibkr_http_token is not None or settings.ibkr_http_token_file is not None
    if not (is_loopback(host) or has_token):
        raise ConfigError(
            f"host {host} can be reached by other machines, which could trade: set IBKR_HTTP_TOKEN "
            "or give --token-file"
        )


@contextlib.contextmanager
def gateway(options: argparse.Namespace) -> Iterator[Settings]:
    """The settings of the gateway to use; a mock gateway lives as long as the block."""
    if not options.mock:
        yield settings_for(options, options.gateway_host, options.gateway_port)
        return
    accounts = [options.account or "DU1234567"]
    with MockGateway(port=options.gateway_port or 0, accounts=accounts) as mock:
        yield settings_for(options, mock.host, mock.port)


def settings_for(options: argparse.Namespace, host: str | None, port: int | None) -> Settings:
    """Settings with what the command line gives; the rest as everywhere."""
    given = {
        "ibkr_host": host,
        "ibkr_port": port,
        "ibkr_client_id": options.client_id,
        "ibkr_account": options.account,
        "ibkr_http_token_file": options.token_file,
        "ibkr_http_orders": False if options.no_orders else None,
    }
    explicit = {name: value for name, value in given.items() if value is not None}
    return Settings.load(ibkr_enabled=True, **explicit)
