"""What was received for an order, as its newest body says it; the order's own transactions are facts of their own."""

from __future__ import annotations

from decimal import Decimal

from contracts.keys import SourceKey
from contracts.money import total
from contracts.posting import Intent, PostingStep, Version
from contracts.quickbooks import PaymentDraft
from contracts.shopify import Order
from mappings.accounts import deposit_account
from mappings.lines import in_hundredths
from mappings.rules import MappingRules
from mappings.shopify.amounts import OrderMoney
from mappings.shopify.gateways import money_gateways, paid_from_liability
from mappings.shopify.invoices import Placed
from mappings.shopify.redemptions import redemption_steps

ALL_OF_IT = frozenset({"paid", "refunded"})
"""Refunds are documents of their own, so a refunded order was paid first."""
IN_PART = frozenset({"partially_paid", "partially_refunded"})
"""A partial refund may be one of a partial payment: something is outstanding then."""


def amount_received(order: Order, money: OrderMoney) -> Decimal:
    """How much of the customer's money the body speaks of, refunds not taken off.

    Of an edited order `total_outstanding` tells whether it was paid before the edit (it is negative then) or after; of
    one whose goods went back without money, whether they had been paid for.
    """
    if order.financial_status not in ALL_OF_IT | IN_PART:
        return Decimal(0)
    owing = order.total_outstanding or Decimal(0)
    figures = None not in (order.total_outstanding, order.current_total_price)
    edited = figures and (money.total != order.total_price or _has_credit(order))
    if order.financial_status == "partially_paid" or edited or (order.financial_status in IN_PART and owing > 0):
        return max(_total_now(order, money) - owing, Decimal(0))
    return order.total_price


def _has_credit(order: Order) -> bool:
    """True when goods went back and no money was meant to move for them; not where the order says that it all moved."""
    if order.financial_status == "refunded" and not _handed_back(order):
        return False
    return any(
        refund.refund_line_items and not any(row.kind == "refund" and row.amount for row in refund.transactions)
        for refund in order.refunds or ()
    )


def _total_now(order: Order, money: OrderMoney) -> Decimal:
    """What `total_outstanding` counts from: the total, less what edits and refunds took, plus what was handed back."""
    if order.current_total_price is None or (not order.refunds and money.total == order.total_price):
        return order.total_price
    return order.current_total_price + _handed_back(order)


def _handed_back(order: Order) -> Decimal:
    return total(
        row.amount
        for refund in order.refunds or ()
        for row in refund.transactions
        if row.kind == "refund" and row.status == "success"
    )


def received_steps(
    order: Order,
    amount: Decimal,
    placed: Placed,
    customer: SourceKey | None,
    version: Version,
    rules: MappingRules,
) -> tuple[PostingStep, ...]:
    """The money of the body as one payment on the order's invoice, or as the gift card that paid all of it.

    Its amount may be nothing. Which part of several a gift card paid only the order's own transactions tell.
    """
    key = SourceKey("shopify", "payment", placed.ident)
    if amount and paid_from_liability(order.payment_gateway_names or (order.gateway,)):
        invoice = SourceKey("shopify", "order", placed.ident)
        return redemption_steps(key, Intent.RECEIVED, invoice, amount, order.currency, rules, version=version)
    gateway = only_gateway(order)
    if rules.gateway(gateway).booked_by != "shop":
        amount = amount * 0  # the processor's own events bring it
    draft = PaymentDraft(
        invoice=SourceKey("shopify", "order", placed.ident),
        customer=customer,
        amount=in_hundredths(amount, order.currency),
        currency=order.currency,
        txn_date=placed.txn_date,
        deposit_to=deposit_account(rules, gateway),
        method=rules.gateway(gateway).method,
        exchange_rate=rules.exchange_rates.get(order.currency),
    )
    step = PostingStep(
        key=key, entity="Payment", intent=Intent.RECEIVED, draft=draft, version=version, name="money received"
    )
    return (step,)


def only_gateway(order: Order) -> str | None:
    """The gateway, when all the money came through one; gift cards bring none."""
    names = money_gateways(order.payment_gateway_names or (order.gateway,))
    return names.pop() if len(names) == 1 else None
