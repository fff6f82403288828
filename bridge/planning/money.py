"""Money received for one order or charge, from its transactions and from its body, never the same money twice.

A transaction is a fact and is booked once. What the newest body says beyond the known transactions is one payment of
its own (`payment`), which a transaction that comes later takes over or is taken out of (INTERFACE.md, "Money of an
order"). Whatever arrives first, the same payments remain in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index import Posted
from bridge.planning.board import Board
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, StepId, Waiting, Work
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import InvoiceDraft, PaymentDraft

WAITS_FOR_ORDER = "its order is not in the books yet"


@dataclass(slots=True)
class _Purse:
    """What is known while the payments of one invoice are planned. `open` is what the invoice can still take."""

    invoice: SourceKey
    currency: str
    customer: SourceKey | None
    open: Decimal
    body: Posted | None
    booked: Decimal

    def take(self, amount: Decimal) -> Decimal:
        """The part of `amount` that goes on the invoice; the rest stays the customer's credit."""
        applied = min(amount, max(self.open, Decimal(0)))
        self.open -= applied
        return applied


def plan_money(board: Board, invoice: SourceKey, facts: Sequence[Claim], received: Sequence[Claim]) -> None:
    """Decide the payments of `invoice`: `facts` are its transactions in this micro-batch, `received` its bodies."""
    purse = _purse(board, invoice)
    if purse is None:
        board.settle((claim.position for claim in facts), Waiting(WAITS_FOR_ORDER))
        return
    fresh = _unbooked(board, facts, purse)
    told = _told(board, invoice, received, purse)
    wanted = max(told - purse.booked - sum((_payment(c).amount for c in fresh), Decimal(0)), Decimal(0))
    changed = None
    if purse.body is not None and fresh and not wanted:
        changed = _take_over(board, purse, purse.body, fresh.pop(0))
    elif purse.body is not None and wanted != purse.body.total:
        changed = _resize(board, purse, purse.body, wanted, received or fresh)
    for claim in fresh:
        board.write(_step(claim, purse, _payment(claim).amount, after=changed))
    if purse.body is None and wanted:
        newest = max(received, key=lambda claim: (_age(claim), _payment(claim).amount))
        board.claim_write(_step(newest, purse, wanted, after=None), [newest.position])
    _show_known(board, invoice, received)


def _purse(board: Board, invoice: SourceKey) -> _Purse | None:
    planned = board.steps.get(StepId("Invoice", invoice))
    posted = board.index.get("Invoice", invoice)
    if planned is None and posted is None:
        return None
    draft = planned.draft if planned else None
    known = board.index.payments_of(invoice)
    customer = None
    if isinstance(draft, InvoiceDraft):
        total, currency, customer = draft.total, draft.currency, draft.customer
    else:
        total = Decimal(0) if planned or posted is None or posted.voided else posted.total
        currency = (posted.currency if posted else None) or board.facts.home_currency
    body = next((payment for payment in known if payment.key.kind == "payment"), None)
    booked = sum((payment.total for payment in known if payment is not body), Decimal(0))
    applied = sum((payment.applied for payment in known), Decimal(0))
    return _Purse(invoice, currency, customer, total - applied, body, booked)


def _unbooked(board: Board, facts: Sequence[Claim], purse: _Purse) -> list[Claim]:
    """The transactions that are not in the books yet, each once, in the order of their keys; the others are settled."""
    first: dict[SourceKey, Claim] = {}
    for claim in facts:
        posted = board.index.get("Payment", claim.step.key)
        currency = _payment(claim).currency
        if posted is not None:
            board.settle([claim.position], Held(posted))
        elif currency != purse.currency:
            error = UnmappableEvent(f"the payment is in {currency} and its invoice in {purse.currency}")
            board.settle([claim.position], Refused(error))
        else:
            credited = first.setdefault(claim.step.key, claim) is claim
            board.settle([claim.position], Work(StepId("Payment", claim.step.key), credited=credited))
    return sorted(first.values(), key=lambda claim: claim.step.key)


def _told(board: Board, invoice: SourceKey, received: Sequence[Claim], purse: _Purse) -> Decimal:
    """How much the newest body says was received; an older body than the books reflect says nothing."""
    known = max(
        (seen for seen in (board.index.newest(invoice), purse.body and purse.body.version) if seen), default=None
    )
    least = (known.updated_at, known.rank) if known else (0, 0)
    current = [claim for claim in received if _age(claim) >= least]
    if not current:
        return purse.booked + (purse.body.total if purse.body else Decimal(0))
    newest = max(_age(claim) for claim in current)
    return max(_payment(claim).amount for claim in current if _age(claim) == newest)


def _age(claim: Claim) -> tuple[int, int]:
    version = claim.step.version
    return (version.updated_at, version.rank) if version else (0, 0)


def _take_over(board: Board, purse: _Purse, body: Posted, claim: Claim) -> StepId:
    """A transaction becomes the owner of the payment that was known from the body alone."""
    purse.open += body.applied
    step = _step(claim, purse, _payment(claim).amount, after=None)
    return board.write(replace(step, operation=Operation.UPDATE, target=body))


def _resize(board: Board, purse: _Purse, body: Posted, wanted: Decimal, causes: Sequence[Claim]) -> StepId:
    """The payment known from the body shrinks by what transactions account for now, or grows with a newer body."""
    claim = max(causes, key=lambda each: (_age(each), each.step.key))
    purse.open += body.applied
    step = replace(
        _step(claim, purse, wanted, after=None),
        id=StepId("Payment", body.key),
        operation=Operation.UPDATE if wanted else Operation.VOID,
        target=body,
    )
    version = str(claim.step.version) if claim.step.version else body.facts.get("v", "")
    step = replace(step, facts={"v": version, "t": plain(wanted, purse.currency)})
    if claim.step.key != body.key:
        return board.write(step)
    board.claim_write(step, [claim.position])
    return step.id


def _step(claim: Claim, purse: _Purse, amount: Decimal, *, after: StepId | None) -> PlannedStep:
    draft = replace(_payment(claim), amount=amount)
    key = claim.step.key
    facts = {"o": purse.invoice.id} if key.kind == "transaction" else {}
    if claim.step.version is not None:
        facts["v"] = str(claim.step.version)
    return PlannedStep(
        id=StepId("Payment", key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=replace(draft, customer=draft.customer or purse.customer),
        facts={**facts, "t": plain(amount, draft.currency)},
        needs=frozenset({after} if after else ()),
        applied=purse.take(amount),
    )


def _show_known(board: Board, invoice: SourceKey, received: Sequence[Claim]) -> None:
    """A body's result names the payments that the books already hold for it."""
    for payment in board.index.payments_of(invoice):
        if not any(step.target == payment for step in board.steps.values()):
            board.settle((claim.position for claim in received), Held(payment))


def _payment(claim: Claim) -> PaymentDraft:
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft
