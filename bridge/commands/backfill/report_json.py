"""What a backfill or a plan says in the end, as a program reads it: money is text, counts are numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.effect import Effect
from bridge.commands.backfill.forecast import Forecast, Forecasts
from bridge.commands.backfill.risk import Risk
from bridge.kafka.range import RangeReader
from bridge.quickbooks.client import CallCounts
from contracts.money import plain


def forecast_as_json(forecast: Forecast) -> dict[str, object]:
    """One document of a plan."""
    amount, currency = forecast.total
    line = {"document": forecast.document, "would": forecast.would, "total": amount or None}
    return {**line, "currency": currency or None, "why": forecast.why}


def plan_as_json(forecasts: Forecasts, effect: Effect) -> dict[str, object]:
    """How many documents of each kind, and what that does to the books, by group and by account."""
    by_group = {group.value: _amounts(sums) for group, sums in effect.by_group().items()}
    by_account = [
        {"group": place.group.value, "account": place.account, "amount": plain(amount, code), "currency": code}
        for place, code, amount in effect.by_account()
    ]
    would = Counter(each.would for each in forecasts)
    return {"documents": len(forecasts), "would": dict(would), "effect": by_group, "accounts": by_account}


def report_as_json(counts: BackfillCounts, reader: RangeReader, calls: CallCounts, seconds: float) -> dict[str, object]:
    """Records by status and reason, what was written by currency, calls, time, and what could not be read."""
    return {
        "records": counts.read,
        "of_other_companies": counts.other_companies,
        "outside_range": counts.outside_range,
        "outcomes": [
            {"status": status.value, "reason_code": code or None, "records": count}
            for (status, code), count in sorted(counts.outcomes.items())
        ],
        "at_risk": list(_at_risk(counts.risk)),
        "written": [
            {
                "entity": written.entity,
                "operation": written.operation,
                "times": sums.times,
                "total": None if sums.total is None else plain(sums.total, written.currency),
                "currency": written.currency or None,
            }
            for written, sums in sorted(counts.written.items())
        ],
        "quickbooks": {"reads": calls.reads, "writes": calls.writes, "batches": calls.batches},
        "seconds": round(seconds, 1),
        "unread": [
            {"topic": each.topic, "partition": each.partition, "first": each.first, "last": each.last, "why": each.why}
            for each in reader.missing
        ],
    }


def _at_risk(risk: Risk) -> Iterator[dict[str, object]]:
    for reason, held in sorted(risk.by_reason().items()):
        yield {
            "reason_code": reason,
            "documents": held.documents,
            "amounts": _amounts(held.sums),
            "unknown_amounts": held.unknown,
        }


def _amounts(sums: dict[str, Decimal]) -> dict[str, str]:
    return {currency: plain(amount, currency) for currency, amount in sorted(sums.items()) if currency}
