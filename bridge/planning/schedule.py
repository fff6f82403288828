"""Waves exist because items in one QBO batch run in any order: what needs something goes out one wave later.

Customer and Item before Invoice before Payment is one kind of edge, and the only one: bodies of one order are first
reduced to its newest state, so an earlier event of the same order never has to go out before a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.facts import CompanyFacts
from bridge.index import Index
from bridge.planning.board import Board
from bridge.planning.documents import plan_document
from bridge.planning.money import BODY_MONEY, plan_money
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, Schedule, StepId, Work
from contracts.keys import SourceKey
from contracts.posting import Intent, Operation, PostingPlan
from contracts.quickbooks import PaymentDraft


def schedule(plans: Sequence[PostingPlan], index: Index, facts: CompanyFacts) -> Schedule:
    """Everything that must be written for `plans`, in waves, less what the index already has.

    The fates come in the order of the plans. Pure: neither the index nor the facts are changed.
    """
    board = Board(tuple(plans), index, facts)
    for lane in _lanes(plans):
        _plan_lane(board, lane)
    return Schedule(
        waves=_waves(board.steps),
        fates=tuple(tuple(fates) for fates in board.fates),
        stale=tuple(board.stale.values()),
        versions=board.versions,
        drafts=board.drafts,
    )


def _lanes(plans: Sequence[PostingPlan]) -> Iterable[list[Claim]]:
    lanes: dict[SourceKey, list[Claim]] = {}
    for position, plan in enumerate(plans):
        lanes.setdefault(plan.lane, []).extend(Claim(position, plan, step) for step in plan.steps)
    return lanes.values()


def _plan_lane(board: Board, claims: list[Claim]) -> None:
    documents: dict[SourceKey, list[Claim]] = {}
    facts: dict[SourceKey, list[Claim]] = {}
    received: dict[SourceKey, list[Claim]] = {}
    others: list[Claim] = []
    for claim in claims:
        match claim.step.intent:
            case Intent.STATE | Intent.VOID:
                documents.setdefault(claim.step.key, []).append(claim)
            case Intent.RECEIVED:
                received.setdefault(_invoice_of(claim), []).append(claim)
            case Intent.FACT if isinstance(claim.step.draft, PaymentDraft):
                facts.setdefault(_invoice_of(claim), []).append(claim)
            case _:
                others.append(claim)
    for key, versions in documents.items():
        plan_document(board, key, versions, has_money=_has_money(board, key, facts.get(key, [])))
    for key in {**facts, **received}:
        plan_money(board, key, facts.get(key, []), received.get(key, []))
    for claim in others:
        _plan_other(board, claim)


def _plan_other(board: Board, claim: Claim) -> None:
    """A fact beside money (a fee), or a name-list entity that the event itself is about."""
    step = claim.step
    if any(isinstance(fate, Refused) for fate in board.fates[claim.position]):
        return
    if step.intent is Intent.FACT:
        posted = board.index.get(step.entity, step.key)
        if posted is not None:
            board.settle([claim.position], Held(posted))
            return
        step_id = StepId(step.entity, step.key)
        if step_id in board.steps:
            board.settle([claim.position], Work(step_id, credited=False))
            return
        planned = PlannedStep(id=step_id, operation=Operation.CREATE, owner=claim.position, draft=step.draft)
        board.claim_write(planned, [claim.position])
    elif step.key == claim.plan.document:
        written = board.ensure(step.key, claim.position)
        if written is not None:
            board.settle([claim.position], Work(written, credited=board.steps[written].owner == claim.position))


def _has_money(board: Board, key: SourceKey, facts: Sequence[Claim]) -> bool:
    """Transactions are money whatever a body says; what only an older body told, the newest one may take back."""
    return bool(facts) or any(payment.key.kind != BODY_MONEY for payment in board.index.payments_of(key))


def _invoice_of(claim: Claim) -> SourceKey:
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft.invoice


def _waves(steps: dict[StepId, PlannedStep]) -> tuple[tuple[PlannedStep, ...], ...]:
    depths: dict[StepId, int] = {}

    def depth(step_id: StepId) -> int:
        if step_id not in depths:
            depths[step_id] = 1 + max((depth(need) for need in steps[step_id].needs), default=-1)
        return depths[step_id]

    waves: list[list[PlannedStep]] = []
    for step_id, step in steps.items():
        level = depth(step_id)
        waves.extend([] for _ in range(level + 1 - len(waves)))
        waves[level].append(step)
    return tuple(tuple(wave) for wave in waves)
