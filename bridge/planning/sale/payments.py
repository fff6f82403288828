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
from bridge.planning.context import Board
from bridge.planning.refusals import conflict, rejected, stays_void
from bridge.planning.sale.applying import beside, change, give_way, is_target, left_beside, put_on_again
from bridge.planning.sale.money import Purse, amount_of, lies_elsewhere
from bridge.planning.sale.redemptions import redeemed_on
from bridge.planning.sale.voids import marker_again
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, StepId, Told, Work
from contracts.errors import RecordError
from contracts.money import plain, total
from contracts.posting import Operation
from contracts.quickbooks import InvoiceDraft, PaymentDraft

LINKED_ELSEWHERE = "was linked to other documents in QuickBooks and cannot become smaller"


def refusal(purse: Purse) -> RecordError | None:
    """Why nothing of this money can be booked: a person has changed the payment that would have to change."""
    changing = purse.changing
    if changing is None:
        return None
    if not changing.untouched:
        return conflict(changing)
    taken_over = amount_of(purse.fresh[0][0]) if purse.fresh else Decimal(0)
    if changing.promised > (purse.wanted or taken_over):
        return rejected(changing, LINKED_ELSEWHERE)
    return None


def refuse(board: Board, purse: Purse, error: RecordError) -> None:
    """Nothing about this money is certain any more."""
    for claims in [*purse.fresh, *purse.cards, purse.current]:
        board.settle((claim.position for claim in claims), Refused(error))
    purse.cards, purse.redeemed = [], redeemed_on(purse.sale.posted)


def plan_payments(board: Board, purse: Purse, told: Told) -> None:
    """Decide the payments of an invoice; its form is decided already."""
    fit(board, purse)
    causes = [*told.received, *told.redemptions]
    if purse.shrinking and causes:
        give_way(board, purse, causes[0])
    _write_money(board, purse)
    if purse.relink and told.received:
        put_on_again(board, purse, told.received[0])
    _show_known(board, purse, told.received)


def hold_payments(board: Board, purse: Purse, told: Told) -> None:
    """The money of a sales receipt is inside it: transactions and bodies tell nothing new of it."""
    claims = [*(claim for claims in purse.fresh for claim in claims), *told.received]
    for claim in claims:
        if purse.sale.step is not None:
            board.settle([claim.position], Work(purse.sale.step.id, credited=False))
        elif purse.sale.posted is not None:
            board.settle([claim.position], Held(purse.sale.posted))


def fit(board: Board, purse: Purse) -> None:
    """Find out what the invoice can still take, whose it is, and what lies beside it."""
    sale = purse.sale
    payments = board.index.payments_of(sale.key)
    applications = board.index.applications_of(sale.key)
    draft = sale.step.draft if sale.step and isinstance(sale.step.draft, InvoiceDraft) else None
    here = sale.posted.customer_id if sale.posted else None
    follows = draft is not None and not (sale.posted and sale.posted.rehomed)
    purse.owner = board.customer_id(draft.customer, draft.currency) if draft and follows else here
    moved = sale.posted is not None and purse.owner != here
    covered = Decimal(0) if moved else _covered(sale.posted, [*payments, *applications])
    purse.open = sale.asked - covered + (purse.changing.applied if purse.changing else Decimal(0))
    smaller = sale.step is not None and sale.step.total is not None and covered > sale.asked
    purse.shrinking = sale.step.id if smaller and sale.step else None
    purse.relink = any(left_beside(payment) or payment.customer_id != purse.owner for payment in payments)


def _covered(posted: Posted | None, payments: Sequence[Posted]) -> Decimal:
    """What is on the invoice already: our payments, and a person's as far as a balance that is sure shows them."""
    ours = total(payment.applied for payment in payments)
    if posted is None or not posted.fresh or posted.balance is None:
        return ours
    return max(ours, posted.total - posted.balance)


def _write_money(board: Board, purse: Purse) -> None:
    changed = _change_body(board, purse)
    for claims in purse.fresh:
        if StepId("Payment", claims[0].step.key) != changed:
            posted = board.index.get("Payment", claims[0].step.key)
            step = _step(claims[0], purse, amount_of(claims[0]), after=changed)
            if posted is not None and lies_elsewhere(posted, purse.sale.key):
                step = _moved(step, purse, posted)
            board.write(step)
        _share(board, claims)
    if purse.body is None and purse.wanted:
        _write_body(board, purse)


def _moved(step: PlannedStep, purse: Purse, posted: Posted) -> PlannedStep:
    """A payment that is in the books for another sale comes over as it is."""
    needs = step.needs | ({purse.sale.step.id} if purse.sale.step else set())
    return replace(step, operation=Operation.UPDATE, draft=None, target=posted, needs=needs)


def _change_body(board: Board, purse: Purse) -> StepId | None:
    """What becomes of the payment known from the body: taken over, smaller, greater, void; None when it stays."""
    body = purse.changing
    if body is None:
        return None
    new = [claims[0] for claims in purse.fresh if board.index.get("Payment", claims[0].step.key) is None]
    if new and not purse.wanted:
        claim = new[0]
        step = _step(claim, purse, amount_of(claim), after=None, promised=body.promised)
        return change(board, purse, replace(step, operation=Operation.UPDATE, target=body))
    return _resize(board, purse, body)


def _resize(board: Board, purse: Purse, body: Posted) -> StepId:
    """The payment known from the body shrinks by what transactions account for now, or follows a newer body."""
    causes = purse.current or [claims[0] for claims in purse.fresh]
    claim = max(causes, key=lambda each: (amount_of(each), each.step.key)) if causes else None
    version = str(claim.step.version) if claim and claim.step.version else body.facts.get("v", "")
    left = purse.take(purse.wanted - body.promised)
    told = {"v": version, "r": plain(purse.told, purse.currency), "t": plain(purse.wanted, purse.currency)}
    owner = claim.position if claim else _any_owner(board, purse)
    step = PlannedStep(
        id=StepId("Payment", body.key),
        operation=Operation.UPDATE if purse.wanted else Operation.VOID,
        owner=owner,
        target=body,
        sale=purse.sale.key,
        total=purse.wanted,
        facts=told | beside(purse.wanted, left, purse.currency),
        applied=left,
    )
    change(board, purse, step)
    if claim is not None and claim.step.key == body.key:
        board.settle([claim.position], Work(step.id, credited=True))
    if step.operation is Operation.VOID:
        board.write(marker_again(step.id, body, version, owner, voided_now=True))
    return step.id


def _any_owner(board: Board, purse: Purse) -> int:
    """A gift card takes the place of the body's payment: the write belongs to the event that told of it."""
    step = board.steps.get(StepId(purse.sale.entity, purse.sale.key))
    return step.owner if step else 0


def _write_body(board: Board, purse: Purse) -> None:
    """Money that only a body tells of; what a person voided is not written again."""
    claim = max(purse.current, key=lambda each: (amount_of(each), -each.position))
    voided = board.index.get("Payment", claim.step.key)
    if voided is not None and not voided.voided_by_us:
        board.settle([each.position for each in purse.current], stays_void(voided))
        return
    step = _step(claim, purse, purse.wanted, after=None)
    # Such a payment can come again after transactions took the first one over: it must not be the same request then.
    life = f"{step.facts['v']} {step.facts['r']}" if "v" in step.facts else ""
    board.claim_write(replace(step, id=step.id._replace(part=life)), [claim.position])


def _step(
    claim: Claim, purse: Purse, amount: Decimal, *, after: StepId | None, promised: Decimal = Decimal(0)
) -> PlannedStep:
    draft = _payment(claim)
    key = claim.step.key
    told = key.kind == "payment" or key == purse.sale.key
    facts = {} if told else {"o": order_fact(purse.sale.key, of=key)}
    facts |= {"p": draft.intent} if draft.intent else {}
    if claim.step.version is not None:
        facts |= {"v": str(claim.step.version), "r": plain(purse.told, purse.currency)}
    applied = purse.take(amount - promised)
    return PlannedStep(
        id=StepId("Payment", key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=replace(draft, amount=amount, customer=draft.customer or purse.customer),
        sale=purse.sale.key,
        facts={**facts, "t": plain(amount, draft.currency)} | beside(amount, applied, purse.currency),
        needs=frozenset({after} if after else ()),
        applied=applied,
    )


def _share(board: Board, claims: Sequence[Claim]) -> None:
    """Every event that tells of the transaction is part of its write; the first is credited."""
    step_id = StepId("Payment", claims[0].step.key)
    for claim in claims:
        board.settle([claim.position], Work(step_id, credited=claim is claims[0]))


def _show_known(board: Board, purse: Purse, received: Sequence[Claim]) -> None:
    """A body's result names the payments that the books already hold for it."""
    for payment in board.index.payments_of(purse.sale.key):
        if not is_target(board, payment):
            board.settle((claim.position for claim in received), Held(payment))


def _payment(claim: Claim) -> PaymentDraft:
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft
