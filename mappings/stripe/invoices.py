"""A Stripe invoice, once it is final: the plan of each of its events is "this invoice, as it is now, and its money".

The money on it is told by its charges; what its body tells beyond them (paid outside of Stripe, or by a charge whose
events are not subscribed) is one payment of its own, as with orders. Since 2025-03-31 neither names the other:
invoice_payment.paid, or `payments` where they are expanded, says which charge belongs to which invoice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from contracts.bodies import read_body
from contracts.entities import DOC_NUMBER_MAX
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import BODY_MONEY, SourceKey
from contracts.money import from_stripe, plain
from contracts.posting import Caution, Ignored, Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import CreditMemoDraft, InvoiceDraft, PaymentDraft, content_hash, distinct_number
from contracts.stripe import id_or_object
from contracts.stripe_billing import InvoicePayment, StripeInvoice, Transitions
from mappings.accounts import account, deposit_account
from mappings.customers import Person, customer_step
from mappings.items import bad_debts_item
from mappings.lines import in_hundredths, line
from mappings.names import cut, email_address
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.billing import Parts, named_taxes, parts_of_invoice
from mappings.stripe.outside import outside_payments
from mappings.stripe.payer import address
from mappings.tax import tax_code

THROUGH_STRIPE = frozenset({"charge", "payment_intent"})
RANKS = {"open": 1, "uncollectible": 2, "paid": 4, "void": 20}
"""How far an invoice is in its life, for two bodies of one second."""

UNPAID = {
    "open": "this payment of an invoice is open: nothing is paid by it yet, and it is told again once it is",
    "canceled": "this payment of an invoice was canceled: it paid nothing, and it says nothing of what did",
}
"""What an InvoicePayment is in two of its three states: no money and no link."""

DAY = Caution(
    "day_unknown",
    "The invoice does not say when it was paid or given up (status_transitions): its money has the day of the invoice.",
)
GIVEN_UP = Caution(
    "write_off_unknown",
    "The paid invoice does not say whether it had been given up (status_transitions): a write-off of it is undone.",
)
UNNAMED = Caution(
    "payments_unknown",
    "The paid invoice names no payment: until invoice_payment.paid says which charge paid it, that charge is a sale of "
    "its own beside it. Subscribe to invoice_payment.paid, or expand `payments`.",
)
Links = tuple[tuple[SourceKey, SourceKey], ...]
Shares = tuple[tuple[SourceKey, SourceKey, Decimal], ...]


@maps(
    "stripe",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.voided",
    "invoice.marked_uncollectible",
)
def map_invoice(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The plan of any event that carries a whole invoice."""
    invoice = read_body(StripeInvoice, envelope.body, "invoice")
    key = SourceKey("stripe", "invoice", invoice.id)
    moment = envelope.occurred_at or invoice.created
    if envelope.event_type == "invoice.voided" or invoice.status == "void":
        return _void_plan(key, invoice, moment)
    if invoice.status not in RANKS:
        return Ignored(code="skipped_by_rule", message="the invoice is not final yet", document=key)
    if not any(row.amount for row in invoice.lines.data) and invoice.total == 0:
        return Ignored(code="skipped_by_rule", message="the invoice is of nothing", document=key)
    if invoice.total < 0:
        raise UnmappableEvent("the invoice is below zero, which QuickBooks does not take: book it as a credit by hand")
    return _sale_plan(key, invoice, moment, rules)


@maps("stripe", "invoice_payment.paid")
def map_invoice_payment(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """Which payment is of which invoice, and money outside of Stripe; the rest its charge or the invoice tells."""
    paid = read_body(InvoicePayment, envelope.body, "invoice payment")
    ident, _ = id_or_object(paid.invoice)
    if (why := UNPAID.get(paid.status or "")) is not None:
        return Ignored(
            code="skipped_by_rule", message=why, document=SourceKey("stripe", "invoice", ident) if ident else None
        )
    if ident is None:
        raise UnmappableEvent("the invoice payment does not name its invoice")
    key = SourceKey("stripe", "invoice", ident)
    links = _payment_links(paid, key)
    kind = paid.payment.type if paid.payment else None
    if not links and (kind is None or kind in THROUGH_STRIPE):
        # because without it the charge and the invoice would be booked both
        raise UnmappableEvent("the invoice payment does not name the charge or intent that paid")
    moment = paid.created or envelope.occurred_at
    outside = outside_payments((paid,), key, paid.currency, rules)
    if not (links or outside) or moment is None:
        message = "this payment is no payment through Stripe; the invoice books it"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    shares = _shares((paid,), key, paid.currency)
    return PostingPlan(document=key, lane=key, steps=outside, document_created_at=moment, links=links, shares=shares)


def _sale_plan(key: SourceKey, invoice: StripeInvoice, moment: datetime, rules: MappingRules) -> PostingPlan:
    parts = parts_of_invoice(invoice, rules)
    customer = customer_step("stripe", _person(invoice), invoice.currency.upper(), rules)
    draft = _draft(invoice, parts, customer.key, rules)
    version = Version(int(moment.timestamp()), RANKS[invoice.status], content_hash(draft))
    state = PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=draft, version=version, name="invoice")
    return PostingPlan(
        document=key,
        lane=key,
        steps=(
            *parts.items,
            customer,
            state,
            *outside_payments(_payments_inside(invoice), key, invoice.currency, rules),
            _received(key, invoice, customer.key, version, rules),
            *_written_off(key, invoice, customer.key, rules),
        ),
        document_created_at=min(invoice.created, moment),
        version=version,
        notes=_notes(invoice),
        warnings=_warnings(invoice),
        links=_links(invoice, key),
        shares=_shares(_payments_inside(invoice), key, invoice.currency),
    )


def _void_plan(key: SourceKey, invoice: StripeInvoice, moment: datetime) -> PostingPlan:
    """Its arithmetic no longer matters."""
    version = Version(int(moment.timestamp()), RANKS["void"], "void")
    void = PostingStep(key=key, entity="Invoice", intent=Intent.VOID, version=version, name="invoice")
    return PostingPlan(
        document=key,
        lane=key,
        steps=(void,),
        document_created_at=min(invoice.created, moment),
        version=version,
        notes=("The invoice was voided in Stripe.",),
    )


def _draft(invoice: StripeInvoice, parts: Parts, customer: SourceKey, rules: MappingRules) -> InvoiceDraft:
    number = cut(invoice.number, DOC_NUMBER_MAX) or invoice.id[-DOC_NUMBER_MAX:]
    code = invoice.currency.upper()
    shipping = invoice.customer_shipping
    return InvoiceDraft(
        customer=customer,
        doc_number=number,
        distinct_number=distinct_number(number, invoice.id),
        txn_date=_day(invoice, rules),
        due_date=invoice.due_date.astimezone(rules.zone).date() if invoice.due_date else None,
        currency=code,
        lines=parts.lines,
        total=parts.total,
        tax=parts.tax,
        tax_code=tax_code(named_taxes(parts.taxes), rules, charged=True) if parts.tax else None,
        discount=parts.discount,
        discount_account=account(rules, "discount") if parts.discount else None,
        exchange_rate=rules.exchange_rates.get(code),
        email=email_address(invoice.customer_email),
        billing=address(invoice.customer_address),
        shipping=address(shipping.address if shipping else None),
    )


def _received(
    key: SourceKey, invoice: StripeInvoice, customer: SourceKey, version: Version, rules: MappingRules
) -> PostingStep:
    """What the body tells of money, charges and records taken out; paid although nothing was is outside of Stripe."""
    code = invoice.currency.upper()
    # because Stripe marks an invoice paid that a person settled elsewhere: such money never comes with a payout, and on
    # the clearing account it would lie for ever
    outside = invoice.paid_out_of_band or (invoice.status == "paid" and not invoice.amount_paid)
    paid = invoice.amount_paid or (max(invoice.amount_due, 0) if invoice.status == "paid" else 0)
    transitions = invoice.status_transitions
    when = (
        transitions.paid_at.astimezone(rules.zone).date()
        if transitions and transitions.paid_at
        else _day(invoice, rules)
    )
    draft = PaymentDraft(
        invoice=key,
        customer=customer,
        amount=in_hundredths(from_stripe(paid, code).number, code),
        currency=code,
        txn_date=when,
        deposit_to=account(rules, "deposit") if outside else deposit_account(rules, "stripe"),
        method=None if outside else rules.gateway("stripe").method,
        exchange_rate=rules.exchange_rates.get(code),
    )
    return PostingStep(
        key=SourceKey("stripe", BODY_MONEY, key.id),
        entity="Payment",
        intent=Intent.RECEIVED,
        draft=draft,
        version=version,
        name="money received",
    )


def _written_off(
    key: SourceKey, invoice: StripeInvoice, customer: SourceKey, rules: MappingRules
) -> tuple[PostingStep, ...]:
    """What was given up is credited against bad debts; an invoice that was paid after all takes that back."""
    transitions = invoice.status_transitions
    debt = SourceKey("stripe", "invoice", f"{invoice.id}.uncollectible")
    # because the customer paid what was given up: else the loss would stay in the books beside the money; one
    # without transitions does not say whether it was
    if invoice.status == "paid" and (transitions is None or transitions.marked_uncollectible_at):
        return (PostingStep(key=debt, entity="CreditMemo", intent=Intent.UNDONE, name="bad debt that was paid"),)
    code = invoice.currency.upper()
    asked = invoice.amount_due - invoice.amount_paid if invoice.amount_remaining is None else invoice.amount_remaining
    if invoice.status != "uncollectible" or asked <= 0:
        return ()
    amount = in_hundredths(from_stripe(asked, code).number, code)
    item = bad_debts_item(rules)
    marked = (
        transitions.marked_uncollectible_at if transitions and transitions.marked_uncollectible_at else invoice.created
    )
    draft = CreditMemoDraft(
        credit_of=key,
        customer=customer,
        doc_number=cut(invoice.number, DOC_NUMBER_MAX) or invoice.id[-DOC_NUMBER_MAX:],
        txn_date=marked.astimezone(rules.zone).date(),
        currency=code,
        lines=(line(item.key, amount, description="Uncollectible"),),
        total=amount,
        exchange_rate=rules.exchange_rates.get(code),
    )
    return (item, PostingStep(key=debt, entity="CreditMemo", intent=Intent.FACT, draft=draft, name="bad debt"))


def _links(invoice: StripeInvoice, key: SourceKey) -> Links:
    """What the body says of the payments on it: two fields in old bodies, a list in new ones."""
    old = (("charge", invoice.charge), ("payment_intent", invoice.payment_intent))
    named = tuple((SourceKey("stripe", kind, ident), key) for kind, found in old if (ident := id_or_object(found)[0]))
    several = (each for row in _payments_inside(invoice) for each in _payment_links(row, key))
    return tuple(dict.fromkeys((*named, *several)))


def _payments_inside(invoice: StripeInvoice) -> tuple[InvoicePayment, ...]:
    return invoice.payments.data if invoice.payments else ()


def _shares(payments: Iterable[InvoicePayment], key: SourceKey, currency: str | None) -> Shares:
    """How much of each payment through Stripe is this invoice's, because it may pay others too."""
    return tuple(
        (*link, in_hundredths(from_stripe(paid.amount_paid, code).number, code.upper()))
        for paid in payments
        if paid.amount_paid and (code := paid.currency or currency)
        for link in _payment_links(paid, key)
    )


def _payment_links(paid: InvoicePayment, key: SourceKey) -> Links:
    if paid.status in UNPAID:
        return ()  # because what may still be taken off its invoice must not tie a charge to it
    by = paid.payment
    named = (("payment_intent", by.payment_intent), ("charge", by.charge)) if by else ()
    return tuple((SourceKey("stripe", kind, ident), key) for kind, found in named if (ident := id_or_object(found)[0]))


def _person(invoice: StripeInvoice) -> Person:
    ident, expanded = id_or_object(invoice.customer)
    name, mail = expanded.get("name"), expanded.get("email")
    shipping = invoice.customer_shipping
    return Person(
        id=ident,
        full_name=invoice.customer_name or (name if isinstance(name, str) else None),
        email=invoice.customer_email or (mail if isinstance(mail, str) else None),
        phone=invoice.customer_phone,
        billing=address(invoice.customer_address),
        shipping=address(shipping.address if shipping else None),
    )


def _day(invoice: StripeInvoice, rules: MappingRules) -> date:
    transitions = invoice.status_transitions
    finalized = transitions.finalized_at if transitions else None
    return (invoice.effective_at or finalized or invoice.created).astimezone(rules.zone).date()


def _warnings(invoice: StripeInvoice) -> tuple[Caution, ...]:
    """What the invoice leaves open: the day on which it was paid or given up, and what paid it."""
    transitions = invoice.status_transitions or Transitions()
    unsaid = (GIVEN_UP,) if invoice.status == "paid" and invoice.status_transitions is None else ()
    paid = invoice.status == "paid" and (invoice.amount_paid or invoice.amount_due > 0)
    given_up = invoice.status == "uncollectible"
    if (paid and transitions.paid_at is None) or (given_up and transitions.marked_uncollectible_at is None):
        return (DAY, *unsaid, *_about_payments(invoice))
    return (*unsaid, *_about_payments(invoice))


def _about_payments(invoice: StripeInvoice) -> tuple[Caution, ...]:
    """A list of payments that is cut may hide one outside of Stripe, whose money would lie on Stripe's account.

    A paid body that names no payment of it leaves open whose charge it is.
    """
    unnamed = invoice.charge is None and invoice.payment_intent is None and invoice.payments is None
    if unnamed and invoice.status == "paid" and invoice.amount_paid:
        return (UNNAMED,)
    if invoice.payments is None or not invoice.payments.has_more:
        return ()
    said = "the invoice's list of payments is cut (has_more): what is not in it counts as paid through Stripe"
    return (Caution("cut_list", said),)


def _notes(invoice: StripeInvoice) -> tuple[str, ...]:
    """What an accountant may wonder about."""
    code = invoice.currency.upper()
    less: Decimal = from_stripe(invoice.total - invoice.amount_due, code).number
    if less <= 0:
        return ()
    covered = f"{plain(less, code)} {code} of it is covered by the customer's balance or credit notes in Stripe"
    return (f"{covered}: that part is not booked as money received.",)
