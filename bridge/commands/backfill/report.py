"""What a backfill or a plan says in the end, and the plan's one line per document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import orjson

from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.effect import Effect
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.report_json import forecast_as_json, plan_as_json, report_as_json
from bridge.commands.backfill.risk import Risk
from bridge.commands.output import printable, say, screen
from bridge.commands.tables import Table
from bridge.kafka.range import RangeReader
from bridge.quickbooks.client import CallCounts
from contracts.money import plain


def print_plan(forecasts: Forecasts, effect: Effect, *, as_json: bool = False) -> None:
    """One line per document, then how many of each kind, and what that does to the books."""
    out = screen()
    if as_json:
        for each in forecasts:
            out.out(orjson.dumps(forecast_as_json(each)).decode())
        out.out(orjson.dumps(plan_as_json(forecasts, effect)).decode())
        return
    width = max((len(each.document) for each in forecasts), default=0)
    for each in forecasts:
        amount, currency = each.total
        out.out(
            printable(f"{each.document:<{width}}  {each.would:<11}  {amount:>12} {currency:<3}  {each.why}".rstrip())
        )
    counts = Counter(each.would for each in forecasts)
    said = ", ".join(f"{count} {would}" for would, count in sorted(counts.items()))
    out.out(f"{len(forecasts)} documents{': ' if said else ''}{said}. Nothing was written.")
    _print_effect(effect)


def _print_effect(effect: Effect) -> None:
    """A line for each group and currency, then its accounts; nothing is said in another currency than it is in."""
    accounts = effect.by_account()
    shown = Table(("effect on", "account", "amount"))
    for group, sums in effect.by_group().items():
        for code, amount in sorted(sums.items()) or [("", Decimal(0))]:
            shown.add_row(group.value, "", _amount(amount, code))
        for place, code, amount in accounts:
            if place.group is group:
                shown.add_row("", place.account, _amount(amount, code))
    shown.print()


def _amount(amount: Decimal, currency: str) -> str:
    return f"{plain(amount, currency)} {currency}" if currency else "0"


def write_forecasts(forecasts: Forecasts, path: Path) -> None:
    """The plan's lines as JSON, one document a line."""
    with path.open("wb") as file:
        for each in forecasts:
            file.write(orjson.dumps(forecast_as_json(each)) + b"\n")


def _print_risk(risk: Risk) -> None:
    """What is held up, by reason; documents whose money nobody tells are counted beside it."""
    found = risk.by_reason()
    if not found:
        return
    shown = Table(("at risk", "documents", "amount"))
    for reason, at_risk in sorted(found.items()):
        sums = [_amount(amount, code) for code, amount in sorted(at_risk.sums.items())]
        unknown = [f"unknown of {at_risk.unknown}"] if at_risk.unknown else []
        shown.add_row(reason, at_risk.documents, ", ".join([*sums, *unknown]))
    shown.print()


def print_report(
    counts: BackfillCounts, reader: RangeReader, calls: CallCounts, seconds: float, *, as_json: bool = False
) -> None:
    """Records by status and reason, what was written by currency, calls, time, and what could not be read."""
    out = screen()
    if as_json:
        out.out(orjson.dumps(report_as_json(counts, reader, calls, seconds)).decode())
        return
    other_companies = f", {counts.other_companies} of them other companies' business" if counts.other_companies else ""
    out.out(f"\n{counts.read} records in the range{other_companies}.")
    if counts.outcomes:
        shown = Table(("status", "reason", "records"))
        for (status, code), count in sorted(counts.outcomes.items()):
            shown.add_row(status.value, code, count)
        shown.print()
    _print_risk(counts.risk)
    if counts.outside_range:
        out.out(f"{counts.outside_range} events that had been waiting from before have their result now.")
    if counts.written:
        shown = Table(("entity", "operation", "times", "total"))
        for written, sums in sorted(counts.written.items()):
            total = "" if sums.total is None else f"{plain(sums.total, written.currency or 'USD')} {written.currency}"
            shown.add_row(written.entity, written.operation, sums.times, total)
        shown.print()
    out.out(f"QuickBooks: {calls.reads} reads, {calls.writes} writes, {calls.batches} batches. {seconds:.1f} s.")
    for missing in reader.missing:
        which = f"{missing.topic}/{missing.partition}: offsets {missing.first} to {missing.last} ({missing.count})"
        out.out(f"{which} {missing.why}; whether the range had records there nobody can say.")


def print_left(left: Mapping[str, str], *, as_json: bool) -> None:
    """The documents of a plan that were left, each with why; nothing for people where none was."""
    out = screen()
    if as_json:
        out.out(orjson.dumps({"left": dict(sorted(left.items()))}).decode())
        return
    for document, why in sorted(left.items()):
        say(f"{document}  left: {why}")
    if left:
        out.print(f"{len(left)} documents were left as they are; no result says anything of them.")
