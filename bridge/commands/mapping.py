"""`qbo-bridge map`: what an event would post, without Kafka, without QBO, touching nothing."""

from __future__ import annotations

import json
import sys

from bridge.commands.output import cell, screen, table
from bridge.config.settings import Settings
from bridge.decoding.record import decode_record
from bridge.service.app import company_router, company_rules
from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.posting import Ignored, PostingPlan
from contracts.records import Headers, InboundRecord
from mappings.describe import describe
from mappings.registry import map_event
from mappings.rules import MappingRules
from mappings.values import as_values


def map_value(
    value: bytes, *, topic: str | None, settings: Settings | None, company: str | None, as_json: bool = False
) -> bool:
    """Print the plan of one event; False when it would be dead-lettered (and why, on stderr).

    Without settings the default rules decide; without `company` the event goes where the bridge would route it. With
    `as_json` the drafts themselves are printed, every reference said.
    """
    try:
        decision = _decide(decode_record(_record(value, topic)), settings, company)
    except RecordError as error:
        sys.stderr.write(f"Dead letter, {error.code}: {error}.\n")
        return False
    if as_json:
        sys.stdout.write(json.dumps(as_values(decision), indent=1, ensure_ascii=False) + "\n")
        return True
    shown = table("", "")
    shown.show_header = False
    for label, text in describe(decision):
        shown.add_row(cell(label), cell(text))
    screen().print(shown)
    return True


def _decide(envelope: Envelope | None, settings: Settings | None, company: str | None) -> PostingPlan | Ignored:
    if envelope is None:
        return Ignored(code="tombstone", message="the record has no value")
    if settings is None:
        return map_event(envelope, MappingRules())
    owner = company or company_router(settings).company_of(envelope)
    if owner is None:
        return Ignored(code="unknown_source", message="no company lists the shop or account of this event")
    return map_event(envelope, company_rules(settings.company(owner)))


def _record(value: bytes, topic: str | None) -> InboundRecord:
    headers: Headers = (("x-shopify-topic", topic.encode()),) if topic else ()
    return InboundRecord(topic="file", partition=0, offset=0, key=None, value=value, headers=headers, timestamp_ms=0)
