"""``python -m aioibkr``: the same as the console script ``aioibkr``."""

import sys

from aioibkr.cli import main

sys.exit(main())
