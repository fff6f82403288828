"""Which QBO item a sold line uses: its SKU, else its product, else its own words; fixed items for what is no product.

Every item that is not a custom line carries an SKU, ours if the source has none, so that it is found again whatever a
person calls it later.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.entities import ITEM_NAME_MAX
from contracts.keys import SourceKey, escape
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import AccountSelector, ItemDraft
from mappings.accounts import account, liability
from mappings.names import PRODUCT_SKU, description, legal_name, own_sku, stored_sku
from mappings.rules import MappingRules

Income = AccountSelector | SourceKey


def product_item(
    rules: MappingRules,
    *,
    title: str | None,
    variant: str | None,
    sku: str | None,
    product_id: int | None,
    unit_price: Decimal,
    taxable: bool,
    product_type: str | None = None,
) -> PostingStep:
    """The item of a sold product or custom line; an SKU stands for one variant and takes the variant's full name.

    By the rules' policy it is one item for each product type, or one for all, instead.
    """
    if rules.items.policy != "sku":
        of_type = product_type if rules.items.policy == "product_type" else None
        return _pooled(legal_name(of_type, ITEM_NAME_MAX) or rules.items.name, rules)
    code = (sku or "").strip()
    stored = stored_sku(code)
    name = legal_name((variant if stored else None) or title, ITEM_NAME_MAX, fallback="Untitled item")
    if stored is not None:
        key, distinct = SourceKey("shopify", "sku", escape(code.lower())), code
    elif product_id is not None:
        stored = f"{PRODUCT_SKU}{product_id}"
        key, distinct = SourceKey("shopify", "product", str(product_id)), str(product_id)
    else:
        key, distinct = SourceKey("shopify", "item", escape(name.casefold())), "Shopify"
    draft = ItemDraft(
        name=name,
        sku=stored,
        income=account(rules, "sales"),
        description=description(title),
        unit_price=unit_price if unit_price > 0 else None,
        taxable=taxable,
        distinct=distinct,
    )
    return _step(key, draft)


def shipping_item(rules: MappingRules) -> PostingStep:
    """Delivery that was charged."""
    return _fixed("Shipping", account(rules, "shipping"))


def additional_fees_item(rules: MappingRules) -> PostingStep:
    """Fees that the shop adds to an order."""
    return _fixed("Additional fees", account(rules, "additional_fees"))


def tip_item(rules: MappingRules) -> PostingStep:
    """Tips, owed to the staff."""
    return _fixed("Tip", liability(rules, "tips"))


def gift_card_item(rules: MappingRules) -> PostingStep:
    """Gift cards sold, owed until they are redeemed."""
    return _fixed("Gift card", liability(rules, "gift_cards"))


def duties_item(rules: MappingRules) -> PostingStep:
    """Import duties collected, owed to customs."""
    return _fixed("Duties", liability(rules, "duties"))


def marketplace_tax_item(rules: MappingRules) -> PostingStep:
    """Tax that a channel or another merchant of record collects and remits; its payout takes it off again."""
    return _fixed("Marketplace tax", liability(rules, "marketplace_tax"))


def rounding_item(rules: MappingRules) -> PostingStep:
    """What a cash payment was rounded by, up or down."""
    return _fixed("Cash rounding", account(rules, "rounding"))


def refund_item(rules: MappingRules) -> PostingStep:
    """Money handed back without goods, and what was kept of returned goods."""
    return _fixed("Refund", account(rules, "refunds"))


def bad_debts_item(rules: MappingRules) -> PostingStep:
    """What an invoice that was given up takes off again."""
    return _fixed("Bad debts", account(rules, "bad_debts"))


def stripe_sales_item(rules: MappingRules) -> PostingStep:
    """What a charge without an order sold."""
    return _fixed("Stripe sales", account(rules, "sales"))


def _pooled(name: str, rules: MappingRules) -> PostingStep:
    """An item that stands for many products: it has no price, and an SKU by which it is found when it is renamed."""
    slug = f"sales-{escape(name.casefold())}"
    draft = ItemDraft(name=name, sku=own_sku(slug), income=account(rules, "sales"), distinct="qbo-bridge")
    return _step(SourceKey("qbb", "item", slug), draft)


def _fixed(name: str, income: Income) -> PostingStep:
    slug = name.lower().replace(" ", "-")
    draft = ItemDraft(
        name=name, sku=own_sku(slug), income=income, item_type="Service", taxable=False, distinct="qbo-bridge"
    )
    return _step(SourceKey("qbb", "item", slug), draft)


def _step(key: SourceKey, draft: ItemDraft) -> PostingStep:
    return PostingStep(key=key, entity="Item", intent=Intent.ENSURE, draft=draft, name=f"item {draft.name}")
