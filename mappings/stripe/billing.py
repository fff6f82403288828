"""The parts of a Stripe invoice or credit note: lines, delivery, discounts and taxes as charged, and the gate.

total = lines - discounts + delivery + taxes that are added; taxes that are inside prices are taken out of the lines
and posted as tax. Parts that miss the stated total are `unbalanced`: both numbers, no tolerance, no plug line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.errors import UnbalancedDocument
from contracts.money import from_stripe, plain, round_half_up, total
from contracts.posting import PostingStep
from contracts.quickbooks import LineDraft
from contracts.stripe import id_or_object
from contracts.stripe_billing import BillingLine, CreditNote, ShippingCost, StripeInvoice, TaxAmount
from mappings.items import shipping_item, stripe_sales_item
from mappings.lines import in_hundredths, line
from mappings.names import description
from mappings.rules import MappingRules
from mappings.tax import NamedTax, tax_code


@dataclass(frozen=True, slots=True)
class Parts:
    """What a document of Stripe Billing comes to, in QBO's words."""

    items: tuple[PostingStep, ...]
    lines: tuple[LineDraft, ...]
    discount: Decimal
    tax: Decimal
    total: Decimal
    taxes: tuple[TaxAmount, ...]


def parts_of_invoice(invoice: StripeInvoice, rules: MappingRules) -> Parts:
    """The parts of an invoice; UnbalancedDocument when they miss its total."""
    return _parts(
        "invoice",
        invoice.currency.upper(),
        invoice.total,
        invoice.lines.data,
        invoice.every_tax,
        _discount(invoice),
        rules,
        shipping=invoice.shipping_cost,
    )


def parts_of_note(note: CreditNote, rules: MappingRules) -> Parts:
    """The parts of a credit note; UnbalancedDocument when they miss its total."""
    code = note.currency.upper()
    return _parts("credit note", code, note.total, note.lines.data, note.every_tax, note.discount_amount, rules)


def _parts(
    what: str,
    code: str,
    stated: int,
    rows: Iterable[BillingLine],
    taxes: tuple[TaxAmount, ...],
    discount: int,
    rules: MappingRules,
    *,
    shipping: ShippingCost | None = None,
) -> Parts:
    sold = stripe_sales_item(rules)
    lines = [_line(row, sold, code, taxes, rules) for row in rows]
    steps = [sold]
    if shipping is not None and shipping.amount_total:
        delivery = shipping_item(rules)
        steps.append(delivery)
        lines.append(_delivery(shipping, delivery, code, rules))
    charged = sum(each.amount for each in taxes)
    found = total(each.amount for each in lines) - _number(discount, code) + _number(charged, code)
    if found != _number(stated, code):
        raise UnbalancedDocument(
            f"the parts of the {what} add up to {plain(found, code)} {code}, "
            f"its total is {plain(_number(stated, code), code)} {code}"
        )
    return Parts(
        items=tuple(steps),
        lines=tuple(lines),
        discount=_number(discount, code),
        tax=_number(charged, code),
        total=_number(stated, code),
        taxes=taxes,
    )


def _line(
    row: BillingLine, item: PostingStep, code: str, taxes: tuple[TaxAmount, ...], rules: MappingRules
) -> LineDraft:
    """One line without the taxes in its price; old bodies that tell taxes on the invoice alone have all lines taxed."""
    own = row.every_tax
    inside = sum(tax.amount for tax in own if tax.inside)
    price = row.pricing or row.price
    unit = price.unit_amount_decimal if price and not inside else None
    told = own or (taxes if not any(tax.rate for tax in taxes) else ())
    return line(
        item.key,
        _number(row.amount - inside, code),
        description=description(row.description),
        quantity=row.quantity,
        price=_price(unit, code),
        taxable=bool(told) and any(tax.amount for tax in told),
        tax=_number(sum(tax.amount for tax in own), code),
        tax_code=tax_code(named_taxes(own), rules),
    )


def _delivery(shipping: ShippingCost, item: PostingStep, code: str, rules: MappingRules) -> LineDraft:
    inside = sum(tax.amount for tax in shipping.taxes if tax.inside)
    return line(
        item.key,
        _number(shipping.amount_subtotal - inside, code),
        description="Shipping",
        taxable=shipping.amount_tax > 0,
        tax=_number(shipping.amount_tax, code),
        tax_code=tax_code(named_taxes(shipping.taxes), rules),
    )


def named_taxes(taxes: Iterable[TaxAmount]) -> list[NamedTax]:
    """The taxes by the names that rules map: the rate's display name where it is expanded, else its id."""
    found = []
    for tax in taxes:
        ident, expanded = id_or_object(tax.rate)
        name, percent = expanded.get("display_name"), expanded.get("percentage")
        rate = Decimal(str(percent)) / 100 if isinstance(percent, int | Decimal) else None
        found.append(NamedTax(name if isinstance(name, str) else ident or "", rate if isinstance(name, str) else None))
    return found


def _discount(invoice: StripeInvoice) -> int:
    """What the discounts come to; bodies older than 2020-08-27 name only the coupon."""
    if invoice.total_discount_amounts or invoice.discount is None or invoice.discount.coupon is None:
        return sum(each.amount for each in invoice.total_discount_amounts)
    coupon, worth = invoice.discount.coupon, Decimal(sum(row.amount for row in invoice.lines.data))
    if coupon.percent_off is not None:
        return int(round_half_up(worth * coupon.percent_off / 100, 0))
    return min(coupon.amount_off or 0, int(worth))


def _price(unit: Decimal | None, code: str) -> Decimal | None:
    """A price per piece in the currency; Stripe writes it in smallest units with up to twelve decimals."""
    return None if unit is None else unit * from_stripe(1, code).number


def _number(amount: int, code: str) -> Decimal:
    return in_hundredths(from_stripe(amount, code).number, code)
