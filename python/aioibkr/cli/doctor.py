"""``aioibkr doctor``: what is wrong between this program and a gateway, and what to do about it."""

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict

from aioibkr.cli.doctor_checks import CHECKS, NEEDED, Finding, Question, examine
from aioibkr.cli.doctor_watch import Trial, Watch, watch
from aioibkr.cli.options import AddParser, add_gateway, duration
from aioibkr.errors import ConfigError

__all__ = ["add_to"]

WIDTH = max(map(len, CHECKS))


def add_to(add_parser: AddParser) -> None:
    """Add the command to the program."""
    parser = add_parser("doctor", help="find out why a gateway cannot be used, and what helps")
    add_gateway(parser)
    parser.add_argument("--symbol", default="AAPL", help="stock to quote (%(default)s)")
    parser.add_argument(
        "--watch", type=duration, metavar="TIME", help="repeat for so long: 90s 15m 2h 14d"
    )
    parser.add_argument(
        "--every", type=duration, default=60.0, metavar="TIME", help="time between rounds (1m)"
    )
    parser.add_argument("--report", metavar="FILE", help="append rounds and summary, JSON lines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Examine once or for a while; 0 if nothing failed, 3 if it is the connection, else 1."""
    question = Question(
        host=options.host,
        port=options.port,
        client_id=options.client_id,
        account=options.account,
        symbol=options.symbol,
        timeout=options.timeout,
    )
    if options.watch is None:
        return once(question, options)
    plan = Watch(
        duration=options.watch,
        every=options.every,
        report=options.report,
        tell=print_json if options.json else changes(),
    )
    trial: Trial = asyncio.run(watch(question, plan))
    return 0 if trial.sound == trial.rounds else 1


def once(question: Question, options: argparse.Namespace) -> int:
    """Examine and print."""
    if options.report is not None:
        raise ConfigError("--report goes with --watch")
    findings = asyncio.run(examine(question))
    for finding in findings:
        print(json.dumps(asdict(finding)) if options.json else in_words(finding))
    return exit_code(findings)


def exit_code(findings: list[Finding]) -> int:
    """0 if nothing failed, 3 if no connection came about, else 1."""
    failed = [finding.check for finding in findings if finding.verdict == "fail"]
    if not failed:
        return 0
    return 3 if failed[0] in NEEDED else 1


def in_words(finding: Finding) -> str:
    """A finding in a line, its advice in a second one."""
    line = f"{finding.verdict:4}  {finding.check:{WIDTH}}  {finding.found}"
    return f"{line}\n{'':4}  {'':{WIDTH}}  -> {finding.advice}" if finding.advice else line


def print_json(line: dict[str, object]) -> None:
    """Print a line of the report."""
    print(json.dumps(line), flush=True)


def changes() -> Callable[[dict[str, object]], None]:
    """Print a round whose verdicts are not those of the round before, and the summary."""
    before: list[object] = [None]

    def tell(line: dict[str, object]) -> None:
        verdicts = line.get("checks")
        if verdicts is None:
            print(summary_in_words(line["summary"]), flush=True)
        elif verdicts != before[0]:
            before[0] = verdicts
            print(round_in_words(line), flush=True)

    return tell


def round_in_words(line: dict[str, object]) -> str:
    """When a round was, and what was not as it should be."""
    problems = line["problems"]
    found = problems if isinstance(problems, list) else []
    head = f"{line['at']}  {'sound' if line['sound'] else 'failed'}"
    return "\n".join([head, *(in_words(Finding(**problem)) for problem in found)])


def summary_in_words(summary: object) -> str:
    """A summary, one line per value."""
    values = summary if isinstance(summary, dict) else {}
    return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in values.items())
