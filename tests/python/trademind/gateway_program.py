"""A mock gateway as a process of its own, asked and told through its standard streams.

Each line of input is a method of `MockGateway` with its arguments, each line of output the answer.
Started by `gateway`.
"""

import json
import sys
from dataclasses import asdict, is_dataclass

from aioibkr.testing import MockGateway


def main(port: int) -> None:
    """Serve on a port (0: a free one) until the input ends."""
    with MockGateway(port=port) as gateway:
        answer(gateway.port)
        for line in sys.stdin:
            name, arguments, options = json.loads(line)
            found = getattr(gateway, name)
            answer(plain(found(*arguments, **options) if callable(found) else found))


def plain(found: object) -> object:
    """What JSON can tell of an answer."""
    if isinstance(found, list):
        return [plain(each) for each in found]
    return asdict(found) if is_dataclass(found) and not isinstance(found, type) else found


def answer(told: object) -> None:
    """Write one line."""
    print(json.dumps(told, default=str), flush=True)  # noqa: T201 - its way to speak


if __name__ == "__main__":
    main(int(sys.argv[1]))
