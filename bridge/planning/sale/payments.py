"""Payments of one order or charge, from its transactions and from its body, never the same money twice. Pure.

A transaction is a fact and is booked once. What the newest body says beyond the known transactions is one payment of
its own (`payment`), which a transaction that comes later takes over or is taken out of. Whatever arrives first, the
same payments remain in the end, and as much of them is on the invoice as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.posted import Posted, order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.named_twice import note_inside
from bridge.planning.refusals import stays_void
from bridge.planning.sale.amounts import amount_of, is_on_another_sale, payment_of
from bridge.planning.sale.applying import (
    applied_fact,
    as_applied,
    change,
    give_way,
    is_target,
    reapply,
    say_what_is_off,
)
from bridge.planning.sale.balance import OpenBalance, measure_open_balance, measure_owner
from bridge.planning.sale.body_money import life_of
from bridge.planning.sale.change import change_fact, write_change
from bridge.planning.sale.money import left_of_body, new_money
from bridge.planning.sale.state import FormedSale, PaidSale, SaleMoney
from bridge.planning.sale.voids import marker_again
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Sale, StepId, Write
from contracts.keys import BODY_MONEY
from contracts.marker import MarkerField, text_in
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import PaymentDraft


def plan_payments(context: PlanningContext, formed: FormedSale) -> PaidSale:
    """Phase *payments*: decide the payments of an invoice, as far as it takes them; a sales receipt holds its own."""
    money = formed.money
    if formed.form.entity == "SalesReceipt":
        balance = measure_owner(context, formed.form)
        _resolve_receipt_money(context, formed)
    else:
        balance = measure_open_balance(context, formed.form, money.changing, left_of_body(context, money))
        if money.refused is None:
            balance = _place(context, formed, balance)
    return PaidSale(form=formed.form, claims=money.claims, balance=balance)


def _place(context: PlanningContext, formed: FormedSale, balance: OpenBalance) -> OpenBalance:
    """Payments that give way, then new ones, then those that find room again; gives what the invoice still takes."""
    claims = formed.money.claims
    balance = write_change(context, formed, balance)
    causes = [*claims.received, *claims.redemptions]
    if balance.shrinking and causes:
        balance = give_way(context, formed, balance, causes[0])
    balance = _write_money(context, formed, balance)
    if balance.relink:
        # because a credit that comes off the invoice makes room whatever event of the sale tells of it
        balance = reapply(context, formed, balance, claims.first)
    say_what_is_off(context, formed.form.posted, [claims.first.position])
    _show_known(context, formed, claims.received)
    return balance


def _resolve_receipt_money(context: PlanningContext, formed: FormedSale) -> None:
    """The money of a sales receipt is inside it: transactions and bodies tell nothing new of it."""
    form, money = formed.form, formed.money
    note_inside(context, (group[0].step.key for group in money.unbooked), form.key)
    for claim in (*(claim for group in money.unbooked for claim in group), *money.claims.received):
        if form.step is not None:
            context.resolve([claim.position], Write(form.step.id, credited=False))
        elif form.posted is not None:
            context.resolve([claim.position], AlreadyPosted(form.posted))


def _write_money(context: PlanningContext, formed: FormedSale, balance: OpenBalance) -> OpenBalance:
    money = formed.money
    # because what makes room on the invoice must be off it before anything takes that room, the body's payment too
    making, taking = _by_room(context, formed)
    written, balance = _write_groups(context, formed, balance, making, frozenset())
    changed, balance = _change_body(context, formed, balance, written)
    written |= {changed} if changed else set()
    written, balance = _write_groups(context, formed, balance, taking, written)
    if money.body is None and money.body_only:
        balance = _write_body(context, formed, balance, written)
    if money.body is not None and not is_target(context, money.body):
        balance = _earlier(context, formed, balance, money.body)
    return balance


def _write_groups(
    context: PlanningContext,
    formed: FormedSale,
    balance: OpenBalance,
    groups: Sequence[Sequence[Claim]],
    after: frozenset[StepId],
) -> tuple[frozenset[StepId], OpenBalance]:
    """Put down payments of transactions, after the writes `after`; gives these with the changes of what is here."""
    for group in groups:
        step_id = StepId("Payment", group[0].step.key)
        if step_id not in after:
            posted = _in_the_books(context, group)
            lies_here = _lies_here(posted, formed)
            balance = balance.give_back(lies_here.applied) if lies_here is not None else balance
            step, balance = _step(group[0], formed, balance, amount_of(group[0]), after=after, before=posted)
            if posted is not None:
                step = _moved(step, posted, amount_of(group[0]))
            if lies_here is not None:
                after |= {change(context, balance, step)}
            else:
                context.write(step)
        _share(context, group)
    return after, balance


def _by_room(context: PlanningContext, formed: FormedSale) -> tuple[list[tuple[Claim, ...]], list[tuple[Claim, ...]]]:
    """What makes room on the invoice, as a charge does of which others have shares now; then all that takes room.

    Of that what lies here already comes first; new money stays in the order of its keys.
    """
    making: list[tuple[Claim, ...]] = []
    growing: list[tuple[Claim, ...]] = []
    new: list[tuple[Claim, ...]] = []
    for group in formed.money.unbooked:
        lies_here = _lies_here(_in_the_books(context, group), formed)
        if lies_here is None:
            new.append(group)
        else:
            (making if amount_of(group[0]) <= lies_here.applied else growing).append(group)
    return making, growing + new


def _lies_here(posted: Posted | None, formed: FormedSale) -> Posted | None:
    """The payment of a transaction that is in the books for this sale already, of another amount."""
    return None if is_on_another_sale(posted, formed.form.key) else posted


def _in_the_books(context: PlanningContext, group: Sequence[Claim]) -> Posted | None:
    """The payment of a transaction, wherever it lies; None for one that is new."""
    posted = context.index.get("Payment", group[0].step.key)
    return None if posted is None else as_applied(context, posted)


def _of_its_day(claim: Claim, money: SaleMoney) -> Claim:
    """Money that only bodies tell has the lowest day on which one of them told it."""
    day = money.earliest_day
    return claim._replace(step=replace(claim.step, draft=replace(payment_of(claim), txn_date=day))) if day else claim


def _earlier(context: PlanningContext, formed: FormedSale, balance: OpenBalance, body: Posted) -> OpenBalance:
    """A body that comes late told the same money on an earlier day."""
    money, stands = formed.money, body.txn_date
    claims = [claim for claim in money.claims.received if isinstance(claim.step.draft, PaymentDraft)]
    if not claims or stands is None or money.earliest_day is None or money.earliest_day >= stands:
        return balance
    if body.deposited or not body.total_unchanged or context.profile.is_closed(money.earliest_day):
        return balance  # because its day cannot or must not be changed any more, and its amount is right
    claim = _of_its_day(min(claims, key=lambda each: payment_of(each).txn_date), money)
    balance = balance.give_back(body.applied)
    step, balance = _step(claim, formed, balance, body.total, before=body)
    step = replace(step, operation=Operation.UPDATE, target=body, marker_fields=body.marker_fields)
    context.plan_write(step, [claim.position])
    return balance


def _moved(step: PlannedStep, posted: Posted, amount: Decimal) -> PlannedStep:
    """A payment that is in the books for another sale comes over as it is; of another amount is a charge that grew.

    So is one of which other invoices have their shares now.
    """
    total = None if amount == posted.total else amount
    return replace(step, operation=Operation.UPDATE, draft=None, target=posted, total=total)


def _change_body(
    context: PlanningContext, formed: FormedSale, balance: OpenBalance, after: frozenset[StepId]
) -> tuple[StepId | None, OpenBalance]:
    """What becomes of the payment known from the body: taken over, smaller, greater, void; None when it stays."""
    money, body = formed.money, formed.money.changing
    if body is None:
        return None, balance
    new = new_money(context, money)
    if new and not money.body_only:
        # Because it is the same money, the transaction takes the payment over: at no moment is it in the books twice.
        claim = new[0][0]
        step, balance = _step(claim, formed, balance, amount_of(claim), after=after, before=body)
        return change(context, balance, replace(step, operation=Operation.UPDATE, target=body)), balance
    return _resize(context, formed, balance, body, after)


def _resize(
    context: PlanningContext, formed: FormedSale, balance: OpenBalance, body: Posted, after: frozenset[StepId]
) -> tuple[StepId, OpenBalance]:
    """The payment known from the body shrinks by what transactions account for now, or follows a newer body."""
    money = formed.money
    causes = money.current or [group[0] for group in money.unbooked]
    claim = max(causes, key=lambda each: (amount_of(each), each.step.key)) if causes else None
    version = (
        str(claim.step.version)
        if claim and claim.step.version
        else text_in(body.marker_fields, MarkerField.VERSION) or ""
    )
    placed = balance.place(body, money.body_only)
    balance = placed.balance
    said = {
        MarkerField.VERSION: version,
        MarkerField.RECEIVED: plain(money.received_by_body, money.currency),
        MarkerField.TOTAL: plain(money.body_only, money.currency),
    }
    owner = claim.position if claim else _any_owner(context, formed.form)
    step = PlannedStep(
        id=StepId("Payment", body.key),
        operation=Operation.UPDATE if money.body_only else Operation.VOID,
        owner=owner,
        target=body,
        sale=formed.form.key,
        total=money.body_only,
        marker_fields=said | applied_fact(money.body_only, placed.counted, money.currency),
        needs=after,
        applied=placed.applied,
        keeps_customer=placed.keeps_customer,
    )
    if money.earliest_day and body.txn_date and money.earliest_day != body.txn_date and claim and money.body_only:
        dated = replace(payment_of(_of_its_day(claim, money)), amount=money.body_only)
        step = replace(step, draft=replace(dated, customer=dated.customer or money.customer))
    change(context, balance, step)
    if claim is not None and claim.step.key == body.key:
        context.resolve([claim.position], Write(step.id, credited=True))
    if step.operation is Operation.VOID:
        context.write(marker_again(step.id, body, version, owner, voided_now=True))
    return step.id, balance


def _any_owner(context: PlanningContext, form: Sale) -> int:
    """The event that told what takes the place of the body's payment: a gift card by its form, or a debit's failure."""
    step = context.steps.get(StepId(form.entity, form.key))
    # because a write that is credited to a stranger's plan is lost when only that plan is planned once more
    return step.owner if step else context.cause


def _write_body(
    context: PlanningContext, formed: FormedSale, balance: OpenBalance, after: frozenset[StepId]
) -> OpenBalance:
    """Money that only a body tells of; what a person voided is not written again."""
    money = formed.money
    claim = max(money.current, key=lambda each: (amount_of(each), -each.position))
    voided = context.index.get("Payment", claim.step.key)
    if voided is not None and not voided.voided_by_us:
        context.resolve([each.position for each in money.current], stays_void(voided))
        return balance
    step, balance = _step(_of_its_day(claim, money), formed, balance, money.body_only, after=after)
    life = life_of(context, formed.form.posted, step.marker_fields)
    context.plan_write(replace(step, id=step.id._replace(part=life)), [claim.position])
    return balance


def _step(
    claim: Claim,
    formed: FormedSale,
    balance: OpenBalance,
    amount: Decimal,
    *,
    after: frozenset[StepId] = frozenset(),
    before: Posted | None = None,
) -> tuple[PlannedStep, OpenBalance]:
    """A payment of `amount`, on the invoice as far as that takes it, and what the invoice takes after it.

    `before` is the payment in the books that becomes this one.
    """
    draft, key, money = payment_of(claim), claim.step.key, formed.money
    of_its_sale = key.kind == BODY_MONEY or key == formed.form.key
    marker_fields: dict[str, str] = {} if of_its_sale else {MarkerField.SALE: order_fact(formed.form.key, of=key)}
    marker_fields |= {MarkerField.INTENT: draft.intent} if draft.intent else {}
    marker_fields |= {MarkerField.CHARGED: plain(draft.charged, draft.currency)} if draft.charged else {}
    marker_fields |= change_fact(draft)
    if claim.step.version is not None:
        marker_fields |= {
            MarkerField.VERSION: str(claim.step.version),
            MarkerField.RECEIVED: plain(money.received_by_body, money.currency),
        }
    placed = balance.place(before, amount)
    step = PlannedStep(
        id=StepId("Payment", key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=replace(draft, amount=amount, customer=draft.customer or money.customer),
        sale=formed.form.key,
        marker_fields={**marker_fields, MarkerField.TOTAL: plain(amount, draft.currency)}
        | applied_fact(amount, placed.counted, money.currency),
        needs=after,
        applied=placed.applied,
        keeps_customer=placed.keeps_customer,
    )
    return step, placed.balance


def _share(context: PlanningContext, group: Sequence[Claim]) -> None:
    """Every event that tells of the transaction is part of its write; the first is credited."""
    step_id = StepId("Payment", group[0].step.key)
    for claim in group:
        context.resolve([claim.position], Write(step_id, credited=claim is group[0]))


def _show_known(context: PlanningContext, formed: FormedSale, received: Sequence[Claim]) -> None:
    """A body's result names the payments that the books already hold for it."""
    for payment in context.index.payments_of(formed.form.key):
        if not is_target(context, payment):
            context.resolve((claim.position for claim in received), AlreadyPosted(payment))
