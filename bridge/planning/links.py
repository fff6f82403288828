"""Stripe's money finds its invoice: what a charge or a payment intent is part of, decided before anything is planned.

A charge that pays an invoice of the books is no sale of its own: its money goes on that invoice. Where the link becomes
known only after the charge was booked as a sale, the payment moves to the invoice and the sale is voided. A charge
whose invoice is not in the books is a sale until it is. So whatever is told first, the same books remain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bridge.index.index import Index
from bridge.index.payment_links import PaymentLinks, lost, noted
from bridge.index.posted import Posted, order_of
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import conflict, rejected
from bridge.planning.sale.voids import marker_again, others_paid
from bridge.planning.steps import AlreadyPosted, PlannedStep, Refused, Skipped, StepId, StepResolution
from contracts.keys import BODY_MONEY, UNNAMED, SourceKey
from contracts.marker import MarkerField, text_in
from contracts.opening import OF_EARLIER_BOOKS
from contracts.posting import ONCE, TAKEN_BACK_FOR_GOOD, Intent, Operation, PostingPlan, PostingStep, Version
from contracts.quickbooks import (
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    InvoiceDraft,
    PaymentDraft,
    RefundReceiptDraft,
)

BY_SHOP_LINE = "Payment that the shop books:"
BY_SHOP = "this money pays a shop order, which the shop books"
PAID_BY_HAND = "is the sale of a charge that pays an invoice of Stripe, and somebody has put other money on it"
DEPOSITED = "pays an invoice of Stripe, but lies on a deposit already: take it off there, then send the event again"
NOTED = "noted which invoice this payment is for; its charge and its invoice book the rest"


@dataclass(slots=True)
class LinkedPlans:
    """The plans as they are meant once links are known, what became of some of them, and what is news about links.

    `superseded_charges` are charges whose own sale must not count any more, with the plan that is credited with it.
    `lost` are invoices that were paid by a debit which failed before anything of it was booked.
    """

    plans: list[PostingPlan]
    resolutions: list[tuple[int, StepResolution]] = field(default_factory=list)
    notes: dict[SourceKey, Version] = field(default_factory=dict)
    superseded_charges: dict[SourceKey, int] = field(default_factory=dict)
    lost: set[SourceKey] = field(default_factory=set)


def linked(plans: Sequence[PostingPlan], index: Index) -> LinkedPlans:
    """`plans` with every charge, refund and link where it belongs, by what the books, the journal and they say."""
    known = _KnownLinks(plans, index)
    found = LinkedPlans(list(plans))
    for position, plan in enumerate(plans):
        if any(step.key.system == "stripe" for step in plan.steps) or plan.links:
            found.plans[position] = _placed(plan, known)
            _resolve_without_money(found, position, known)
    _move(found, known)
    for money, document in known.unknown_links:
        found.notes[money] = noted(document)
    return found


class _KnownLinks:
    """The links of the books, of the journal and of this micro-batch together."""

    def __init__(self, plans: Sequence[PostingPlan], index: Index) -> None:
        self.index = index
        self.received_by_body = tuple(dict.fromkeys(link for plan in plans for link in plan.links))
        self._batch = PaymentLinks(self.received_by_body)
        sales = (step for plan in plans for step in plan.steps)
        self._planned = {step.key for step in sales if _is_sale(step) or step.intent is Intent.BEFORE_START}

    def charge_of(self, money: SourceKey) -> SourceKey | None:
        """The charge that an intent ended in."""
        return self._batch.charge_of(money) or self.index.payment_links.charge_of(money)

    def document_of(self, charge: SourceKey) -> SourceKey | None:
        """What a charge pays, by its own link or by one of its intent."""
        names = (charge, *self.payments_of_document(charge))
        found = (
            payment_links.document_of(name)
            for name in names
            for payment_links in (self._batch, self.index.payment_links)
        )
        return next((document for document in found if document is not None), None)

    def payments_of_document(self, document: SourceKey) -> tuple[SourceKey, ...]:
        """Everything that is said to be part of `document`."""
        return (*self._batch.payments_of_document(document), *self.index.payment_links.payments_of_document(document))

    def invoice_of(self, charge: SourceKey) -> SourceKey | None:
        """The invoice that a charge pays, when that is in the books or about to be."""
        document = self.document_of(charge)
        there = document is not None and document.kind == "invoice" and self._is_there(document)
        return document if there else None

    def sale_of(self, money: SourceKey) -> SourceKey:
        """What the money of a charge or an intent is on: the invoice that it pays, else the charge, else itself.

        An intent may be known to pay an invoice although nobody has told its charge.
        """
        charge = self.charge_of(money) or money
        return self.invoice_of(charge) or charge

    def order_of(self, charge: SourceKey) -> SourceKey | None:
        """The shop's order that a charge pays, where the shop books it: then no payment of the charge's own exists."""
        document = self.document_of(charge)
        shops = document is not None and document.system != charge.system
        return document if shops and self.index.get("Payment", charge) is None else None

    def was_lost(self, invoice: SourceKey) -> bool:
        """True for an invoice that was paid by a debit which failed before anything of it was booked."""
        return any(
            self.index.newest(lost(money)) == TAKEN_BACK_FOR_GOOD for money in self.payments_of_document(invoice)
        )

    def invoices(self) -> Iterator[SourceKey]:
        """The invoices that this micro-batch speaks of and that are there."""
        named = (document for _, document in self.received_by_body if document.kind == "invoice")
        for document in dict.fromkeys((*self._planned, *named)):
            if document.kind == "invoice" and self._is_there(document):
                yield document

    @property
    def unknown_links(self) -> Iterator[tuple[SourceKey, SourceKey]]:
        """Links to documents that must be remembered: neither the journal nor the money's own marker says them."""
        for money, document in self.received_by_body:
            charge = self.charge_of(money)
            payment = self.index.get("Payment", charge) if charge else None
            placed = payment is not None and order_of(payment) == document
            if document.kind != "charge" and not placed and self.index.payment_links.document_of(money) != document:
                yield money, document

    def _is_there(self, document: SourceKey) -> bool:
        if document in self._planned or self.index.sale(document) is not None:
            return True
        # because the money of an invoice of earlier books is no sale of its own
        version = self.index.newest(document)
        return version is not None and version.content == OF_EARLIER_BOOKS.content


def _is_sale(step: PostingStep) -> bool:
    return step.intent is Intent.STATE and isinstance(step.draft, InvoiceDraft)


def _placed(plan: PostingPlan, known: _KnownLinks) -> PostingPlan:
    """A charge's money on its invoice instead of on a sale of its own; a refund of what its money really paid for."""
    lane = plan.lane
    steps: list[PostingStep] = []
    for step in plan.steps:
        placed, sale = _placed_step(step, known)
        lane = sale or lane
        if placed is not None:
            steps.append(placed)
    if plan.lane.kind == "payment_intent":
        sale = known.sale_of(plan.lane)
        lane = lane if sale == plan.lane else sale
    return replace(plan, steps=tuple(steps), lane=lane)


def _placed_step(step: PostingStep, known: _KnownLinks) -> tuple[PostingStep | None, SourceKey | None]:
    """The step where it belongs, None for the sale of a charge that is none; and the lane that this asks for."""
    if step.key.kind == "charge" and (_is_sale(step) or isinstance(step.draft, PaymentDraft)):
        invoice = known.invoice_of(step.key)
        if invoice is None:
            return step, None
        if isinstance(step.draft, PaymentDraft):
            return replace(step, draft=replace(step.draft, invoice=invoice, customer=None)), invoice
        return None, invoice
    if isinstance(step.draft, DepositDraft):
        return replace(step, draft=_placed_deposit(step.draft, known)), None
    if isinstance(step.draft, RefundReceiptDraft) and step.draft.refund_of.system == "stripe":
        sale = known.sale_of(step.draft.refund_of)
        return replace(step, draft=replace(step.draft, refund_of=sale)), sale
    return step, None


def _placed_deposit(draft: DepositDraft, known: _KnownLinks) -> DepositDraft:
    """Each payment by the name that the books have for it; what the shop books is a line, and its order waited for."""
    payments, lines, orders = [], list(draft.lines), dict.fromkeys(draft.orders)
    for each in draft.payments:
        order = known.order_of(each.payment)
        if order is None or draft.clearing is None:
            payments.append(_deposited_payment(each, known))
            continue
        lines.append(
            DepositLine(account=draft.clearing, amount=each.amount, description=f"{BY_SHOP_LINE} {each.payment.id}")
        )
        if order.id != UNNAMED:
            orders[order] = None
    return replace(draft, payments=tuple(payments), lines=tuple(lines), orders=tuple(orders))


def _deposited_payment(each: DepositedPayment, known: _KnownLinks) -> DepositedPayment:
    """A charge whose own events nobody told: its money is what the body of its invoice told."""
    charge = known.charge_of(each.payment)
    document = known.document_of(charge) if charge else None
    if document is None or known.index.get("Payment", each.payment) is not None:
        return each
    by_body = SourceKey(document.system, BODY_MONEY, document.id)
    payment = known.index.get("Payment", by_body)
    same = payment is not None and not payment.voided and payment.total == each.amount
    return replace(each, payment=by_body) if same else each


def _resolve_without_money(found: LinkedPlans, position: int, known: _KnownLinks) -> None:
    """A refund of what the shop books has an end; so has an event that tells nothing but a link."""
    plan = found.plans[position]
    charges = [charge for money in _money_of(plan) if (charge := known.charge_of(money)) is not None]
    documents = [document for charge in charges if (document := known.document_of(charge)) is not None]
    if any(document.system != "stripe" for document in documents):
        found.resolutions.append((position, Skipped("booked_by_shop", BY_SHOP)))
        found.plans[position] = replace(plan, steps=())
    elif not plan.steps:
        payments = [known.index.get("Payment", charge) for charge in charges]
        held: list[StepResolution] = [AlreadyPosted(each) for each in payments if each and order_of(each) in documents]
        found.resolutions += [(position, resolution) for resolution in held or [Skipped("skipped_by_rule", NOTED)]]


def _money_of(plan: PostingPlan) -> set[SourceKey]:
    """The charges and intents that a refund or a link is about."""
    refunded = [step.draft.refund_of for step in plan.steps if isinstance(step.draft, RefundReceiptDraft)]
    return {*refunded, *(() if plan.steps else (money for money, _ in plan.links))}


def _move(found: LinkedPlans, known: _KnownLinks) -> None:
    """Charges that were booked as sales, and whose invoice is known now: their money moves, their sale is void."""
    for invoice in known.invoices():
        owner = next(i for i, plan in enumerate(found.plans) if invoice in _spoken_of(plan))
        if known.was_lost(invoice):
            _lose(found, known, invoice, owner)
        for charge in dict.fromkeys(filter(None, map(known.charge_of, known.payments_of_document(invoice)))):
            sale, payment = known.index.get("Invoice", charge), known.index.get("Payment", charge)
            if sale is None or sale.voided:
                continue
            changed = [each for each in (sale, payment) if each and not each.voided and not each.total_unchanged]
            if changed:
                found.resolutions.append((owner, Refused(conflict(changed[0]), changed[0])))
                continue
            moves = payment is not None and not payment.voided and order_of(payment) != invoice
            if payment is not None and moves and payment.deposited:
                found.resolutions.append((owner, Refused(rejected(payment, DEPOSITED), payment)))
                continue
            found.superseded_charges[charge] = owner
            moved = [_money(payment, invoice)] if payment is not None and moves else []
            moved += _lost_again(known.index.get("RefundReceipt", charge), invoice)
            if moved:
                plan = found.plans[owner]
                found.plans[owner] = replace(plan, lane=invoice, steps=(*plan.steps, *moved))


def _lose(found: LinkedPlans, known: _KnownLinks, invoice: SourceKey, owner: int) -> None:
    """What a body told of an invoice's money was that of a debit which failed: the invoice is looked at again."""
    found.lost.add(invoice)
    by_body = known.index.get("Payment", SourceKey(invoice.system, BODY_MONEY, invoice.id))
    if by_body is not None and not by_body.voided:
        plan = found.plans[owner]
        found.plans[owner] = replace(plan, lane=invoice, steps=(*plan.steps, _money(by_body, invoice)))


def _spoken_of(plan: PostingPlan) -> set[SourceKey]:
    return {plan.lane, *(document for _, document in plan.links), *(step.key for step in plan.steps)}


def _money(payment: Posted, invoice: SourceKey) -> PostingStep:
    """A payment that is in the books, as money for another invoice; what it was and where it went stays as it is."""
    draft = PaymentDraft(
        invoice=invoice,
        amount=payment.total,
        currency=payment.currency or "",
        txn_date=payment.txn_date or date.min,
        deposit_to=AccountSelector(rule="accounts.deposit"),
        intent=text_in(payment.marker_fields, MarkerField.INTENT),
    )
    return PostingStep(key=payment.key, entity="Payment", intent=Intent.FACT, draft=draft, name="payment")


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


def void_superseded_charges(context: PlanningContext, superseded_charges: Iterable[tuple[SourceKey, int]]) -> None:
    """Void the sales whose money is on its invoice; what waits until its money has moved is looked at once more."""
    for charge, owner in superseded_charges:
        document = StepId("Invoice", charge)
        sale = context.index.get("Invoice", charge)
        if sale is None or document in context.steps or owner not in context.positions:
            continue
        if StepId("Payment", charge) in context.steps:
            with context.planning([owner]):
                context.ask_again()
            continue
        if _others_paid(context, sale, owner):
            context.resolve([owner], Refused(rejected(sale, PAID_BY_HAND), sale))
            continue
        with context.planning([owner]):
            void = PlannedStep(id=document, operation=Operation.VOID, owner=owner, target=sale)
            context.plan_write(void, [owner])
            _delete_receipt(context, charge, owner)
            context.plan_write(marker_again(document, sale, str(ONCE), owner, voided_now=True), [owner])


def _others_paid(context: PlanningContext, sale: Posted, owner: int) -> bool:
    with context.planning([owner]):
        return others_paid(context, sale)


def _delete_receipt(context: PlanningContext, charge: SourceKey, owner: int) -> None:
    """The receipt that took the sale of a failed debit back goes with that sale: its invoice is owed again instead."""
    receipt = context.index.get("RefundReceipt", charge)
    if receipt is not None and not receipt.voided:
        delete = PlannedStep(
            id=StepId("RefundReceipt", charge), operation=Operation.DELETE, owner=owner, target=receipt, sale=charge
        )
        context.plan_write(delete, [owner])
