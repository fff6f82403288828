"""Payouts of Shopify Payments: a deposit that equals the payout to the cent, out of the account where its money lies.

Shopify tells them by no webhook: a producer reads them with their rows and sends both. Principal moves the clearing
account, into which the orders' own events brought it; fees, tax that Shopify remits and what else a row may be are
lines of the deposit. What the payout says of itself beside its rows (`summary`) misses them by cents and is not read.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Ignored, PostingPlan
from contracts.quickbooks import RowNearStart
from contracts.shopify_payouts import PayoutRow, ShopPayout
from mappings.accounts import Role, account, liability_line, row_account
from mappings.lines import in_hundredths
from mappings.payout_parts import FAILED, MovedBy, PaidOut, PayoutParts, earlier_month, payout_steps
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.shopify.disputes import GATEWAY, row_entry
from mappings.start import (
    day_of_row,
    ignored_before_start,
    is_before_start,
    is_near_start,
    is_row_before_start,
    opening_clearing,
)
from mappings.tracking import place_of_fees

PAID = "paid"
OWN = "payout"
CHARGES = frozenset({"charge"})
REFUNDS = frozenset({"refund", "refund_failure"})
DISPUTES = frozenset({"dispute", "dispute_withdrawal", "dispute_reversal"})
TAXES = frozenset({"tax_adjustment", "marketplace_tax"})
RETURNED = frozenset({"payout_failure", "payout_cancellation"})


@maps("shopify", "shopify_payments/payouts")
def map_payout(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The payout's deposit with what its rows tell, or why nothing is booked of it."""
    payout = read_body(ShopPayout, envelope.body, "payout")
    key = SourceKey("shopify", "payout", str(payout.id))
    if is_before_start(payout.date.date(), rules):
        return ignored_before_start(key)
    status = payout.status.strip().lower()
    if status != PAID and status not in FAILED:
        return Ignored(code="skipped_by_rule", message=f"a payout that is {status} has moved no money", document=key)
    rows = payout.balance_transactions or ()
    if not rows and status not in FAILED:
        message = "the payout is told without its rows (balance_transactions), so what it is made of is not known"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    if rows and all(row.test for row in rows):
        return Ignored(code="test_event", message="the source marks all rows of the payout as tests", document=key)
    paid = _paid(payout, key, envelope, failed=status in FAILED)
    parts = PayoutParts(fee_place=place_of_fees(envelope.account, GATEWAY, rules))
    sold_rows = [row for row in rows if row.kind != OWN]
    for row in sold_rows:
        _sort_in(parts, row, paid, rules)
    moments = [payout.date, *(row.processed_at for row in rows if row.processed_at)]
    return PostingPlan(
        document=key,
        lane=key,
        steps=payout_steps(paid, parts, rules),
        document_created_at=min(moments),
        wakes=(*parts.payments, *parts.orders, *(each.sale for each in parts.near_start)),
    )


def _paid(payout: ShopPayout, key: SourceKey, envelope: Envelope, *, failed: bool) -> PaidOut:
    part = None
    if payout.parts is not None and payout.parts > 1:
        if payout.part is None or not 1 <= payout.part <= payout.parts:
            raise UndecodableRecord(f"the payout comes in {payout.parts} parts, and this one does not say which it is")
        part = (payout.part, payout.parts)
    code, day = payout.currency.upper(), payout.date.date()
    sent_on = envelope.occurred_at.date() if envelope.occurred_at else day
    return PaidOut(
        key=key,
        currency=code,
        amount=in_hundredths(payout.amount, code),
        day=day,
        gateway=GATEWAY,
        source="Shopify Payments",
        returned=max(sent_on, day) if failed else None,
        part=part,
    )


def _sort_in(parts: PayoutParts, row: PayoutRow, paid: PaidOut, rules: MappingRules) -> None:
    """Put a row where it belongs; UnbalancedDocument when its own three figures do not fit."""
    code = paid.currency
    day = day_of_row(row.processed_at, rules) if row.processed_at else None
    before = is_row_before_start(day, str(row.id), rules)
    if row.currency is not None and row.currency.upper() != code:
        raise UnmappableEvent(f"row {row.id} is in {row.currency.upper()}, the payout in {code}")
    amount, net = in_hundredths(row.amount, code), in_hundredths(row.net, code)
    fee = amount - net if row.fee is None else in_hundredths(row.fee, code)
    if amount - fee != net:
        raise UnbalancedDocument(
            f"row {row.id} moved {plain(amount, code)} {code} less a fee of {plain(fee, code)} {code}, "
            f"its net is {plain(net, code)} {code}"
        )
    parts.note_row(str(row.id), row.kind, amount, net)
    if row.kind in CHARGES and amount > 0 and _is_near(row, rules):
        parts.near_start.append(_near(parts, row, amount, fee, rules, is_before=before))
        return
    if before:
        parts.line(opening_clearing(rules), net, "Before the start of the books")
        return
    role: Role = "dispute_fees" if row.kind in DISPUTES else "fees"
    why = "Fees of disputes" if row.kind in DISPUTES else "Fees"
    _principal(parts, row, amount, day or paid.day, paid, rules)
    parts.fee(account(rules, role), fee, why, earlier_month(day, paid.day, rules))


def _is_near(row: PayoutRow, rules: MappingRules) -> bool:
    named = row.source_order_id is not None and row.source_order_transaction_id is not None
    return named and row.processed_at is not None and is_near_start(row.processed_at, rules)


def _near(
    parts: PayoutParts, row: PayoutRow, amount: Decimal, fee: Decimal, rules: MappingRules, *, is_before: bool
) -> RowNearStart:
    """A charge of the last or the first hours: where its money is, the order's own transaction says."""
    kept = parts.fee_line(account(rules, "fees"), fee, "Fees")
    chosen = rules.accounts.opening_clearing
    return RowNearStart(
        payment=SourceKey("shopify", "transaction", str(row.source_order_transaction_id)),
        sale=SourceKey("shopify", "order", str(row.source_order_id)),
        amount=amount,
        fee=kept if fee else None,
        opening=opening_clearing(rules) if is_before or chosen is not None else None,
        is_before=is_before,
    )


def _principal(
    parts: PayoutParts, row: PayoutRow, amount: Decimal, day: date, paid: PaidOut, rules: MappingRules
) -> None:
    """What a row moves beside its fee."""
    order = SourceKey("shopify", "order", str(row.source_order_id)) if row.source_order_id is not None else None
    if row.kind in CHARGES and order is not None and row.source_order_transaction_id is not None and amount > 0:
        parts.brings(SourceKey("shopify", "transaction", str(row.source_order_transaction_id)), amount, order)
    elif row.kind in CHARGES | REFUNDS:
        parts.moved_elsewhere("Refunds" if row.kind in REFUNDS else "Payments", amount, _refund_of(row, order))
        if order is not None:
            parts.orders[order] = None
    elif row.kind in DISPUTES:
        if amount:
            ident = row.id if row.source_id is None else row.source_id
            entry = row_entry(ident, row.source_order_id, amount, paid.currency, day, rules)
            parts.entries.append(entry)
            parts.moved_elsewhere("Disputes", amount, MovedBy(entity="JournalEntry", document=entry.key))
    elif row.kind in RETURNED:
        parts.moved_elsewhere("Payouts that came back", amount)
    elif row.kind in TAXES:
        parts.line(liability_line(rules, "marketplace_tax"), amount, "Tax that Shopify remits")
    else:
        words = f"{row.kind.replace('_', ' ').capitalize()} {row.id}"
        parts.line(row_account(rules, row.kind, f"row {row.id}"), amount, words)


def _refund_of(row: PayoutRow, order: SourceKey | None) -> MovedBy | None:
    """The refund receipt of a row, which names its transaction and not the refund."""
    if row.kind not in REFUNDS or order is None or row.source_order_transaction_id is None:
        return None
    return MovedBy(entity="RefundReceipt", sale=order, reference=str(row.source_order_transaction_id))
