"""What a source says anew of a customer reaches QBO while the customer there still is as we wrote it.

`w` of the marker in Notes is the fingerprint of what was written. A row that says something else was changed by a
person, and stays. What a source leaves empty takes nothing away. Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from bridge.index.posted import Posted
from contracts.entities import Entity, part
from contracts.marker import Marker, MarkerField, text_in
from contracts.marker_seal import MarkerSeal
from contracts.quickbooks import Address, CustomerDraft

_PARTS = ("Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode", "Country")
_SEPARATOR = "\x1f"

Said = tuple[str, ...]
"""Display name, given name, family name, company, e-mail, phone, and the six parts of the billing address."""


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer of ours as QBO last showed it."""

    id: str
    sync_token: str
    marker: Marker
    human_note: str
    packed: str

    @property
    def said(self) -> Said:
        """What the row says."""
        return tuple(self.packed.split(_SEPARATOR))

    @property
    def unchanged(self) -> bool:
        """True while the row says what we wrote."""
        return text_in(self.marker.fields, MarkerField.WRITTEN) == fingerprint(self.said)


def listed(row: Entity, seal: MarkerSeal) -> KnownCustomer | None:
    """The customer in a row or answer, None for a stranger's."""
    notes = seal.read("Customer", str(row.get("Notes") or ""))
    marker = notes.find()
    if marker is None:
        return None
    return KnownCustomer(
        id=str(row["Id"]),
        sync_token=str(row.get("SyncToken", "0")),
        marker=marker,
        human_note=notes.human_part,
        packed=_SEPARATOR.join(_said_in(row)),
    )


def said_by(draft: CustomerDraft) -> Said:
    """What a draft says."""
    home = draft.billing or Address()
    names = (draft.display_name, draft.given_name, draft.family_name, draft.company_name, draft.email, draft.phone)
    parts = (home.line1, home.line2, home.city, home.region, home.postal_code, home.country)
    return tuple(part or "" for part in (*names, *parts))


def fingerprint(said: Said) -> str:
    """Eight hex digits."""
    return hashlib.sha256(_SEPARATOR.join(said).encode()).hexdigest()[:8]


def after(known: KnownCustomer, draft: CustomerDraft) -> Said:
    """What the row will say once `draft` is written over it: what is not said stays, an address counts as a whole."""
    old, new = known.said, said_by(draft)
    home = new[6:] if any(new[6:]) else old[6:]
    return (*(is_current or old_value for is_current, old_value in zip(new[:6], old[:6], strict=True)), *home)


def target_of(known: KnownCustomer, draft: CustomerDraft) -> Posted | None:
    """The row as the target of an update, its marker's facts up to date; None when the draft changes nothing."""
    said = after(known, draft)
    if said == known.said:
        return None
    return Posted(
        entity="Customer",
        key=known.marker.key,
        id=known.id,
        sync_token=known.sync_token,
        total=Decimal(0),
        currency=draft.currency,
        customer_id=None,
        marker_fields={**known.marker.fields, MarkerField.WRITTEN: fingerprint(said)},
        human_note=known.human_note,
    )


def _said_in(row: Entity) -> Said:
    names = (row.get("DisplayName"), row.get("GivenName"), row.get("FamilyName"), row.get("CompanyName"))
    email, phone = part(row, "PrimaryEmailAddr").get("Address"), part(row, "PrimaryPhone").get("FreeFormNumber")
    home = part(row, "BillAddr")
    return tuple(str(part or "") for part in (*names, email, phone, *(home.get(name) for name in _PARTS)))
