"""`qbo-bridge doctor`: one table of what is right and what would fail later, with a remedy for each problem."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import orjson

from bridge.commands.doctor.examination import examine
from bridge.commands.doctor.finding import Finding
from bridge.commands.output import say, screen
from bridge.commands.tables import Table
from bridge.config.settings import Settings


def examine_all(settings: Settings, *, as_json: bool = False) -> bool:
    """Print the findings, problems first; True when there is no problem."""
    logging.disable(logging.CRITICAL)  # what the libraries log is in the table, in words
    try:
        findings = asyncio.run(examine(settings))
    finally:
        logging.disable(logging.NOTSET)
    findings.sort(key=lambda each: (not each.is_problem, not each.remedy))
    problems = sum(each.is_problem for each in findings)
    if as_json:
        for each in findings:
            screen().out(orjson.dumps(each.as_json()).decode())
        return not problems
    _show(findings)
    words = "no problem" if not problems else "1 problem" if problems == 1 else f"{problems} problems"
    say(f"\n{len(findings)} things looked at: {words}.")
    return not problems


def _show(findings: Sequence[Finding]) -> None:
    shown = Table(("", "what", "found", "remedy"), prose=("found", "remedy"))
    for each in findings:
        shown.add_row(each.kind, each.about, each.said, each.remedy)
    shown.print()
