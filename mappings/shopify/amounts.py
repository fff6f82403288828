"""The money of an order as placed, part by part, and the gate that nothing passes whose parts miss the total.

With `taxes_included = false`: total = lines - discounts + shipping - shipping discounts + tax + duties + tip + fees.
With `taxes_included = true` the tax is inside lines and shipping, so the total has no tax of its own beside them.
Holds exactly for every real order that was looked at; where it does not, a person must look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from contracts.errors import UnbalancedDocument, UndecodableRecord
from contracts.money import plain, split, total
from contracts.shopify import (
    DiscountAllocation,
    LineItem,
    MoneySet,
    Order,
    OrderAdjustment,
    Refund,
    RefundShippingLine,
    ShippingLine,
    TaxLine,
)
from mappings.tax import UNTITLED, NamedTax

PartKind = Literal[
    "product", "gift_card", "shipping", "tip", "duties", "additional_fees", "marketplace_tax", "rounding", "refund"
]

TIP_TITLES = frozenset({"tip", "tips"})
SHIPPING_REFUND = "shipping_refund"
DUTY_DECIMALS = 3
"""The finest unit of any currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountPart:
    """One part of an order's money. `amount` is before discount, with its tax inside when the shop's prices have it.

    `tax` is what the part's own tax lines say; whether that was charged is `total_tax`'s to tell. `remitted` of it is
    collected and remitted by others; `taxes` are the company's own.
    """

    kind: PartKind
    amount: Decimal
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    remitted: Decimal = Decimal(0)
    taxes: tuple[NamedTax, ...] = ()
    line: LineItem | None = None
    quantity: int | None = None
    title: str | None = None
    removed: bool = False
    """True for a delivery that an edit took away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoney:
    """The parts of an order, its order-level discount (old bodies allocate none) and its tax as charged."""

    currency: str
    taxes_included: bool
    parts: tuple[AmountPart, ...]
    tax: Decimal
    unallocated_discount: Decimal = Decimal(0)
    all_remitted: bool = False
    """True when another company is the merchant of record: every tax is that one's to remit."""

    @property
    def discount(self) -> Decimal:
        """All discounts that count."""
        return total(part.discount for part in self.parts) + self.unallocated_discount

    @property
    def total(self) -> Decimal:
        """What the parts add up to."""
        added_tax = Decimal(0) if self.taxes_included else self.tax
        return total(part.amount for part in self.parts) - self.discount + added_tax


def money_as_placed(order: Order) -> OrderMoney:
    """The parts of `order` as placed; UnbalancedDocument when they are not its total_price.

    A delivery that an edit took away is not in `total_price` of some bodies and still in that of others. Where a refund
    hands it back, it was sold all the same, whatever the total says.
    """
    money = _money(order, [ship for ship in order.shipping_lines if not ship.is_removed])
    removed = any(ship.is_removed for ship in order.shipping_lines)
    with_removed = _money(order, order.shipping_lines) if removed else money
    if money.total == order.total_price:
        if not delivery_refunded(order):
            return money
        tax = total(part.tax for part in with_removed.parts if part.removed)
        return replace(with_removed, tax=money.tax + tax)
    if with_removed.total == order.total_price:
        return with_removed
    raise UnbalancedDocument(
        f"the parts of the order add up to {plain(money.total, order.currency)} {order.currency}, "
        f"its total_price is {plain(order.total_price, order.currency)} {order.currency}"
    )


def delivery_refunded(order: Order) -> Decimal:
    """What refunds hand back of deliveries that an edit took away, taxes left aside."""
    removed = {ship.id for ship in order.shipping_lines if ship.is_removed}
    return total(_delivery_in(refund, removed) for refund in order.refunds or ()) if removed else Decimal(0)


def _delivery_in(refund: Refund, removed: set[int | None]) -> Decimal:
    """By the lines of newer bodies, which name their delivery; older ones have rows for the delivery only."""
    lines = [line for line in refund.refund_shipping_lines if line.shipping_line_id in removed | {None}]
    if refund.refund_shipping_lines:
        return total(delivery_amount(line) for line in lines)
    rows = [row for row in refund.order_adjustments if row.kind == SHIPPING_REFUND]
    return -total(adjustment_amount(row) for row in rows)


def adjustment_amount(row: OrderAdjustment) -> Decimal:
    """What a row of a refund changes in the shop's currency, its tax aside. UndecodableRecord where it does not say."""
    amount = _shop_amount(row.amount_set)
    amount = row.amount if amount is None else amount
    if amount is None:
        raise UndecodableRecord("an adjustment of the refund has no amount")
    return amount


def delivery_amount(line: RefundShippingLine) -> Decimal:
    """What is handed back of a delivery, without its tax. UndecodableRecord where a trimmed body does not say."""
    amount = _shop_amount(line.subtotal_amount_set)
    if amount is None:
        raise UndecodableRecord("a delivery of the refund has no amount (subtotal_amount_set)")
    return amount


def _money(order: Order, shipping: Iterable[ShippingLine]) -> OrderMoney:
    lines = _less_duties(tuple(_line_part(item, order) for item in order.line_items), order)
    delivery = tuple(_shipping_part(ship) for ship in shipping)
    parts = (*lines, *delivery, *_extra_parts(order, lines))
    old = all(item.discount_allocations is None for item in order.line_items)
    unallocated = (order.total_discounts or Decimal(0)) - total(part.discount for part in delivery)
    return OrderMoney(
        currency=order.currency,
        taxes_included=order.taxes_included,
        parts=parts,
        tax=order.total_tax,
        unallocated_discount=unallocated if old else Decimal(0),
        all_remitted=order.merchant_of_record_app_id is not None,
    )


def _line_part(item: LineItem, order: Order) -> AmountPart:
    return AmountPart(
        kind="tip" if _is_old_tip(item, order) else kind_of(item),
        amount=item.price * item.quantity,
        discount=_allocated(item.discount_allocations),
        tax=total(tax.price for tax in item.tax_lines),
        remitted=remitted_in(item.tax_lines),
        taxes=named_taxes(item.tax_lines),
        line=item,
        quantity=item.quantity,
        title=item.title or item.name,
    )


def kind_of(item: LineItem) -> PartKind:
    """What a line sells; of one that does not say whether it is a gift card the result warns (`cautions.py`)."""
    return "gift_card" if item.gift_card else "tip" if item.tip_payment_gateway else "product"


def _is_old_tip(item: LineItem, order: Order) -> bool:
    """Older point-of-sale bodies mark no tip: there it is a custom line that comes to total_tip_received."""
    tip = order.total_tip_received
    if not tip or tip < 0 or any(each.tip_payment_gateway for each in order.line_items):
        return False
    return is_called_tip(item) and item.price * item.quantity == tip


def is_called_tip(item: LineItem) -> bool:
    """True for a custom line with the title that older point-of-sale bodies gave a tip."""
    return item.product_id is None and (item.title or "").strip().lower() in TIP_TITLES


def _shipping_part(ship: ShippingLine) -> AmountPart:
    discount = _allocated(ship.discount_allocations)
    if ship.discount_allocations is None and ship.discounted_price is not None:
        discount = ship.price - ship.discounted_price
    return AmountPart(
        kind="shipping",
        amount=ship.price,
        discount=discount,
        tax=total(tax.price for tax in ship.tax_lines),
        remitted=remitted_in(ship.tax_lines),
        taxes=named_taxes(ship.tax_lines),
        title=ship.title,
        removed=ship.is_removed,
    )


def named_taxes(lines: Iterable[TaxLine]) -> tuple[NamedTax, ...]:
    """The taxes of the company that were charged on a line; one of nothing was not."""
    return tuple(NamedTax(tax.title or UNTITLED, tax.rate) for tax in lines if tax.price and not tax.channel_liable)


def remitted_in(lines: Iterable[TaxLine]) -> Decimal:
    """What the channel collects and remits of the taxes of a line."""
    return total(tax.price for tax in lines if tax.channel_liable)


def _less_duties(lines: tuple[AmountPart, ...], order: Order) -> tuple[AmountPart, ...]:
    """The lines without the duties that their prices hold: those are owed to customs, as a part of their own."""
    owed = _duties_of(order)
    if not order.duties_included or not owed or not lines:
        return lines
    of_lines = [total(duty.amount for duty in item.duties) for item in order.line_items]
    within = of_lines if total(of_lines) == owed else split(owed, [part.amount for part in lines], DUTY_DECIMALS)
    return tuple(replace(part, amount=part.amount - duty) for part, duty in zip(lines, within, strict=True))


def _duties_of(order: Order) -> Decimal:
    stated = _shop_amount(order.original_total_duties_set)
    return total(duty.amount for item in order.line_items for duty in item.duties) if stated is None else stated


def _extra_parts(order: Order, lines: tuple[AmountPart, ...]) -> list[AmountPart]:
    """Tip, duties and additional fees; each only where there is one."""
    in_lines = total(part.amount for part in lines if part.kind == "tip")
    fees = _shop_amount(order.original_total_additional_fees_set or order.total_additional_fees_set)
    # because what a body leaves out of these is missing in its total then, and the gate refuses it
    extras: tuple[tuple[PartKind, Decimal | None], ...] = (
        ("tip", None if in_lines == order.total_tip_received else order.total_tip_received),
        ("duties", _duties_of(order)),
        ("additional_fees", fees),
    )
    return [AmountPart(kind=kind, amount=amount) for kind, amount in extras if amount]


def _allocated(allocations: tuple[DiscountAllocation, ...] | None) -> Decimal:
    return total(allocation.amount for allocation in allocations or ())


def _shop_amount(money: MoneySet | None) -> Decimal | None:
    return money.shop_money.amount if money and money.shop_money else None
