"""`qbo-bridge doctor`: one table of what is right and what would fail later, with a remedy for each problem."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bridge.commands.doctor.examination import examine
from bridge.commands.doctor.finding import Finding
from bridge.commands.output import screen
from bridge.commands.tables import Table
from bridge.config.settings import Settings


def examine_all(settings: Settings) -> bool:
    """Print the findings; True when there is no problem."""
    logging.disable(logging.CRITICAL)  # what the libraries log is in the table, in words
    try:
        findings = asyncio.run(examine(settings))
    finally:
        logging.disable(logging.NOTSET)
    _show(findings)
    problems = sum(each.is_problem for each in findings)
    words = "no problem" if not problems else "1 problem" if problems == 1 else f"{problems} problems"
    screen().print(f"\n{len(findings)} things looked at: {words}.", markup=False)
    return not problems


def _show(findings: Sequence[Finding]) -> None:
    shown = Table(("", "what", "found", "remedy"), prose=("found", "remedy"))
    for each in findings:
        kind = "problem" if each.is_problem else "note" if each.remedy else "ok"
        shown.add_row(kind, each.about, each.said, each.remedy)
    shown.print()
