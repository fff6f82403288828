"""Documents that have versions: an order's invoice, as of its newest body.

Whatever order the bodies arrive in, the newest version decides and the older ones are superseded. The books are left
alone where a person has changed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index import VOIDED, Posted
from bridge.planning.board import Board
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, Skipped, StepId, Superseded
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import ONCE, Intent, Operation, Version
from contracts.quickbooks import InvoiceDraft, content_hash

STAYS_VOID = "the invoice was voided or deleted in QuickBooks and stays so"


def plan_document(board: Board, key: SourceKey, claims: Sequence[Claim], *, has_money: bool) -> None:
    """Decide what the newest of `claims` (all on the invoice of `key`) writes, and the fate of each.

    `has_money` says that transactions for the document are in the books or on their way there.
    """
    if all(claim.step.version == ONCE for claim in claims):
        _plan_once(board, key, claims)
        return
    versions = [version_of(claim) for claim in claims]
    newest = max(range(len(claims)), key=lambda i: versions[i])
    claim, version = claims[newest], versions[newest]
    same = [claims[i].position for i in range(len(claims)) if versions[i].content == version.content]
    posted = board.index.get("Invoice", key)
    board.settle((c.position for c in claims if c.position not in same), Superseded(posted))
    known = board.index.newest(key)
    if known is not None and version < known and not (posted and _says(posted, version)):
        board.settle(same, Superseded(posted))
        return
    if claim.step.intent is Intent.VOID:
        _plan_void(board, claim, same, posted, version, has_money=has_money)
    else:
        _plan_state(board, claim, same, posted, version)


def _plan_once(board: Board, key: SourceKey, claims: Sequence[Claim]) -> None:
    """Two events tell it in their own words; what the books have is not compared with either."""
    posted = board.index.get("Invoice", key)
    positions = [claim.position for claim in claims]
    if posted is None:
        _plan_state(board, claims[0], positions, None, version_of(claims[0]))
    elif posted.voided:
        board.settle(positions, Skipped("deleted_in_qbo", STAYS_VOID, posted))
    else:
        board.settle(positions, Held(posted))


def version_of(claim: Claim) -> Version:
    """The version of a claim's document, with the hash of what would be posted as its content."""
    step = claim.step
    content = content_hash(step.draft) if step.draft is not None and step.intent is not Intent.VOID else VOIDED
    if step.version is None:
        return Version(0, 0, content)
    return replace(step.version, content=content)


def _says(posted: Posted, version: Version) -> bool:
    return posted.facts.get("h") == version.content and not posted.voided


def _plan_state(board: Board, claim: Claim, same: list[int], posted: Posted | None, version: Version) -> None:
    draft = claim.step.draft
    if not isinstance(draft, InvoiceDraft):
        raise TypeError(f"{claim.step.key}: a document at a version needs an InvoiceDraft")
    if posted is not None and posted.voided:
        board.settle(same, Skipped("deleted_in_qbo", STAYS_VOID, posted))
    elif posted is not None and _says(posted, version):
        board.reflects(claim.step.key, version)
        board.settle(same, Held(posted))
    elif posted is not None and not posted.untouched:
        board.settle(same, Refused(conflict(posted), posted))
    elif board.facts.can_book(draft.currency):
        step = PlannedStep(
            id=StepId("Invoice", claim.step.key),
            operation=Operation.UPDATE if posted else Operation.CREATE,
            owner=claim.position,
            draft=_with_free_number(board, draft, posted),
            target=posted,
            facts={"v": str(version), "h": version.content, "t": plain(draft.total, draft.currency)},
        )
        board.claim_write(step, same)
    else:
        board.settle(same, Refused(board.foreign(draft.currency)))


def _plan_void(
    board: Board, claim: Claim, same: list[int], posted: Posted | None, version: Version, *, has_money: bool
) -> None:
    document = StepId("Invoice", claim.step.key)
    if posted is None:
        board.reflects(document.key, version)
        board.settle(same, Skipped("skipped_by_rule", "cancelled before anything was booked: there is nothing to void"))
    elif posted.voided and posted.marked:
        board.settle(same, Held(posted))
    elif posted.voided:
        board.claim_write(marker_again(document, posted, str(version), claim.position, voided_now=False), same)
    elif has_money or _others_paid(board, posted):
        board.reflects(document.key, version)
        message = "cancelled with money on it: the invoice stays, its refunds carry the money back"
        board.settle(same, Skipped("not_yet_mapped", message, posted))
    else:
        void = PlannedStep(id=document, operation=Operation.VOID, owner=claim.position, target=posted)
        board.claim_write(void, same)
        board.claim_write(marker_again(document, posted, str(version), claim.position, voided_now=True), same)


def _others_paid(board: Board, posted: Posted) -> bool:
    """True when a person has put money on the invoice. One that is not fresh is read before it is voided anyway."""
    ours = sum((payment.applied for payment in board.index.payments_of(posted.key)), Decimal(0))
    return posted.fresh and posted.balance is not None and posted.balance + ours < posted.total


def marker_again(document: StepId, posted: Posted, version: str, owner: int, *, voided_now: bool) -> PlannedStep:
    """QBO overwrites PrivateNote when it voids (recorded 2025-06), so the marker and a person's note go back.

    After a void of our own (`document` is that step) the SyncToken is that of its answer; else the index has it.
    """
    return PlannedStep(
        id=document._replace(part="note" if voided_now else "marker"),
        operation=Operation.UPDATE,
        owner=owner,
        target=replace(posted, fresh=True) if voided_now else posted,
        facts={**_order(posted), "v": version, "h": VOIDED, "t": plain(posted.total * 0, posted.currency or "")},
        needs=frozenset({document} if voided_now else ()),
    )


def _order(posted: Posted) -> dict[str, str]:
    return {"o": posted.facts["o"]} if "o" in posted.facts else {}


def _with_free_number(board: Board, draft: InvoiceDraft, posted: Posted | None) -> InvoiceDraft:
    """The draft under its second number when a stranger's document holds the first (fault 6140)."""
    if posted is not None and posted.doc_number is not None:
        return replace(draft, doc_number=posted.doc_number)
    if draft.doc_number in board.index.numbers_taken and draft.distinct_number:
        return replace(draft, doc_number=draft.distinct_number)
    return draft


def conflict(posted: Posted) -> RejectedPosting:
    """What a document is refused with whose total a person has changed since we wrote it."""
    written, now = posted.facts.get("t", "?"), plain(posted.total, posted.currency or "")
    return RejectedPosting(
        f"{posted.entity} {posted.id} was changed in QuickBooks: its total is {now}, the bridge wrote {written}",
        reason_code="conflict",
        step=posted.entity.lower(),
    )
