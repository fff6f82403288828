"""The invoice of an order: one line per part, one discount, the tax as charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.entities import DOC_NUMBER_MAX
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import decimals_of, split, total
from contracts.posting import PostingStep
from contracts.quickbooks import InvoiceDraft, LineDraft, distinct_number
from contracts.shopify import Order
from mappings.accounts import account
from mappings.lines import in_hundredths, line
from mappings.names import cut, email_address
from mappings.rules import MappingRules
from mappings.shopify.amounts import OrderMoney, Part
from mappings.shopify.buyer import address
from mappings.shopify.parts import described, item_of, needs_of
from mappings.shopify.patterns import tracking
from mappings.tax import tax_code


@dataclass(frozen=True, slots=True)
class Placed:
    """The order's true id, the date that its documents carry, and the day of money that only its body tells."""

    ident: str
    txn_date: date
    money_date: date


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice and the accounts and items that it needs."""

    needs: tuple[PostingStep, ...]
    invoice: InvoiceDraft


def sale(order: Order, money: OrderMoney, customer: SourceKey, placed: Placed, rules: MappingRules) -> Sale:
    """What `order` sold, in QBO's words; an order that edits emptied keeps its lines, at nothing."""
    parts = [part for part in money.parts if _counts(part)] or [part for part in money.parts if part.line]
    if not parts:
        raise UnmappableEvent("the order has no lines, and QuickBooks takes no invoice without one")
    item_steps = [item_of(part, rules) for part in parts]
    lines = _lines(parts, [step.key for step in item_steps], money, rules)
    number = _doc_number(order, placed.ident)
    discount = in_hundredths(money.discount, money.currency)
    track = tracking(order, rules)
    invoice = InvoiceDraft(
        customer=customer,
        doc_number=number,
        distinct_number=distinct_number(number, placed.ident),
        txn_date=placed.txn_date,
        currency=money.currency,
        lines=lines,
        total=in_hundredths(money.total, money.currency),
        tax=in_hundredths(money.tax, money.currency),
        discount=discount,
        discount_account=account(rules, "discount") if discount else None,
        exchange_rate=rules.exchange_rates.get(money.currency),
        due_date=_due_date(order),
        email=email_address(order.email),
        billing=address(order.billing_address),
        shipping=address(order.shipping_address),
        tax_code=tax_code((tax for part in parts for tax in part.taxes), rules) if money.tax else None,
        tracking_class=track.tracking_class,
        location=track.location,
        terms=rules.terms.get(order.payment_terms.payment_terms_name or "") if order.payment_terms else None,
    )
    return Sale(needs_of(item_steps), invoice)


def _lines(parts: list[Part], keys: list[SourceKey], money: OrderMoney, rules: MappingRules) -> tuple[LineDraft, ...]:
    charged = _tax_by_part(parts, money)
    inside = charged if money.taxes_included else (Decimal(0),) * len(parts)
    taxed = _taxed(parts, money)
    return tuple(
        line(
            key,
            in_hundredths(part.amount - tax, money.currency),
            description=described(part),
            quantity=Decimal(part.quantity) if part.quantity else None,
            price=part.line.price if part.line and not tax else None,
            taxable=carries,
            tax=on_it,
            tax_code=tax_code(part.taxes if on_it else (), rules),
        )
        for part, key, tax, on_it, carries in zip(parts, keys, inside, charged, taxed, strict=True)
    )


def _taxed(parts: list[Part], money: OrderMoney) -> list[bool]:
    """Which lines the tax as charged belongs to; QBO takes a tax only where some line is taxable.

    Bodies that tell their taxes on the order alone leave it to the lines' own flag, and in the end to all lines.
    """
    if money.tax <= 0:
        return [False] * len(parts)
    by_tax_lines = [part.tax > 0 for part in parts]
    by_flag = [part.line is not None and part.line.taxable for part in parts]
    return next((found for found in (by_tax_lines, by_flag) if any(found)), [True] * len(parts))


def _tax_by_part(parts: list[Part], money: OrderMoney) -> tuple[Decimal, ...]:
    """How much of the tax as charged belongs to each part; all of it is placed, to the last unit."""
    by_tax_lines = [part.tax for part in parts]
    if total(by_tax_lines) == money.tax:
        return tuple(by_tax_lines)
    weights = by_tax_lines if any(by_tax_lines) else [part.amount - part.discount for part in parts]
    return split(money.tax, weights, max(decimals_of(money.currency), -int(money.tax.as_tuple().exponent)))


def _counts(part: Part) -> bool:
    """Free delivery and pieces that are gone need no line; a free product was still sold."""
    return bool(part.quantity) if part.line else part.amount != 0


def _doc_number(order: Order, ident: str) -> str:
    """The order's name without its number sign, as Shopify shows it to the customer."""
    named = cut((order.name or "").strip().removeprefix("#"), DOC_NUMBER_MAX)
    return named or cut(order.order_number, DOC_NUMBER_MAX) or ident[-DOC_NUMBER_MAX:]


def _due_date(order: Order) -> date | None:
    """The first instalment that has a date; terms such as "due on fulfillment" have none."""
    schedules = order.payment_terms.payment_schedules if order.payment_terms else ()
    return next((schedule.due_at.date() for schedule in schedules if schedule.due_at), None)
