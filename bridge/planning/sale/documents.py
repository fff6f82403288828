"""Documents that have versions: an order's invoice or sales receipt, as of its newest body.

Whatever order the bodies arrive in, the newest version decides and the older ones are superseded. The books are left
alone where a person has changed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.index.index import VOIDED, Posted
from bridge.index.posted import SAME
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST, conflict, known, rejected, stays_void
from bridge.planning.sale.amounts import form_draft
from bridge.planning.sale.credits import late_credits_of, take_off_credits
from bridge.planning.sale.held import held_content, hold, is_held
from bridge.planning.sale.late import comes_to, newest_version, plan_late, says_newest
from bridge.planning.sale.receipts import is_outgrown, is_unclear, standing_form, take_back
from bridge.planning.sale.voids import plan_void
from bridge.planning.steps import (
    AlreadyPosted,
    Claim,
    PlannedStep,
    Refused,
    SaleClaims,
    Skipped,
    StepId,
    Superseded,
    Waiting,
)
from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import ONCE, TAKEN_BACK_FOR_GOOD, Intent, Operation, Version
from contracts.quickbooks import InvoiceDraft, SalesReceiptDraft, content_hash

LEFT_OUT = "left-out"
"""The content of a version of a sale that the rules leave out."""
RECEIVED_UNKNOWN = "the order was booked as paid at once and has another total now; no body says yet what was received"
LEFT_AS_IT_IS = "was adopted as a person made it and is never changed, and the order says something else now"
BY_RULE = "the rules leave orders of this tag, channel or gateway out"
TAKEN_BACK = frozenset({Intent.VOID, Intent.WITHDRAWN})


def plan_document(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> tuple[Claim, ...]:
    """Decide what the newest body of the sale `key` writes, and how each is resolved.

    Gives what a late change takes off an invoice as claims on credit memos.
    """
    bodies = claims.bodies
    if all(claim.step.version == ONCE for claim in bodies):
        _plan_once(context, key, bodies)
        return ()
    if is_held(context, key, bodies):
        hold(context, key, bodies)
        return ()
    versions = [version_of(claim) for claim in bodies]
    newest = max(range(len(bodies)), key=lambda i: versions[i])
    claim, version = bodies[newest], versions[newest]
    same = [bodies[i].position for i in range(len(bodies)) if versions[i].content == version.content]
    posted = standing_form(context, key)
    context.resolve((each.position for each in bodies if each.position not in same), Superseded(posted))
    seen = newest_version(context, key)
    older = seen is not None and held_content(seen) is None and version < seen
    if older and not (posted and _says(context, posted, claim, version)):
        deleted = Skipped("skipped_by_rule", "the order was deleted at its source", posted)
        context.resolve(same, deleted if seen == TAKEN_BACK_FOR_GOOD else Superseded(posted))
    elif claim.step.intent is Intent.LEFT_OUT:
        context.note_version(key, version)
        context.resolve(same, Skipped("skipped_by_rule", BY_RULE, posted))
    elif (
        posted is not None and posted.is_left_as_it_is and not (posted.voided or _says(context, posted, claim, version))
    ):
        context.resolve(same, Refused(rejected(posted, LEFT_AS_IT_IS), posted))
    elif claim.step.intent in TAKEN_BACK:
        return plan_void(context, claim, same, posted, version, claims)
    elif is_unclear(claim, posted, claims):
        context.resolve(same, Waiting(RECEIVED_UNKNOWN))
    elif posted is not None and not older and is_outgrown(claim, posted, claims):
        _plan_instead(context, claim, same, posted, version)
    else:
        return _plan_state(context, claim, same, posted, version)
    return ()


def version_of(claim: Claim) -> Version:
    """The version of a claim's document, with the hash of what would be posted as its content."""
    step = claim.step
    if step.intent is Intent.WITHDRAWN:
        return TAKEN_BACK_FOR_GOOD
    if step.intent is Intent.LEFT_OUT and step.version is not None:
        return replace(step.version, content=LEFT_OUT)
    is_void = step.intent is Intent.VOID or step.draft is None
    content = VOIDED if is_void else step.said or content_hash(form_draft(claim))
    return replace(step.version, content=content) if step.version else Version(0, 0, content)


def _plan_once(context: PlanningContext, key: SourceKey, claims: Sequence[Claim]) -> None:
    """Several events tell it in their own words; captures make it grow, so the greatest counts, whichever is first."""
    posted = context.index.sale(key)
    positions = [claim.position for claim in claims]
    greatest = max(claims, key=lambda claim: form_draft(claim).total, default=None)
    if posted is not None and greatest is not None and _has_grown(form_draft(greatest), posted):
        _plan_state(context, greatest, positions, posted, version_of(greatest))
    elif posted is not None:
        context.resolve(positions, known(posted))
    elif context.is_taken_back(key):
        context.resolve(positions, DID_NOT_LAST)
    elif greatest is not None:
        _plan_state(context, greatest, positions, None, version_of(greatest))


def _has_grown(draft: InvoiceDraft, posted: Posted) -> bool:
    return not posted.voided and posted.total_unchanged and draft.total > posted.total


def _says(context: PlanningContext, posted: Posted, claim: Claim, version: Version) -> bool:
    """True where the books hold what the body says, whatever rules it was written by."""
    if posted.voided or not says_newest(context, posted):
        return False
    if posted.content == version.content:
        # because other rules may make another form of what the source says, only a form by itself is counted
        return claim.step.late_change is None or bool(claim.step.said) or comes_to(context, posted, form_draft(claim))
    # because a release before this one wrote the hash of the form itself, with what rules had added
    return bool(claim.step.said) and posted.content == content_hash(form_draft(claim))


def _plan_instead(context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version) -> None:
    """An invoice in the place of a sales receipt that the order has outgrown."""
    if not posted.total_unchanged or posted.has_gift_cards:
        context.resolve(same, Refused(conflict(posted), posted))
        return
    voided = take_back(context, claim, same, posted, version)
    _plan_state(context, claim, same, None, version)
    context.add_need(StepId("Invoice", claim.step.key), voided)


def _plan_state(
    context: PlanningContext, claim: Claim, same: list[int], posted: Posted | None, version: Version
) -> tuple[Claim, ...]:
    draft = form_draft(claim)
    if posted is not None and posted.voided:
        context.resolve(same, stays_void(posted))
    elif posted is not None and _says(context, posted, claim, version):
        context.note_version(claim.step.key, version)
        context.resolve(same, AlreadyPosted(posted))
    elif posted is not None and not posted.total_unchanged:
        # Because a person has changed what it asks for, which of the two figures is right is not ours to say.
        context.resolve(same, Refused(conflict(posted), posted))
    elif posted is not None and (late := plan_late(context, claim, same, posted, version, draft)) is not None:
        return late
    elif context.profile.can_book(draft.currency):
        entity: EntityName = "SalesReceipt" if isinstance(claim.step.draft, SalesReceiptDraft) else "Invoice"
        step = PlannedStep(
            id=StepId(entity if posted is None else _entity_of(posted), claim.step.key),
            operation=Operation.UPDATE if posted else Operation.CREATE,
            owner=claim.position,
            draft=claim.step.draft if posted is None else draft,
            target=posted,
            marker_fields={
                MarkerField.VERSION: str(version),
                MarkerField.CONTENT: version.content,
                MarkerField.TOTAL: plain(draft.total, draft.currency),
                **({MarkerField.ADOPTED: SAME} if posted and posted.was_adopted else {}),
            },
            total=draft.total,
            # because what the invoice follows in place now, no credit memo may take off it once more
            needs=take_off_credits(context, claim.step.key, same, only=late_credits_of(context, claim.step.key)),
        )
        context.plan_write(step, same)
    else:
        context.resolve(same, Refused(context.foreign(draft.currency)))
    return ()


def _entity_of(posted: Posted) -> EntityName:
    return "SalesReceipt" if posted.entity == "SalesReceipt" else "Invoice"
