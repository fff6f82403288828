"""What QBO does not show to be ours any more, kept in the journal: deleted by a person, or with the marker overwritten.

A deletion shows in change data capture as an Id for thirty days and nowhere afterwards, and a void may overwrite the
note that holds the marker. The next owner would take such a document for one that was never posted. So whoever learns
of it while the marker is still known writes it down, one small entry a document, and it is never posted again.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from bridge.index.index import Index, Posted
from contracts.entities import Entity
from contracts.marker import Marker, find_marker

PREFIX = "ours:"


def journal_key(posted: Posted) -> str:
    """Where the journal keeps this entity: by type and Id."""
    return f"{PREFIX}{posted.entity}:{posted.id}"


def journal_value(posted: Posted) -> bytes:
    """What the next owner has to know of it, as a row of QBO would say it."""
    row = {
        "Id": posted.id,
        "SyncToken": posted.sync_token,
        "DocNumber": posted.doc_number,
        "PrivateNote": str(Marker(posted.key, posted.marker_fields)),
        "CustomerRef": {"value": posted.customer_id} if posted.customer_id else None,
        "CurrencyRef": {"value": posted.currency} if posted.currency else None,
    }
    return orjson.dumps({name: value for name, value in row.items() if value is not None})


def has_lost_marker(row: Entity) -> bool:
    """True for a voided document without a marker: the void may have overwritten it."""
    note = str(row.get("PrivateNote") or "")
    return note.startswith("Voided") and find_marker(note) is None


def restore(index: Index, journal: Mapping[str, bytes]) -> None:
    """Take the entries in as what a person deleted; call it before rows are read: what QBO still has comes over it."""
    for key, value in journal.items():
        if key.startswith(PREFIX):
            entity, ident = key.removeprefix(PREFIX).split(":", 1)
            index.remember(entity, orjson.loads(value))
            index.mark_deleted(entity, ident)
