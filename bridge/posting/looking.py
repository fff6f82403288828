"""Is a write in the books although QBO never said so? Looked for by marker and Id before anybody gives it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.queries import Select, where, where_in
from bridge.quickbooks.requests import Single
from bridge.quickbooks.verify import markers, mismatch
from contracts.entities import Entity

_NAMED_BY = {"Customer": "DisplayName", "Item": "Name", "Account": "Name"}


async def find_written(client: QuickBooksClient, request: Single, sent: Mapping[str, Any]) -> Entity | None:
    """The entity as QBO would have answered `request`, whose body is `sent`; None when it was not done.

    Unavailable when QBO cannot be read.
    """
    if request.operation == "create":
        return await _created(client, request.entity, sent)
    row = await client.read(request.entity, str(sent["Id"]))
    if request.operation == "delete":
        return {"Id": str(sent["Id"]), "status": "Deleted"} if row is None else None
    changed = row is not None and str(row.get("SyncToken")) != str(sent.get("SyncToken"))
    # because a person may have moved it as well: only what says all that we sent is our write
    return row if row is not None and changed and mismatch(sent, row) is None else None


async def _created(client: QuickBooksClient, entity: str, sent: Mapping[str, Any]) -> Entity | None:
    """The row with our marker among those of the same name, or of the same day."""
    conditions: tuple[str, ...]
    if entity in _NAMED_BY:
        column = _NAMED_BY[entity]
        conditions = (where(column, "=", sent[column]), where_in("Active", (True, False)))
    else:
        # because a note can be read and not be searched for
        conditions = (where("TxnDate", "=", str(sent["TxnDate"])),)
    rows = await client.query(Select(entity, conditions=conditions))
    ours = _markers(sent)
    return next((row for row in rows if ours <= _markers(row) and _is(sent, row)), None)


def _is(sent: Mapping[str, Any], row: Entity) -> bool:
    """True when the row says all that was sent and is compared; an item has no marker, but the code that we gave it."""
    return mismatch(sent, row) is None and row.get("Sku") == sent.get("Sku")


def _markers(entity: Mapping[str, Any]) -> frozenset[str]:
    return markers(entity.get("PrivateNote")) | markers(entity.get("Notes"))
