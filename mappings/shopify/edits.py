"""What edits took out of an order after it was placed.

`total_*` and `quantity` stay as placed when an edit removes something; `current_*` are after edits *and* refunds.
Refunds are documents of their own, so what counts here is quantity - current_quantity - refunded quantities. The
source's own current figures, with what refunds took put back, say where the cents of a removed piece fall.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from contracts.errors import UnbalancedDocument, UndecodableRecord
from contracts.money import decimals_of, plain, round_half_up, total
from contracts.shopify import LineItem, Order, RefundLine
from mappings.shopify.amounts import AmountPart, OrderMoney, delivery_refunded
from mappings.shopify.refunds.parts import line_money, row_money

_GOODS = frozenset({"product", "gift_card", "tip"})
"""The parts that `current_subtotal_price` counts: line items."""


def without_removed(order: Order, placed: OrderMoney) -> OrderMoney:
    """`placed` less what edits removed; the same value when they removed nothing.

    UnbalancedDocument when what is left disagrees with the order's own current figures.
    """
    untold = order.refunds is None or any(refund.lacks("refund_line_items") for refund in order.refunds)
    if untold and any(removed_quantity(item, 0) for item in order.line_items):
        raise UndecodableRecord(
            "the order has no refunds, or one without its lines: what edits removed cannot be told from what came back"
        )
    refunded = Counter[int | None]()
    for line in _refund_lines(order):
        refunded[line.line_item_id] += line.quantity
    lines = tuple(_kept(part, refunded, placed.currency) for part in placed.parts)
    kept = _without_deliveries(lines, delivery_refunded(order), placed.currency)
    if kept == placed.parts:
        return placed
    money = replace(placed, parts=kept, tax=_tax_left(order, placed, kept))
    return _checked(order, _discount_as_stated(order, money))


def removed_quantity(item: LineItem, refunded: int) -> int:
    """How many pieces of a line edits took away; 0 for bodies that do not tell."""
    if item.current_quantity is None:
        return 0
    return max(item.quantity - item.current_quantity - refunded, 0)


def _without_deliveries(parts: tuple[AmountPart, ...], refunded: Decimal, currency: str) -> tuple[AmountPart, ...]:
    """`parts` without the deliveries that edits took away, but for what refunds hand back of them: once is enough."""
    found: list[AmountPart] = []
    for part in parts:
        net = part.amount - part.discount
        given = min(refunded, net) if part.removed else net
        refunded -= given if part.removed else 0
        if not part.removed or given == net > 0:
            found.append(part)
        elif given > 0:
            tax = round_half_up(part.tax * given / net, decimals_of(currency))
            found.append(replace(part, amount=given, discount=Decimal(0), tax=tax))
    return tuple(found)


def _kept(part: AmountPart, refunded: Counter[int | None], currency: str) -> AmountPart:
    """The part of a line that edits left, its discount and tax in proportion."""
    if part.line is None:
        return part
    removed = removed_quantity(part.line, refunded[part.line.id])
    if not removed:
        return part
    left = part.line.quantity - removed
    share = Decimal(left) / part.line.quantity
    places = decimals_of(currency)
    return replace(
        part,
        amount=part.amount - part.line.price * removed,
        discount=round_half_up(part.discount * share, places),
        tax=round_half_up(part.tax * share, places),
        remitted=round_half_up(part.remitted * share, places),
        quantity=left,
    )


def _tax_left(order: Order, placed: OrderMoney, kept: tuple[AmountPart, ...]) -> Decimal:
    """The tax as charged on what is left: the source's figure with refunded tax put back, else in proportion.

    An order whose total leaves its tax lines out (total_tax 0) was charged none, whatever current_total_tax says.
    """
    if placed.tax == 0:
        return placed.tax
    if order.current_total_tax is not None:
        refunded = total(line_money(line)[1] for line in _refund_lines(order))
        adjusted = total(row_money(row)[1] for refund in order.refunds or () for row in refund.order_adjustments)
        stated = order.current_total_tax + refunded - adjusted
        if not 0 <= stated <= placed.tax:
            raise _unbalanced("the tax of the order", placed.tax, "current_total_tax with refunds", stated, placed)
        return stated
    weights = total(part.tax for part in placed.parts)
    share = total(part.tax for part in kept) / weights if weights else Decimal(1)
    return round_half_up(placed.tax * share, decimals_of(placed.currency))


def _discount_as_stated(order: Order, money: OrderMoney) -> OrderMoney:
    """Rounding of a removed piece's discount may differ by a unit per line; then the order's own subtotal decides."""
    if order.current_subtotal_price is None:
        return money
    goods = [part for part in money.parts if part.kind in _GOODS and part.line is not None]
    stated = order.current_subtotal_price + total(line_money(line)[0] for line in _refund_lines(order))
    found = total(part.amount - part.discount for part in goods)
    off = found - stated
    unit = Decimal(1).scaleb(-decimals_of(money.currency))
    if off == 0:
        return money
    if money.discount == 0 or abs(off) > unit * len(goods):
        raise _unbalanced("what edits left of the lines", found, "current_subtotal_price with refunds", stated, money)
    return replace(money, unallocated_discount=money.unallocated_discount + off)


def _checked(order: Order, money: OrderMoney) -> OrderMoney:
    """Without refunds what is left must be current_total_price; with them the lines were checked already."""
    stated = order.current_total_price
    tax_agrees = money.tax != 0 or not order.current_total_tax
    if stated is not None and not order.refunds and tax_agrees and stated != money.total:
        raise _unbalanced("what edits left of the order", money.total, "its current_total_price", stated, money)
    return money


def _unbalanced(what: str, found: Decimal, name: str, stated: Decimal, money: OrderMoney) -> UnbalancedDocument:
    both = plain(found, money.currency), plain(stated, money.currency)
    return UnbalancedDocument(f"{what} adds up to {both[0]} {money.currency}, {name} is {both[1]} {money.currency}")


def says_what_it_sold(line: RefundLine) -> bool:
    """True for a line of a refund that describes what was sold, and is not trimmed of what decides about accounts."""
    return line.line_item is not None and line.line_item.gift_card is not None


def _refund_lines(order: Order) -> list[RefundLine]:
    """What refunds take back, each line with the order's own where it only names it."""
    sold = {line.id: line for line in order.line_items}
    return [
        line if says_what_it_sold(line) else line.model_copy(update={"line_item": sold.get(line.line_item_id)})
        for refund in order.refunds or ()
        for line in refund.refund_line_items
    ]
