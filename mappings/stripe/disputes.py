"""Disputes: what they did to the balance, row by row; money out and its fee, and back in when the dispute is won.

Every event of a dispute tells the rows that there are so far, so each row is a fact of its own, whichever event has it.
Inquiries and disputes that were prevented move no money and have no rows.
"""

from __future__ import annotations

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan
from contracts.stripe_balance import BalanceRow, StripeDispute
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.fees import dispute_entry, row_cautions


@maps(
    "stripe",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
def map_dispute(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """One journal entry for each row."""
    dispute = read_body(StripeDispute, envelope.body, "dispute")
    key = SourceKey("stripe", "dispute", dispute.id)
    if not dispute.balance_transactions:
        message = "the event holds no row of the balance, so no money is known to have moved"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    day = dispute.created.astimezone(rules.zone).date()
    rows = {row.id: row for row in dispute.balance_transactions if row.amount or row.fee}
    return PostingPlan(
        document=key,
        lane=key,
        steps=tuple(dispute_entry(row, row_key(dispute.id, row), day, rules) for row in rows.values()),
        document_created_at=dispute.created,
        warnings=row_cautions(rows.values()),
    )


def row_key(dispute: str, row: BalanceRow) -> SourceKey:
    """One row of a dispute: its id and the row's."""
    return SourceKey("stripe", "dispute", f"{dispute}.{row.id}")
