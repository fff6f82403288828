"""What happens to an order as a whole without telling its money: it was edited, or deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules

AGE_MAX = timedelta(days=366)
"""How old an order may be that is deleted: the event names its id alone, and its invoice must be found."""
FIRST_ORDER = datetime(2006, 1, 1, tzinfo=UTC)
"""Shopify is no older; for events that do not say when they happened."""


@maps("shopify", "orders/edited")
def map_edit(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """An edit names pieces, not money."""
    message = "an edit carries no money: the orders/updated that follows it does"
    return Ignored(code="skipped_by_rule", message=message, document=document_of(envelope))


@maps("shopify", "orders/delete")
def map_delete(envelope: Envelope, rules: MappingRules) -> PostingPlan:  # noqa: ARG001 - every mapping has both
    """An order that is gone: its invoice must not count, unless money is on it."""
    order = document_of(envelope)
    if order is None:
        raise UndecodableRecord("the deleted order has no id")
    step = PostingStep(key=order, entity="Invoice", intent=Intent.WITHDRAWN, name="invoice")
    since = envelope.occurred_at - AGE_MAX if envelope.occurred_at else FIRST_ORDER
    return PostingPlan(document=order, lane=order, steps=(step,), document_created_at=since)
