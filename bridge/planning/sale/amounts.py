"""What a claim on money says: how much, how old, and where it lies already. Pure."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.posted import Posted, order_of
from bridge.planning.steps import Claim
from contracts.keys import SourceKey
from contracts.quickbooks import InvoiceDraft, PaymentDraft, RedemptionDraft, SalesReceiptDraft


def is_on_another_sale(posted: Posted | None, sale: SourceKey) -> bool:
    """True for a payment that is in the books for another sale: it has to move."""
    return posted is not None and not posted.voided and order_of(posted) != sale


def amount_of(claim: Claim) -> Decimal:
    """How much money a claim tells of."""
    return money_of(claim).amount


def money_of(claim: Claim) -> PaymentDraft | RedemptionDraft:
    """The money that a claim tells of. TypeError for a claim on anything else, which is a bug."""
    if not isinstance(claim.step.draft, PaymentDraft | RedemptionDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft or a RedemptionDraft")
    return claim.step.draft


def payment_of(claim: Claim) -> PaymentDraft:
    """The payment that a claim on money is for. TypeError for a claim on anything else, which is a bug."""
    if not isinstance(claim.step.draft, PaymentDraft):
        raise TypeError(f"{claim.step.key}: money needs a PaymentDraft")
    return claim.step.draft


def age(claim: Claim) -> tuple[int, int]:
    """The age of a body, without its content."""
    version = claim.step.version
    return (version.updated_at, version.rank) if version else (0, 0)


def age_of(posted: Posted) -> tuple[int, int]:
    """The age of the body that was last written."""
    return (posted.version.updated_at, posted.version.rank) if posted.version else (0, 0)


def form_draft(claim: Claim) -> InvoiceDraft:
    """The sale that a body tells, whichever form it is to stand on."""
    match claim.step.draft:
        case InvoiceDraft() as draft:
            return draft
        case SalesReceiptDraft(sale=draft):
            return draft
    raise TypeError(f"{claim.step.key}: a document at a version needs an InvoiceDraft or a SalesReceiptDraft")
