"""One transaction, one refund, and one dispute is the money of one sale: what another sale names too is refused. Pure.

It is looked for by its id in everything that carries money: payments, gift cards and change in markers, refunds and
credits, entries of disputes and of earlier books, and by the journal's notes inside sales receipts and refund
receipts. Which of two sales has it is decided by who came first; that both name it, a person has to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.index.combined import read_combined
from bridge.index.earlier_money import read_earlier
from bridge.index.money_names import name_of, noted_holder, read_holder, sale_with
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import sale_and_part
from bridge.planning.known_links import KnownLinks
from bridge.planning.steps import Claim, Refused
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.posting import Intent, Version
from contracts.quickbooks import JournalEntryDraft, RefundReceiptDraft

OF_TWO_SALES = "{} is the money of {} in the books, and {} names it too: one transaction is the money of one sale"


def of_its_own_sale(context: PlanningContext, lane: Sequence[Claim], links: KnownLinks) -> list[Claim]:
    """The claims of a lane without those on money that another sale has: they are a `conflict` that names both."""
    kept: list[Claim] = []
    for claim in lane:
        refused = _of_another_sale(context, claim, links)
        if refused is None:
            kept.append(claim)
        else:
            context.resolve([claim.position], refused)
    return kept


def note_inside(context: PlanningContext, transactions: Iterable[SourceKey], document: SourceKey) -> None:
    """Remember that transactions are inside a document which does not say so itself."""
    for transaction in transactions:
        before = context.index.newest(transaction)
        if before is None or read_holder(before) not in (None, document):
            context.note_version(transaction, noted_holder(document, before))


def _of_another_sale(context: PlanningContext, claim: Claim, links: KnownLinks) -> Refused | None:
    sale = _sale_of(claim)
    if sale is None:
        return None
    for name in _names_of(claim):
        holding = _holder(context, name)
        if holding is not None and not links.are_one_sale(holding, sale):
            message = OF_TWO_SALES.format(name, holding, sale)
            entity = claim.step.entity
            return Refused(RejectedPosting(message, reason_code="conflict"), context.index.get(entity, claim.step.key))
    return None


def _sale_of(claim: Claim) -> SourceKey | None:
    """The sale that the claim's money is for."""
    if claim.step.intent is Intent.UNDONE:
        return claim.plan.lane if claim.step.key.system == "shopify" else None
    found, draft = sale_and_part(claim), claim.step.draft
    if found is None and isinstance(draft, JournalEntryDraft) and claim.plan.document.kind == "dispute":
        return draft.sale  # because a payout's row names a dispute otherwise, and no payout is to wait for a person
    return found[0] if found is not None else None


def _names_of(claim: Claim) -> Iterable[SourceKey]:
    """What the source calls the claim's money; of Stripe only refunds, because its other money moves by links."""
    key, draft = claim.step.key, claim.step.draft
    kinds = ("transaction", "refund", "dispute") if key.system == "shopify" else ("refund",)
    if key.kind not in kinds:
        return ()
    return (name_of(key), *(draft.transactions if isinstance(draft, RefundReceiptDraft) else ()))


def _holder(context: PlanningContext, name: SourceKey) -> SourceKey | None:
    """The sale that has this money in the books, or gets it in this micro-batch; None where nobody has it."""
    coming = context.money_names.sale_of(name)
    if coming is not None:
        return coming
    for entity, key in context.index.identities.with_money(name):
        posted = context.index.get(entity, key) or context.index.identities.placeholder(entity, key)
        sale = None if posted is None or posted.voided else sale_with(entity, key, posted.marker_fields)
        if sale is not None:
            return sale
    version = context.versions.get(name) or context.index.newest(name)
    return None if version is None else _noted_holder(context, version)


def _noted_holder(context: PlanningContext, version: Version) -> SourceKey | None:
    """The sale of the money that a note of the journal is about."""
    earlier, combined, document = read_earlier(version), read_combined(version), read_holder(version)
    if earlier is not None:
        return earlier[0]
    if combined is not None:
        return _holder(context, combined[0])
    if document is None or document.kind != "order":
        return None if document is None else _holder(context, document)
    posted = context.index.sale(document)
    is_there = posted is not None and not posted.voided
    return document if is_there or context.is_being_booked(document) else None
