"""Orders that may be in the books already: their events, kept until a person decides, and the decision.

Each event is a dead letter by its own result; kept here, original bytes and all, it goes on by itself afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.journal.entries import DECISION, DOUBT
from bridge.journal.waiting import read_record, record_fields
from contracts.keys import SourceKey
from contracts.matching import Decision
from contracts.records import InboundRecord
from contracts.sizes import JOURNAL_ENTRY_BYTES_MAX


@dataclass(frozen=True, slots=True)
class DoubtfulEvent:
    """One event of an order in doubt: `why` names the candidates, `named` is what people call the order."""

    order: SourceKey
    why: str
    named: str | None
    record: InboundRecord


def doubt_key(record: InboundRecord) -> str:
    """Where the journal keeps an event of an order in doubt."""
    return DOUBT.key(str(record.id))


def doubt_value(event: DoubtfulEvent) -> bytes:
    """The journal's entry of it."""
    said = {"order": str(event.order), "why": event.why, "named": event.named}
    return DOUBT.value({**said, **record_fields(event.record)})


def fits(event: DoubtfulEvent) -> bool:
    """False for one that the journal cannot keep: it is redriven by hand once the order is decided."""
    return len(doubt_value(event)) <= JOURNAL_ENTRY_BYTES_MAX


def read_doubts(journal: Mapping[str, bytes]) -> Iterator[DoubtfulEvent]:
    """Every event that is kept. UnreadableJournal for an unknown format."""
    return (DOUBT.read(key, value, _doubt) for key, value in journal.items() if DOUBT.holds(key))


def decision_key(order: SourceKey) -> str:
    """Where the journal keeps a person's word on an order."""
    return DECISION.key(str(order))


def decision_value(decision: Decision) -> bytes:
    """The journal's entry of it."""
    return DECISION.value({"entity": decision.entity, "id": decision.id})


def read_decisions(journal: Mapping[str, bytes]) -> dict[SourceKey, Decision]:
    """Every decision that is not carried out yet. UnreadableJournal for an unknown format."""
    return dict(DECISION.read_all(journal, _decision))


def _doubt(name: str, fields: Mapping[str, Any]) -> DoubtfulEvent:
    return DoubtfulEvent(
        SourceKey.parse(fields["order"]), str(fields["why"]), fields["named"], read_record(name, fields)
    )


def _decision(name: str, fields: Mapping[str, Any]) -> tuple[SourceKey, Decision]:
    return SourceKey.parse(name), Decision(fields["entity"], fields["id"])
