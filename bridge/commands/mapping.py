"""`qbo-bridge map`: what an event would post and what its result would say, without Kafka and QBO, touching nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable

from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.decoding.record import decode_record
from bridge.service.forecast import forecast
from bridge.service.settings import company_router, company_rules
from contracts.containment import contained
from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.posting import Ignored, PostingPlan
from contracts.records import Headers, InboundRecord
from contracts.results import Reason, ResultStatus
from mappings.describe import describe
from mappings.registry import map_event
from mappings.rules import MappingRules
from mappings.values import as_values
from mappings.words import Row


def map_value(
    value: bytes, *, topic: str | None, settings: Settings | None, company: str | None, as_json: bool = False
) -> bool:
    """Print the plan of one event and its result; False when it would be dead-lettered (and why, on stderr).

    Without settings the default rules decide; without `company` the event goes where the bridge would route it. The
    result is that of books that have nothing of the event yet. With `as_json` the drafts themselves are printed, every
    reference said.
    """
    status, reason = ResultStatus.IGNORED, None
    try:
        with contained():
            rules, decision = _decide(decode_record(_record(value, topic)), settings, company)
            if isinstance(decision, PostingPlan):
                outcome = asyncio.run(forecast(decision, rules))
                status, reason = outcome.status, outcome.reason
    except RecordError as error:
        return _dead_letter(Reason(code=error.code, message=str(error)))
    if status is ResultStatus.DEAD_LETTERED and reason is not None:
        return _dead_letter(reason)
    if as_json:
        said = {"status": status.value} | ({"reason": reason.model_dump(exclude_none=True)} if reason else {})
        sys.stdout.write(json.dumps({**as_values(decision), **said}, indent=1, ensure_ascii=False) + "\n")
    else:
        _print([*describe(decision), *([("Result", _words(status, reason))] if reason else [])])
    return True


def _dead_letter(reason: Reason) -> bool:
    sys.stderr.write(f"Dead letter, {reason.code}: {reason.message}.\n")
    return False


def _words(status: ResultStatus, reason: Reason) -> str:
    """What the result says where nothing is posted yet."""
    return f"{status.value} where QuickBooks has nothing of it yet: {reason.message}"


def _print(rows: Iterable[Row]) -> None:
    shown = Table(("what", "value"), prose=("value",), headed=False)
    for label, text in rows:
        shown.add_row(label, text)
    shown.print()


def _decide(
    envelope: Envelope | None, settings: Settings | None, company: str | None
) -> tuple[MappingRules, PostingPlan | Ignored]:
    """The rules that decide about the event, and what they decide."""
    rules = MappingRules()
    if envelope is None:
        return rules, Ignored(code="tombstone", message="the record has no value")
    if settings is not None:
        owner = company or company_router(settings).company_of(envelope)
        if owner is None:
            nobody = Ignored(code="unknown_source", message="no company lists the shop or account of this event")
            return rules, nobody
        rules = company_rules(settings.company(owner))
    return rules, map_event(envelope, rules)


def _record(value: bytes, topic: str | None) -> InboundRecord:
    headers: Headers = (("x-shopify-topic", topic.encode()),) if topic else ()
    return InboundRecord(topic="file", partition=0, offset=0, key=None, value=value, headers=headers, timestamp_ms=0)
