"""Money received for one order or charge, from its transactions and from its body, never the same money twice.

A transaction is a fact and is booked once. What the newest body says beyond the known transactions is one payment of
its own (`payment`), which a transaction that comes later takes over or is taken out of (INTERFACE.md, "Money of an
order"). Whatever arrives first, the same payments remain in the end, and as much of them is on the invoice as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index import Posted
from bridge.planning.board import Board
from bridge.planning.documents import conflict, marker_again
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, Skipped, StepId, Waiting, Work
from bridge.quickbooks import wire
from contracts.errors import RecordError, RejectedPosting, UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain, total
from contracts.posting import Operation
from contracts.quickbooks import InvoiceDraft, PaymentDraft

BODY_MONEY = "payment"
"""The kind of key of money that is known from an order's body only."""
WAITS_FOR_ORDER = "its order is not in the books yet"
STAYS_VOID = "the payment was voided or deleted in QuickBooks and stays so"


@dataclass(slots=True)
class _Purse:
    """What is known while the payments of one invoice are planned. `open` is what the invoice can still take.

    `body` is the payment that is known from the order's body, `booked` what all the others add up to. `owner` is the
    customer of the invoice, None for one that is not in the books yet. `relink` is true when payments may lie beside
    the invoice that belong on it. `shrinking` is the write that makes the invoice smaller than what is on it: QBO would
    take from the payments as it likes, so they give way before it. `told` is what the newest body says was received.
    """

    invoice: SourceKey
    currency: str
    customer: SourceKey | None
    open: Decimal
    body: Posted | None
    booked: Decimal
    owner: str | None
    relink: bool = False
    shrinking: StepId | None = None
    told: Decimal = Decimal(0)

    @property
    def known(self) -> Decimal:
        """All the money that the books hold for the invoice."""
        return self.booked + (self.body.total if self.body else Decimal(0))

    def take(self, amount: Decimal) -> Decimal:
        """The part of `amount` that goes on the invoice; the rest stays the customer's credit."""
        applied = min(max(amount, Decimal(0)), max(self.open, Decimal(0)))
        self.open -= applied
        return applied


def plan_money(board: Board, invoice: SourceKey, facts: Sequence[Claim], received: Sequence[Claim]) -> None:
    """Decide the payments of `invoice`: `facts` are its transactions in this micro-batch, `received` its bodies."""
    purse = _purse(board, invoice)
    if purse is None:
        board.settle((claim.position for claim in facts), Waiting(WAITS_FOR_ORDER))
        return
    fresh = _unbooked(board, facts, purse)
    current = _current(board, invoice, received, purse)
    purse.told = _told(current, purse)
    wanted = max(purse.told - purse.booked - total(_payment(each[0]).amount for each in fresh), Decimal(0))
    changing = purse.body if purse.body is not None and wanted != purse.body.total else None
    if changing is not None and not changing.untouched:
        _refuse(board, conflict(changing), fresh, current)
        return
    if changing is not None and changing.promised > (wanted or (_payment(fresh[0][0]).amount if fresh else 0)):
        _refuse(board, _linked_elsewhere(changing), fresh, current)
        return
    purse.open += changing.applied if changing else Decimal(0)
    if purse.shrinking and received:
        _give_way(board, purse, received[0], but=changing)
    _write_money(board, purse, fresh, current, wanted)
    if purse.relink and received:
        _put_on_again(board, purse, received[0])
    _show_known(board, invoice, received)


def _write_money(
    board: Board, purse: _Purse, fresh: Sequence[Sequence[Claim]], current: Sequence[Claim], wanted: Decimal
) -> None:
    changed = _change_body(board, purse, fresh, current, wanted)
    for claims in fresh:
        if StepId("Payment", claims[0].step.key) != changed:
            board.write(_step(claims[0], purse, _payment(claims[0]).amount, after=changed))
        _share(board, claims)
    if purse.body is None and wanted:
        _write_body(board, purse, current, wanted)


def _purse(board: Board, invoice: SourceKey) -> _Purse | None:
    """None when there is no invoice, in the books or planned."""
    planned = board.steps.get(StepId("Invoice", invoice))
    posted = board.index.get("Invoice", invoice)
    if planned is None and posted is None:
        return None
    known = board.index.payments_of(invoice)
    body = next((payment for payment in known if payment.key.kind == BODY_MONEY), None)
    draft = planned.draft if planned and isinstance(planned.draft, InvoiceDraft) else None
    here = posted.customer_id if posted else None
    follows = draft is not None and not (posted and posted.rehomed)
    owner = board.customer_id(draft.customer, draft.currency) if draft and follows else here
    moved = posted is not None and owner != here
    asked = draft.total if draft else _asked(planned, posted)
    covered = Decimal(0) if moved else _covered(posted, known)
    return _Purse(
        invoice=invoice,
        currency=draft.currency if draft else (posted and posted.currency) or board.facts.home_currency,
        customer=draft.customer if draft else None,
        open=asked - covered,
        body=body,
        booked=total(payment.total for payment in known if payment is not body) + _given_up(board, invoice),
        owner=owner,
        relink=any(_left_beside(payment) or payment.customer_id != owner for payment in known),
        shrinking=planned.id if planned and draft and covered > asked else None,
    )


def _given_up(board: Board, invoice: SourceKey) -> Decimal:
    """Transactions whose payment a person voided: their money is not to come back by way of the body."""
    voided = board.index.voided_payments_of(invoice)
    return total(payment.written for payment in voided if payment.key.kind != BODY_MONEY)


def _asked(planned: PlannedStep | None, posted: Posted | None) -> Decimal:
    """What an invoice that is not rewritten asks for: nothing once it is void."""
    return Decimal(0) if planned is not None or posted is None or posted.voided else posted.total


def _covered(posted: Posted | None, payments: Sequence[Posted]) -> Decimal:
    """What is on the invoice already: our payments, and a person's as far as a balance that is sure shows them."""
    ours = total(payment.applied for payment in payments)
    if posted is None or not posted.fresh or posted.balance is None:
        return ours
    return max(ours, posted.total - posted.balance)


def _unbooked(board: Board, facts: Sequence[Claim], purse: _Purse) -> list[list[Claim]]:
    """The transactions that are not in the books yet, by their keys, each with all its claims; others are settled."""
    found: dict[SourceKey, list[Claim]] = {}
    for claim in facts:
        posted = board.index.get("Payment", claim.step.key)
        currency = _payment(claim).currency
        if posted is not None:
            fate = Skipped("deleted_in_qbo", STAYS_VOID, posted) if posted.voided else Held(posted)
            board.settle([claim.position], fate)
        elif currency != purse.currency:
            error = UnmappableEvent(f"the payment is in {currency} and its invoice in {purse.currency}")
            board.settle([claim.position], Refused(error))
        else:
            found.setdefault(claim.step.key, []).append(claim)
    return [found[key] for key in sorted(found)]


def _current(board: Board, invoice: SourceKey, received: Sequence[Claim], purse: _Purse) -> list[Claim]:
    """The newest bodies, when they are as new as the books; an older body says nothing about money."""
    seen = [version for version in (board.index.newest(invoice), purse.body and purse.body.version) if version]
    ages = [(version.updated_at, version.rank) for version in seen] + [_age(claim) for claim in received]
    newest = max(ages, default=(0, 0))
    return [claim for claim in received if _age(claim) == newest]


def _told(current: Sequence[Claim], purse: _Purse) -> Decimal:
    """How much the newest bodies say was received. Of two of one age the greater counts, whichever came first.

    The payment known from a body remembers it in its marker (`r`): its own amount is less once transactions were taken
    out of it, and one that was to be taken out may not have been written when everything stopped.
    """
    amounts = [_payment(claim).amount for claim in current]
    if not amounts or (purse.body and _age(current[0]) == _age_of(purse.body)):
        remembered = wire.number(purse.body.facts.get("r")) if purse.body else None
        amounts.append(purse.known if remembered is None else remembered)
    return max(amounts)


def _age(claim: Claim) -> tuple[int, int]:
    version = claim.step.version
    return (version.updated_at, version.rank) if version else (0, 0)


def _age_of(posted: Posted) -> tuple[int, int]:
    return (posted.version.updated_at, posted.version.rank) if posted.version else (0, 0)


def _refuse(board: Board, error: RecordError, fresh: Sequence[Sequence[Claim]], current: Sequence[Claim]) -> None:
    """A person has changed the payment that would have to change: nothing about this money is certain any more."""
    for claims in [*fresh, current]:
        board.settle((claim.position for claim in claims), Refused(error))


def _linked_elsewhere(payment: Posted) -> RejectedPosting:
    return RejectedPosting(
        f"{payment.entity} {payment.id} was linked to other documents in QuickBooks and cannot become smaller",
        reason_code="conflict",
        step="payment",
    )


def _change_body(
    board: Board, purse: _Purse, fresh: Sequence[Sequence[Claim]], current: Sequence[Claim], wanted: Decimal
) -> StepId | None:
    """What becomes of the payment known from the body: taken over, smaller, greater, void; None when it stays."""
    if purse.body is None or wanted == purse.body.total:
        return None
    if fresh and not wanted:
        claim = fresh[0][0]
        step = _step(claim, purse, _payment(claim).amount, after=None, promised=purse.body.promised)
        return _change(board, purse, replace(step, operation=Operation.UPDATE, target=purse.body))
    return _resize(board, purse, purse.body, wanted, current or [claims[0] for claims in fresh])


def _change(board: Board, purse: _Purse, step: PlannedStep) -> StepId:
    return board.write_before(step, purse.shrinking) if purse.shrinking else board.write(step)


def _resize(board: Board, purse: _Purse, body: Posted, wanted: Decimal, causes: Sequence[Claim]) -> StepId:
    """The payment known from the body shrinks by what transactions account for now, or follows a newer body."""
    claim = max(causes, key=lambda each: (_payment(each).amount, each.step.key))
    version = str(claim.step.version) if claim.step.version else body.facts.get("v", "")
    step = replace(
        _step(claim, purse, wanted, after=None, promised=body.promised),
        id=StepId("Payment", body.key),
        operation=Operation.UPDATE if wanted else Operation.VOID,
        target=body,
    )
    told = {"v": version, "r": plain(purse.told, purse.currency), "t": plain(wanted, purse.currency)}
    step = replace(step, facts=told | _beside(wanted, step.applied, purse.currency))
    _change(board, purse, step)
    if claim.step.key == body.key:
        board.settle([claim.position], Work(step.id, credited=True))
    if step.operation is Operation.VOID:
        board.write(marker_again(step.id, body, version, claim.position, voided_now=True))
    return step.id


def _write_body(board: Board, purse: _Purse, current: Sequence[Claim], wanted: Decimal) -> None:
    """Money that only a body tells of; what a person voided is not written again."""
    claim = max(current, key=lambda each: (_payment(each).amount, -each.position))
    voided = board.index.get("Payment", claim.step.key)
    if voided is not None and not voided.voided_by_us:
        board.settle([each.position for each in current], Skipped("deleted_in_qbo", STAYS_VOID, voided))
        return
    step = _step(claim, purse, wanted, after=None)
    # Such a payment can come again after transactions took the first one over: it must not be the same request then.
    life = f"{step.facts['v']} {step.facts['r']}" if "v" in step.facts else ""
    board.claim_write(replace(step, id=step.id._replace(part=life)), [claim.position])


def _give_way(board: Board, purse: _Purse, claim: Claim, *, but: Posted | None) -> None:
    """Take from the payments what a smaller invoice cannot hold any more; the money of the body goes first."""
    for payment in board.index.payments_of(purse.invoice):
        less = min(payment.applied, max(-purse.open, Decimal(0)))
        if less and payment != but:
            purse.open += less
            _change(board, purse, _applied_anew(payment, claim, purse, payment.applied - less))


def _put_on_again(board: Board, purse: _Purse, claim: Claim) -> None:
    """Payments that had no room on the invoice, or that were another customer's, go on it where it takes them now."""
    for payment in board.index.payments_of(purse.invoice):
        ours = payment.customer_id == purse.owner
        if _is_target(board, payment) or (payment.elsewhere if not ours else not _left_beside(payment)):
            continue
        if not payment.fresh:
            board.look_again(payment)
        on_it = payment.applied if ours else Decimal(0)
        applied = on_it + purse.take(payment.total - on_it - payment.promised)
        if applied != payment.applied or not ours:
            board.write(_applied_anew(payment, claim, purse, applied))


def _left_beside(payment: Posted) -> bool:
    """True when we left a part of it beside the invoice, and that is still so: what a person took off stays off."""
    left_on = wire.number(payment.facts.get("a"))
    return left_on is not None and left_on == payment.applied


def _applied_anew(payment: Posted, claim: Claim, purse: _Purse, applied: Decimal) -> PlannedStep:
    facts = {name: value for name, value in payment.facts.items() if name != "a"}
    return PlannedStep(
        id=StepId("Payment", payment.key),
        operation=Operation.UPDATE,
        owner=claim.position,
        draft=replace(_payment(claim), amount=payment.total, customer=purse.customer),
        target=payment,
        facts=facts | _beside(payment.total, applied, purse.currency),
        applied=applied,
    )


def _beside(amount: Decimal, applied: Decimal, currency: str) -> dict[str, str]:
    """What the marker says of a payment that the invoice could not take whole: how much of it is on it."""
    return {"a": plain(applied, currency)} if applied < amount else {}


def _step(
    claim: Claim, purse: _Purse, amount: Decimal, *, after: StepId | None, promised: Decimal = Decimal(0)
) -> PlannedStep:
    draft = replace(_payment(claim), amount=amount)
    key = claim.step.key
    facts = {"o": purse.invoice.id} if key.kind == "transaction" else {}
    if claim.step.version is not None:
        facts |= {"v": str(claim.step.version), "r": plain(purse.told, purse.currency)}
    applied = purse.take(amount - promised)
    return PlannedStep(
        id=StepId("Payment", key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=replace(draft, customer=draft.customer or purse.customer),
        facts={**facts, "t": plain(amount, draft.currency)} | _beside(amount, applied, purse.currency),
        needs=frozenset({after} if after else ()),
        applied=applied,
    )


def _share(board: Board, claims: Sequence[Claim]) -> None:
    """Every event that tells of the transaction is part of its write; the first is credited."""
    step_id = StepId("Payment", claims[0].step.key)
    for claim in claims:
        board.settle([claim.position], Work(step_id, credited=claim is claims[0]))


def _show_known(board: Board, invoice: SourceKey, received: Sequence[Claim]) -> None:
    """A body's result names the payments that the books already hold for it."""
    for payment in board.index.payments_of(invoice):
        if not _is_target(board, payment):
            board.settle((claim.position for claim in received), Held(payment))


def _is_target(board: Board, posted: Posted) -> bool:
    return any(step.target == posted for step in board.steps.values())


def _payment(claim: Claim) -> PaymentDraft:
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft
