"""Waves exist because items in one QBO batch run in any order: what needs something goes out one wave later.

Customer and Item before Invoice before Payment is one kind of edge, and the only one: bodies of one order are first
reduced to its newest state, so an earlier event of the same order never has to go out before a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.matching.there import NOTHING_THERE, AlreadyThere
from bridge.planning.closing import within_open_books
from bridge.planning.context import PlanningContext
from bridge.planning.deposits import is_of_a_payout, plan_deposits
from bridge.planning.exchange_differences import plan_late_difference
from bridge.planning.exchange_rates import unasked_rates, with_known_rates
from bridge.planning.facts import plan_fact
from bridge.planning.gift_cards import warn_of_cards_below_zero
from bridge.planning.grouping import by_key, by_sale
from bridge.planning.known_links import KnownLinks
from bridge.planning.links import linked
from bridge.planning.named_twice import of_its_own_sale
from bridge.planning.people import is_person, plan_person
from bridge.planning.proof import only_on_proven
from bridge.planning.sale.applying import say_where_it_is
from bridge.planning.sale.refunds import plan_undone
from bridge.planning.sale.room import await_room, fill_room
from bridge.planning.sale.sales import plan_sale
from bridge.planning.standing import credited_anew, said_as_before, standing
from bridge.planning.steps import Again, AlreadyPosted, Claim, PlannedStep, Refused, Schedule, StepId, Write
from bridge.planning.superseded_charges import shares_after_charges, void_superseded_charges
from contracts.keys import SourceKey
from contracts.opening import OpeningAccounts
from contracts.posting import ClosedPeriod, Intent, PostingPlan


def schedule(
    plans: Sequence[PostingPlan],
    index: Index,
    profile: CompanyProfile,
    closed: ClosedPeriod = "reject",
    opening: OpeningAccounts | None = None,
    there: AlreadyThere = NOTHING_THERE,
    again: Again | None = None,
) -> Schedule:
    """Everything that must be written for `plans`, in waves, less what the index already has.

    The resolutions come in the order of the plans. With `again` only what asked is planned once more, and what may
    come out otherwise with it. Pure: neither the index nor the profile is changed.
    """
    found = linked(plans, index)
    context = PlanningContext(
        tuple(found.plans),
        index,
        profile,
        closed,
        opening,
        notes=found.notes,
        lost=frozenset(found.lost),
        there=there,
    )
    if again is not None:
        context.take_up(standing(again, plans, found.plans))
    in_waves = context.positions if again is None or again.is_written else context.positions | again.before.planned
    for position, resolution in found.resolutions:
        if position in context.positions:
            context.resolve([position], resolution)
            if isinstance(resolution, AlreadyPosted):
                say_where_it_is(context, resolution.posted, position)
    for position, caution in found.cautions:
        if position in context.positions:
            context.warn([position], caution)
    # because what did not last may be told in another lane than what it takes back
    _plan_lanes(context, _plan_undone)
    _plan_lanes(context, partial(_plan_lane, known=found.known))
    plan_deposits(context)
    _plan_late_differences(context, found.charges)
    if any(plan.steps or plan.links for plan in context.plans):
        # because invoices that one charge pays share a lane, and only what is told of one of them plans it
        named, _ = by_sale(claim for lane in _lanes(found.plans) for claim in lane if claim.position in in_waves)
        fill_room(context, named.keys())
        await_room(context)
    balances = warn_of_cards_below_zero(context)
    shares_after_charges(context)
    void_superseded_charges(context, found.superseded_charges.items())
    steps = within_open_books(only_on_proven(context), profile.close_date, closed)
    if again is not None:
        steps = credited_anew(steps, context.positions)
    rates = unasked_rates(steps.values(), profile)
    return Schedule(
        waves=_waves(with_known_rates(steps, profile)),
        resolutions=said_as_before(context.resolutions, again),
        stale=tuple(context.stale.values()),
        unknown=tuple(sorted(context.unknown)),
        rates=rates,
        cautions=tuple(tuple(cautions) for cautions in context.cautions),
        balances=balances,
        versions=context.versions,
        drafts=context.drafts,
        adopted_by_id=tuple(context.adopted_by_id),
        looking=context.looking | {step.owner for step in steps.values() if rates and unasked_rates([step], profile)},
        replanning=context.replanning,
        noted=context.noted,
        planned=in_waves,
    )


def _plan_lanes(context: PlanningContext, plan: Callable[[PlanningContext, list[Claim]], None]) -> None:
    for lane in _lanes(context.plans):
        positions = {claim.position for claim in lane}
        if positions & context.positions:
            with context.planning(positions):
                plan(context, lane)


def _plan_late_differences(context: PlanningContext, charges: Mapping[SourceKey, int]) -> None:
    """What is shared out otherwise since it was paid out in another currency; `charges` by the plan that tells it."""
    for charge, position in charges.items():
        if position in context.positions:
            with context.planning({position}):
                plan_late_difference(context, charge, position, is_back=False)


def _lanes(plans: Sequence[PostingPlan]) -> Iterable[list[Claim]]:
    lanes: dict[SourceKey, list[Claim]] = {}
    for position, plan in enumerate(plans):
        lanes.setdefault(plan.lane, []).extend(Claim(position, plan, step) for step in plan.steps)
    return lanes.values()


def _plan_undone(context: PlanningContext, lane: list[Claim]) -> None:
    """What did not last, but for a shop's, which stands in the lane of its order."""
    for claim in lane:
        if claim.step.intent is Intent.UNDONE and claim.step.key.system != "shopify":
            plan_undone(context, claim)


def _plan_lane(context: PlanningContext, lane: list[Claim], known: KnownLinks) -> None:
    lane = of_its_own_sale(context, lane, known)
    undone = [claim for claim in lane if claim.step.intent is Intent.UNDONE]
    for claim in undone:
        if claim.step.key.system == "shopify" and not _waits_for_its_order(context, claim, lane):
            plan_undone(context, claim)
    sales, others = by_sale(claim for claim in lane if claim not in undone)
    for key, claims in sales.items():
        plan_sale(context, key, claims)
    people = [claim for claim in others if is_person(claim)]
    for _, group in by_key(people):
        plan_person(context, group)
    plans = {claim.position: claim.plan for claim in others}
    # planned after all payments that it may carry, its facts with it
    of_payouts = {position for position, plan in plans.items() if is_of_a_payout(plan)}
    about_lists = {position for position, plan in plans.items() if _is_about_lists(plan)}
    for claim in others:
        if not is_person(claim) and claim.position not in of_payouts:
            _plan_other(context, claim, is_about_lists=claim.position in about_lists)


def _waits_for_its_order(context: PlanningContext, claim: Claim, lane: list[Claim]) -> bool:
    """True for what a refund takes back of itself, while its order is not there: it is told again with that."""
    # because the refund may turn out to be the money of another order, whose credit must not be given up for it
    if (claim.step.key.system, claim.plan.document.kind) != ("shopify", "refund"):
        return False
    bodies = (each for each in lane if each.step.key == claim.plan.lane)
    return context.index.sale(claim.plan.lane) is None and next(bodies, None) is None


def _is_about_lists(plan: PostingPlan) -> bool:
    return all(each.intent is Intent.ENSURE for each in plan.steps)


def _plan_other(context: PlanningContext, claim: Claim, *, is_about_lists: bool) -> None:
    """A fact beside money (a fee), or a name-list entity that the event itself is about."""
    step = claim.step
    if any(isinstance(resolution, Refused) for resolution in context.resolutions[claim.position]):
        return
    if step.intent is Intent.FACT:
        plan_fact(context, claim)
    elif is_about_lists:
        written = context.ensure(step.key, claim.position)
        if written is not None:
            context.resolve([claim.position], Write(written, credited=context.steps[written].owner == claim.position))


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
