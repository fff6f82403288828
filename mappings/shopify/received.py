"""What was received for an order, as its newest body says it; the order's own transactions are facts of their own."""

from __future__ import annotations

from decimal import Decimal

from contracts.keys import BODY_MONEY, SourceKey
from contracts.money import total
from contracts.posting import Caution, Intent, PostingStep, Version
from contracts.quickbooks import PaymentDraft
from contracts.shopify import Order
from mappings.accounts import deposit_account
from mappings.lines import in_hundredths
from mappings.rules import MappingRules
from mappings.shopify.amounts import OrderMoney
from mappings.shopify.gateways import gateways_of, is_redemption, money_gateways, paid_from_liability
from mappings.shopify.invoices import Placed
from mappings.shopify.redemptions import redemption_steps
from mappings.shopify.shop_money import shop_amount

NOTHING = frozenset({"pending", "authorized", "voided", "expired"})
"""Statuses of an order of which no money was received, or none that is captured."""
SPLIT_UNKNOWN = Caution(
    "gift_card_part_unknown",
    "Paid by gift card or store credit in part: how much of it, only the order's own transactions tell, so the body's "
    "word on money is not booked.",
)
SPLIT_COUNTED = Caution(
    SPLIT_UNKNOWN.code,
    "Paid by gift card or store credit in part: what of it no transaction has told yet counts as money until then.",
)
SILENT = Caution(
    "received_unknown",
    "The body lacks what says how much was received (total_outstanding, with refunds current_total_price too): only "
    "the order's own transactions are booked as money.",
)


PAID_AND_OWING = Caution(
    "paid_and_outstanding",
    "The body calls the order paid and lists something as outstanding: only its total less that is booked as money, "
    "the rest when a transaction or a later body tells it.",
)


def is_paid_and_owing(order: Order) -> bool:
    """True for a body that contradicts itself: it is paid, and something is outstanding."""
    return order.financial_status == "paid" and not order.refunds and (order.total_outstanding or Decimal(0)) > 0


def amount_received(order: Order, money: OrderMoney) -> Decimal | None:
    """How much of the customer's money the body speaks of, refunds not taken off; None when it does not say.

    `money` is the sale after edits. A body without refunds: its total less what is outstanding; with refunds its
    current total, what they handed back put in again, less what is outstanding.
    """
    status, owing = order.financial_status, order.total_outstanding
    if status in NOTHING:
        return Decimal(0)
    if order.refunds:
        back, left = _handed_back(order), order.current_total_price
        if status is None or owing is None or left is None or back is None:
            return None  # because goods may be worth more than their money, no total of the order says what came in
        return max(left + back - owing, Decimal(0))
    if status == "paid":
        return _all_of_it(order, money)
    if status is None or owing is None or (order.refunds is None and _was_refunded(order)):
        return None
    return max(money.total - owing, Decimal(0))


def _all_of_it(order: Order, money: OrderMoney) -> Decimal | None:
    """A body that is paid and lists no figure owes nothing; of an edited one only its figures say before or after."""
    if order.total_outstanding is not None:
        return max(money.total - order.total_outstanding, Decimal(0))
    return money.total if money.total == order.total_price else None


def _was_refunded(order: Order) -> bool:
    return order.financial_status in {"refunded", "partially_refunded"}


def _handed_back(order: Order) -> Decimal | None:
    """What the refunds handed back, None where one does not say all of it in the shop's currency."""
    refunds = order.refunds or ()
    # because a refund that is on its way is off what is outstanding already, as one that has moved
    rows = (row for refund in refunds for row in refund.transactions if row.kind == "refund" and row.is_live)
    amounts = [shop_amount(row, order) for row in rows]
    known = [amount for amount in amounts if amount is not None]
    untold = len(known) < len(amounts) or any(refund.lacks("transactions") for refund in refunds)
    return None if untold else total(known)


def is_split_unknown(order: Order) -> bool:
    """True when a gift card or store credit paid beside money: a body alone cannot say how much."""
    names = gateways_of(order)
    return any(is_redemption(name) for name in names) and not paid_from_liability(names)


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
    key = SourceKey("shopify", BODY_MONEY, placed.ident)
    if amount and paid_from_liability(gateways_of(order)):
        invoice = SourceKey("shopify", "order", placed.ident)
        return redemption_steps(
            key, Intent.RECEIVED, invoice, amount, order.currency, placed.money_date, rules, version=version
        )
    gateway = only_gateway(order)
    if rules.gateway(gateway).booked_by != "shop":
        amount = amount * 0  # the processor's own events bring it
    draft = PaymentDraft(
        invoice=SourceKey("shopify", "order", placed.ident),
        customer=customer,
        amount=in_hundredths(amount, order.currency),
        currency=order.currency,
        txn_date=placed.money_date,
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
    names = money_gateways(gateways_of(order))
    return names.pop() if len(names) == 1 else None
