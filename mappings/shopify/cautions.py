"""What the body of an order leaves open about money, tax or accounts: the warnings of its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from contracts.money import total
from contracts.posting import Caution
from contracts.shopify import LineItem, Order, Refund, ShippingLine, Transaction
from mappings.shopify.amounts import SHIPPING_REFUND, OrderMoney, is_called_tip, remitted_in
from mappings.shopify.gateways import gateways_of, money_gateways
from mappings.shopify.received import (
    NOTHING,
    PAID_AND_OWING,
    SILENT,
    SPLIT_COUNTED,
    SPLIT_UNKNOWN,
    is_paid_and_owing,
    is_split_unknown,
)
from mappings.shopify.refunds.parts import line_money
from mappings.start import DAY_UNKNOWN

WHOSE_TAX = Caution(
    "tax_liability_unknown",
    "Of a tax the body does not say whether the channel remits it (channel_liable): it is booked as the company's own.",
)
CARD = Caution(
    "gift_card_unknown",
    "A line does not say whether it sells a gift card (gift_card): it is booked as a product, so as income.",
)
TIP = Caution(
    "tip_unknown",
    "A line is called a tip, and the body does not say what was tipped (total_tip_received): it is booked as a "
    "product, so as income.",
)
GATEWAY = Caution(
    "gateway_unknown",
    "The body does not say through which gateway its money came, or names several: until its transactions tell, it is "
    "booked on the default account.",
)
EDITS = Caution(
    "edits_unknown",
    "Something lowered the order since it was placed, and its lines do not say what is left of them "
    "(current_quantity): it is booked as placed.",
)
DAY = Caution(
    DAY_UNKNOWN,
    "The body has neither processed_at nor created_at: it has the day on which its event was triggered, in UTC.",
)
ROW = Caution(
    "refund_row_unknown",
    "A row of the refund does not say its kind or its reason: it is booked as money handed back or kept without goods.",
)
GOODS = Caution(
    "refund_goods_unknown",
    "A line of the refund does not describe what was sold: it is booked on accounts.refunds, not on its income.",
)
CANCELLED = Caution(
    "cancellation_unknown",
    "The body is without cancelled_at, so it does not say whether the order was cancelled: it is booked as if not.",
)


def order_cautions(
    order: Order, money: OrderMoney, received: Decimal | None, body: Mapping[str, object]
) -> tuple[Caution, ...]:
    """What `order` leaves open; `received` is what it says of money, `body` itself tells null from what is left out."""
    found = [*_about_money(order, received)]
    found += gateway_cautions(order, received)
    if money.tax and not money.all_remitted and _is_any_tax_untold(order, money):
        found.append(WHOSE_TAX)
    if _is_card_unknown(order.line_items):
        found.append(CARD)
    if order.total_tip_received is None and any(_may_be_tip(line) for line in order.line_items):
        found.append(TIP)
    if _are_edits_unknown(order):
        found.append(EDITS)
    if "cancelled_at" not in body:
        found.append(CANCELLED)
    return (*found, *day_cautions(order))


def gateway_cautions(order: Order, received: Decimal | None) -> tuple[Caution, ...]:
    """What is said of money that the body tells and of which nobody knows where it lies."""
    return (GATEWAY,) if received and _is_gateway_unknown(order) else ()


def day_cautions(body: Order | Refund | Transaction) -> tuple[Caution, ...]:
    """What is said of a body that has no day of its own."""
    return (DAY,) if body.processed_at is None and body.created_at is None else ()


def refund_cautions(refund: Refund) -> tuple[Caution, ...]:
    """What a refund leaves open that is told by itself: whose the tax is, and whether a gift card comes back."""
    taxed = [line.line_item for line in refund.refund_line_items if line_money(line)[1]]
    unknown = any(line is None for line in taxed) or _is_liability_unknown([line for line in taxed if line])
    by_channel = any(remitted_in(line.tax_lines) for line in taxed if line)
    unknown = (bool(taxed) and unknown) or _is_delivery_unknown(refund, by_channel=by_channel)
    found: tuple[Caution, ...] = (WHOSE_TAX,) if unknown else ()
    sold = [line.line_item for line in refund.refund_line_items if line.line_item]
    found += (GOODS,) if len(sold) < len(refund.refund_line_items) else ()
    return (*found, *((CARD,) if _is_card_unknown(sold) else ()), *row_cautions(refund), *day_cautions(refund))


def row_cautions(refund: Refund) -> tuple[Caution, ...]:
    """What is said of rows that do not tell a delivery from what was kept, or money to come from money that moved."""
    untold = any(
        row.kind is None or (row.kind != SHIPPING_REFUND and row.reason is None) for row in refund.order_adjustments
    )
    return (ROW,) if untold else ()


def _about_money(order: Order, received: Decimal | None) -> tuple[Caution, ...]:
    if is_split_unknown(order) and order.financial_status not in NOTHING:
        return (SPLIT_UNKNOWN if received is None else SPLIT_COUNTED,)
    if is_paid_and_owing(order):
        return (PAID_AND_OWING,)
    return (SILENT,) if received is None else ()


def _is_gateway_unknown(order: Order) -> bool:
    """An empty list is a fact: money that somebody marked as paid came through no gateway."""
    if order.payment_gateway_names is None and order.gateway is None:
        return True
    return len(money_gateways(gateways_of(order))) > 1


def _are_edits_unknown(order: Order) -> bool:
    """True where a body is worth less than placed and some line does not say how much of it is left."""
    current, removed = order.current_total_price, any(ship.is_removed for ship in order.shipping_lines)
    untold = any(item.current_quantity is None for item in order.line_items)
    return untold and not removed and current is not None and current < order.total_price


def _is_any_tax_untold(order: Order, money: OrderMoney) -> bool:
    """True where the lines tell less than was charged, or a tax of them does not say who remits it."""
    on_lines = total(part.tax for part in money.parts)
    return on_lines < money.tax or _is_liability_unknown((*order.line_items, *order.shipping_lines))


def _is_card_unknown(lines: Iterable[LineItem]) -> bool:
    """True where a line that is worth something is neither called a gift card nor called none."""
    return any(line.gift_card is None and line.tip_payment_gateway is None and line.price for line in lines)


def _may_be_tip(line: LineItem) -> bool:
    return line.tip_payment_gateway is None and bool(line.price) and is_called_tip(line)


def _is_liability_unknown(lines: Iterable[LineItem | ShippingLine]) -> bool:
    """True where a tax that was charged does not say who remits it, or no line has a tax of its own at all."""
    taxes = [tax for line in lines for tax in line.tax_lines if tax.price]
    return not taxes or any(tax.channel_liable is None for tax in taxes)


def _is_delivery_unknown(refund: Refund, *, by_channel: bool) -> bool:
    """True where the tax of a delivery goes back, and whose it is only the order can tell.

    Without a channel in sight it is taken for the company's own, as in most shops.
    """
    if not _hands_back_delivery_tax(refund):
        return False
    described = [line.shipping_line for line in refund.refund_shipping_lines]
    if described and all(described):
        return _is_liability_unknown([line for line in described if line])
    return by_channel


def _hands_back_delivery_tax(refund: Refund) -> bool:
    """True where the tax of a delivery goes back."""
    sets = (line.tax_amount_set for line in refund.refund_shipping_lines)
    amounts = [money.shop_money.amount for money in sets if money and money.shop_money]
    return any(amounts) or any(row.tax_amount for row in refund.order_adjustments)
