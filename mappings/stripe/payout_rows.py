"""The rows of a payout told apart: what each charge brings, what lies beside them, and lines of the deposit's own.

The rows of one charge are added up, whatever they are: one for each capture, one for a debit that failed. What they
tell that other events may tell too is a fact under its own key, so that it is booked once whoever tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from contracts.errors import UnbalancedDocument, UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe, plain
from contracts.quickbooks import DepositedPayment
from contracts.stripe import id_or_object
from contracts.stripe_balance import BalanceRow, Payout, RowList
from mappings.accounts import account, liability_line, row_account
from mappings.lines import in_hundredths
from mappings.payout_parts import MovedBy, PayoutParts, earlier_month
from mappings.rules import MappingRules
from mappings.start import is_row_before_start, opening_clearing
from mappings.stripe.disputes import row_key
from mappings.stripe.fees import GATEWAY, dispute_entry, fee_entry
from mappings.stripe.sales import belongs_to_shop, links_of, order_named
from mappings.tracking import place_of_fees

PAYMENTS = frozenset({"charge", "payment"})
FAILURES = frozenset({"refund_failure", "payment_failure_refund"})
REFUNDS = frozenset({"refund", "payment_refund"}) | FAILURES
RETURNED = frozenset({"payout_failure", "payout_cancel", "payout_cancellation"})
TAX = "tax_adjustment"
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost"})
CHARGES = ("ch_", "py_")
DISPUTES = ("dp_", "du_")


def parts_of(payout: Payout, rows: RowList, day: date, rules: MappingRules) -> PayoutParts:
    """The rows told apart; UnbalancedDocument when they do not add up to the payout."""
    code = payout.currency.upper()
    parts = PayoutParts(fee_place=place_of_fees(rules.channel, GATEWAY, rules))
    left = Decimal(0)
    for row in rows.data:
        if row.currency.upper() != code:
            raise UnmappableEvent(f"{row.id} is in {row.currency.upper()}, the payout in {code}")
        own = row.type == "payout" and id_or_object(row.source)[0] in {payout.id, None}
        left += _number(-row.fee if own else row.net, code)
        _sort_in(parts, row, day, rules, own=own)
    stated = _number(payout.amount, code)
    if left != stated:
        cut = "; its list of rows is cut (has_more): attach all of them" if rows.has_more else ""
        raise UnbalancedDocument(
            f"the rows of the payout add up to {plain(left, code)} {code}, its amount is {plain(stated, code)} {code}"
            + cut
        )
    _only_what_came(parts)
    return parts


def _only_what_came(parts: PayoutParts) -> None:
    """Charges that brought nothing here, or lost what an earlier payout had: no payment of theirs is paid out."""
    failed = {each.payment: each.amount for each in parts.refunds if each.payment.kind == "charge"}
    for charge, amount in list(parts.payments.items()):
        if amount <= 0 or charge in failed:
            # because a debit that failed while it was pending has no payment at all: waiting for one would never end
            parts.moved_elsewhere("Payments that failed", amount)
            if charge in failed:
                _exchanged(parts, parts.rates.get(charge), charge, amount)
            del parts.payments[charge]


def _sort_in(parts: PayoutParts, row: BalanceRow, day: date, rules: MappingRules, *, own: bool) -> None:
    """Put a row where it belongs; what it tells that other events may tell too is a fact under their key."""
    code = row.currency.upper()
    amount, net, fee = (_number(each, code) for each in (row.amount, row.net, row.fee))
    if not own:
        # because a producer may leave the payout's own row out
        parts.note_row(row.id, row.type, amount, net)
    source, _ = id_or_object(row.source)
    day_of_row = row.created.astimezone(rules.zone).date() if row.created else None
    if not own and is_row_before_start(day_of_row, row.id, rules):
        parts.line(opening_clearing(rules), net, "Before the start of the books")
    elif own:
        _fee_line(parts, row, fee, day, rules)
    elif source and (row.type in PAYMENTS or (row.type in FAILURES and source.startswith(CHARGES))):
        _of_a_charge(parts, row, SourceKey("stripe", "charge", source), amount, rules)
        _fee_fact(parts, row, SourceKey("stripe", "charge", source), fee, day, rules)
    elif row.type in REFUNDS and source:
        refund = SourceKey("stripe", "refund", source)
        parts.moved_elsewhere("Refunds", amount, MovedBy(entity="RefundReceipt", document=refund))
        _exchanged(parts, row.exchange_rate, refund, amount)
        _fee_fact(parts, row, refund, fee, day, rules)
    elif source and source.startswith(DISPUTES):
        entry = dispute_entry(row, row_key(source, row), day, rules)
        parts.entries.append(entry)
        parts.moved_elsewhere("Disputes", net, MovedBy(entity="JournalEntry", document=entry.key))
    elif row.type in RETURNED:
        parts.moved_elsewhere("Payouts that came back", amount)
        _fee_line(parts, row, fee, day, rules)
    else:
        _line(parts, row, amount, day, rules)
        _fee_line(parts, row, fee, day, rules)


def _of_a_charge(parts: PayoutParts, row: BalanceRow, charge: SourceKey, amount: Decimal, rules: MappingRules) -> None:
    """A payment of ours, or money of an order that the shop books: told by the expanded charge or its description."""
    found = id_or_object(row.source)[1]
    metadata, said = found.get("metadata"), found.get("description") or row.description
    known = (metadata if isinstance(metadata, dict) else {},)
    shops = belongs_to_shop(known, said if isinstance(said, str) else None, rules)
    if not shops or rules.gateway("stripe").booked_by == "stripe":
        if row.type in FAILURES and row.exchange_rate is not None:
            # because what it is worth another document says than that of the charge: it was exchanged on another day
            parts.moved_elsewhere("Payments that failed", amount)
            _exchanged(parts, row.exchange_rate, charge, amount)
            return
        parts.brings(charge, amount, rate=row.exchange_rate)
        parts.links += _links(found, charge)
        return
    order = order_named(known, rules)
    sale = SourceKey("shopify", "order", order) if order is not None else None
    parts.moved_elsewhere("Payments that the shop books", amount, MovedBy(entity="Payment", sale=sale))
    if sale is not None:
        parts.orders[sale] = None


def _exchanged(parts: PayoutParts, rate: Decimal | None, document: SourceKey, amount: Decimal) -> None:
    """Money of another currency that went or came back: at the processor's rate it is something else than booked."""
    if rate is not None:
        parts.refunds.append(DepositedPayment(payment=document, amount=amount, rate=rate))


def _fee_fact(
    parts: PayoutParts, row: BalanceRow, source: SourceKey, fee: Decimal, day: date, rules: MappingRules
) -> None:
    for entry in fee_entry(row, source, day, rules):
        parts.entries.append(entry)
        parts.moved_elsewhere("Fees", -fee, MovedBy(entity="JournalEntry", document=entry.key))


def _line(parts: PayoutParts, row: BalanceRow, amount: Decimal, day: date, rules: MappingRules) -> None:
    """A row that no other event tells: a fee of the account, tax that others remit, or what the rules say."""
    kind = row.type.lower()
    if kind == TAX:
        parts.line(liability_line(rules, "marketplace_tax"), amount, _words(row))
    elif kind in FEES and kind not in rules.payouts.rows:
        parts.fee(account(rules, "fees"), -amount, _words(row), _earlier(row, day, rules))
    else:
        parts.line(row_account(rules, kind, row.id), amount, _words(row))


def _fee_line(parts: PayoutParts, row: BalanceRow, fee: Decimal, day: date, rules: MappingRules) -> None:
    """A fee that no other event tells."""
    parts.fee(account(rules, "fees"), fee, f"Fee {row.id}", _earlier(row, day, rules))


def _earlier(row: BalanceRow, day: date, rules: MappingRules) -> date | None:
    return earlier_month(row.created.astimezone(rules.zone).date() if row.created else None, day, rules)


def _links(found: Mapping[str, object], charge: SourceKey) -> tuple[tuple[SourceKey, SourceKey], ...]:
    """What an expanded charge is part of: it may be known by its intent or its invoice only."""
    named = {
        name: value for name in ("payment_intent", "invoice") if isinstance(value := found.get(name), str | Mapping)
    }
    intent, invoice = (id_or_object(named.get(name))[0] for name in ("payment_intent", "invoice"))
    return links_of(charge, intent=intent, invoice=invoice)


def _words(row: BalanceRow) -> str:
    return " - ".join(part for part in (row.type.replace("_", " "), row.description, row.id) if part)


def _number(amount: int, code: str) -> Decimal:
    return in_hundredths(from_stripe(amount, code).number, code)
