"""A charge without a shop order is a sale of its own: an invoice with one line and its payment.

`charge.succeeded` and `payment_intent.succeeded` tell the same fact; both come here with the charge's id and so end in
the same keys, and whichever is second finds everything done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from contracts.bodies import read_body
from contracts.entities import DOC_NUMBER_MAX, PAYMENT_REF_MAX
from contracts.errors import UnmappableEvent
from contracts.keys import UNNAMED, SourceKey
from contracts.money import Money, from_stripe, round_half_up, stripe_decimals_of
from contracts.posting import ONCE, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import InvoiceDraft, PaymentDraft, RefundReceiptDraft, SettlementRate
from contracts.stripe_balance import BalanceTransaction
from mappings.accounts import deposit_account
from mappings.customers import Person, customer_step
from mappings.items import stripe_sales_item
from mappings.lines import in_hundredths, line
from mappings.names import description, email_address
from mappings.rules import MappingRules
from mappings.stripe.fees import balance_cautions, fee_steps

ANY_ORDER = SourceKey("shopify", "order", UNNAMED)
"""What a charge is linked to that pays an order of the shop and does not say which."""
RATE_ROUNDING = Decimal("0.005")
"""How far an amount may miss its rate and still be the same money: more than rounding, less than a part."""
RATE_DECIMALS = 12
BY_SHOP = "This charge pays a shop order, which the shop books."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedSale:
    """What a charge or its payment intent tells about one sale."""

    charge_id: str
    money: Money
    created: datetime
    since: datetime
    person: Person
    description: str | None
    metadata: tuple[Mapping[str, object], ...]
    balance: Mapping[str, object]
    intent: str | None = None
    invoice: str | None = None


def map_sale(sale: ChargedSale, rules: MappingRules) -> PostingPlan | Ignored:
    """The plan of a sale, or why the shop books it."""
    key = SourceKey("stripe", "charge", sale.charge_id)
    if belongs_to_shop(sale.metadata, sale.description, rules):
        if rules.gateway("stripe").booked_by == "stripe":
            return _payment_of_order(sale, key, rules)
        return shop_plan(key, sale.intent, sale.metadata, sale.since, rules)
    customer = customer_step("stripe", sale.person, sale.money.currency, rules)
    item = stripe_sales_item(rules)
    txn_date = sale.created.astimezone(rules.zone).date()
    invoice = _invoice(sale, customer.key, item.key, rules)
    payment = _payment(sale, customer.key, key, rules)
    steps = (
        item,
        customer,
        PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=invoice, version=ONCE, name="invoice"),
        PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=payment, name="payment"),
        *fee_steps(sale.balance, key, txn_date, rules),
    )
    return PostingPlan(
        document=key,
        lane=key,
        steps=steps,
        document_created_at=sale.since,
        version=ONCE,
        links=links_of(key, intent=sale.intent, invoice=sale.invoice),
        warnings=balance_cautions(sale.balance),
    )


def map_lost_sale(
    sale: ChargedSale, failure: Mapping[str, object], moment: datetime, rules: MappingRules
) -> PostingPlan | Ignored:
    """A bank debit that came back: what takes its payment back, and the fee of the failure where it is told.

    `failure` is the row that took it back, empty where only its id is known; `moment` is when it failed. Of a sale
    that is not in the books nothing is booked, now or later: it failed while it was pending.
    """
    key = SourceKey("stripe", "charge", sale.charge_id)
    sold = key
    if belongs_to_shop(sale.metadata, sale.description, rules):
        if rules.gateway("stripe").booked_by != "stripe":
            return shop_plan(key, sale.intent, sale.metadata, sale.since, rules)
        sold = SourceKey("shopify", "order", _order_id(sale.metadata, rules))
    item = stripe_sales_item(rules)
    day = moment.astimezone(rules.zone).date()
    amount = in_hundredths(sale.money.number, sale.money.currency)
    draft = RefundReceiptDraft(
        refund_of=sold,
        doc_number=sale.charge_id[-DOC_NUMBER_MAX:],
        txn_date=day,
        currency=sale.money.currency,
        lines=(line(item.key, amount, description=description(f"Payment {sale.charge_id} failed")),),
        total=amount,
        deposit_to=deposit_account(rules, "stripe"),
        method=rules.gateway("stripe").method,
        reference=sale.charge_id[-PAYMENT_REF_MAX:],
        exchange_rate=rules.exchange_rates.get(sale.money.currency),
    )
    back = PostingStep(key=key, entity="RefundReceipt", intent=Intent.REVERSED, draft=draft, name="payment that failed")
    return PostingPlan(
        document=key,
        lane=sold,
        steps=(item, back, *fee_steps(failure, key, day, rules)),
        document_created_at=sale.since,
        links=links_of(key, intent=sale.intent, invoice=sale.invoice),
    )


def shop_plan(
    key: SourceKey,
    intent: str | None,
    metadata: Iterable[Mapping[str, object]],
    since: datetime,
    rules: MappingRules,
) -> PostingPlan:
    """Nothing to book, and which order it pays: remembered, because a payout's row may name the charge by id only."""
    named = order_named(metadata, rules)
    order = SourceKey("shopify", "order", named) if named else ANY_ORDER
    return PostingPlan(
        document=key,
        lane=key,
        steps=(),
        document_created_at=since,
        notes=(BY_SHOP,),
        links=(*links_of(key, intent=intent), (key, order)),
    )


def _payment_of_order(sale: ChargedSale, key: SourceKey, rules: MappingRules) -> PostingPlan:
    """The charge as the payment of the shop's own order, which the shop's events book without its money."""
    order = SourceKey("shopify", "order", _order_id(sale.metadata, rules))
    payment = replace(_payment(sale, None, key, rules), invoice=order)
    txn_date = sale.created.astimezone(rules.zone).date()
    steps = (
        PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=payment, name="payment"),
        *fee_steps(sale.balance, key, txn_date, rules),
    )
    return PostingPlan(document=key, lane=order, steps=steps, document_created_at=sale.since)


def _order_id(metadata: Iterable[Mapping[str, object]], rules: MappingRules) -> str:
    """The order's id in the metadata. UnmappableEvent when it is only said that there is an order."""
    found = order_named(metadata, rules)
    if found is None:
        raise UnmappableEvent(
            "the charge pays a shop order and does not name its id: see the rule stripe.order_id_keys"
        )
    return found


def order_named(several: Iterable[Mapping[str, object]], rules: MappingRules) -> str | None:
    """The id of the shop's order that the metadata holds, None where they hold none."""
    for metadata in several:
        for name in rules.stripe.order_id_keys:
            found = str(metadata.get(name) or "").strip().rsplit("/", 1)[-1]
            if found.isascii() and found.isdigit():
                return found
    return None


def links_of(
    charge: SourceKey, *, intent: str | None, invoice: str | None = None
) -> tuple[tuple[SourceKey, SourceKey], ...]:
    """What an event that names a charge says of what it is part of."""
    ended = ((SourceKey("stripe", "payment_intent", intent), charge),) if intent else ()
    return (*ended, (charge, SourceKey("stripe", "invoice", invoice))) if invoice else ended


def belongs_to_shop(metadata: Iterable[Mapping[str, object]], said: str | None, rules: MappingRules) -> bool:
    """Whether the shop books it: a metadata key of the rules holds an order id, or what is said begins with a shop."""
    if rules.stripe.booking_authority != "shop":
        return False
    if _has_value(metadata, rules.stripe.order_id_keys):
        return True
    words = (said or "").strip().lower()
    return any(words.startswith(domain) for domain in rules.shop_domains)


def _has_value(several: Iterable[Mapping[str, object]], names: tuple[str, ...]) -> bool:
    return any(str(metadata.get(name) or "").strip() for metadata in several for name in names)


def _invoice(sale: ChargedSale, customer: SourceKey, item: SourceKey, rules: MappingRules) -> InvoiceDraft:
    amount = in_hundredths(sale.money.number, sale.money.currency)
    return InvoiceDraft(
        customer=customer,
        doc_number=sale.charge_id[-DOC_NUMBER_MAX:],
        txn_date=sale.created.astimezone(rules.zone).date(),
        currency=sale.money.currency,
        lines=(line(item, amount, description=description(sale.description)),),
        total=amount,
        exchange_rate=rules.exchange_rates.get(sale.money.currency),
        email=email_address(sale.person.email),
        billing=sale.person.billing,
        shipping=sale.person.shipping,
    )


def _payment(sale: ChargedSale, customer: SourceKey | None, key: SourceKey, rules: MappingRules) -> PaymentDraft:
    return PaymentDraft(
        invoice=key,
        customer=customer,
        amount=in_hundredths(sale.money.number, sale.money.currency),
        currency=sale.money.currency,
        txn_date=sale.created.astimezone(rules.zone).date(),
        deposit_to=deposit_account(rules, "stripe"),
        method=rules.gateway("stripe").method,
        reference=sale.charge_id[-PAYMENT_REF_MAX:],
        exchange_rate=rules.exchange_rates.get(sale.money.currency),
        intent=sale.intent,
        settled=_settlement(sale),
    )


def _settlement(sale: ChargedSale) -> SettlementRate | None:
    """What Stripe made of a charge in another currency, None where the event does not tell the row of the balance."""
    if not sale.balance:
        return None
    row = read_body(BalanceTransaction, sale.balance, "balance transaction")
    code = row.currency.upper()
    if code == sale.money.currency or row.exchange_rate is None or row.amount is None:
        return None
    got = from_stripe(row.amount, code).number
    rate = row.exchange_rate.scaleb(stripe_decimals_of(sale.money.currency) - stripe_decimals_of(code))
    # because the rate has six decimals and the row is exact: where the row is of all that was taken, it says it better
    whole = sale.money.number and abs(sale.money.number * rate - got) <= RATE_ROUNDING * got
    return SettlementRate(currency=code, rate=round_half_up(got / sale.money.number, RATE_DECIMALS) if whole else rate)
