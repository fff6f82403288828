"""Only what asked is planned once more; for the other plans the schedule of before stands. Pure.

A look at the books, or what QBO has made of a write, concerns the plans that asked for it and those that depend on what
they tell. For all others the earlier schedule stands: their steps, what became of them, the names they gave away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.planning.steps import Again, AlreadyPosted, PlannedStep, StepId, StepResolution, Write
from contracts.entities import NAME_LISTS
from contracts.keys import UNNAMED, SourceKey
from contracts.posting import Caution, Intent, PostingPlan, Version
from contracts.quickbooks import DepositDraft, Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPlans:
    """What was planned before for the plans that are not in `planned`, by position where it is a sequence.

    `drafts` is what name-list entities were to be made of, those that no plan names itself among them.
    """

    planned: frozenset[int]
    resolutions: Sequence[Sequence[StepResolution]]
    cautions: Sequence[Sequence[Caution]]
    steps: Mapping[StepId, PlannedStep] = field(default_factory=dict)
    versions: Mapping[SourceKey, Version] = field(default_factory=dict)
    noted: Mapping[SourceKey, frozenset[int]] = field(default_factory=dict)
    adopted_by_id: tuple[PlannedStep, ...] = ()
    replanning: frozenset[int] = frozenset()
    drafts: Mapping[SourceKey, Draft] = field(default_factory=dict)


def standing(again: Again, plans: Sequence[PostingPlan], placed: Sequence[PostingPlan]) -> StandingPlans:
    """What of `again.before` stands; `placed` are the plans where links have put them.

    Planned once more is what asked, and with it what shares its lane, tells the same thing, or depends on it.
    """
    before = again.before
    chosen = _reached(again.positions, plans, placed, before.waves, before.resolutions)
    noted = {key: found for key, found in before.noted.items() if not found & chosen}
    left = frozenset(range(len(plans))) - chosen
    common = StandingPlans(
        planned=chosen,
        resolutions=[() if position in chosen else each for position, each in enumerate(before.resolutions)],
        cautions=[() if position in chosen else each for position, each in enumerate(before.cautions)],
        versions={key: version for key, version in before.versions.items() if key in noted},
        noted=noted,
        drafts=before.drafts,
    )
    if again.is_written:
        return common
    return replace(
        common,
        steps=_kept(before.waves, before.resolutions, left),
        adopted_by_id=tuple(step for step in before.adopted_by_id if step.owner in left),
        replanning=before.replanning & left,
    )


def credited_anew(steps: Mapping[StepId, PlannedStep], planned: frozenset[int]) -> dict[StepId, PlannedStep]:
    """The steps; what a plan has given up since, and others still need, is credited to the first of those."""
    users: dict[StepId, set[int]] = {}
    for step in steps.values():
        for need in step.needs:
            users.setdefault(need, set()).add(step.owner)
    return {
        step_id: replace(step, owner=min(users[step_id]))
        if step_id.entity in NAME_LISTS and step.owner in planned and step.owner not in users.get(step_id, {step.owner})
        else step
        for step_id, step in steps.items()
    }


def said_as_before(
    resolutions: Sequence[Sequence[StepResolution]], again: Again | None
) -> tuple[tuple[StepResolution, ...], ...]:
    """The resolutions; a plan whose writes are done, and that adds nothing to them, is told as they were written."""
    found = [tuple(each) for each in resolutions]
    if again is None:
        return tuple(found)
    for position in again.done:
        if all(isinstance(each, AlreadyPosted) for each in found[position]):
            # because what a result says must not depend on what else was in its micro-batch
            found[position] = tuple(again.before.resolutions[position])
    return tuple(found)


def _reached(
    asking: frozenset[int],
    plans: Sequence[PostingPlan],
    placed: Sequence[PostingPlan],
    waves: Iterable[Iterable[PlannedStep]],
    resolutions: Sequence[Sequence[StepResolution]],
) -> frozenset[int]:
    """The plans that ask, and all that may come out otherwise with them."""
    concerned: dict[SourceKey | StepId, set[int]] = {}
    speaks: list[set[SourceKey | StepId]] = [set() for _ in plans]
    for position, both in enumerate(zip(plans, placed, strict=True)):
        for plan in both:
            brought = _spoken_of(plan)
            speaks[position] |= brought
            for key in brought | _depends_on(plan):
                concerned.setdefault(key, set()).add(position)
    steps = {step.id: step for wave in waves for step in wave if step.id.entity not in NAME_LISTS}
    for step in steps.values():
        speaks[step.owner].add(step.id)
        for each in (step.id, *(need for need in step.needs if need in steps)):
            concerned.setdefault(each, set()).add(step.owner)
    for position, found in enumerate(resolutions):
        for resolution in found:
            if isinstance(resolution, Write) and resolution.step in steps:
                concerned[resolution.step].add(position)
    return _closure(asking, speaks, concerned)


def _closure(
    asking: frozenset[int],
    speaks: Sequence[Iterable[SourceKey | StepId]],
    concerned: Mapping[SourceKey | StepId, Iterable[int]],
) -> frozenset[int]:
    found: set[int] = set()
    open_ends = set(asking)
    while open_ends:
        position = open_ends.pop()
        found.add(position)
        for key in speaks[position]:
            open_ends.update(each for each in concerned.get(key, ()) if each not in found)
    return frozenset(found)


def _spoken_of(plan: PostingPlan) -> set[SourceKey]:
    """What a plan brings news of: customers and items that it only needs are none of it."""
    own = (step.key for step in plan.steps if step.intent is not Intent.ENSURE)
    found = {plan.document, plan.lane, *own, *(key for link in plan.links for key in link)}
    # because everything that any order paid would be called so
    return {key for key in found if key.id != UNNAMED}


def _depends_on(plan: PostingPlan) -> set[SourceKey]:
    """What a plan waits for: its order or charge, and what a payout pays out."""
    found = set(plan.wakes)
    for step in plan.steps:
        if isinstance(step.draft, DepositDraft):
            rows = (*step.draft.payments, *step.draft.refunds)
            found |= {*step.draft.orders, *(each.payment for each in rows)}
            found |= {each.sale for each in rows if each.sale is not None}
            found |= {key for each in step.draft.near_start for key in (each.payment, each.sale)}
    return found


def _kept(
    waves: Iterable[Iterable[PlannedStep]], resolutions: Sequence[Sequence[StepResolution]], left: frozenset[int]
) -> dict[StepId, PlannedStep]:
    """The steps that the plans at `left` need, those of others among them."""
    steps = {step.id: step for wave in waves for step in wave}
    written = (each for position in left for each in resolutions[position] if isinstance(each, Write))
    wanted = {step.id for step in steps.values() if step.owner in left} | {each.step for each in written}
    open_ends = list(wanted)
    while open_ends:
        step = steps.get(open_ends.pop())
        more = step.needs - wanted if step is not None else frozenset()
        wanted |= more
        open_ends += more
    return {step_id: step for step_id, step in steps.items() if step_id in wanted}
