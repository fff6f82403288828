"""What a refund takes back, part by part: goods, delivery, duties, fees, and what was kept of them.

Figures are the shop's money; the customer's is there to be compared with money that moved in another currency. The
sets are read before the plain numbers, which are JSON floats in refunds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal, NamedTuple

from contracts.errors import UndecodableRecord
from contracts.money import round_half_up, split, total
from contracts.shopify import LineItem, MoneySet, OrderAdjustment, Refund, RefundLine, RefundShippingLine
from mappings.shopify.amounts import (
    DUTY_DECIMALS,
    SHIPPING_REFUND,
    AmountPart,
    PartKind,
    adjustment_amount,
    delivery_amount,
    kind_of,
    named_taxes,
    remitted_in,
)
from mappings.shopify.taxes import REMITTED

PENDING = "pending refund discrepancy"

Side = Literal["shop_money", "presentment_money"]


class TaxIncluded(NamedTuple):
    """Whether amounts hold their taxes: those of lines, and those of adjustments; and lines their duties."""

    lines: bool
    adjustments: bool
    duties: bool = False


def refund_parts(
    refund: Refund, rows: Sequence[OrderAdjustment], side: Side, inside: TaxIncluded
) -> tuple[AmountPart, ...]:
    """The parts of `refund` that come to something, without their taxes; of its adjustments those in `rows`."""
    return tuple(part for part in _parts(refund, rows, side, inside) if part.amount or part.tax)


def shop_currency(refund: Refund) -> str:
    """The currency of the shop as the refund tells it: by its sets, else by money that its own figures come to."""
    adjusted = (row.amount_set for row in refund.order_adjustments)
    sold = (line.subtotal_set for line in refund.refund_line_items)
    delivered = (line.subtotal_amount_set for line in refund.refund_shipping_lines)
    amounts = (row.amount_set for row in refund.transactions)
    for money in (refund.total_duties_set, *sold, *adjusted, *delivered, *amounts):
        in_shop = money.shop_money if money else None
        if in_shop and (in_shop.currency_code or in_shop.currency):
            return in_shop.currency_code or in_shop.currency or ""
    for row in refund.transactions:
        if row.currency and row.is_live:  # because of money that did not move nobody knows whether it is the customer's
            return row.currency
    raise UndecodableRecord("the refund has no currency")


def is_shipping(row: OrderAdjustment) -> bool:
    """True for delivery that is handed back."""
    return row.kind == SHIPPING_REFUND


def is_pending(row: OrderAdjustment) -> bool:
    """True for goods taken back whose money is not handed back by this refund."""
    return row.kind != SHIPPING_REFUND and (row.reason or "").strip().lower() == PENDING


def value(parts: Sequence[AmountPart]) -> Decimal:
    """What parts come to, taxes added."""
    return total(part.amount + part.tax for part in parts)


def own_taxes(parts: Sequence[AmountPart]) -> tuple[AmountPart, ...]:
    """`parts` with the company's own taxes on them, and what others remit as a part of its own; the same value."""
    remitted = total(part.remitted for part in parts)
    kept = tuple(replace(part, tax=part.tax - part.remitted, remitted=Decimal(0)) for part in parts)
    return (*kept, AmountPart(kind="marketplace_tax", amount=remitted, title=REMITTED)) if remitted else kept


def by_others(parts: Sequence[AmountPart]) -> tuple[AmountPart, ...]:
    """`parts` whose taxes another merchant of record remits."""
    return tuple(replace(part, remitted=part.tax, taxes=()) for part in parts)


def _parts(refund: Refund, rows: Sequence[OrderAdjustment], side: Side, inside: TaxIncluded) -> Iterator[AmountPart]:
    duties = _duties(refund, side)
    within = _within(refund, duties if inside.duties else Decimal(0), side)
    for line, duty in zip(refund.refund_line_items, within, strict=True):
        amount, tax = line_money(line, side)
        restocked = line.restock_type != "no_restock"
        yield _part(line.line_item, amount - duty, tax, line.quantity, inside=inside.lines, restocked=restocked)
    yield _other("shipping", *_shipping(refund, rows, side), inside=inside.adjustments)
    yield _other("duties", duties, Decimal(0), inside=False)
    yield _other("additional_fees", _in(refund.total_additional_fees_set, side), Decimal(0), inside=False)
    for row in rows:
        if row.kind != SHIPPING_REFUND:
            amount, tax = row_money(row, side)
            yield _other("refund", -amount, -tax, inside=inside.adjustments, title=_words(row, amount))


def _part(
    line: LineItem | None, amount: Decimal, tax: Decimal, quantity: int, *, inside: bool, restocked: bool
) -> AmountPart:
    """A line that was sold; of one that the body does not describe only the money is known.

    Pieces that did not come back to the shelf are not named: QBO would put an inventory item back in stock.
    """
    return AmountPart(
        kind=kind_of(line) if line else "refund",
        amount=amount - tax if inside else amount,
        tax=tax,
        remitted=_remitted(line, tax) if line else Decimal(0),
        taxes=named_taxes(line.tax_lines) if line and tax else (),
        line=line,
        quantity=quantity if restocked and quantity else None,
        title=(line.title or line.name) if line else None,
    )


def _remitted(line: LineItem, tax: Decimal) -> Decimal:
    """What the channel remits of the tax that goes back: its share of the line's taxes."""
    return share_of(tax, remitted_in(line.tax_lines), total(each.price for each in line.tax_lines))


def share_of(tax: Decimal, by_channel: Decimal, all_of_it: Decimal) -> Decimal:
    """What of `tax` the channel remits, which remits `by_channel` of `all_of_it` that was charged."""
    if not by_channel or by_channel == all_of_it:
        return tax if by_channel else Decimal(0)
    return round_half_up(tax * by_channel / all_of_it, max(-int(tax.as_tuple().exponent), 2))


def _other(kind: PartKind, amount: Decimal, tax: Decimal, *, inside: bool, title: str | None = None) -> AmountPart:
    return AmountPart(kind=kind, amount=amount - tax if inside else amount, tax=tax, title=title)


def _words(row: OrderAdjustment, amount: Decimal) -> str:
    what = "Handed back without goods" if amount < 0 else "Kept of what was returned"
    return f"{what} ({row.reason})" if row.reason else what


def line_money(line: RefundLine, side: Side = "shop_money") -> tuple[Decimal, Decimal]:
    """What a line takes back and its tax. UndecodableRecord where the body does not say."""
    subtotal = _in_set(line.subtotal_set, side)
    tax = _in_set(line.total_tax_set, side)
    if side == "shop_money":
        subtotal = line.subtotal if subtotal is None else subtotal
        tax = line.total_tax if tax is None else tax
    if subtotal is None:
        raise UndecodableRecord("a line of the refund has no subtotal")
    if tax is None and not _is_untaxed(line.line_item):
        raise UndecodableRecord("a line of the refund has no total_tax")
    return subtotal, tax or Decimal(0)


def _is_untaxed(sold: LineItem | None) -> bool:
    """True where the sold line itself says that no tax was charged, so that none can go back."""
    return sold is not None and not sold.lacks("tax_lines") and not any(tax.price for tax in sold.tax_lines)


def _shipping(refund: Refund, rows: Sequence[OrderAdjustment], side: Side) -> tuple[Decimal, Decimal]:
    """Delivery handed back, without rows that cancel each other; only newer bodies have lines for it."""
    adjusted = [row_money(row, side) for row in rows if row.kind == SHIPPING_REFUND]
    if adjusted:
        return -total(amount for amount, _ in adjusted), -total(tax for _, tax in adjusted)
    lines = refund.refund_shipping_lines
    return (
        total(_delivered(line, side) for line in lines),
        total(_in(line.tax_amount_set, side) for line in lines),
    )


def _delivered(line: RefundShippingLine, side: Side) -> Decimal:
    return delivery_amount(line) if side == "shop_money" else _in(line.subtotal_amount_set, side)


def require_taxes(refund: Refund, rows: Sequence[OrderAdjustment]) -> None:
    """UndecodableRecord where a row or a delivery is trimmed of its tax.

    Only money that moved can say by itself that there is none beside an amount.
    """
    if any(row.tax_amount is None and _in_set(row.tax_amount_set, "shop_money") is None for row in rows):
        raise UndecodableRecord("an adjustment of the refund has no tax (tax_amount)")
    if any(_in_set(line.tax_amount_set, "shop_money") is None for line in refund.refund_shipping_lines):
        raise UndecodableRecord("a delivery of the refund has no tax (tax_amount_set)")


def row_money(row: OrderAdjustment, side: Side = "shop_money") -> tuple[Decimal, Decimal]:
    """Amount and tax of an adjustment; one without a tax has none beside its amount."""
    tax = _in_set(row.tax_amount_set, side)
    if side == "presentment_money":
        return _in(row.amount_set, side), tax or Decimal(0)
    tax = row.tax_amount if tax is None else tax
    return adjustment_amount(row), tax or Decimal(0)


def _within(refund: Refund, duties: Decimal, side: Side) -> tuple[Decimal, ...]:
    """How much of `duties` the price of each line holds."""
    amounts = [line_money(line, side)[0] for line in refund.refund_line_items]
    return split(duties, amounts, DUTY_DECIMALS) if amounts else ()


def _duties(refund: Refund, side: Side) -> Decimal:
    stated = _in(refund.total_duties_set, side)
    if not stated and any(duty.amount_set is None for duty in refund.duties):
        raise UndecodableRecord("a duty of the refund has no amount (amount_set)")
    return stated or total(_in(duty.amount_set, side) for duty in refund.duties)


def _in_set(money: MoneySet | None, side: Side) -> Decimal | None:
    found = money and (money.shop_money if side == "shop_money" else money.presentment_money)
    return found.amount if found else None


def _in(money: MoneySet | None, side: Side) -> Decimal:
    return _in_set(money, side) or Decimal(0)
