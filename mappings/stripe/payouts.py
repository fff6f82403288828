"""A payout is a deposit: the payments that it is made of, less what was taken from them since, to the cent.

Everything that the rows of a payout tell is booked against the account that Stripe's money lies in, each fact under
its own key, so that it is booked once whoever tells it (the fee of a charge, the row of a dispute); the deposit itself
only carries money from there to the bank. So that account ends at nothing for what was paid out, in whatever order
the events come and whether or not they carried the fees. Rows that no other event tells (fees of the account,
adjustments) are lines of the deposit.
"""

from __future__ import annotations

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Ignored, PostingPlan
from contracts.stripe_balance import Payout
from mappings.lines import in_hundredths
from mappings.payout_parts import FAILED, PaidOut, PayoutParts, payout_steps
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.start import ignored_before_start, is_before_start
from mappings.stripe.fees import row_cautions
from mappings.stripe.payout_rows import parts_of


@maps("stripe", "payout.paid", "payout.failed", "payout.canceled")
def map_payout(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The deposit, what takes it back when the bank sent the money back, or why nothing is known of it."""
    payout = read_body(Payout, envelope.body, "payout")
    key, code = SourceKey("stripe", "payout", payout.id), payout.currency.upper()
    failed = envelope.event_type != "payout.paid" or payout.status in FAILED
    rows = payout.balance_transactions
    if not failed and (rows is None or not rows.data):
        message = "the event has no balance_transactions, so what the payout is made of is not known"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    if payout.arrival_date is None and (not failed or (rows is not None and rows.data)):
        raise UnmappableEvent("the payout does not say when it arrived (arrival_date)")
    day = (payout.arrival_date or payout.created).astimezone(rules.zone).date()
    if is_before_start(day, rules):
        return ignored_before_start(key)
    parts = parts_of(payout, rows, day, rules) if rows is not None and rows.data else PayoutParts()
    sent_on = (envelope.occurred_at or payout.created).astimezone(rules.zone).date()
    paid = PaidOut(
        key=key,
        currency=code,
        amount=in_hundredths(from_stripe(payout.amount, code).number, code),
        day=day,
        gateway="stripe",
        source="Stripe",
        returned=max(sent_on, day) if failed else None,
    )
    moments = [payout.created, *(row.created for row in (rows.data if rows else ()) if row.created)]
    return PostingPlan(
        document=key,
        lane=key,
        steps=payout_steps(paid, parts, rules),
        document_created_at=min(moments),
        wakes=(*parts.payments, *parts.orders),
        links=tuple(parts.links),
        warnings=row_cautions(rows.data) if rows else (),
    )
