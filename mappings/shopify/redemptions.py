"""Gift cards and store credit that paid for an order: a negative line of the liability's item on its invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from contracts.keys import SourceKey
from contracts.posting import Intent, PostingStep, Version
from contracts.quickbooks import RedemptionDraft
from mappings import items
from mappings.lines import in_hundredths
from mappings.rules import MappingRules
from mappings.shopify.parts import needs_of

REDEEMED = "Paid by gift card or store credit"


def redemption_steps(
    key: SourceKey,
    intent: Intent,
    invoice: SourceKey,
    amount: Decimal,
    currency: str,
    txn_date: date,
    rules: MappingRules,
    *,
    version: Version | None = None,
) -> tuple[PostingStep, ...]:
    """The redemption of `amount` on `invoice`, with the item and the account that it needs."""
    item = items.gift_card_item(rules)
    draft = RedemptionDraft(
        invoice=invoice,
        item=item.key,
        amount=in_hundredths(amount, currency),
        currency=currency,
        txn_date=txn_date,
        description=REDEEMED,
    )
    step = PostingStep(key=key, entity="Invoice", intent=intent, draft=draft, version=version, name="gift card")
    return (*needs_of([item]), step)
