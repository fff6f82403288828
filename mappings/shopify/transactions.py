"""Money of an order as its own event: a successful sale or capture is a payment on the order's invoice.

Change is cash that was given back out of such a payment, so less was received. What was paid through a gift card or
store credit is no money: it is redeemed from what the company owes already.

The body names neither customer nor invoice number, only the order; whose money it is, the invoice says.
"""

from __future__ import annotations

from datetime import datetime

from contracts.bodies import read_body
from contracts.entities import PAYMENT_REF_MAX
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.money import Money
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import ChangeDraft, PaymentDraft
from contracts.shopify import Transaction, true_id
from mappings.accounts import deposit_account
from mappings.lines import in_hundredths
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.shopify.cautions import day_cautions
from mappings.shopify.gateways import is_redemption
from mappings.shopify.redemptions import redemption_steps
from mappings.shopify.rounding import rounded_by

MONEY_IN = frozenset({"sale", "capture"})
CHANGE = "change"


@maps("shopify", "order_transactions/create")
def map_transaction(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """A payment, or the reason why this is none."""
    transaction = read_body(Transaction, envelope.body, "transaction")
    ident = str(true_id(transaction.id, transaction.admin_graphql_api_id))
    key = SourceKey("shopify", "transaction", ident)
    if transaction.kind == "refund":
        message = "the refund that this money belongs to books it"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    reason = _why_nothing_moved(transaction) or _why_not_here(transaction, rules)
    if reason:
        return Ignored(code="skipped_by_rule", message=reason, document=key)
    return _plan(transaction, key, envelope, rules)


def _why_nothing_moved(transaction: Transaction) -> str | None:
    if transaction.kind not in MONEY_IN | {CHANGE}:
        return "only a sale or a capture brings money in"
    if transaction.status != "success":
        return "the transaction did not succeed, so no money moved"
    return "a transaction of nothing moves no money" if transaction.amount == 0 else None


def _why_not_here(transaction: Transaction, rules: MappingRules) -> str | None:
    elsewhere = rules.gateway(transaction.gateway).booked_by != "shop"
    return "the rules book money of this gateway from the processor's own events" if elsewhere else None


def _plan(transaction: Transaction, key: SourceKey, envelope: Envelope, rules: MappingRules) -> PostingPlan:
    moment = transaction.processed_at or transaction.created_at or envelope.occurred_at
    known = [time for time in (transaction.processed_at, transaction.created_at, envelope.occurred_at) if time]
    if moment is None:
        raise UndecodableRecord("the transaction has neither processed_at nor created_at")
    if transaction.gateway is None:
        # because the gateway says whether it is money at all, who books it, and where it lies
        raise UndecodableRecord("the transaction has no gateway")
    if transaction.order_id is None:
        raise UndecodableRecord("the transaction has no order_id")
    order = SourceKey("shopify", "order", str(transaction.order_id))
    money = _shop_money(transaction)
    amount, currency = money.number, money.currency
    if transaction.kind == CHANGE:
        return _change_plan(transaction, key, order, money, min(known))
    open_points = day_cautions(transaction)
    if is_redemption(transaction.gateway):
        steps = redemption_steps(key, Intent.FACT, order, amount, currency, moment.date(), rules)
        return PostingPlan(document=key, lane=order, steps=steps, document_created_at=min(known), warnings=open_points)
    draft = PaymentDraft(
        invoice=order,
        amount=in_hundredths(amount, currency),
        currency=currency,
        txn_date=moment.date(),
        deposit_to=deposit_account(rules, transaction.gateway),
        method=rules.gateway(transaction.gateway).method,
        reference=key.id[-PAYMENT_REF_MAX:],
        exchange_rate=rules.exchange_rates.get(currency),
    )
    step = PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=draft, name="payment")
    return PostingPlan(document=key, lane=order, steps=(step,), document_created_at=min(known), warnings=open_points)


def _change_plan(
    transaction: Transaction, key: SourceKey, order: SourceKey, money: Money, since: datetime
) -> PostingPlan:
    """Less of the payment was received that the change was given back of; it is booked there and has no document."""
    draft = ChangeDraft(
        invoice=order,
        amount=in_hundredths(money.number, money.currency),
        currency=money.currency,
        payment=SourceKey("shopify", "transaction", str(transaction.parent_id)) if transaction.parent_id else None,
    )
    step = PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=draft, name="change")
    return PostingPlan(document=key, lane=order, steps=(step,), document_created_at=since)


def _shop_money(transaction: Transaction) -> Money:
    """What moved, cash rounding in it, in the shop's currency where the body has it; else in the customer's."""
    shop = transaction.amount_set.shop_money if transaction.amount_set else None
    code = (shop.currency_code or shop.currency) if shop else transaction.currency
    if not code:
        # because the transaction's own currency may be the customer's, it does not name the shop's
        raise UndecodableRecord("the transaction has no currency")
    return Money((shop.amount if shop else transaction.amount) + rounded_by(transaction), code)
