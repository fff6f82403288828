"""A payout that the bank holds already, entered by a person: taken for ours, or asked about. Pure.

The rule is INTERFACE's "Already there": an entry of exactly the payout's amount on its bank account, near its date. It
is reconciled with the bank, perhaps, so nothing is written on it: it becomes ours by its Id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.index.posted import Posted
from bridge.matching.there import ONLY_REPORTED, in_doubt
from bridge.planning.context import PlanningContext
from bridge.planning.sale.adoption import BY_ID
from bridge.planning.steps import PlannedStep, Refused, StepId
from contracts.entities import EntityName
from contracts.errors import RejectedPosting, UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import Operation
from contracts.results import POSSIBLE_DUPLICATE
from contracts.transfers import DepositDraft

SEVERAL = "two or more entries of the bank would be this payout"
ANOTHER_ALIKE = "another payout of this amount is told, and one entry of the bank would be either"
DECIDED_MISSING = "the entry that a person decided for is not there any more, or is ours already"
_NAMES: tuple[EntityName, ...] = ("Deposit", "Transfer", "JournalEntry")


def is_in_the_bank_already(
    context: PlanningContext, key: SourceKey, draft: DepositDraft, positions: Sequence[int]
) -> bool:
    """Decide whether the bank holds the payout under no marker; True when that is decided, or asked, before all else.

    `draft` is the payout whole, as it was told.
    """
    decision = context.there.decisions.get(key)
    if context.there.matching.mode == "off" or (decision is not None and decision.place is None):
        return False
    if decision is not None and decision.place is not None:
        decided = context.index.bank_entries.get(*decision.place)
        found, why = ([decided], None) if decided is not None else ([], DECIDED_MISSING)
    else:
        found = _candidates(context, draft)
        why = _doubt(context, key, draft, found)
    if why is not None:
        _refuse(context, positions, why, found)
    elif found:
        _adopt(context, key, draft, found[0], positions[0])
    return why is not None or bool(found)


def _candidates(context: PlanningContext, draft: DepositDraft) -> list[Posted]:
    try:
        account = context.profile.account_id(draft.deposit_to)
    except UnmappableEvent:
        return []  # because whoever books the payout says which rule names no account
    found = context.index.bank_entries.of_move(account, draft.total, draft.txn_date, context.there.matching.days)
    return [each for each in found if (each.currency or context.profile.home_currency) == draft.currency]


def _doubt(context: PlanningContext, key: SourceKey, draft: DepositDraft, found: Sequence[Posted]) -> str | None:
    if not found:
        return None
    if len(found) > 1:
        return SEVERAL
    if _is_another_alike(context, key, draft):
        return ANOTHER_ALIKE
    return ONLY_REPORTED if context.there.matching.mode == "report" else None


def _is_another_alike(context: PlanningContext, key: SourceKey, draft: DepositDraft) -> bool:
    """True when another payout of this micro-batch, not booked yet, has the same amount within the same days."""
    drafts = ((step.key, step.draft) for plan in context.plans for step in plan.steps)
    for other, each in drafts:
        if isinstance(each, DepositDraft) and other != key and not context.index.identities.types_of(other):
            near = abs((each.txn_date - draft.txn_date).days) <= context.there.matching.days
            if near and (each.total, each.currency, each.deposit_to) == (draft.total, draft.currency, draft.deposit_to):
                return True
    return False


def _refuse(context: PlanningContext, positions: Iterable[int], why: str, found: Iterable[Posted]) -> None:
    context.resolve(
        positions, Refused(RejectedPosting(in_doubt(found, why), reason_code=POSSIBLE_DUPLICATE, step="deposit"))
    )


def _adopt(context: PlanningContext, key: SourceKey, draft: DepositDraft, document: Posted, owner: int) -> None:
    said: dict[str, str] = {
        MarkerField.TOTAL: plain(document.total, draft.currency),
        MarkerField.CONTENT: draft.figures,
        MarkerField.ADOPTED: BY_ID,
    }
    entity = next(name for name in _NAMES if name == document.entity)
    target = replace(document, key=key, marker_fields=said)
    step = PlannedStep(
        id=StepId(entity, key),
        operation=Operation.ADOPT,
        owner=owner,
        target=target,
        marker_fields=said,
        total=document.total,
    )
    context.adopt(step, by_id=True)
