"""Parcels: tracking number, day and carrier reach the order's invoice; its lines stay as they are.

A parcel that was cancelled, or that failed, takes what it told back again.
"""

from __future__ import annotations

import hashlib
from datetime import UTC

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import ShipmentDraft
from contracts.shopify import true_id
from contracts.shopify_catalog import Fulfillment
from mappings.names import cut
from mappings.registry import maps
from mappings.rules import MappingRules

RANKS = {"pending": 1, "open": 2, "success": 3, "failure": 4, "error": 4, "cancelled": 5}
"""How far a parcel is, for two bodies of one second."""
TAKEN_BACK = frozenset({"cancelled", "error", "failure"})
TEXT_MAX = 255


@maps("shopify", "fulfillments/create", "fulfillments/update")
def map_fulfillment(envelope: Envelope, rules: MappingRules) -> PostingPlan:  # noqa: ARG001 - every mapping has both
    """How one parcel went out, as of this version of it."""
    parcel = read_body(Fulfillment, envelope.body, "fulfillment")
    updated = parcel.updated_at or parcel.created_at or envelope.occurred_at
    if updated is None:
        raise UndecodableRecord("the fulfillment has neither updated_at nor created_at")
    key = SourceKey("shopify", "fulfillment", str(true_id(parcel.id, parcel.admin_graphql_api_id)))
    order = SourceKey("shopify", "order", str(parcel.order_id))
    draft = _draft(parcel, order)
    digest = hashlib.sha256(repr((draft.tracking, draft.ship_date, draft.method)).encode()).hexdigest()[:10]
    version = Version(int(updated.astimezone(UTC).timestamp()), RANKS.get(parcel.status or "", 0), digest)
    step = PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=draft, version=version, name="shipment")
    return PostingPlan(
        document=key,
        lane=order,
        steps=(step,),
        document_created_at=min(time for time in (parcel.created_at, updated) if time),
        version=version,
    )


def _draft(parcel: Fulfillment, order: SourceKey) -> ShipmentDraft:
    if parcel.status in TAKEN_BACK:
        return ShipmentDraft(invoice=order)
    numbers = dict.fromkeys(parcel.tracking_numbers or ((parcel.tracking_number,) if parcel.tracking_number else ()))
    return ShipmentDraft(
        invoice=order,
        tracking=cut(", ".join(numbers), TEXT_MAX),
        ship_date=parcel.created_at.date() if parcel.created_at else None,
        method=cut(parcel.tracking_company, TEXT_MAX),
    )
