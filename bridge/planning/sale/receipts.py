"""Sales receipts: an order that was paid at once, its money inside. Pure.

One that was booked as an invoice first stays an invoice, and its money is a payment; one that turns out to be owed in
part after all becomes an invoice. The ledger is the same either way.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.index.index import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.amounts import amount_of
from bridge.planning.sale.body_money import is_silent
from bridge.planning.sale.voids import marker_again
from bridge.planning.steps import Claim, PlannedStep, SaleClaims, StepId
from contracts.keys import BODY_MONEY, SourceKey
from contracts.posting import Intent, Operation, PostingStep, Version
from contracts.quickbooks import InvoiceDraft, PaymentDraft, SalesReceiptDraft


def with_receipt_money(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> SaleClaims:
    """The claims with the money of sales receipts told apart, where the sale stands on an invoice.

    Because an invoice stays one, what a receipt has inside it is a payment of that invoice.
    """
    posted = context.index.sale(key)
    if posted is None or posted.entity != "Invoice":
        return claims
    inside = [
        claim._replace(step=_money_of(claim.step, claim.step.draft))
        for claim in claims.bodies
        if isinstance(claim.step.draft, SalesReceiptDraft)
    ]
    return replace(claims, received=(*claims.received, *inside))


def standing_form(context: PlanningContext, key: SourceKey) -> Posted | None:
    """The form on which the sale stands; None for a receipt that was taken back for an invoice that never came.

    Because a cancelled order keeps its receipt, for nothing else is one ever voided by the bridge; whoever did it was
    killed before the invoice was sent.
    """
    posted = context.index.sale(key)
    is_half_done = posted is not None and posted.entity == "SalesReceipt" and posted.voided_by_us
    return None if is_half_done else posted


def is_outgrown(claim: Claim, posted: Posted | None, claims: SaleClaims) -> bool:
    """True when a body says that other money was received than the sale asks for, and it is booked as paid at once."""
    draft = claim.step.draft
    if posted is None or posted.voided or posted.entity != "SalesReceipt" or not isinstance(draft, InvoiceDraft):
        return False
    received = [amount_of(each) for each in claims.received if each.position == claim.position]
    # because a body that is silent about money does not take back what an older one told
    return bool(received) and max(received) != draft.total


def is_unclear(claim: Claim, posted: Posted | None, claims: SaleClaims) -> bool:
    """True when a body gives the sale another total than its receipt, and says nothing about money.

    The money inside a receipt is its total, so another one would tell money that nobody told.
    """
    draft = claim.step.draft
    if posted is None or posted.voided or posted.entity != "SalesReceipt" or not isinstance(draft, InvoiceDraft):
        return False
    return is_silent(claim, claims) and draft.total != posted.written


def take_back(context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version) -> StepId:
    """Void a sales receipt to whose place an invoice comes; gives the step after which that one may go out."""
    receipt = StepId("SalesReceipt", claim.step.key)
    void = PlannedStep(id=receipt, operation=Operation.VOID, owner=claim.position, target=posted)
    context.plan_write(void, same)
    context.plan_write(marker_again(receipt, posted, str(version), claim.position, voided_now=True), same)
    return receipt


def _money_of(step: PostingStep, draft: SalesReceiptDraft) -> PostingStep:
    sale = draft.sale
    money = PaymentDraft(
        invoice=step.key,
        customer=sale.customer,
        amount=sale.total,
        currency=sale.currency,
        txn_date=sale.txn_date,
        deposit_to=draft.deposit_to,
        method=draft.method,
        reference=draft.reference,
        exchange_rate=sale.exchange_rate,
    )
    key = SourceKey(step.key.system, BODY_MONEY, step.key.id)
    return PostingStep(key=key, entity="Payment", intent=Intent.RECEIVED, draft=money, version=step.version)
