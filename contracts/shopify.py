"""Shopify's REST-shaped webhook bodies: only the fields that we read.

Scalars are in the shop's currency; `*_set.shop_money` is the same money. What older or trimmed bodies leave out stays
None, so that "not there" and "nothing" differ wherever that decides about money.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from contracts.bodies import Amount, Body, Count, Flag, FloatAmount, Ident, Positive, Text, Time, read_id
from contracts.errors import UndecodableRecord

EXACT_IN_JAVASCRIPT = 2**53
"""Past this a JavaScript producer rounds numeric ids: 820982911946154500 for …508."""


class ShopMoney(Body):
    """An amount with its currency."""

    amount: Amount
    currency_code: Text | None = None
    currency: Text | None = None


class MoneySet(Body):
    """The same money in the shop's and in the customer's currency; the books use the shop's."""

    shop_money: ShopMoney | None = None
    presentment_money: ShopMoney | None = None


class TaxLine(Body):
    """One tax on one line, already rounded; `rate` is a fraction. The channel remits what it is liable for.

    `channel_liable` null is Shopify's own word for "not known" (REST reference, Order.tax_lines); before 2021-07 no
    body has it.
    """

    price: Amount
    title: Text | None = None
    rate: FloatAmount | None = None
    channel_liable: Flag | None = None


class DiscountAllocation(Body):
    """The part of a discount that falls on one line."""

    amount: Amount


class Duty(Body):
    """An import duty on one line."""

    shop_money: ShopMoney | None = None
    price_set: MoneySet | None = None

    @property
    def amount(self) -> Decimal:
        """The duty in the shop's currency. UndecodableRecord when the body does not say."""
        money = (self.price_set and self.price_set.shop_money) or self.shop_money
        if money is None:
            raise UndecodableRecord("a duty of the order has no amount")
        return money.amount


class LineItem(Body):
    """One sold line as placed; `current_quantity` is what edits and refunds left of it.

    `gift_card` is in every body but trimmed ones and those of 2013 and before.
    """

    id: Ident | None = None
    title: Text | None = None
    variant_title: Text | None = None
    vendor: Text | None = None
    name: Text | None = None
    sku: Text | None = None
    product_id: Ident | None = None
    product_type: Text | None = None
    price: Amount
    quantity: Count
    current_quantity: Count | None = None
    gift_card: Flag | None = None
    taxable: Flag = True
    tax_lines: tuple[TaxLine, ...] = ()
    discount_allocations: tuple[DiscountAllocation, ...] | None = None
    duties: tuple[Duty, ...] = ()
    tip_payment_gateway: Text | None = None
    properties: object = None


class ShippingLine(Body):
    """One way of delivery that was charged."""

    id: Ident | None = None
    title: Text | None = None
    price: Amount
    discounted_price: Amount | None = None
    discount_allocations: tuple[DiscountAllocation, ...] | None = None
    tax_lines: tuple[TaxLine, ...] = ()
    is_removed: Flag = False


class MailingAddress(Body):
    """A postal address."""

    first_name: Text | None = None
    last_name: Text | None = None
    name: Text | None = None
    company: Text | None = None
    address1: Text | None = None
    address2: Text | None = None
    city: Text | None = None
    province: Text | None = None
    province_code: Text | None = None
    zip: Text | None = None
    country: Text | None = None
    country_code: Text | None = None
    phone: Text | None = None


class Customer(Body):
    """Who bought."""

    id: Ident | None = None
    admin_graphql_api_id: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    default_address: MailingAddress | None = None


class PurchasingCompany(Body):
    """The company of a B2B order; Shopify gives its ids only."""

    id: Ident


class PaymentSchedule(Body):
    """One instalment of payment terms."""

    due_at: Time | None = None
    completed_at: Time | None = None


class PaymentTerms(Body):
    """When a B2B order is due."""

    payment_terms_name: Text | None = None
    payment_schedules: tuple[PaymentSchedule, ...] = ()


class RefundLine(Body):
    """What one refund takes back of one line; the sets say the same money as text and in both currencies."""

    line_item_id: Ident | None = None
    line_item: LineItem | None = None
    quantity: Count
    restock_type: Text | None = None
    subtotal: FloatAmount | None = None
    total_tax: FloatAmount | None = None
    subtotal_set: MoneySet | None = None
    total_tax_set: MoneySet | None = None


class OrderAdjustment(Body):
    """What a refund changes beside its lines; negative when money goes to the customer."""

    kind: Text | None = None
    reason: Text | None = None
    amount: Amount | None = None
    tax_amount: Amount | None = None
    amount_set: MoneySet | None = None
    tax_amount_set: MoneySet | None = None


class RefundShippingLine(Body):
    """Delivery that was handed back, in newer bodies; some of them describe what was sold."""

    shipping_line_id: Ident | None = None
    shipping_line: ShippingLine | None = None
    subtotal_amount_set: MoneySet | None = None
    tax_amount_set: MoneySet | None = None


class RefundDuty(Body):
    """A duty that was handed back."""

    amount_set: MoneySet | None = None


class Transaction(Body):
    """Money that moved, or was meant to, on an order."""

    id: Ident
    admin_graphql_api_id: Text | None = None
    order_id: Ident | None = None
    parent_id: Ident | None = None
    kind: Text
    status: Text
    gateway: Text | None = None
    amount: Positive
    amount_set: MoneySet | None = None
    amount_rounding: Amount | MoneySet | None = None
    currency: Text | None = None
    test: Flag = False
    created_at: Time | None = None
    processed_at: Time | None = None

    @property
    def is_live(self) -> bool:
        """True for money that moved or is on its way."""
        return self.status in {"success", "pending"}


class Refund(Body):
    """A refund, in an event of its own or inside an order's body: the same keys, the same figures."""

    id: Ident | None = None
    admin_graphql_api_id: Text | None = None
    order_id: Ident | None = None
    created_at: Time | None = None
    processed_at: Time | None = None
    refund_line_items: tuple[RefundLine, ...] = ()
    refund_shipping_lines: tuple[RefundShippingLine, ...] = ()
    order_adjustments: tuple[OrderAdjustment, ...] = ()
    duties: tuple[RefundDuty, ...] = ()
    total_duties_set: MoneySet | None = None
    total_additional_fees_set: MoneySet | None = None
    transactions: tuple[Transaction, ...] = ()


class Order(Body):
    """A whole order: `total_*` as placed, `current_*` after edits, refunds and returns."""

    id: Ident
    admin_graphql_api_id: Text | None = None
    name: Text | None = None
    order_number: Text | None = None
    currency: Text
    presentment_currency: Text | None = None
    taxes_included: Flag = False
    duties_included: Flag = False
    merchant_of_record_app_id: Text | None = None
    po_number: Text | None = None
    total_price: Amount
    total_price_set: MoneySet | None = None
    total_tax: Amount
    total_discounts: Amount | None = None
    total_tip_received: Amount | None = None
    total_outstanding: Amount | None = None
    current_total_price: Amount | None = None
    current_subtotal_price: Amount | None = None
    current_total_tax: Amount | None = None
    original_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    total_additional_fees_set: MoneySet | None = None
    total_cash_rounding_payment_adjustment_set: MoneySet | None = None
    financial_status: Text | None = None
    fulfillment_status: Text | None = None
    cancelled_at: Time | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    processed_at: Time | None = None
    email: Text | None = None
    phone: Text | None = None
    customer: Customer | None = None
    company: PurchasingCompany | None = None
    billing_address: MailingAddress | None = None
    shipping_address: MailingAddress | None = None
    line_items: tuple[LineItem, ...]
    shipping_lines: tuple[ShippingLine, ...] = ()
    refunds: tuple[Refund, ...] | None = None
    payment_terms: PaymentTerms | None = None
    payment_gateway_names: tuple[Text, ...] | None = None
    gateway: Text | None = None
    tags: Text | None = None
    source_name: Text | None = None
    location_id: Ident | None = None


def custom_info(line: LineItem) -> tuple[str, ...]:
    """What the buyer wrote on a line (an engraving), `name: value` each; names that begin with `_` are hidden ones."""
    rows = line.properties if isinstance(line.properties, list) else []
    pairs = [(row.get("name"), row.get("value")) for row in rows if isinstance(row, Mapping)]
    return tuple(
        f"{name}: {value}"
        for name, value in pairs
        if isinstance(name, str) and isinstance(value, str) and value and not name.startswith("_")
    )


_GID = re.compile(r"gid://shopify/[A-Za-z]+/([0-9]{1,40})(?:\?.*)?", re.DOTALL)


def true_id(number: int, gid: str | None) -> int:
    """The id without the rounding of a JavaScript producer.

    Only a number past 2**53 can have been rounded, so only then is `gid://shopify/Order/820982911946154508` believed
    before it, and only where rounding makes that number of it: any other gid names something else.
    """
    found = _GID.fullmatch(gid or "")
    if found is None or number <= EXACT_IN_JAVASCRIPT:
        return number
    digits = int(found[1])
    return digits if _in_javascript(digits) == _in_javascript(number) else number


def _in_javascript(number: int) -> int:
    """The integer that a JavaScript number keeps of `number`: 53 binary digits, rounded half to even (IEEE 754)."""
    unit = 1 << max(number.bit_length() - 53, 0)
    kept, rest = divmod(number, unit)
    up = 2 * rest > unit or (2 * rest == unit and kept % 2 == 1)
    return (kept + up) * unit


def id_of(body: Mapping[str, object]) -> int | None:
    """The id of a raw body, None when it has no readable one."""
    gid = body.get("admin_graphql_api_id")
    try:
        return true_id(read_id(body.get("id")), gid if isinstance(gid, str) else None)
    except ValueError:
        return None
