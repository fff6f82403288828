"""How the goods of a sale went out: the newest state of each fulfillment, remembered in the sale's marker.

`f` of the marker has one entry a fulfillment: `id:seconds.rank:tracking:date:method`, each part percent-encoded. The
newest fulfillment decides the date and the method; all tracking numbers are in the field as far as they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from bridge.index.posted import NOT_SHIPPED, Posted, Shipping, day
from bridge.planning.steps import Claim
from contracts.marker import MarkerField, read_age
from contracts.quickbooks import ShipmentDraft

TRACKING_MAX = 31
METHOD_MAX = 30
"""Invoice.TrackingNum and ShipMethodRef (API reference)."""


class Shipment(NamedTuple):
    """One fulfillment at a version; the greater of two is the newer."""

    updated_at: int
    rank: int
    ident: str
    tracking: str
    ship_date: str
    method: str


def shipments_on(posted: Posted | None) -> dict[str, Shipment]:
    """The fulfillments that a form in the books tells of, by their ids."""
    entries = (posted.marker_fields.get(MarkerField.SHIPMENTS, "") if posted else "").split(",")
    return {found.ident: found for entry in entries if (found := _read(entry)) is not None}


def merged(before: dict[str, Shipment], claims: Iterable[Claim]) -> dict[str, Shipment]:
    """`before` and what `claims` tell, the newest state of each."""
    found = dict(before)
    for claim in claims:
        shipment = _shipment(claim)
        known = found.get(shipment.ident)
        found[shipment.ident] = max(shipment, known) if known else shipment
    return dict(sorted(found.items()))


def is_newer(claim: Claim, before: dict[str, Shipment]) -> bool:
    """True when a claim tells of something newer than the books have."""
    shipment = _shipment(claim)
    known = before.get(shipment.ident)
    return known is None or known < shipment


def shipment_fact(found: dict[str, Shipment]) -> dict[str, str]:
    """`f` of the marker, nothing without fulfillments."""
    entries = [
        ":".join(
            [quote(each.ident, safe=""), f"{each.updated_at}.{each.rank}"]
            + [quote(part, safe="") for part in (each.tracking, each.ship_date, each.method)]
        )
        for each in found.values()
    ]
    return {MarkerField.SHIPMENTS: ",".join(entries)} if entries else {}


def shipping(found: dict[str, Shipment]) -> Shipping:
    """The three fields of the form."""
    if not found:
        return NOT_SHIPPED
    newest = sorted(found.values(), reverse=True)
    numbers = list(dict.fromkeys(each.tracking for each in newest if each.tracking))
    return Shipping(
        _fitting(numbers),
        next((each.ship_date for each in newest if each.ship_date), ""),
        next((each.method for each in newest if each.method), "")[:METHOD_MAX],
    )


def _fitting(numbers: Sequence[str]) -> str:
    """As many whole numbers as fit, the newest first; a single one that is too long loses its beginning."""
    found = numbers[0][-TRACKING_MAX:] if numbers else ""
    for number in numbers[1:]:
        longer = f"{found}, {number}"
        if len(longer) > TRACKING_MAX:
            break
        found = longer
    return found


def _shipment(claim: Claim) -> Shipment:
    draft, version = claim.step.draft, claim.step.version
    if not isinstance(draft, ShipmentDraft):
        raise TypeError(f"{claim.step.key}: a delivery needs a ShipmentDraft")
    shipped = draft.ship_date.isoformat() if draft.ship_date else ""
    age = (version.updated_at, version.rank) if version else (0, 0)
    return Shipment(*age, claim.step.key.id, draft.tracking or "", shipped, draft.method or "")


def _read(entry: str) -> Shipment | None:
    parts = [unquote(part) for part in entry.split(":")]
    if len(parts) != len(Shipment._fields) - 1:
        return None
    ident, age, tracking, ship_date, method = parts
    at = read_age(age)
    if at is None or (ship_date and day(ship_date) is None):
        return None
    return Shipment(at[0], at[1], ident, tracking, ship_date, method)
