"""What changed in the books: QBO's change data capture, with its traps written down.

* It reaches 30 days back, and answers at most 1000 objects in all: an answer of 1000 is incomplete.
* A time without an offset is read in the company's zone; stamps have whole seconds: overlap and deduplicate.
* It is the only place where deletions show; it knows no TaxCode, TaxRate, TaxAgency, TimeActivity or JournalCode.
* `changedSince` of the next call is this answer's own `time`: QBO's clock, not ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.quickbooks.queries import instant
from contracts.entities import Entity, part

OBJECTS_MAX = 1000
"""Objects in one answer (Intuit, change data capture)."""
REACH = timedelta(days=30)
"""How far back it looks (same source)."""
OVERLAP = timedelta(minutes=5)
"""How far a window begins before the end of the last one."""
UNSUPPORTED = frozenset({"JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeData:
    """Changed entities by name (newest state of each), Ids of deleted ones by name, and QBO's time.

    When `complete` is false more has changed than the answer holds: page the entities by `MetaData.LastUpdatedTime`.
    `as_of` is None when QBO gave no readable time. `deleted_at` has when, by name and Id, as QBO writes it.
    """

    changed: Mapping[str, tuple[Entity, ...]]
    deleted: Mapping[str, frozenset[str]]
    as_of: datetime | None
    complete: bool
    deleted_at: Mapping[tuple[str, str], str] = field(default_factory=dict)


def cdc_params(entities: Sequence[str], changed_since: datetime) -> dict[str, str]:
    """The query parameters of a call. ValueError for a naive time, no entity or one that is not covered."""
    if not entities or (unknown := UNSUPPORTED.intersection(entities)):
        raise ValueError(f"change data capture does not cover {', '.join(sorted(unknown)) if entities else 'nothing'}")
    return {"entities": ",".join(entities), "changedSince": instant(changed_since)}


def parse_changes(body: Mapping[str, Any], entities: Sequence[str]) -> ChangeData:
    """The answer to a call for `entities`; one object counts once, in its newest version."""
    rows = {entity: [row for answer in _parts(body) for row in _rows(answer, entity)] for entity in entities}
    live = {entity: _newest(row for row in found if not _is_deleted(row)) for entity, found in rows.items()}
    deleted_ids = {
        entity: frozenset(str(row.get("Id")) for row in found if _is_deleted(row)) for entity, found in rows.items()
    }
    return ChangeData(
        changed={
            entity: tuple(row for row in found if str(row.get("Id")) not in deleted_ids[entity])
            for entity, found in live.items()
        },
        deleted=deleted_ids,
        as_of=_time(body.get("time")),
        complete=sum(len(found) for found in rows.values()) < OBJECTS_MAX,
        deleted_at={
            (entity, str(row.get("Id"))): str(part(row, "MetaData").get("LastUpdatedTime", ""))
            for entity, found in rows.items()
            for row in found
            if _is_deleted(row)
        },
    )


def next_since(changes: ChangeData, asked_since: datetime) -> datetime:
    """Where the next window begins: QBO's own time less the overlap, never before this window."""
    return max(asked_since, changes.as_of - OVERLAP) if changes.as_of else asked_since


def _parts(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    answers = body.get("CDCResponse")
    found = [answer.get("QueryResponse") for answer in answers or () if isinstance(answer, Mapping)]
    return [each for parts in found if isinstance(parts, list) for each in parts if isinstance(each, Mapping)]


def _rows(part: Mapping[str, Any], entity: str) -> list[Entity]:
    rows = part.get(entity)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _is_deleted(row: Entity) -> bool:
    return row.get("status") == "Deleted"


def _newest(rows: Any) -> tuple[Entity, ...]:
    """One row per Id: the one with the highest SyncToken."""
    best: dict[str, Entity] = {}
    for row in rows:
        known = best.get(str(row.get("Id")))
        if known is None or _version(row) >= _version(known):
            best[str(row.get("Id"))] = row
    return tuple(best.values())


def _version(row: Entity) -> int:
    token = str(row.get("SyncToken", ""))
    return int(token) if token.isdigit() else -1


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
