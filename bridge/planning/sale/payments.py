"""Payments of one order or charge, from its transactions and from its body, never the same money twice. Pure.

A transaction is a fact and is booked once. What the newest body says beyond the known transactions is one payment of
its own (`payment`), which a transaction that comes later takes over or is taken out of (INTERFACE.md, "Money of an
order"). Whatever arrives first, the same payments remain in the end, and as much of them is on the invoice as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.index import Posted
from bridge.index.posted import order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import conflict, rejected, stays_void
from bridge.planning.sale.applying import applied_fact, change, give_way, is_partly_applied, is_target, reapply
from bridge.planning.sale.money import SaleMoney, amount_of, lies_elsewhere
from bridge.planning.sale.redemptions import redeemed_on
from bridge.planning.sale.voids import marker_again
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Refused, SaleClaims, StepId, Write
from contracts.errors import RecordError
from contracts.money import plain, total
from contracts.posting import Operation
from contracts.quickbooks import InvoiceDraft, PaymentDraft

LINKED_ELSEWHERE = "was linked to other documents in QuickBooks and cannot become smaller"


def refusal(money: SaleMoney) -> RecordError | None:
    """Why nothing of this money can be booked: a person has changed the payment that would have to change."""
    changing = money.changing
    if changing is None:
        return None
    if not changing.total_unchanged:
        return conflict(changing)
    taken_over = amount_of(money.unbooked[0][0]) if money.unbooked else Decimal(0)
    if changing.applied_elsewhere > (money.body_only or taken_over):
        return rejected(changing, LINKED_ELSEWHERE)
    return None


def refuse(context: PlanningContext, money: SaleMoney, error: RecordError) -> None:
    """Nothing about this money is certain any more."""
    for claims in [*money.unbooked, *money.cards, money.current]:
        context.resolve((claim.position for claim in claims), Refused(error))
    money.cards, money.redeemed = [], redeemed_on(money.sale.posted)


def plan_payments(context: PlanningContext, money: SaleMoney, told: SaleClaims) -> None:
    """Decide the payments of an invoice; its form is decided already."""
    measure_open_balance(context, money)
    causes = [*told.received, *told.redemptions]
    if money.shrinking and causes:
        give_way(context, money, causes[0])
    _write_money(context, money)
    if money.relink and told.received:
        reapply(context, money, told.received[0])
    _show_known(context, money, told.received)


def resolve_receipt_money(context: PlanningContext, money: SaleMoney, told: SaleClaims) -> None:
    """The money of a sales receipt is inside it: transactions and bodies tell nothing new of it."""
    claims = [*(claim for claims in money.unbooked for claim in claims), *told.received]
    for claim in claims:
        if money.sale.step is not None:
            context.resolve([claim.position], Write(money.sale.step.id, credited=False))
        elif money.sale.posted is not None:
            context.resolve([claim.position], AlreadyPosted(money.sale.posted))


def measure_open_balance(context: PlanningContext, money: SaleMoney) -> None:
    """Find out what the invoice can still take, whose it is, and what lies beside it."""
    sale = money.sale
    payments = context.index.payments_of(sale.key)
    applications = context.index.applications_of(sale.key)
    draft = sale.step.draft if sale.step and isinstance(sale.step.draft, InvoiceDraft) else None
    here = sale.posted.customer_id if sale.posted else None
    follows = draft is not None and not (sale.posted and sale.posted.customer_changed)
    money.owner = context.customer_id(draft.customer, draft.currency) if draft and follows else here
    moved = sale.posted is not None and money.owner != here
    covered = Decimal(0) if moved else _covered(sale.posted, [*payments, *applications])
    money.open = sale.asked - covered + (money.changing.applied if money.changing else Decimal(0))
    smaller = sale.step is not None and sale.step.total is not None and covered > sale.asked
    money.shrinking = sale.step.id if smaller and sale.step else None
    money.relink = any(is_partly_applied(payment) or payment.customer_id != money.owner for payment in payments)


def _covered(posted: Posted | None, payments: Sequence[Posted]) -> Decimal:
    """What is on the invoice already: our payments, and a person's as far as a balance that is sure shows them."""
    ours = total(payment.applied for payment in payments)
    if posted is None or not posted.fresh or posted.balance is None:
        return ours
    return max(ours, posted.total - posted.balance)


def _write_money(context: PlanningContext, money: SaleMoney) -> None:
    changed = _change_body(context, money)
    for claims in money.unbooked:
        if StepId("Payment", claims[0].step.key) != changed:
            posted = context.index.get("Payment", claims[0].step.key)
            step = _step(claims[0], money, amount_of(claims[0]), after=changed)
            if posted is not None and lies_elsewhere(posted, money.sale.key):
                step = _moved(step, money, posted)
            context.write(step)
        _share(context, claims)
    if money.body is None and money.body_only:
        _write_body(context, money)


def _moved(step: PlannedStep, money: SaleMoney, posted: Posted) -> PlannedStep:
    """A payment that is in the books for another sale comes over as it is."""
    needs = step.needs | ({money.sale.step.id} if money.sale.step else set())
    return replace(step, operation=Operation.UPDATE, draft=None, target=posted, needs=needs)


def _change_body(context: PlanningContext, money: SaleMoney) -> StepId | None:
    """What becomes of the payment known from the body: taken over, smaller, greater, void; None when it stays."""
    body = money.changing
    if body is None:
        return None
    new = [claims[0] for claims in money.unbooked if context.index.get("Payment", claims[0].step.key) is None]
    if new and not money.body_only:
        claim = new[0]
        step = _step(claim, money, amount_of(claim), after=None, applied_elsewhere=body.applied_elsewhere)
        return change(context, money, replace(step, operation=Operation.UPDATE, target=body))
    return _resize(context, money, body)


def _resize(context: PlanningContext, money: SaleMoney, body: Posted) -> StepId:
    """The payment known from the body shrinks by what transactions account for now, or follows a newer body."""
    causes = money.current or [claims[0] for claims in money.unbooked]
    claim = max(causes, key=lambda each: (amount_of(each), each.step.key)) if causes else None
    version = str(claim.step.version) if claim and claim.step.version else body.marker_fields.get("v", "")
    left = money.take(money.body_only - body.applied_elsewhere)
    told = {
        "v": version,
        "r": plain(money.received_by_body, money.currency),
        "t": plain(money.body_only, money.currency),
    }
    owner = claim.position if claim else _any_owner(context, money)
    step = PlannedStep(
        id=StepId("Payment", body.key),
        operation=Operation.UPDATE if money.body_only else Operation.VOID,
        owner=owner,
        target=body,
        sale=money.sale.key,
        total=money.body_only,
        marker_fields=told | applied_fact(money.body_only, left, money.currency),
        applied=left,
    )
    change(context, money, step)
    if claim is not None and claim.step.key == body.key:
        context.resolve([claim.position], Write(step.id, credited=True))
    if step.operation is Operation.VOID:
        context.write(marker_again(step.id, body, version, owner, voided_now=True))
    return step.id


def _any_owner(context: PlanningContext, money: SaleMoney) -> int:
    """A gift card takes the place of the body's payment: the write belongs to the event that told of it."""
    step = context.steps.get(StepId(money.sale.entity, money.sale.key))
    return step.owner if step else 0


def _write_body(context: PlanningContext, money: SaleMoney) -> None:
    """Money that only a body tells of; what a person voided is not written again."""
    claim = max(money.current, key=lambda each: (amount_of(each), -each.position))
    voided = context.index.get("Payment", claim.step.key)
    if voided is not None and not voided.voided_by_us:
        context.resolve([each.position for each in money.current], stays_void(voided))
        return
    step = _step(claim, money, money.body_only, after=None)
    # Such a payment can come again after transactions took the first one over: it must not be the same request then.
    life = f"{step.marker_fields['v']} {step.marker_fields['r']}" if "v" in step.marker_fields else ""
    context.plan_write(replace(step, id=step.id._replace(part=life)), [claim.position])


def _step(
    claim: Claim, money: SaleMoney, amount: Decimal, *, after: StepId | None, applied_elsewhere: Decimal = Decimal(0)
) -> PlannedStep:
    draft = _payment(claim)
    key = claim.step.key
    told = key.kind == "payment" or key == money.sale.key
    marker_fields = {} if told else {"o": order_fact(money.sale.key, of=key)}
    marker_fields |= {"p": draft.intent} if draft.intent else {}
    if claim.step.version is not None:
        marker_fields |= {"v": str(claim.step.version), "r": plain(money.received_by_body, money.currency)}
    applied = money.take(amount - applied_elsewhere)
    return PlannedStep(
        id=StepId("Payment", key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=replace(draft, amount=amount, customer=draft.customer or money.customer),
        sale=money.sale.key,
        marker_fields={**marker_fields, "t": plain(amount, draft.currency)}
        | applied_fact(amount, applied, money.currency),
        needs=frozenset({after} if after else ()),
        applied=applied,
    )


def _share(context: PlanningContext, claims: Sequence[Claim]) -> None:
    """Every event that tells of the transaction is part of its write; the first is credited."""
    step_id = StepId("Payment", claims[0].step.key)
    for claim in claims:
        context.resolve([claim.position], Write(step_id, credited=claim is claims[0]))


def _show_known(context: PlanningContext, money: SaleMoney, received: Sequence[Claim]) -> None:
    """A body's result names the payments that the books already hold for it."""
    for payment in context.index.payments_of(money.sale.key):
        if not is_target(context, payment):
            context.resolve((claim.position for claim in received), AlreadyPosted(payment))


def _payment(claim: Claim) -> PaymentDraft:
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft
