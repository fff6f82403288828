"""Money handed back: the refund object is the authority, under its own id.

What a charge tells of its refunds is the same fact under the same key. A refund that failed after all is taken out of
the books again. Refunds of a charge that the shop books are the shop's.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.bodies import read_body
from contracts.entities import DOC_NUMBER_MAX, PAYMENT_REF_MAX
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import RefundReceiptDraft
from contracts.stripe import RefundedCharge, id_or_object
from contracts.stripe_balance import Refund
from mappings.accounts import deposit_account
from mappings.items import stripe_sales_item
from mappings.lines import in_hundredths, line
from mappings.names import description
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.fees import fee_steps
from mappings.stripe.sales import belongs_to_shop, links_of

SHOP = SourceKey("shopify", "order", "any")
"""What a charge is linked to that pays an order of the shop, whichever it is."""
GONE = frozenset({"failed", "canceled"})
ON_ITS_WAY = frozenset({"pending", "requires_action"})


@maps("stripe", "refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def map_refund(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The refund, its undoing when it failed, or why there is nothing to book."""
    refund = read_body(Refund, envelope.body, "refund")
    key = SourceKey("stripe", "refund", refund.id)
    charge = id_or_object(refund.charge)[1]
    if belongs_to_shop((refund.metadata, _mapping(charge.get("metadata"))), _text(charge.get("description")), rules):
        message = "this refund is of a shop order, whose refund the shop books"
        return Ignored(code="booked_by_shop", message=message, document=key)
    if refund.status in ON_ITS_WAY:
        message = "the refund is on its way; it is booked when it succeeds"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    sale, intent = _refunded(refund)
    gone = refund.status in GONE or envelope.event_type == "refund.failed"
    return PostingPlan(
        document=key,
        lane=sale,
        steps=(undone_refund(key),) if gone else refund_steps(refund, sale, rules),
        document_created_at=refund.created,
        links=links_of(sale, intent=intent) if sale.kind == "charge" else (),
        wakes=(SourceKey("stripe", "payment_intent", intent),) if intent and sale.kind == "charge" else (),
    )


@maps("stripe", "charge.refunded")
def map_refunded_charge(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The refunds inside, where they are (until 2022-11-15); else each refund's own event books it."""
    charge = read_body(RefundedCharge, envelope.body, "charge")
    key = SourceKey("stripe", "charge", charge.id)
    intent, _ = id_or_object(charge.payment_intent)
    since = charge.created or envelope.occurred_at
    if belongs_to_shop((charge.metadata,), charge.description, rules):
        if since is None:
            return Ignored(code="booked_by_shop", message="the shop books this charge and its refunds", document=key)
        return PostingPlan(document=key, lane=key, steps=(), document_created_at=since, links=((key, SHOP),))
    rows = charge.refunds.get("data")
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
    found = [read_body(Refund, row, "refund") for row in listed]
    settled = [refund for refund in found if refund.status not in ON_ITS_WAY | GONE]
    if not settled:
        message = "the event does not hold the refund itself; refund.created books it"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    return PostingPlan(
        document=key,
        lane=key,
        steps=tuple(dict.fromkeys(step for refund in settled for step in refund_steps(refund, key, rules))),
        document_created_at=min([refund.created for refund in settled] + ([since] if since else [])),
        links=links_of(key, intent=intent),
    )


def undone_refund(key: SourceKey) -> PostingStep:
    """A refund that did not last."""
    return PostingStep(key=key, entity="RefundReceipt", intent=Intent.UNDONE, name="refund that failed")


def refund_steps(refund: Refund, sale: SourceKey, rules: MappingRules) -> tuple[PostingStep, ...]:
    """One receipt of one line, out of the account that the payment went to; and the fee where it was given back."""
    key = SourceKey("stripe", "refund", refund.id)
    money = from_stripe(refund.amount, refund.currency)
    amount = in_hundredths(money.number, money.currency)
    item = stripe_sales_item(rules)
    day = refund.created.astimezone(rules.zone).date()
    draft = RefundReceiptDraft(
        refund_of=sale,
        doc_number=refund.id[-DOC_NUMBER_MAX:],
        txn_date=day,
        currency=money.currency,
        lines=(line(item.key, amount, description=description(f"Refund {refund.id}")),),
        total=amount,
        deposit_to=deposit_account(rules, "stripe"),
        method=rules.gateway("stripe").method,
        reference=refund.id[-PAYMENT_REF_MAX:],
        exchange_rate=rules.exchange_rates.get(money.currency),
    )
    receipt = PostingStep(key=key, entity="RefundReceipt", intent=Intent.FACT, draft=draft, name="refund")
    return (item, receipt, *fee_steps(id_or_object(refund.balance_transaction)[1], fee_key(refund.id), day, rules))


def fee_key(refund: str, *, failed: bool = False) -> SourceKey:
    """The fee of a refund, or of its failure: rows of the balance that stay whatever becomes of the refund."""
    return SourceKey("stripe", "refund", f"{refund}.{'failure' if failed else 'fee'}")


def _refunded(refund: Refund) -> tuple[SourceKey, str | None]:
    """The charge that is refunded, or the intent that ended in it where only that is named."""
    charge, _ = id_or_object(refund.charge)
    intent, _ = id_or_object(refund.payment_intent)
    if charge is not None:
        return SourceKey("stripe", "charge", charge), intent
    if intent is not None:
        return SourceKey("stripe", "payment_intent", intent), intent
    raise UnmappableEvent("the refund names neither its charge nor its payment intent")


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
