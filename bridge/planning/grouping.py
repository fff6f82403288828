"""Which claims belong together: by what they are about, and by the sale that they belong to."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.planning.steps import Claim, SaleClaims
from contracts.keys import SourceKey
from contracts.posting import Intent
from contracts.quickbooks import (
    ChangeDraft,
    CreditMemoDraft,
    EarlierMoneyDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    ShipmentDraft,
)


def by_key(claims: Iterable[Claim]) -> list[tuple[SourceKey, list[Claim]]]:
    """The claims by what they are about, in the order of the keys."""
    found: dict[SourceKey, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim.step.key, []).append(claim)
    return sorted(found.items())


def by_sale(claims: Iterable[Claim]) -> tuple[dict[SourceKey, SaleClaims], list[Claim]]:
    """What is told of each sale, and the claims that belong to none."""
    sales: dict[SourceKey, dict[str, list[Claim]]] = {}
    others: list[Claim] = []
    for claim in claims:
        place = sale_and_part(claim)
        if place is None:
            others.append(claim)
        else:
            sale, part = place
            sales.setdefault(sale, {}).setdefault(part, []).append(claim)
    grouped = {
        sale: SaleClaims(**{part: tuple(found) for part, found in parts.items()}) for sale, parts in sales.items()
    }
    return grouped, others


def sale_and_part(claim: Claim) -> tuple[SourceKey, str] | None:
    """The sale that a claim belongs to, and what of `SaleClaims` it is among; None for a claim of no sale."""
    intent = claim.step.intent
    match claim.step.draft:
        case ShipmentDraft(invoice=sale):
            return sale, "shipments"
        case PaymentDraft(invoice=sale):
            return sale, "received" if intent is Intent.RECEIVED else "payments"
        case RedemptionDraft(invoice=sale):
            return sale, "received" if intent is Intent.RECEIVED else "redemptions"
        case ChangeDraft(invoice=sale):
            return sale, "change"
        case EarlierMoneyDraft(invoice=sale):
            return sale, "earlier"
        case CreditMemoDraft(credit_of=sale):
            return sale, "credits"
        case RefundReceiptDraft(refund_of=sale):
            return sale, "refunds"
        case JournalEntryDraft(sale=SourceKey() as sale, lines=lines) if any(line.customer_of for line in lines):
            return sale, "overpaid"
    if intent in (Intent.STATE, Intent.VOID, Intent.WITHDRAWN, Intent.LEFT_OUT, Intent.BEFORE_START):
        return claim.step.key, "bodies"
    return None
