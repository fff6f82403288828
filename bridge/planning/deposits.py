"""Payouts: what their rows tell is booked with the deposit or not at all, and it waits until what it pays out is there.

One that came back after it was booked is taken out of the bank by an entry of its own, so that its fees and its other
rows stay booked; one that came back first is booked between its rows and the clearing account. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.index.index import VOIDED
from bridge.index.posted import Posted, order_named
from bridge.planning.context import PlanningContext
from bridge.planning.draws import drawn, names_of
from bridge.planning.exchange_differences import unknown_worth, without_worth
from bridge.planning.facts import plan_fact
from bridge.planning.near_start import with_rows_near_start
from bridge.planning.payout_cautions import (
    deposit_of,
    has_rows,
    leaves_exchange,
    lies_in_bank,
    warn_of_other_figures,
)
from bridge.planning.payout_parts import put_together
from bridge.planning.payouts_there import is_in_the_bank_already
from bridge.planning.refusals import known, rejected
from bridge.planning.sale.documents import LEFT_OUT
from bridge.planning.sale.refunds import NEVER_BOOKED
from bridge.planning.steps import (
    Claim,
    PlannedStep,
    Refused,
    Skipped,
    StepId,
    StepResolution,
    Waiting,
)
from contracts.entities import EntityName
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.opening import OF_EARLIER_BOOKS
from contracts.posting import TAKEN_BACK_FOR_GOOD, HeldBack, Operation, PostingPlan, Version
from contracts.quickbooks import (
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    JournalEntryDraft,
    JournalLine,
)

FAILED, RETURNED = "failed", "returned"
NOTHING_MOVED = "moves-nothing"
"""The content of the note under the key of a payout that came back and moved nothing."""
ENDED_BY = (
    ": send charge.succeeded of it; or invoice.paid of all that it pays, and the payout with each row's source expanded"
)
MOVES_NOTHING = "nothing of this payout moves any account"


def is_of_a_payout(plan: PostingPlan) -> bool:
    """True for a plan whose facts are booked with its deposit or not at all."""
    return any(isinstance(step.draft, DepositDraft) for step in plan.steps)


def plan_deposits(context: PlanningContext) -> None:
    """Decide every payout of the micro-batch; everything else is on the board already."""
    payouts: dict[SourceKey, list[Claim]] = {}
    for position, plan in enumerate(context.plans):
        for step in plan.steps:
            if isinstance(step.draft, DepositDraft):
                payouts.setdefault(step.key, []).append(Claim(position, plan, step))
    for key, claims in payouts.items():
        positions = {claim.position for claim in claims}
        if positions & context.positions:
            with context.planning(positions):
                _plan_payout(context, key, claims)


def _plan_payout(context: PlanningContext, key: SourceKey, claims: Sequence[Claim]) -> None:
    returned = [claim for claim in claims if deposit_of(claim).returned is not None]
    is_returned = bool(returned) or context.is_taken_back(key)
    for claim in returned:
        context.note_version(claim.step.key, TAKEN_BACK_FOR_GOOD)
    posted = _posted(context, key)
    if posted is not None:
        warn_of_other_figures(context, claims, None if posted.voided else posted.content)
        those_of_it = claims if posted.voided else [claim for claim in claims if claim not in returned]
        context.resolve((claim.position for claim in those_of_it), known(posted))
        if returned and not posted.voided:
            _plan_return(context, posted, returned)
        _plan_entries(context, claims)
        return
    booked = _posted(context, _derived(key, FAILED)) if is_returned else None
    if booked is not None:
        warn_of_other_figures(context, claims, None if booked.voided else booked.content)
        context.resolve((claim.position for claim in claims), known(booked))
        return
    if is_returned and context.index.newest(_derived(key, FAILED)) is not None:
        context.resolve((claim.position for claim in claims), Skipped("skipped_by_rule", MOVES_NOTHING))
        return
    with_rows = [claim for claim in claims if has_rows(deposit_of(claim))]
    bare = [claim.position for claim in claims if claim not in with_rows]
    context.resolve(bare, Skipped("skipped_by_rule", NEVER_BOOKED))
    if with_rows:
        _plan_rows(context, key, with_rows, is_returned=is_returned)


def _plan_rows(context: PlanningContext, key: SourceKey, claims: Sequence[Claim], *, is_returned: bool) -> None:
    """Book the rows of a payout that is not in the books yet, when all of them are told and nothing is missing."""
    positions = [claim.position for claim in claims]
    try:
        draft = put_together([deposit_of(claim) for claim in claims])
        if isinstance(draft, DepositDraft):
            if not is_returned and is_in_the_bank_already(context, key, draft, positions):
                return
            draft = with_rows_near_start(context, draft)
    except RecordError as error:
        context.resolve(positions, Refused(error))
        return
    missing = draft if isinstance(draft, Waiting) else _why_not(context, draft, claims)
    if missing is not None:
        context.resolve(positions, missing)
    elif isinstance(draft, DepositDraft):
        warn_of_other_figures(context, claims, draft.figures)
        if is_returned and draft.clearing is not None:
            draft = replace(draft, deposit_to=draft.clearing)
        name = _derived(key, FAILED) if is_returned else key
        try:
            found = drawn(context, key, draft)
        except RecordError as error:
            context.resolve(positions, Refused(error))
            return
        # because what came back lies in the clearing account by its own: no bank has it
        if not is_returned and (found.in_bank or found.documents):
            context.warn(positions, lies_in_bank(found))
        if context.profile.is_foreign(draft.currency) and draft.exchange_rate is None:
            context.warn(positions, leaves_exchange(draft))
        figures: dict[str, str] = {MarkerField.CONTENT: draft.figures} if draft.figures else {}
        _write(context, name, found.draft, figures, found.notes, positions)
        _plan_entries(context, claims)


def _write(
    context: PlanningContext,
    key: SourceKey,
    draft: DepositDraft,
    figures: Mapping[str, str],
    notes: Mapping[SourceKey, Version],
    positions: list[int],
) -> None:
    """Put the deposit down, or its entry; `figures` are those that were told, whatever of them is in a bank already."""
    if not draft.payments and not draft.lines:
        # because under another clearing account a replay would move what lies in the one of today
        for document, version in {**notes, key: Version(0, 0, NOTHING_MOVED)}.items():
            context.note_version(document, version)
        context.resolve(positions, Skipped("skipped_by_rule", MOVES_NOTHING))
        return
    entity: EntityName = "Deposit" if draft.total > 0 else "JournalEntry"
    said: dict[str, str] = {MarkerField.TOTAL: plain(draft.total, draft.currency)} if entity == "Deposit" else {}
    needs = (StepId("Payment", each.payment) for each in draft.payments)
    step = PlannedStep(
        id=StepId(entity, key),
        operation=Operation.CREATE,
        owner=positions[0],
        draft=draft,
        marker_fields={**said, **figures},
        needs=frozenset(each for each in needs if each in context.steps),
        notes=notes,
    )
    context.plan_write(step, positions)


def _plan_entries(context: PlanningContext, claims: Sequence[Claim]) -> None:
    """What the rows tell beside the deposit: booked together with it."""
    for claim in claims:
        for step in claim.plan.steps:
            if not isinstance(step.draft, DepositDraft):
                plan_fact(context, Claim(claim.position, claim.plan, step))


def _plan_return(context: PlanningContext, posted: Posted, claims: Sequence[Claim]) -> None:
    """The bank sent the money back: it lies in the clearing account again."""
    positions = [claim.position for claim in claims]
    back = _derived(posted.key, RETURNED)
    entry = _posted(context, back)
    if entry is not None:
        context.resolve(positions, known(entry))
        return
    draft = deposit_of(claims[0])
    if draft.clearing is None:
        raise TypeError(f"{posted.key}: a payout that came back has an account to which it came")
    # because of what lay in the bank already less was brought there than the payout says
    brought = posted.total if posted.entity == "Deposit" else draft.total
    undone = replace(
        draft,
        txn_date=draft.returned or draft.txn_date,
        lines=(DepositLine(account=draft.clearing, amount=-brought, description="Payout that came back"),),
        payments=(),
        orders=(),
        refunds=(),
        total=-brought,
    )
    step = PlannedStep(
        id=StepId("JournalEntry", back),
        operation=Operation.CREATE,
        owner=positions[0],
        draft=undone,
        came_back=posted.key,
    )
    context.plan_write(step, positions)


def _why_not(context: PlanningContext, draft: DepositDraft, claims: Sequence[Claim]) -> StepResolution | None:
    """What keeps a payout out of the books: a rule or an account that is missing, or something that it pays out."""
    if not context.profile.can_book(draft.currency):
        return Refused(context.foreign(draft.currency))
    try:
        for selector in _accounts(draft, claims):
            if selector.made is None:
                context.profile.account_id(selector)
        for line in _lines(draft, claims):
            context.profile.listed("Class", line.tracking_class, "tracking")
            context.profile.listed("Department", line.location, "tracking")
    except RecordError as error:
        return Refused(error)
    found = [why for each in draft.payments if (why := _without_payment(context, each, draft)) is not None]
    found += [each for each in [without_worth(context, draft)] if each is not None]
    found += [missing for order in draft.orders if (missing := _without_order(context, order)) is not None]
    if found and any(step.entity == "Payment" for step in context.steps):
        # because one of them may be what is missing
        context.ask_again()
    return next((each for each in found if isinstance(each, Refused)), found[0] if found else None)


def _accounts(draft: DepositDraft, claims: Sequence[Claim]) -> list[AccountSelector]:
    """Every account that the payout or one of its facts needs."""
    return [draft.deposit_to, *(line.account for line in _lines(draft, claims))]


def _lines(draft: DepositDraft, claims: Sequence[Claim]) -> list[DepositLine | JournalLine]:
    """Every line of the payout and of its facts."""
    facts = [step.draft for claim in claims for step in claim.plan.steps if isinstance(step.draft, JournalEntryDraft)]
    return [*draft.lines, *(line for fact in facts for line in fact.lines)]


def _without_payment(context: PlanningContext, each: DepositedPayment, draft: DepositDraft) -> StepResolution | None:
    """What keeps a payment out of the deposit: it is not there yet, or a person took it out of the books."""
    if any(unknown_worth(context, entity, key, draft) for entity, key in names_of(each)):
        return _awaited(each)
    # because a payout may bring one of several captures, more than was captured (its other row takes the rest back) or
    # another currency, its amount is not compared: what is no whole payment becomes a line of the deposit
    if StepId("Payment", each.payment) in context.steps or context.is_taken_back(each.payment):
        return None
    posted = context.index.get("Payment", each.payment)
    if posted is not None and posted.voided:
        return Refused(rejected(posted, "is void or deleted in QuickBooks, and a payout says that it was paid out"))
    if posted is not None or each.sale is not None:
        return None  # because of a shop's sale the order is waited for: it may tell this money in another way
    return _awaited(each)


def _awaited(each: DepositedPayment) -> Waiting:
    """What is awaited, and how a person ends that."""
    ends = ENDED_BY if each.payment.kind == "charge" else ""
    return Waiting(f"the payment of {each.payment} is not in the books yet{ends}")


def _without_order(context: PlanningContext, order: SourceKey) -> StepResolution | None:
    """A payout waits for the shop's own sales that it pays out: their money must be in the account it draws from."""
    if order in _adopted_now(context):
        # because only once they are ours it is known where the money lies that people entered
        context.ask_again()
        return Waiting(f"{order}, which this payout pays out, is not in the books yet")
    forms = (StepId("Invoice", order), StepId("SalesReceipt", order))
    there = context.index.sale(order) is not None or any(form in context.steps for form in forms)
    version = context.versions.get(order) or context.index.newest(order)
    left_out = version is not None and version.content in {LEFT_OUT, VOIDED, OF_EARLIER_BOOKS.content, *HeldBack}
    return None if there or left_out else Waiting(f"{order}, which this payout pays out, is not in the books yet")


def _adopted_now(context: PlanningContext) -> frozenset[SourceKey]:
    """The sales of which this micro-batch takes something for ours that a person entered."""
    steps = (step for step in context.steps.values() if step.operation is Operation.ADOPT)
    return frozenset(order_named(step.id.key, step.marker_fields) for step in (*steps, *context.adopted_by_id))


def _posted(context: PlanningContext, key: SourceKey) -> Posted | None:
    found = (context.index.get(entity, key) for entity in ("Deposit", "JournalEntry", "Transfer"))
    return next((each for each in found if each is not None), None)


def _derived(key: SourceKey, word: str) -> SourceKey:
    return SourceKey(key.system, key.kind, f"{key.id}.{word}")
