"""A part of an order or a refund as an item and a description; what is no product has an item of its own."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.keys import SourceKey
from contracts.posting import PostingStep
from contracts.shopify import custom_info
from mappings import items
from mappings.accounts import ensure_account
from mappings.names import description
from mappings.rules import MappingRules
from mappings.shopify.amounts import AmountPart


def item_of(part: AmountPart, rules: MappingRules) -> PostingStep:
    """The step that makes sure of the part's item."""
    match part.kind:
        case "shipping":
            return items.shipping_item(rules)
        case "tip":
            return items.tip_item(rules)
        case "gift_card":
            return items.gift_card_item(rules)
        case "duties":
            return items.duties_item(rules)
        case "additional_fees":
            return items.additional_fees_item(rules)
        case "marketplace_tax":
            return items.marketplace_tax_item(rules)
        case "rounding":
            return items.rounding_item(rules)
        case "refund":
            return items.refund_item(rules)
        case "product":
            return _product(part, rules)


def taken_back_by(part: AmountPart, rules: MappingRules) -> PostingStep:
    """The item that takes a part back: that of its sale, but for goods where the rules keep returns apart."""
    apart = items.returned_goods_item(rules) if part.kind == "product" else None
    return apart or item_of(part, rules)


def _product(part: AmountPart, rules: MappingRules) -> PostingStep:
    sold = part.line
    return items.product_item(
        rules,
        title=part.title,
        variant=sold.name if sold else None,
        sku=sold.sku if sold else None,
        product_id=sold.product_id if sold else None,
        unit_price=sold.price if sold else part.amount,
        taxable=sold.taxable if sold else True,
        kind=items.ProductKind(sold.product_type, sold.vendor) if sold else items.ANY_KIND,
    )


def needs_of(item_steps: Sequence[PostingStep]) -> tuple[PostingStep, ...]:
    """Accounts before the items that use them, each once."""
    found: dict[SourceKey, PostingStep] = {}
    for step in item_steps:
        income = getattr(step.draft, "income", None)
        if isinstance(income, SourceKey):
            found.setdefault(income, ensure_account(income))
    for step in item_steps:
        found.setdefault(step.key, step)
    return tuple(found.values())


def described(part: AmountPart, rules: MappingRules) -> str | None:
    """What a line of the part says; what its buyer typed on it only where the rules let it."""
    if part.line is None:
        return description(part.title)
    variant = part.line.variant_title
    typed = custom_info(part.line) if rules.privacy.line_properties else ()
    return description(part.title, None if variant == "Default Title" else variant, *typed)
