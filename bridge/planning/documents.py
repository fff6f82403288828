"""Documents that have versions: an order's invoice, as of its newest body.

Whatever order the bodies arrive in, the newest version decides and the older ones are superseded. The books are left
alone where a person has changed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.index import Posted
from bridge.planning.board import Board
from bridge.planning.steps import Claim, Held, PlannedStep, Refused, Skipped, StepId, Superseded
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import ONCE, Intent, Operation, Version
from contracts.quickbooks import InvoiceDraft, content_hash

STAYS_VOID = "the invoice was voided in QuickBooks and stays void"
VOIDED = "void"
"""The content hash of a document that was voided because its source cancelled it."""


def plan_document(board: Board, key: SourceKey, claims: Sequence[Claim], *, has_money: bool) -> None:
    """Decide what the newest of `claims` (all on the invoice of `key`) writes, and the fate of each.

    `has_money` says that payments for the document are in the books or on their way there.
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
    if known is None or version > known:
        board.versions[key] = version
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
        board.settle(same, Held(posted))
    elif posted is not None and not posted.untouched:
        board.settle(same, Refused(_conflict(posted), posted))
    elif not board.refuse_foreign(claim, draft.currency):
        step = PlannedStep(
            id=StepId("Invoice", claim.step.key),
            operation=Operation.UPDATE if posted else Operation.CREATE,
            owner=claim.position,
            draft=_with_free_number(board, draft, posted),
            target=posted,
            facts={"v": str(version), "h": version.content, "t": plain(draft.total, draft.currency)},
        )
        board.claim_write(step, same)


def _plan_void(
    board: Board, claim: Claim, same: list[int], posted: Posted | None, version: Version, *, has_money: bool
) -> None:
    if posted is None:
        board.settle(same, Skipped("skipped_by_rule", "cancelled before anything was booked: there is nothing to void"))
    elif posted.voided:
        board.settle(same, Held(posted))
    elif has_money:
        message = "cancelled with money on it: the invoice stays, its refunds carry the money back"
        board.settle(same, Skipped("not_yet_mapped", message, posted))
    else:
        void = StepId("Invoice", claim.step.key)
        board.claim_write(PlannedStep(id=void, operation=Operation.VOID, owner=claim.position, target=posted), same)
        board.write(_marker_again(claim, posted, version, after=void, owner=min(same)))


def _marker_again(claim: Claim, posted: Posted, version: Version, *, after: StepId, owner: int) -> PlannedStep:
    """QBO overwrites PrivateNote when it voids (recorded 2025-06), so the marker and a person's note go back."""
    return PlannedStep(
        id=StepId("Invoice", claim.step.key, "note"),
        operation=Operation.UPDATE,
        owner=owner,
        target=replace(posted, fresh=True),
        facts={"v": str(version), "h": VOIDED, "t": plain(posted.total * 0, posted.currency or "")},
        needs=frozenset({after}),
    )


def _with_free_number(board: Board, draft: InvoiceDraft, posted: Posted | None) -> InvoiceDraft:
    """The draft under its second number when a stranger's document holds the first (fault 6140)."""
    if posted is not None and posted.doc_number is not None:
        return replace(draft, doc_number=posted.doc_number)
    if draft.doc_number in board.index.numbers_taken and draft.distinct_number:
        return replace(draft, doc_number=draft.distinct_number)
    return draft


def _conflict(posted: Posted) -> RejectedPosting:
    written, now = posted.facts.get("t", "?"), plain(posted.total, posted.currency or "")
    return RejectedPosting(
        f"{posted.entity} {posted.id} was changed in QuickBooks: its total is {now}, the bridge wrote {written}",
        reason_code="conflict",
        step="invoice",
    )
