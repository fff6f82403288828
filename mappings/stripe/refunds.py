"""Money handed back: the refund object is the authority, under its own id.

What a charge tells of its refunds is the same fact under the same key. A refund that failed after all is taken out of
the books again. Refunds of a charge that the shop books are the shop's.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.bodies import read_body
from contracts.entities import DOC_NUMBER_MAX, PAYMENT_REF_MAX
from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Caution, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import RefundReceiptDraft
from contracts.stripe import RefundedCharge, id_or_object
from contracts.stripe_balance import StripeRefund
from mappings.accounts import deposit_account
from mappings.items import stripe_sales_item
from mappings.lines import in_hundredths, line
from mappings.names import description
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.fees import balance_cautions, fee_steps
from mappings.stripe.sales import belongs_to_shop, links_of, shop_plan

FAILED = frozenset({"failed", "canceled"})
ON_ITS_WAY = frozenset({"pending", "requires_action"})
RELEASED = "nothing was handed back: the refund has no row of the balance, so it releases what was never captured"
CUT = Caution(
    "cut_list", "the charge's list of refunds is cut (has_more): what is not in it only the refunds' own events book"
)
NEVER_A_SALE = "the refund names neither a charge nor a payment intent: it is the customer's own cash balance, no sale"


@maps("stripe", "refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def map_refund(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The refund, its undoing when it failed, or why there is nothing to book."""
    refund = read_body(StripeRefund, envelope.body, "refund")
    key = SourceKey("stripe", "refund", refund.id)
    charge = id_or_object(refund.charge)[1]
    if belongs_to_shop((refund.metadata, _mapping(charge.get("metadata"))), _text(charge.get("description")), rules):
        message = "this refund is of a shop order, whose refund the shop books"
        return Ignored(code="booked_by_shop", message=message, document=key)
    if refund.status in ON_ITS_WAY:
        message = "the refund is on its way; it is booked when it succeeds"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    found = _refunded(refund)
    if found is None:
        return Ignored(code="skipped_by_rule", message=NEVER_A_SALE, document=key)
    sale, intent = found
    failed = refund.status in FAILED or envelope.event_type == "refund.failed"
    if not failed and _is_release(envelope.body):
        return Ignored(code="skipped_by_rule", message=RELEASED, document=key)
    return PostingPlan(
        document=key,
        lane=sale,
        steps=(undone_refund(key),) if failed else refund_steps(refund, sale, rules),
        document_created_at=refund.created,
        links=links_of(sale, intent=intent) if sale.kind == "charge" else (),
        wakes=(SourceKey("stripe", "payment_intent", intent),) if intent and sale.kind == "charge" else (),
        warnings=() if failed else balance_cautions(id_or_object(refund.balance_transaction)[1]),
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
        return shop_plan(key, intent, (charge.metadata,), since, rules)
    listed = _refunds_inside(charge)
    found = [read_body(StripeRefund, row, "refund") for row in listed if not _is_release(row)]
    refunded = [each for each in found if each.status not in ON_ITS_WAY | FAILED]
    if not refunded:
        released = bool(listed) and not found
        message = RELEASED if released else "the event does not hold the refund itself; refund.created books it"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    return PostingPlan(
        document=key,
        lane=key,
        steps=tuple(dict.fromkeys(step for refund in refunded for step in refund_steps(refund, key, rules))),
        document_created_at=min([refund.created for refund in refunded] + ([since] if since else [])),
        warnings=(CUT,) if charge.refunds.get("has_more") is True else (),
        links=links_of(key, intent=intent),
    )


def _refunds_inside(charge: RefundedCharge) -> list[Mapping[str, object]]:
    rows = charge.refunds.get("data")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _is_release(refund: Mapping[str, object]) -> bool:
    """True for what an authorisation held and nobody captured, which old versions list among the refunds."""
    # because a refund that succeeded has moved the balance and names the row, and a release moves nothing; a trimmed
    # body that lacks the field says neither
    return refund.get("status") == "succeeded" and refund.get("balance_transaction", "") is None


def undone_refund(key: SourceKey) -> PostingStep:
    """A refund that did not last."""
    return PostingStep(key=key, entity="RefundReceipt", intent=Intent.UNDONE, name="refund that failed")


def refund_steps(refund: StripeRefund, sale: SourceKey, rules: MappingRules) -> tuple[PostingStep, ...]:
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
    return (item, receipt, *fee_steps(id_or_object(refund.balance_transaction)[1], key, day, rules))


def _refunded(refund: StripeRefund) -> tuple[SourceKey, str | None] | None:
    """The charge that is refunded, or the intent that ended in it where only that is named; None for no sale's."""
    charge, _ = id_or_object(refund.charge)
    intent, _ = id_or_object(refund.payment_intent)
    if charge is not None:
        return SourceKey("stripe", "charge", charge), intent
    if intent is not None:
        return SourceKey("stripe", "payment_intent", intent), intent
    return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
