"""The orders of a range that is read before any of it is booked, so that matching knows them all. Pure.

INTERFACE, "Already there": orders known so far count, in a backfill its whole range, read first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridge.matching.orders import OrdersAhead, SoughtOrder
from bridge.planning.sale.amounts import form_draft
from bridge.planning.sale.documents import version_of
from bridge.planning.sale.there import party_of_body
from bridge.planning.steps import Claim
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, Version
from contracts.quickbooks import InvoiceDraft, SalesReceiptDraft


class RangeOrders:
    """Collects orders as their bodies are read: of each its newest version, and the totals of all of them."""

    def __init__(self) -> None:
        self.ahead = OrdersAhead()
        self._versions: dict[SourceKey, Version] = {}

    def add(self, plans: Iterable[PostingPlan]) -> None:
        """Take in what these events tell."""
        for plan in plans:
            for step in plan.steps:
                if isinstance(step.draft, InvoiceDraft | SalesReceiptDraft) and step.intent is Intent.STATE:
                    self._add(Claim(0, plan, step))

    def _add(self, claim: Claim) -> None:
        order = _order_of_body(claim)
        if order is None:
            return
        version, known = version_of(claim), self.ahead.get(order.key)
        if known is not None:
            newest = known if version < self._versions[order.key] else order
            order = replace(newest, totals=known.totals | order.totals)
        self._versions[order.key] = max(version, self._versions.get(order.key, version))
        self.ahead.remember(order)


def _order_of_body(claim: Claim) -> SoughtOrder | None:
    """The order of a body, None where it books nothing yet, or nobody knows its name."""
    draft = form_draft(claim)
    if draft.named is None or claim.step.held_back or claim.step.key.kind != "order":
        return None
    buyer = next((step.draft for step in claim.plan.steps if step.key == draft.customer), None)
    return SoughtOrder(
        key=claim.step.key,
        named=draft.named,
        totals=frozenset({draft.total}),
        currency=draft.currency,
        day=draft.txn_date,
        buyer=party_of_body(buyer, draft),
    )
