"""Which QBO item a sold line uses: its SKU, else its product, else its own words; fixed items for what is no product.

Every item that is not a custom line carries an SKU, ours if the source has none, so that it is found again whatever a
person calls it later.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from contracts.entities import ITEM_NAME_MAX
from contracts.keys import SourceKey, escape
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import AccountSelector, ItemDraft
from mappings.account_rule import AccountRule
from mappings.accounts import account, item_income, liability, returns_account
from mappings.names import PRODUCT_SKU, description, legal_name, own_sku, stored_sku
from mappings.rules import MappingRules

Income = AccountSelector | SourceKey
OF_SHOPIFY = ".myshopify.com"


class ProductKind(NamedTuple):
    """What a source says of the kind of a product."""

    product_type: str | None = None
    vendor: str | None = None


ANY_KIND = ProductKind()


def product_item(
    rules: MappingRules,
    *,
    title: str | None,
    variant: str | None,
    sku: str | None,
    product_id: int | None,
    unit_price: Decimal | None,
    taxable: bool,
    kind: ProductKind = ANY_KIND,
) -> PostingStep:
    """The item of a sold product or custom line; an SKU stands for one variant and takes the variant's full name.

    By the rules' policy it is one item for each product type, or one for all, instead. A shop with an income account of
    its own has items of its own: QBO's items have one account each.
    """
    ruled, of_shop = item_income(rules, kind.product_type, kind.vendor, sku)
    income = ruled or account(rules, "sales")
    shop = _shop_of(rules) if of_shop or (ruled is None and _is_of_shop(rules, "sales")) else ""
    if rules.items.policy != "sku":
        of_type = kind.product_type if rules.items.policy == "product_type" else None
        name = legal_name(of_type, ITEM_NAME_MAX) or rules.items.name
        return _pooled(name, income, (_said(ruled) if ruled else "", shop))
    code = f"{(sku or '').strip()}@{shop}" if shop and (sku or "").strip() else (sku or "").strip()
    stored = stored_sku(code)
    name = legal_name((variant if stored else None) or title, ITEM_NAME_MAX, fallback="Untitled item")
    if stored is not None:
        key, distinct = SourceKey("shopify", "sku", escape(code.lower())), code
    elif product_id is not None:
        code = f"{product_id}@{shop}" if shop else str(product_id)
        stored, key, distinct = f"{PRODUCT_SKU}{code}", SourceKey("shopify", "product", code), code
    elif shop:
        slug = f"item-{escape(name.casefold())}@{shop}"
        stored, key, distinct = own_sku(slug), SourceKey("qbb", "item", slug), shop
    else:
        key, distinct = SourceKey("shopify", "item", escape(name.casefold())), "Shopify"
    draft = ItemDraft(
        name=name,
        sku=stored,
        income=income,
        description=description(title),
        unit_price=unit_price if unit_price is not None and unit_price > 0 else None,
        taxable=taxable,
        distinct=distinct,
    )
    return _step(key, draft)


def returned_goods_item(rules: MappingRules) -> PostingStep | None:
    """Goods that came back, where the rules keep them apart from sales; None where their own items take them back."""
    income = returns_account(rules)
    return _fixed("Returned goods", income, rules, "returns") if income is not None else None


def shipping_item(rules: MappingRules) -> PostingStep:
    """Delivery that was charged."""
    return _fixed("Shipping", account(rules, "shipping"), rules, "shipping")


def additional_fees_item(rules: MappingRules) -> PostingStep:
    """Fees that the shop adds to an order."""
    return _fixed("Additional fees", account(rules, "additional_fees"), rules, "additional_fees")


def tip_item(rules: MappingRules) -> PostingStep:
    """Tips, owed to the staff."""
    return _fixed("Tip", liability(rules, "tips"), rules, "tips")


def gift_card_item(rules: MappingRules) -> PostingStep:
    """Gift cards sold, owed until they are redeemed."""
    return _fixed("Gift card", liability(rules, "gift_cards"), rules, "gift_cards")


def duties_item(rules: MappingRules) -> PostingStep:
    """Import duties collected, owed to customs."""
    return _fixed("Duties", liability(rules, "duties"), rules, "duties")


def marketplace_tax_item(rules: MappingRules) -> PostingStep:
    """Tax that a channel or another merchant of record collects and remits; its payout takes it off again."""
    return _fixed("Marketplace tax", liability(rules, "marketplace_tax"), rules, "marketplace_tax")


def rounding_item(rules: MappingRules) -> PostingStep:
    """What a cash payment was rounded by, up or down."""
    return _fixed("Cash rounding", account(rules, "rounding"), rules, "rounding")


def refund_item(rules: MappingRules) -> PostingStep:
    """Money handed back without goods, and what was kept of returned goods."""
    return _fixed("Refund", account(rules, "refunds"), rules, "refunds")


def bad_debts_item(rules: MappingRules) -> PostingStep:
    """What an invoice that was given up takes off again."""
    return _fixed("Bad debts", account(rules, "bad_debts"), rules, "bad_debts")


def stripe_sales_item(rules: MappingRules) -> PostingStep:
    """What a charge without an order sold."""
    return _fixed("Stripe sales", account(rules, "sales"), rules, "sales")


def _pooled(name: str, income: Income, of: tuple[str, str]) -> PostingStep:
    """An item that stands for many products: it has no price, and an SKU by which it is found when it is renamed.

    `of` are the account and the shop that it is for alone, empty where it is for all.
    """
    apart = ", ".join(part for part in of if part)
    named = legal_name(f"{name} ({apart})" if apart else name, ITEM_NAME_MAX)
    slug = "@".join([f"sales-{escape(name.casefold())}", *(escape(part.casefold()) for part in of if part)])
    draft = ItemDraft(name=named, sku=own_sku(slug), income=income, distinct="qbo-bridge")
    return _step(SourceKey("qbb", "item", slug), draft)


def _fixed(name: str, income: Income, rules: MappingRules, role: str) -> PostingStep:
    """What is no product; a shop with an account of its own for it has an item of its own."""
    slug, shop = name.lower().replace(" ", "-"), _shop_of(rules) if _is_of_shop(rules, role) else ""
    named, slug = (f"{name} ({shop})", f"{slug}@{escape(shop)}") if shop else (name, slug)
    draft = ItemDraft(
        name=legal_name(named, ITEM_NAME_MAX),
        sku=own_sku(slug),
        income=income,
        item_type="Service",
        taxable=False,
        distinct="qbo-bridge",
    )
    return _step(SourceKey("qbb", "item", slug), draft)


def _is_of_shop(rules: MappingRules, role: str) -> bool:
    chosen: AccountRule | None = getattr(rules.accounts, role)
    return chosen is not None and chosen.of_shop is not None


def _shop_of(rules: MappingRules) -> str:
    """How a shop is told apart in names and codes of items."""
    return (rules.channel or "").removesuffix(OF_SHOPIFY)


def _said(income: AccountSelector) -> str:
    return income.name or income.id or income.sub_type or ""


def _step(key: SourceKey, draft: ItemDraft) -> PostingStep:
    return PostingStep(key=key, entity="Item", intent=Intent.ENSURE, draft=draft, name=f"item {draft.name}")
