"""The page on deployment as the tests run it: its programs, and its commands on other ports."""

import re
import shlex
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "deployment.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8000"


def block_of(section: str, language: str) -> str:
    """The first block of a language in a section."""
    text: str = dict(SECTION.findall(PAGE.read_text()))[section]
    blocks: list[tuple[str, str]] = BLOCK.findall(text)
    return next(code for found, code in blocks if found == language)


def command_of(section: str, port: int) -> tuple[dict[str, str], list[str]]:
    """The command of a section: what it sets, and the words, with the port in place of 8000."""
    words = shlex.split(block_of(section, "sh"))
    set_there = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    program, *options = words[len(set_there) :]
    options = [option.replace(PORT, str(port)) for option in options]
    return set_there, [sys.executable, "-m", program, *options]
