"""An order's body is the whole order: whatever the event was called, its plan is "this order, as it is now".

customer, accounts, items -> invoice -> money received. A cancelled order that nobody paid is the void of its invoice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Intent, PostingPlan, PostingStep, Version
from contracts.quickbooks import InvoiceDraft, SalesReceiptDraft, content_hash
from contracts.shopify import Order, true_id
from mappings.accounts import deposit_account
from mappings.customers import customer_step
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.shopify.amounts import OrderMoney, money_as_placed
from mappings.shopify.buyer import buyer
from mappings.shopify.cautions import day_cautions, order_cautions
from mappings.shopify.earlier import earlier_plan
from mappings.shopify.edits import without_removed
from mappings.shopify.gateways import gateways_of, is_redemption
from mappings.shopify.invoices import Placed, sale
from mappings.shopify.patterns import left_out
from mappings.shopify.received import (
    NOTHING,
    amount_received,
    is_split_unknown,
    only_gateway,
    received_steps,
)
from mappings.shopify.recognition import held_back
from mappings.shopify.refunds.order_refunds import refunds_of
from mappings.shopify.rounding import order_rounded_by, with_rounding
from mappings.start import is_before_start, refuse_unknown_day

RANKS = {
    "pending": 1,
    "authorized": 2,
    "partially_paid": 3,
    "paid": 4,
    "partially_refunded": 5,
    "refunded": 6,
    "voided": 7,
    "expired": 7,
}
"""How far an order is in its life, for two bodies of one second."""
FROM_RULES = frozenset({"discount_account", "exchange_rate", "tax_code", "tracking_class", "location", "terms"})
"""The fields of an invoice and of its lines that rules set."""
CANCELLED_RANK = 20
"""A cancelled order does not come back: above every status, which still decides among cancelled bodies."""


@maps(
    "shopify",
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/cancelled",
)
def map_order(envelope: Envelope, rules: MappingRules) -> PostingPlan:
    """The plan of any event that carries a whole order."""
    order = read_body(Order, envelope.body, "order")
    placed, since = _placed(order, envelope)
    refuse_unknown_day(day_cautions(order), placed.txn_date, rules)
    if is_before_start(placed.txn_date, rules):
        return earlier_plan(order, placed, since, envelope, _version(order, "earlier", since), rules)
    if left_out(order, envelope.account, envelope.body, rules):
        return _left_out_plan(order, placed, since)
    if envelope.event_type == "orders/cancelled" and order.cancelled_at is None:
        raise UndecodableRecord("the cancelled order has no cancelled_at")
    if order.cancelled_at is not None and _is_unpaid(order):
        return _void_plan(order, placed, since, rules)
    return _sale_plan(order, placed, since, envelope.body, rules)


def _sale_plan(
    order: Order, placed: Placed, since: datetime, body: Mapping[str, object], rules: MappingRules
) -> PostingPlan:
    sold_for = without_removed(order, money_as_placed(order))
    money = with_rounding(order, sold_for)
    customer = customer_step("shopify", buyer(order), order.currency, rules)
    sold = sale(order, money, customer.key, placed, rules)
    received = _received(order, sold_for)
    version = _version(order, _content(sold.invoice, received), since)
    key, held = SourceKey("shopify", "order", placed.ident), held_back(order, body, rules)
    if _at_once(order, sold.invoice, received, placed, rules):
        receipt = replace(_sales_receipt(order, key, sold.invoice, version, rules), held_back=held)
        paid: tuple[PostingStep, ...] = (receipt,)
    else:
        invoice = PostingStep(
            key=key,
            entity="Invoice",
            intent=Intent.STATE,
            draft=sold.invoice,
            version=version,
            name="invoice",
            late_change=_late(placed.money_date, rules),
            held_back=held,
        )
        paid = (invoice,)
        if received is not None:
            paid += received_steps(order, received, placed, customer.key, version, rules)
    refunds = refunds_of(order, sold_for, key, rules)
    return PostingPlan(
        document=key,
        lane=key,
        steps=_each_once((*sold.needs, customer, *paid, *refunds.steps)),
        document_created_at=since,
        version=version,
        notes=(*_notes(order, sold_for, sold_for.total), *refunds.notes),
        warnings=(*order_cautions(order, sold_for, received, body), *refunds.warnings),
    )


def _received(order: Order, money: OrderMoney) -> Decimal | None:
    """What the body says was received, cash rounding in it; None when it says nothing or not of what kind it was."""
    received = amount_received(order, money)
    if not received:
        return received
    return None if _is_split_unknown(order) else received + order_rounded_by(order)


def _is_split_unknown(order: Order) -> bool:
    """Where the customer paid in the shop's own currency every transaction tells its own part.

    In another currency only the body tells the money beside the card in the shop's.
    """
    return is_split_unknown(order) and order.presentment_currency in {None, order.currency}


def _at_once(
    order: Order, invoice: InvoiceDraft, received: Decimal | None, placed: Placed, rules: MappingRules
) -> bool:
    """True when the rules want a sales receipt, and the order was paid in full with money on its own day."""
    in_full = order.financial_status not in NOTHING and received == invoice.total
    money_only = not any(is_redemption(gateway) for gateway in gateways_of(order))
    at_once = placed.money_date == placed.txn_date
    return rules.orders.document == "sales_receipt" and in_full and money_only and at_once


def _sales_receipt(
    order: Order, key: SourceKey, invoice: InvoiceDraft, version: Version, rules: MappingRules
) -> PostingStep:
    """The sale and its money as one document; the order's own transactions tell nothing new of it."""
    gateway = only_gateway(order)
    draft = SalesReceiptDraft(
        sale=invoice, deposit_to=deposit_account(rules, gateway), method=rules.gateway(gateway).method
    )
    return PostingStep(
        key=key, entity="SalesReceipt", intent=Intent.STATE, draft=draft, version=version, name="sales receipt"
    )


def _each_once(steps: Iterable[PostingStep]) -> tuple[PostingStep, ...]:
    """The order and its refunds need the same items; the first telling of each counts."""
    found: dict[tuple[str, SourceKey], PostingStep] = {}
    for step in steps:
        found.setdefault((step.entity, step.key), step)
    return tuple(found.values())


def _left_out_plan(order: Order, placed: Placed, since: datetime) -> PostingPlan:
    key = SourceKey("shopify", "order", placed.ident)
    version = _version(order, "left out", since)
    step = PostingStep(key=key, entity="Invoice", intent=Intent.LEFT_OUT, version=version, name="invoice")
    return PostingPlan(
        document=key,
        lane=key,
        steps=(step,),
        document_created_at=since,
        version=version,
        notes=("The rules leave the order out: neither it nor its money is booked.",),
    )


def _is_unpaid(order: Order) -> bool:
    """True when nothing was received: by the status, or in a body without one by what is outstanding."""
    if order.financial_status is not None:
        return order.financial_status in NOTHING
    return order.total_outstanding == order.total_price and not order.refunds


def _void_plan(order: Order, placed: Placed, since: datetime, rules: MappingRules) -> PostingPlan:
    """Nothing was received and nothing will be: the invoice must not count. Its arithmetic no longer matters."""
    key = SourceKey("shopify", "order", placed.ident)
    version = _version(order, "void", since)
    cancelled = order.cancelled_at.date() if order.cancelled_at else placed.money_date
    void = PostingStep(
        key=key,
        entity="Invoice",
        intent=Intent.VOID,
        version=version,
        name="invoice",
        late_change=_late(cancelled, rules),
    )
    nothing = received_steps(order, order.total_price * 0, placed, None, version, rules)
    return PostingPlan(
        document=key,
        lane=key,
        steps=(void, *nothing),
        document_created_at=since,
        version=version,
        notes=("The order was cancelled before anything was paid: its invoice is voided.",),
    )


def _late(day: date, rules: MappingRules) -> date | None:
    """The day of a change that must not reach back into an earlier month, None where it is made in place."""
    return day if rules.orders.late_changes == "credit_memo" else None


def _placed(order: Order, envelope: Envelope) -> tuple[Placed, datetime]:
    """The order's identity and date, and the earliest moment at which it can have existed."""
    moment = order.processed_at or order.created_at or envelope.occurred_at
    known = [time for time in (order.processed_at, order.created_at, envelope.occurred_at) if time is not None]
    if moment is None:
        raise UndecodableRecord("the order has neither processed_at nor created_at")
    ident = str(true_id(order.id, order.admin_graphql_api_id))
    return Placed(ident, moment.date(), _money_date(order, envelope, moment), envelope.account), min(known)


def _money_date(order: Order, envelope: Envelope, placed: datetime) -> date:
    """The day on which this body tells of money: the order's own only where the two cannot differ.

    Times of a delivery are in UTC; the day is the one that the shop had.
    """
    updated, created = order.updated_at, order.created_at
    is_creation = envelope.event_type == "orders/create" and not envelope.inferred
    if is_creation or (updated and created and updated.date() == created.date()):
        return placed.date()
    sent_at = envelope.occurred_at or updated
    return sent_at.astimezone((updated or placed).tzinfo).date() if sent_at else placed.date()


def _version(order: Order, content: str, since: datetime) -> Version:
    updated = order.updated_at or order.created_at or since
    rank = RANKS.get(order.financial_status or "", 0) + (CANCELLED_RANK if order.cancelled_at else 0)
    digest = hashlib.sha256(content.encode()).hexdigest()[:10]
    return Version(int(updated.astimezone(UTC).timestamp()), rank, digest)


def _content(invoice: InvoiceDraft, received: Decimal | None) -> str:
    """What the source says, without what rules add: changed rules must not make an old body look like another one."""
    paid = "unknown" if received is None else plain(received, invoice.currency)
    return f"{content_hash(invoice, without=FROM_RULES)} {paid}"


def _notes(order: Order, money: OrderMoney, left: Decimal) -> tuple[str, ...]:
    """What an accountant may wonder about."""
    notes: list[str] = []
    if left != order.total_price:
        notes.append(
            f"Edits took pieces out: {plain(order.total_price, order.currency)} {order.currency} as placed, "
            f"{plain(left, order.currency)} {order.currency} is left."
        )
    if order_rounded_by(order):
        rounding = plain(order_rounded_by(order), order.currency)
        notes.append(f"The cash taken was rounded by {rounding} {order.currency}, booked on a line of its own.")
    if money.tax == 0 and any(part.tax for part in money.parts):
        notes.append("The order lists taxes that its total leaves out: none was charged, so none is booked.")
    return tuple(notes)
