"""Credit notes: what was taken off an invoice without money moving.

The part that was refunded is booked by the refund's own events, all of it against sales, as they tell no tax. The note
does: it takes that part out of its lines again and keeps its tax, so that both together reverse sales and tax as the
note says. A note that is nothing but its refund, without tax, books nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.bodies import read_body
from contracts.entities import DOC_NUMBER_MAX
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Caution, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import CreditMemoDraft, LineDraft
from contracts.stripe import id_or_object
from contracts.stripe_billing import CreditNote
from mappings.lines import in_hundredths, line
from mappings.names import cut
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.billing import Parts, named_taxes, parts_of_note
from mappings.tax import tax_code

REFUNDED_UNKNOWN = Caution(
    "refunded_part_unknown",
    "The credit note does not say how much of it was refunded: all of it is a credit, with its refunds beside it.",
)


@maps("stripe", "credit_note.created", "credit_note.voided")
def map_credit_note(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """A credit memo on the invoice, its undoing when the note was voided, or why the refund is all that there is."""
    note = read_body(CreditNote, envelope.body, "credit note")
    key = SourceKey("stripe", "credit_note", note.id)
    ident, _ = id_or_object(note.invoice)
    if ident is None:
        raise UnmappableEvent("the credit note does not name its invoice")
    invoice = SourceKey("stripe", "invoice", ident)
    if envelope.event_type == "credit_note.voided" or note.status == "void":
        steps: tuple[PostingStep, ...] = (
            PostingStep(key=key, entity="CreditMemo", intent=Intent.UNDONE, name="credit note that was voided"),
        )
    else:
        refunded = _refunded(note)
        if refunded >= note.total and not any(tax.amount for tax in note.every_tax):
            message = "all of the credit note was refunded, and the refund books that"
            return Ignored(code="skipped_by_rule", message=message, document=key)
        steps = _steps(note, key, invoice, min(refunded, note.total), rules)
    return PostingPlan(
        document=key,
        lane=invoice,
        steps=steps,
        document_created_at=note.created,
        warnings=() if _says_what_was_refunded(envelope.body) else (REFUNDED_UNKNOWN,),
    )


def _says_what_was_refunded(body: Mapping[str, object]) -> bool:
    """Old notes have `refund`, null for none, new ones a list of `refunds`."""
    return "refund" in body or isinstance(body.get("refunds"), list)


def _steps(
    note: CreditNote, key: SourceKey, invoice: SourceKey, refunded: int, rules: MappingRules
) -> tuple[PostingStep, ...]:
    code = note.currency.upper()
    parts = parts_of_note(note, rules)
    handed_back = in_hundredths(from_stripe(refunded, code).number, code)
    taken_out = line(parts.items[0].key, -handed_back, description="Handed back by its refund, which books it")
    draft = CreditMemoDraft(
        credit_of=invoice,
        doc_number=cut(note.number, DOC_NUMBER_MAX) or note.id[-DOC_NUMBER_MAX:],
        txn_date=note.created.astimezone(rules.zone).date(),
        currency=code,
        lines=(*_less_discount(parts), *((taken_out,) if handed_back else ())),
        total=parts.total - handed_back,
        tax=parts.tax,
        tax_code=tax_code(named_taxes(parts.taxes), rules, charged=True) if parts.tax else None,
        exchange_rate=rules.exchange_rates.get(code),
    )
    memo = PostingStep(key=key, entity="CreditMemo", intent=Intent.FACT, draft=draft, name="credit note")
    return (*parts.items, memo)


def _less_discount(parts: Parts) -> tuple[LineDraft, ...]:
    """A credit memo draft has no discount of its own: what the invoice's discount had taken off is a line."""
    if not parts.discount:
        return parts.lines
    return (*parts.lines, line(parts.items[0].key, -parts.discount, description="Less its discount"))


def _refunded(note: CreditNote) -> int:
    """How much of it went back to the customer as money; old notes name the refund and not its amount."""
    if note.refunds:
        return sum(each.amount_refunded for each in note.refunds)
    if note.refund is None:
        return 0
    if note.customer_balance_transaction is not None:
        raise UnmappableEvent(
            "the credit note was refunded in part and put on the customer's balance in part, and does not say how much"
        )
    return note.total - note.out_of_band_amount
