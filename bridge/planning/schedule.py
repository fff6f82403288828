"""Waves exist because items in one QBO batch run in any order: what needs something goes out one wave later.

Customer and Item before Invoice before Payment is one kind of edge, and the only one: bodies of one order are first
reduced to its newest state, so an earlier event of the same order never has to go out before a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.index.company_profile import CompanyFacts
from bridge.index.index import Index
from bridge.planning.closing import within_open_books
from bridge.planning.context import Board
from bridge.planning.deposits import plan_deposits
from bridge.planning.grouping import by_key, by_sale
from bridge.planning.links import linked, void_emptied
from bridge.planning.people import is_person, plan_person
from bridge.planning.refusals import DID_NOT_LAST, known
from bridge.planning.sale.refunds import plan_undone
from bridge.planning.sale.sales import plan_sale
from bridge.planning.steps import Claim, PlannedStep, Refused, Schedule, StepId, Work
from contracts.keys import SourceKey
from contracts.posting import ClosedPeriod, Intent, Operation, PostingPlan
from contracts.quickbooks import DepositDraft


def schedule(
    plans: Sequence[PostingPlan], index: Index, facts: CompanyFacts, closed: ClosedPeriod = "reject"
) -> Schedule:
    """Everything that must be written for `plans`, in waves, less what the index already has.

    The fates come in the order of the plans. Pure: neither the index nor the facts are changed.
    """
    found = linked(plans, index)
    board = Board(tuple(found.plans), index, facts)
    board.versions.update(found.notes)
    for position, fate in found.fates:
        board.settle([position], fate)
    for lane in _lanes(found.plans):
        _plan_lane(board, lane)
    plan_deposits(board)
    void_emptied(board, found.emptied.items())
    return Schedule(
        waves=_waves(within_open_books(board.steps, facts.close_date, closed)),
        fates=tuple(tuple(fates) for fates in board.fates),
        stale=tuple(board.stale.values()),
        unknown=tuple(sorted(board.unknown)),
        versions=board.versions,
        drafts=board.drafts,
        once_more=board.once_more,
    )


def _lanes(plans: Sequence[PostingPlan]) -> Iterable[list[Claim]]:
    lanes: dict[SourceKey, list[Claim]] = {}
    for position, plan in enumerate(plans):
        lanes.setdefault(plan.lane, []).extend(Claim(position, plan, step) for step in plan.steps)
    return lanes.values()


def _plan_lane(board: Board, claims: list[Claim]) -> None:
    undone = [claim for claim in claims if claim.step.intent is Intent.UNDONE]
    for claim in undone:
        plan_undone(board, claim)
    sales, others = by_sale(claim for claim in claims if claim not in undone)
    for key, told in sales.items():
        plan_sale(board, key, told)
    people = [claim for claim in others if is_person(claim)]
    for _, group in by_key(people):
        plan_person(board, group)
    for claim in others:
        if not is_person(claim):
            _plan_other(board, claim)


def _plan_other(board: Board, claim: Claim) -> None:
    """A fact beside money (a fee), or a name-list entity that the event itself is about."""
    step = claim.step
    if any(isinstance(fate, Refused) for fate in board.fates[claim.position]):
        return
    if isinstance(step.draft, DepositDraft):
        return  # planned after all payments that it may carry
    if step.intent is Intent.FACT:
        posted = board.index.get(step.entity, step.key)
        if posted is not None:
            board.settle([claim.position], known(posted))
            return
        if board.is_gone(step.key):
            board.settle([claim.position], DID_NOT_LAST)
            return
        step_id = StepId(step.entity, step.key)
        if step_id in board.steps:
            board.settle([claim.position], Work(step_id, credited=False))
            return
        planned = PlannedStep(id=step_id, operation=Operation.CREATE, owner=claim.position, draft=step.draft)
        board.claim_write(planned, [claim.position])
    elif all(each.intent is Intent.ENSURE for each in claim.plan.steps):
        written = board.ensure(step.key, claim.position)
        if written is not None:
            board.settle([claim.position], Work(written, credited=board.steps[written].owner == claim.position))


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
