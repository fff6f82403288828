"""The invoice of an order: one line per part, one discount, the tax as charged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from contracts.entities import DOC_NUMBER_MAX
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.matching import OrderName
from contracts.posting import PostingStep
from contracts.quickbooks import InvoiceDraft, LineDraft, distinct_number
from contracts.shopify import Order
from mappings.accounts import account
from mappings.lines import in_hundredths, line
from mappings.names import cut, email_address, one_line
from mappings.rules import MappingRules
from mappings.shopify.amounts import AmountPart, OrderMoney
from mappings.shopify.buyer import address
from mappings.shopify.inexact import groups, joined
from mappings.shopify.parts import described, item_of, needs_of
from mappings.shopify.patterns import tracking
from mappings.shopify.shop_money import shown_to_customer
from mappings.shopify.taxes import REMITTED, ChargedTaxes, share_out
from mappings.tax import tax_code

PO_NUMBER_MAX = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """The true id of an order, the date of its documents, the day of money that only its body tells, and its shop."""

    ident: str
    txn_date: date
    money_date: date
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class InvoicedSale:
    """An invoice and the accounts and items that it needs."""

    needs: tuple[PostingStep, ...]
    invoice: InvoiceDraft


def sale(order: Order, money: OrderMoney, customer: SourceKey, placed: Placed, rules: MappingRules) -> InvoicedSale:
    """What `order` sold, in QBO's words; an order that edits emptied keeps its lines, at nothing."""
    parts = [part for part in money.parts if _counts(part)] or [part for part in money.parts if part.line]
    if not parts:
        raise UnmappableEvent("the order has no lines, and QuickBooks takes no invoice without one")
    parts, taxes = _exact(parts, share_out(parts, money), money)
    if taxes.remitted:
        parts.append(AmountPart(kind="marketplace_tax", amount=taxes.remitted, title=REMITTED))
        taxes = taxes.with_none()
    item_steps = [item_of(part, rules) for part in parts]
    lines = _lines(parts, [step.key for step in item_steps], taxes, money, rules)
    number = _doc_number(order, placed.ident)
    discount = in_hundredths(money.discount, money.currency)
    track = tracking(order, placed.shop, rules)
    invoice = InvoiceDraft(
        customer=customer,
        doc_number=number,
        distinct_number=distinct_number(number, placed.ident),
        txn_date=placed.txn_date,
        currency=money.currency,
        lines=lines,
        total=in_hundredths(money.total, money.currency),
        tax=in_hundredths(taxes.own, money.currency),
        discount=discount,
        discount_account=account(rules, "discount") if discount else None,
        exchange_rate=rules.exchange_rates.get(money.currency),
        due_date=_due_date(order),
        email=email_address(order.email),
        billing=address(order.billing_address),
        shipping=address(order.shipping_address),
        tax_code=tax_code((tax for part in parts for tax in part.taxes), rules, charged=True) if taxes.own else None,
        tracking_class=track.tracking_class,
        location=track.location,
        po_number=cut(order.po_number, PO_NUMBER_MAX),
        shown=shown_to_customer(order),
        named=_named(order, placed),
        terms=rules.terms.get(order.payment_terms.payment_terms_name or "") if order.payment_terms else None,
    )
    return InvoicedSale(needs_of(item_steps), invoice)


def _exact(parts: list[AmountPart], taxes: ChargedTaxes, money: OrderMoney) -> tuple[list[AmountPart], ChargedTaxes]:
    """The parts, those combined that only together come to what QBO can hold."""
    inside = taxes.charged if money.taxes_included else (Decimal(0),) * len(parts)
    amounts = [part.amount - within for part, within in zip(parts, inside, strict=True)]
    numbers = groups(parts, amounts, taxes.taxed(parts))
    return [joined([parts[number] for number in group]) for group in numbers], taxes.combined(numbers)


def _lines(
    parts: list[AmountPart], keys: list[SourceKey], taxes: ChargedTaxes, money: OrderMoney, rules: MappingRules
) -> tuple[LineDraft, ...]:
    inside = taxes.charged if money.taxes_included else (Decimal(0),) * len(parts)
    return tuple(
        replace(
            line(
                key,
                in_hundredths(part.amount - within, money.currency),
                description=described(part, rules),
                quantity=Decimal(part.quantity) if part.quantity else None,
                price=part.line.price if part.line and not within else None,
                taxable=carries,
                tax=on_it,
                tax_code=tax_code(part.taxes, rules, charged=on_it != 0),
            ),
            own_discount=part.discount or None,
        )
        for part, key, within, on_it, carries in zip(
            parts, keys, inside, taxes.own_by_part, taxes.taxed(parts), strict=True
        )
    )


def _counts(part: AmountPart) -> bool:
    """Free delivery and pieces that are gone need no line; a free product was still sold."""
    return bool(part.quantity) if part.line else part.amount != 0


def _named(order: Order, placed: Placed) -> OrderName:
    """The order as people name it, whole: a DocNumber may be cut."""
    name = one_line((order.name or "").strip().removeprefix("#")) or one_line(order.order_number) or placed.ident
    return OrderName(name=name, number=one_line(order.order_number) or None, shop=placed.shop)


def _doc_number(order: Order, ident: str) -> str:
    """The order's name without its number sign; of a long one the end, by which names differ."""
    named = one_line((order.name or "").strip().removeprefix("#")) or one_line(order.order_number) or ident
    return named[-DOC_NUMBER_MAX:].strip()


def _due_date(order: Order) -> date | None:
    """When what is still owed is due: the first instalment that is not completed, of completed ones the last.

    Terms such as "due on fulfillment" have no date.
    """
    schedules = order.payment_terms.payment_schedules if order.payment_terms else ()
    dated = [(schedule.due_at, schedule.completed_at) for schedule in schedules if schedule.due_at]
    open_ones = [due for due, completed in dated if completed is None]
    due = open_ones[0] if open_ones else dated[-1][0] if dated else None
    return due.date() if due else None
