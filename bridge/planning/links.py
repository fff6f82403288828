"""Stripe's money finds its invoice: what a charge or a payment intent is part of, decided before anything is planned.

A charge that pays an invoice of the books is no sale of its own: its money goes on that invoice. Where the link becomes
known only after the charge was booked as a sale, the payment moves to the invoice and the sale is voided. A charge
whose invoice is not in the books is a sale until it is. So whatever is told first, the same books remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.payment_links import noted, share_key
from bridge.index.posted import Posted, order_of
from bridge.planning.coming_sales import is_sale
from bridge.planning.known_links import DEPOSITED, Division, KnownLinks, Part
from bridge.planning.linked_payouts import placed_deposit, with_parts_deposited
from bridge.planning.refusals import conflict, rejected
from bridge.planning.steps import AlreadyPosted, Refused, Skipped, StepResolution
from contracts.entities import PAYMENT_REF_MAX
from contracts.errors import RejectedPosting
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField, text_in
from contracts.posting import Caution, Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import (
    AccountSelector,
    DepositDraft,
    PaymentDraft,
    RefundReceiptDraft,
)

BY_SHOP = "this money pays a shop order, which the shop books"
NOT_SHARED = "shares_unknown"
PAYS_VOID = "pays_void_invoice"
"""The warning of money for an invoice that is void."""
UNTOLD_INVOICE = "invoice_untold"
"""The warning of a charge over several invoices of which nobody has told one."""
IS_UNTOLD = "{} pays {} too, which nobody has told: its share lies with the charge's other invoices until then."
HERE, AWAY = "the customer's credit", "a sale of its own, or on the other invoice that it pays"
PAID_VOID = "{} pays {}, which is void: its money is {}. Refund it, or put it where it belongs."
NOTED = "noted which invoice this payment is for; its charge and its invoice book the rest"


@dataclass(slots=True)
class LinkedPlans:
    """The plans as they are meant once links are `known`, what became of some of them, and what is news about links.

    `superseded_charges` are charges whose own sale must not count any more, with the plan that is credited with it.
    `charges` are those that a plan speaks of, with its position.
    `lost` are invoices of whose money no body tells: they were paid by a debit which failed before anything of it was
    booked, or their money lies whole on another document. `cautions` are for the plans at these positions.
    """

    plans: list[PostingPlan]
    known: KnownLinks
    resolutions: list[tuple[int, StepResolution]] = field(default_factory=list)
    notes: dict[SourceKey, Version] = field(default_factory=dict)
    superseded_charges: dict[SourceKey, int] = field(default_factory=dict)
    charges: dict[SourceKey, int] = field(default_factory=dict)
    lost: set[SourceKey] = field(default_factory=set)
    cautions: list[tuple[int, Caution]] = field(default_factory=list)


def linked(plans: Sequence[PostingPlan], index: Index) -> LinkedPlans:
    """`plans` with every charge, refund and link where it belongs, by what the books, the journal and they say."""
    known = KnownLinks(plans, index)
    found = LinkedPlans(list(plans), known)
    for position, plan in enumerate(plans):
        if any(step.key.system == "stripe" for step in plan.steps) or plan.links:
            found.plans[position] = _placed(plan, known)
            _resolve_without_money(found, position, known)
    _move(found, known)
    found.plans = [with_parts_deposited(plan, known, found.plans) for plan in _in_one_lane(found.plans, known)]
    found.notes |= {money: noted(documents) for money, documents in known.unremembered}
    return found


def _placed(plan: PostingPlan, known: KnownLinks) -> PostingPlan:
    """A charge's money on its invoice instead of on a sale of its own; a refund of what its money really paid for."""
    lane = plan.lane
    steps: list[PostingStep] = []
    for step in plan.steps:
        placed, sale = _placed_step(step, known)
        lane = sale or lane
        steps += placed
    if plan.lane.kind == "payment_intent":
        sale = known.sale_of(plan.lane)
        lane = lane if sale == plan.lane else sale
    return replace(plan, steps=tuple(steps), lane=lane)


def _placed_step(step: PostingStep, known: KnownLinks) -> tuple[tuple[PostingStep, ...], SourceKey | None]:
    """The step where it belongs, nothing for the sale of a charge that is none; and the lane that this asks for.

    The payment of a charge over several invoices is one for each.
    """
    if step.key.kind == "charge" and (is_sale(step) or isinstance(step.draft, PaymentDraft)):
        invoice = known.invoice_of(step.key)
        if invoice is None:
            return (step,), None
        if isinstance(step.draft, PaymentDraft):
            division = known.division_of(step.key)
            parts = division.parts or (Part(step.key, invoice, step.draft.amount),)
            return tuple(_of_part(step, step.draft, part, step.key, division.whole) for part in parts), invoice
        return (), invoice
    if isinstance(step.draft, DepositDraft):
        return (replace(step, draft=placed_deposit(step.draft, known)),), None
    if isinstance(step.draft, RefundReceiptDraft) and step.draft.refund_of.system == "stripe":
        sale = known.sale_of(step.draft.refund_of)
        return (replace(step, draft=replace(step.draft, refund_of=sale)),), sale
    return (step,), None


def _of_part(
    step: PostingStep, draft: PaymentDraft, part: Part, charge: SourceKey, whole: Decimal | None
) -> PostingStep:
    """The payment of a charge that is on one invoice; `whole` is what came in by it."""
    shared = part.payment != charge or part.amount != draft.amount
    own = replace(draft, invoice=part.invoice, customer=None, amount=part.amount)
    own = replace(own, share_of=charge if shared else None, charged=whole if shared else None)
    return replace(step, key=part.payment, draft=own)


def _resolve_without_money(found: LinkedPlans, position: int, known: KnownLinks) -> None:
    """A refund of what the shop books has an end; so has an event that tells nothing but a link."""
    plan = found.plans[position]
    charges = [charge for money in _money_of(plan) if (charge := known.charge_of(money)) is not None]
    found.cautions += [(position, each) for each in _of_invoices_not_there(plan, known)]
    spoken_of = _charges_in(plan, known)
    found.charges |= {charge: found.charges.get(charge, position) for charge in spoken_of}
    whole = [(charge, why) for charge in spoken_of if (why := known.division_of(charge).why)]
    documents = [document for charge in charges for document in known.documents_of(charge)]
    if whole and not plan.steps and plan.document.kind == "invoice":
        refused = RejectedPosting(f"{whole[0][0]} {whole[0][1]}", reason_code="conflict", step="payment")
        found.resolutions.append((position, Refused(refused)))
        return
    found.cautions += [(position, Caution(NOT_SHARED, f"{charge} {why}.")) for charge, why in whole]
    if any(document.system != "stripe" for document in documents):
        found.resolutions.append((position, Skipped("booked_by_shop", BY_SHOP)))
        found.plans[position] = replace(plan, steps=())
    elif not plan.steps:
        names = [name for each in charges for name in (each, *(share_key(each, document) for document in documents))]
        payments = [known.index.get("Payment", name) for name in names]
        held: list[StepResolution] = [AlreadyPosted(each) for each in payments if each and order_of(each) in documents]
        found.resolutions += [(position, resolution) for resolution in held or [Skipped("skipped_by_rule", NOTED)]]


def _of_invoices_not_there(plan: PostingPlan, known: KnownLinks) -> list[Caution]:
    """What is said of charges that pay an invoice which is void, or beside others one that nobody has told."""
    named = {*_charges_in(plan, known), *known.charges_of_document(plan.document)}
    paid = [each for each in sorted(named) if known.is_coming(each) or known.payment_of(each) is not None]
    found: list[Caution] = []
    for charge in paid:
        there = known.invoices_of(charge)
        for each in known.documents_of(charge):
            if known.is_void(each):
                where = HERE if known.index.sale(each) is not None else AWAY
                found.append(Caution(PAYS_VOID, PAID_VOID.format(charge, each, where)))
            elif there and each not in there:
                found.append(Caution(UNTOLD_INVOICE, IS_UNTOLD.format(charge, each)))
    return found


def _charges_in(plan: PostingPlan, known: KnownLinks) -> list[SourceKey]:
    """The charges of which a plan tells what they pay, or an invoice that they pay."""
    named = (money for money, document in plan.links if document.kind != "charge")
    paid = (step.draft.share_of or step.key for step in plan.steps if isinstance(step.draft, PaymentDraft))
    paying = (charge for step in plan.steps if is_sale(step) for charge in known.charges_of_document(step.key))
    return sorted({*paying, *(charge for money in (*named, *paid) if (charge := known.charge_of(money)) is not None)})


def _money_of(plan: PostingPlan) -> set[SourceKey]:
    """The charges and intents that a refund or a link is about."""
    refunded = [step.draft.refund_of for step in plan.steps if isinstance(step.draft, RefundReceiptDraft)]
    return {*refunded, *(() if plan.steps else (money for money, _ in plan.links))}


def _move(found: LinkedPlans, known: KnownLinks) -> None:
    """Charges that were booked otherwise than is known now: their money moves, their own sale is void."""
    seen: set[SourceKey] = set()
    for invoice in known.invoices():
        owner = next((i for i, plan in enumerate(found.plans) if invoice in _spoken_of(plan)), None)
        if owner is None:
            owner = _plan_of_another(found.plans, known, invoice)
        if known.was_lost(invoice) or known.is_on_another(invoice):
            _lose(found, known, invoice, owner)
        for charge in known.charges_of_document(invoice):
            if charge not in seen:
                seen.add(charge)
                _move_charge(found, known, charge, owner)


def _plan_of_another(plans: Sequence[PostingPlan], known: KnownLinks, invoice: SourceKey) -> int:
    """The plan that tells of a charge which pays this invoice too, and does not name it."""
    charges = set(known.charges_of_document(invoice))
    return next(i for i, plan in enumerate(plans) if not charges.isdisjoint(_charges_named(plan, known)))


def _charges_named(plan: PostingPlan, known: KnownLinks) -> set[SourceKey]:
    linked_ones = {charge for money, _ in plan.links if (charge := known.charge_of(money)) is not None}
    return {plan.document, *linked_ones, *_charges_in(plan, known)}


def _move_charge(found: LinkedPlans, known: KnownLinks, charge: SourceKey, owner: int) -> None:
    sale, payment, invoice = known.index.get("Invoice", charge), known.payment_of(charge), known.invoice_of(charge)
    own_sale = sale if sale is not None and not sale.voided else None
    receipt = known.index.get("RefundReceipt", charge)
    # because an owner may have been killed between the void of its sale and what goes with it
    is_superseded = own_sale is not None or (sale is not None and receipt is not None and not receipt.voided)
    division = known.division_of(charge)
    if invoice is None or not (is_superseded or len(known.documents_of(charge)) > 1):
        return
    changed = [each for each in (own_sale, payment) if each and not each.total_unchanged]
    if changed:
        found.resolutions.append((owner, Refused(conflict(changed[0]), changed[0])))
        return
    moved = _moved_money(known, division, payment, invoice) if payment is not None else []
    if payment is not None and payment.deposited and any(step.key == charge for step in moved):
        found.resolutions.append((owner, Refused(rejected(payment, DEPOSITED), payment)))
        return
    if is_superseded:
        found.superseded_charges[charge] = owner
        moved += _lost_again(receipt, invoice)
    if moved:
        plan = found.plans[owner]
        found.plans[owner] = replace(plan, lane=invoice, steps=(*plan.steps, *moved))


def _moved_money(known: KnownLinks, division: Division, payment: Posted, invoice: SourceKey) -> list[PostingStep]:
    """What of a charge that is in the books lies otherwise than it should."""
    if not division.parts:
        return [] if order_of(payment) == invoice else [_money(payment, invoice)]
    step, draft = _money(payment, invoice), _draft(payment, invoice)
    moved = (part for part in division.parts if not known.lies(part))
    return [_of_part(step, draft, part, payment.key, division.whole) for part in moved]


def _in_one_lane(plans: Sequence[PostingPlan], known: KnownLinks) -> list[PostingPlan]:
    """The plans; those of invoices that one charge pays are planned together."""
    lanes: dict[SourceKey, SourceKey] = {}
    for charge in dict.fromkeys(charge for each in known.invoices() for charge in known.charges_of_document(each)):
        several = known.invoices_of(charge)
        held = {lanes.get(each, each) for each in several}
        group = {*several, *(each for each, lane in lanes.items() if lane in held)}
        lanes |= dict.fromkeys(group, min(group, default=charge))
    return [replace(plan, lane=lanes[plan.lane]) if plan.lane in lanes else plan for plan in plans]


def _lose(found: LinkedPlans, known: KnownLinks, invoice: SourceKey, owner: int) -> None:
    """What a body told of an invoice's money did not come in, or lies elsewhere: the invoice is looked at again."""
    found.lost.add(invoice)
    by_body = known.payment_of(SourceKey(invoice.system, BODY_MONEY, invoice.id))
    if by_body is not None:
        plan = found.plans[owner]
        found.plans[owner] = replace(plan, lane=invoice, steps=(*plan.steps, _money(by_body, invoice)))


def _spoken_of(plan: PostingPlan) -> set[SourceKey]:
    return {plan.lane, *(document for _, document in plan.links), *(step.key for step in plan.steps)}


def _money(payment: Posted, invoice: SourceKey) -> PostingStep:
    """A payment that is in the books, as money for another invoice."""
    draft = _draft(payment, invoice)
    return PostingStep(key=payment.key, entity="Payment", intent=Intent.FACT, draft=draft, name="payment")


def _draft(payment: Posted, invoice: SourceKey) -> PaymentDraft:
    """What a payment in the books was and where it went stays as it is, whatever invoice it is for."""
    return PaymentDraft(
        invoice=invoice,
        amount=payment.total,
        currency=payment.currency or "",
        txn_date=payment.txn_date or date.min,
        deposit_to=AccountSelector(rule="accounts.deposit", id=payment.deposit_to),
        reference=payment.key.id[-PAYMENT_REF_MAX:],
        exchange_rate=payment.exchange_rate,
        intent=text_in(payment.marker_fields, MarkerField.INTENT),
    )


def _lost_again(receipt: Posted | None, invoice: SourceKey) -> list[PostingStep]:
    """A debit that failed as a sale of its own: that it paid an invoice makes it owed again, and its sale stands."""
    if receipt is None or receipt.voided or receipt.deposit_to is None:
        return []
    draft = RefundReceiptDraft(
        refund_of=invoice,
        doc_number=receipt.doc_number or "",
        txn_date=receipt.txn_date or date.min,
        currency=receipt.currency or "",
        lines=(),
        total=receipt.total,
        deposit_to=AccountSelector(rule="accounts.deposit", id=receipt.deposit_to),
        exchange_rate=receipt.exchange_rate,
    )
    name = "payment that failed"
    return [PostingStep(key=receipt.key, entity="RefundReceipt", intent=Intent.REVERSED, draft=draft, name=name)]
