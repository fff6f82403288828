"""Credit memos: taken off what is owed without money moving, and put on their invoice by a payment of nothing. Pure.

Where a company has credits applied by themselves (AutoApplyCredit), QBO is asked what it did before we do the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from bridge.index.foreign_payments import links_one_credit
from bridge.index.posted import Posted, order_fact, told_apart
from bridge.planning.context import Board
from bridge.planning.grouping import by_key
from bridge.planning.refusals import DID_NOT_LAST, known, stays_void
from bridge.planning.sale.money import Purse
from bridge.planning.steps import Claim, Fate, Held, PlannedStep, Refused, Sale, Skipped, StepId, Work
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import CreditMemoDraft

NOTHING_TO_CREDIT = "the sale was cancelled: there is nothing to credit"


def plan_credits(board: Board, sale: Sale, claims: Sequence[Claim], purse: Purse) -> None:
    """Decide the credit memos that `claims` tell of, each once, and how much of each goes on the invoice."""
    for key, group in by_key(claims):
        positions = [claim.position for claim in group]
        posted = board.index.get("CreditMemo", key)
        refusal = _refusal(board, sale, group[0], posted)
        if refusal is not None:
            board.settle(positions, refusal)
        elif posted is None:
            _write(board, sale, group, purse)
        else:
            board.settle(positions, Held(posted))
            _apply_rest(board, sale, group[0], posted, purse)


def take_off_credits(board: Board, sale: SourceKey, positions: Sequence[int]) -> frozenset[StepId]:
    """Put down what takes our credit memos away from an invoice and out of the books; gives what must go out first."""
    off: set[StepId] = set()
    for application in board.index.applications_of(sale):
        off.add(_taken(board, application, Operation.VOID, sale, positions, frozenset()))
    for credit in board.index.credits_of(sale):
        off.add(_taken(board, credit, Operation.DELETE, sale, positions, frozenset(off)))
    return frozenset(off)


def _taken(
    board: Board,
    posted: Posted,
    operation: Operation,
    sale: SourceKey,
    positions: Sequence[int],
    needs: frozenset[StepId],
) -> StepId:
    entity = StepId("Payment" if operation is Operation.VOID else "CreditMemo", posted.key)
    step = PlannedStep(id=entity, operation=operation, owner=positions[0], target=posted, sale=sale, needs=needs)
    board.claim_write(step, positions)
    return step.id


def _refusal(board: Board, sale: Sale, claim: Claim, posted: Posted | None) -> Fate | None:
    draft = _draft(claim)
    if posted is not None and posted.voided:
        return known(posted)
    if posted is None and board.is_gone(claim.step.key):
        return DID_NOT_LAST
    if not sale.counts:
        by_a_person = sale.posted is not None and sale.posted.voided and not sale.posted.voided_by_us
        if by_a_person and sale.posted is not None:
            return stays_void(sale.posted)
        return Skipped("skipped_by_rule", NOTHING_TO_CREDIT, sale.posted)
    if draft.currency != sale.currency(draft.currency):
        return Refused(UnmappableEvent(f"the credit is in {draft.currency} and its invoice is not"))
    return None


def _write(board: Board, sale: Sale, group: Sequence[Claim], purse: Purse) -> None:
    claim, draft = group[0], _draft(group[0])
    step = PlannedStep(
        id=StepId("CreditMemo", claim.step.key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=draft,
        sale=sale.key,
        facts={"o": order_fact(sale.key, of=claim.step.key), "t": plain(draft.total, draft.currency)},
        needs=frozenset({sale.step.id} if sale.step else ()),
        total=draft.total,
    )
    board.claim_write(step, [each.position for each in group])
    if sale.entity != "Invoice":
        return
    if board.facts.applies_credits:
        board.once_more = True
    else:
        _apply(board, sale, claim, draft.total, purse)


def _apply_rest(board: Board, sale: Sale, claim: Claim, credit: Posted, purse: Purse) -> None:
    """What is not on any invoice yet goes on its own, unless we did that before: what a person took off stays off.

    What QBO has put on other invoices by itself comes back first, as far as its own invoice asks for it.
    """
    if sale.entity != "Invoice" or board.index.get("Payment", credit.key) is not None:
        return
    if not credit.fresh:
        board.look_again(credit)
    amount, strays = credit.balance or Decimal(0), _strays(board, sale, credit)
    if sale.posted is not None and not sale.posted.fresh and (amount or strays):
        board.look_again(sale.posted)
    taken: set[StepId] = set()
    for stray in strays:
        if amount < purse.open:
            taken.add(_take_off(board, sale, claim, stray))
            amount += stray.applied
    _apply(board, sale, claim, amount, purse, after=taken)


def _strays(board: Board, sale: Sale, credit: Posted) -> list[Posted]:
    """The payments of nothing by which QBO itself put the credit on other invoices than its own."""
    if not (board.facts.applies_credits and credit.fresh and sale.posted is not None):
        return []
    by_itself = [each for each in board.others_on(credit) if links_one_credit(each, credit.id)]
    return [each for each in by_itself if not told_apart(each, sale.posted.id).applied]


def _take_off(board: Board, sale: Sale, claim: Claim, stray: Posted) -> StepId:
    step_id = StepId("Payment", claim.step.key, part=f"of QuickBooks {stray.id}")
    step = PlannedStep(id=step_id, operation=Operation.DELETE, owner=claim.position, target=stray, sale=sale.key)
    return board.write(step)


def _apply(
    board: Board, sale: Sale, claim: Claim, amount: Decimal, purse: Purse, *, after: Iterable[StepId] = ()
) -> None:
    applied = purse.take(amount)
    if not applied:
        return
    draft = _draft(claim)
    credit = StepId("CreditMemo", claim.step.key)
    step = PlannedStep(
        id=StepId("Payment", claim.step.key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=draft,
        sale=sale.key,
        facts={"o": order_fact(sale.key, of=claim.step.key), "t": plain(Decimal(0), draft.currency)},
        needs=frozenset({*after, *([credit] if credit in board.steps else []), *([sale.step.id] if sale.step else [])}),
        applied=applied,
    )
    board.write(step)
    board.settle([claim.position], Work(step.id, credited=True))


def _draft(claim: Claim) -> CreditMemoDraft:
    if not isinstance(claim.step.draft, CreditMemoDraft):
        raise TypeError(f"{claim.step.key}: a credit needs a CreditMemoDraft")
    return claim.step.draft
