"""What QBO does not show to be ours any more, kept in the journal: deleted by a person, or with the marker overwritten.

A deletion shows in change data capture as an Id for thirty days and nowhere afterwards, and a void may overwrite the
note that holds the marker. The next owner would take such a document for one that was never posted. So whoever learns
of it while the marker is still known writes it down, one small entry a document, and it is never posted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.index.index import Index, Posted
from bridge.journal.entries import LOST_MARKER
from contracts.entities import Entity
from contracts.marker import Marker
from contracts.marker_seal import MarkerSeal


def journal_key(posted: Posted) -> str:
    """Where the journal keeps this entity: by type and Id."""
    return LOST_MARKER.key(f"{posted.entity}:{posted.id}")


def journal_value(posted: Posted, seal: MarkerSeal) -> bytes:
    """What the next owner has to know of it, as a row of QBO would say it."""
    row = {
        "Id": posted.id,
        "SyncToken": posted.sync_token,
        "DocNumber": posted.doc_number,
        "PrivateNote": seal.line(posted.entity, Marker(posted.key, posted.marker_fields)),
        "CustomerRef": {"value": posted.customer_id} if posted.customer_id else None,
        "CurrencyRef": {"value": posted.currency} if posted.currency else None,
    }
    return LOST_MARKER.value({"row": {name: value for name, value in row.items() if value is not None}})


def has_lost_marker(entity: str, row: Entity, seal: MarkerSeal) -> bool:
    """True for a voided document without a marker: the void may have overwritten it."""
    note = str(row.get("PrivateNote") or "")
    return note.startswith("Voided") and seal.find(entity, note) is None


def restore(index: Index, journal: Mapping[str, bytes]) -> None:
    """Take the entries in as what a person deleted; call it before rows are read: what QBO still has comes over it."""
    for entity, row in LOST_MARKER.read_all(journal, _row):
        index.remember(entity, row)
        index.mark_deleted(entity, str(row["Id"]))


def _row(name: str, fields: Mapping[str, Any]) -> tuple[str, Entity]:
    entity, ident = name.split(":", 1)
    row: Entity = fields["row"]
    return entity, {**row, "Id": ident}
