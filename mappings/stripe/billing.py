"""The parts of a Stripe invoice or credit note: lines, delivery, discounts and taxes as charged, and the gate.

total = lines - discounts - billing credits + delivery + taxes that are added; taxes that are inside prices are taken
out of the lines and posted as tax. Parts that miss the stated total are `unbalanced`: both numbers, and whether the
list of lines was cut (`has_more`); no tolerance, no plug line.
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
from contracts.stripe_billing import (
    BillingLine,
    BillingLines,
    CreditNote,
    PretaxCredit,
    ShippingCost,
    StripeInvoice,
    TaxAmount,
)
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
    document = _Document(
        what="invoice",
        currency=invoice.currency.upper(),
        stated=invoice.total,
        lines=invoice.lines,
        taxes=invoice.every_tax,
        discount=_discount(invoice) + _billing_credits(invoice.total_pretax_credit_amounts),
        shipping=invoice.shipping_cost,
    )
    return _parts(document, rules)


def parts_of_note(note: CreditNote, rules: MappingRules) -> Parts:
    """The parts of a credit note; UnbalancedDocument when they miss its total."""
    discounts = sum(each.amount for each in note.discount_amounts)
    document = _Document(
        what="credit note",
        currency=note.currency.upper(),
        stated=note.total,
        lines=note.lines,
        taxes=note.every_tax,
        discount=(discounts if note.discount_amount is None else note.discount_amount)
        + _billing_credits(note.pretax_credit_amounts),
        shipping=note.shipping_cost,
    )
    return _parts(document, rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """An invoice or a credit note in Stripe's words; amounts in smallest units."""

    what: str
    currency: str
    stated: int
    lines: BillingLines
    taxes: tuple[TaxAmount, ...]
    discount: int
    shipping: ShippingCost | None


def _parts(document: _Document, rules: MappingRules) -> Parts:
    code, shipping = document.currency, document.shipping
    sold = stripe_sales_item(rules)
    # because QuickBooks takes a tax only where some line is taxable: where no line tells a tax, all of them are
    by_lines = any(row.every_tax for row in document.lines.data)
    lines = [_line(row, sold, code, document.taxes, rules, by_lines=by_lines) for row in document.lines.data]
    steps = [sold]
    if shipping is not None and shipping.amount_total:
        delivery = shipping_item(rules)
        steps.append(delivery)
        lines.append(_delivery(shipping, delivery, code, rules))
    tax = _number(sum(each.amount for each in document.taxes), code)
    discount, stated = _number(document.discount, code), _number(document.stated, code)
    found = total(each.amount for each in lines) - discount + tax
    if found != stated:
        raise UnbalancedDocument(_missed(document, found, stated))
    return Parts(items=tuple(steps), lines=tuple(lines), discount=discount, tax=tax, total=stated, taxes=document.taxes)


def _missed(document: _Document, found: Decimal, stated: Decimal) -> str:
    """Both numbers; a list that was cut is the likely cause, and only its producer can mend it."""
    code = document.currency
    said = (
        f"the parts of the {document.what} add up to {plain(found, code)} {code}, "
        f"its total is {plain(stated, code)} {code}"
    )
    cut = "; its list of lines is cut (has_more): send the event with all of them"
    return said + (cut if document.lines.has_more else "")


def _billing_credits(amounts: Iterable[PretaxCredit]) -> int:
    """What credit grants paid of it: `total` is after them, as it is after discounts, which are listed here again."""
    return sum(each.amount for each in amounts if each.type == "credit_balance_transaction")


def _line(
    row: BillingLine, item: PostingStep, code: str, taxes: tuple[TaxAmount, ...], rules: MappingRules, *, by_lines: bool
) -> LineDraft:
    """One line without the taxes in its price; old bodies that tell taxes on the invoice alone have all lines taxed."""
    own = row.every_tax
    inside = sum(tax.amount for tax in own if tax.inside)
    price = row.pricing or row.price
    unit = price.unit_amount_decimal if price and not inside else None
    known_taxes = own or (taxes if not by_lines or not any(tax.rate for tax in taxes) else ())
    return line(
        item.key,
        _number(row.amount - inside, code),
        description=description(row.description),
        quantity=row.quantity,
        price=_price(unit, code),
        taxable=bool(known_taxes) and any(tax.amount for tax in known_taxes),
        tax=_number(sum(tax.amount for tax in own), code),
        tax_code=tax_code(named_taxes(own), rules, charged=any(tax.amount for tax in own)),
    )


def _delivery(shipping: ShippingCost, item: PostingStep, code: str, rules: MappingRules) -> LineDraft:
    inside = sum(tax.amount for tax in shipping.taxes if tax.inside)
    return line(
        item.key,
        _number(shipping.amount_subtotal - inside, code),
        description="Shipping",
        taxable=shipping.amount_tax > 0,
        tax=_number(shipping.amount_tax, code),
        tax_code=tax_code(named_taxes(shipping.taxes), rules, charged=shipping.amount_tax != 0),
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
    return min(coupon.amount_off, int(worth)) if coupon.amount_off is not None else 0


def _price(unit: Decimal | None, code: str) -> Decimal | None:
    """A price per piece in the currency; Stripe writes it in smallest units with up to twelve decimals."""
    return None if unit is None else unit * from_stripe(1, code).number


def _number(amount: int, code: str) -> Decimal:
    return in_hundredths(from_stripe(amount, code).number, code)
