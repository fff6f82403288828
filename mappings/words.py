"""Drafts of documents in words, one function for each kind: rows of (label, text)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from contracts.money import plain
from contracts.posting import Intent
from contracts.quickbooks import (
    AccountSelector,
    ChangeDraft,
    CreditMemoDraft,
    DepositDraft,
    DepositLine,
    Draft,
    EarlierMoneyDraft,
    InvoiceDraft,
    JournalEntryDraft,
    JournalLine,
    LineDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
    ShipmentDraft,
)

Row = tuple[str, str]


def account_words(selector: AccountSelector) -> str:
    """An account as far as it is known before QBO is asked."""
    if selector.id is not None:
        return f"account {selector.id}"
    if selector.name is not None:
        return selector.name
    by_type = f"the company's first {selector.sub_type} account" if selector.sub_type else f"rule {selector.rule}"
    return f"the company's {selector.preference}, else {by_type}" if selector.preference else by_type


def document_rows(draft: Draft, intent: Intent, items: Mapping[str, str]) -> list[Row]:
    """What a draft puts into the books; `items` are the names of the plan's items by their keys."""
    match draft:
        case InvoiceDraft():
            return _sale_rows("Invoice", draft, items)
        case SalesReceiptDraft():
            method = f" by {draft.method}" if draft.method else ""
            paid = ("  Paid", f"at once{method}, to {account_words(draft.deposit_to)}")
            return [*_sale_rows("Sales receipt", draft.sale, items), paid]
        case PaymentDraft():
            return [_payment_row(draft, intent)]
        case RefundReceiptDraft():
            return _refund_rows(draft, items)
        case CreditMemoDraft():
            return _credit_rows(draft, items)
        case RedemptionDraft():
            return [_redemption_row(draft, intent)]
        case ShipmentDraft():
            return [_shipment_row(draft)]
        case ChangeDraft():
            given_of = draft.payment or f"a payment of {draft.invoice}"
            return [("Change", f"{_money(draft.amount, draft.currency)} given back out of {given_of}")]
        case EarlierMoneyDraft():
            amount = _money(draft.amount, draft.currency)
            return [("Left out", f"{amount} that {draft.invoice} was paid before the start of the books")]
        case DepositDraft():
            return _deposit_rows(draft)
        case JournalEntryDraft():
            return _journal_rows(draft)
    raise TypeError(f"{type(draft).__name__} is no document")


def _money(amount: Decimal, currency: str) -> str:
    return f"{plain(amount, currency)} {currency}"


def _sale_rows(label: str, draft: InvoiceDraft, items: Mapping[str, str]) -> list[Row]:
    due = f", due {draft.due_date.isoformat()}" if draft.due_date else ""
    rows = [(label, f"{draft.doc_number} of {draft.txn_date.isoformat()}{due}")]
    rows += [(f"  {name}", each) for name, each in _place(draft.tracking_class, draft.location)]
    rows += _line_rows(draft.lines, draft.currency, items)
    if draft.discount_account is not None:
        where = account_words(draft.discount_account)
        rows.append(("  Discount", f"-{_money(draft.discount, draft.currency)}, to {where}"))
    return [*rows, *_end_rows(draft.tax, draft.total, draft.currency)]


def _place(by_class: str | None, location: str | None) -> list[Row]:
    """Class and location, where there are any."""
    return [(name, each) for name, each in (("Class", by_class), ("Location", location)) if each]


def _place_words(line: DepositLine | JournalLine) -> str:
    said = ", ".join(f"{name.lower()} {each}" for name, each in _place(line.tracking_class, line.location))
    return f" ({said})" if said else ""


def _refund_rows(draft: RefundReceiptDraft, items: Mapping[str, str]) -> list[Row]:
    rows = [
        ("Refund receipt", f"{draft.doc_number} of {draft.txn_date.isoformat()} for {draft.refund_of}"),
        *_line_rows(draft.lines, draft.currency, items),
        *_end_rows(draft.tax, draft.total, draft.currency),
    ]
    if not draft.total:
        return [*rows, ("  Handed back", "no money: it goes back to the gift card or store credit")]
    reference = f", reference {draft.reference}" if draft.reference else ""
    return [*rows, ("  Handed back", f"from {account_words(draft.deposit_to)}{reference}")]


def _credit_rows(draft: CreditMemoDraft, items: Mapping[str, str]) -> list[Row]:
    return [
        ("Credit memo", f"{draft.doc_number} of {draft.txn_date.isoformat()} for {draft.credit_of}"),
        *_line_rows(draft.lines, draft.currency, items),
        *_end_rows(draft.tax, draft.total, draft.currency),
        (
            "  Applied",
            "to what its invoice still asks for, by a payment of nothing; the rest stays a credit",
        ),
    ]


def _line_rows(lines: Iterable[LineDraft], currency: str, items: Mapping[str, str]) -> list[Row]:
    return [("  Line", f"{_line_words(line, items)}: {_money(line.amount, currency)}") for line in lines]


def _line_words(line: LineDraft, items: Mapping[str, str]) -> str:
    pieces = ""
    if line.quantity is not None and line.unit_price is not None:
        pieces = f"{line.quantity:f} x {line.unit_price:f} "
    taxable = " (taxed)" if line.taxable else ""
    return f"{pieces}{line.description or items.get(str(line.item), str(line.item))}{taxable}"


def _end_rows(tax: Decimal, total: Decimal, currency: str) -> list[Row]:
    return [("  Tax", f"{_money(tax, currency)}, as charged"), ("  Total", _money(total, currency))]


def _payment_row(draft: PaymentDraft, intent: Intent) -> Row:
    if intent is Intent.RECEIVED:
        if draft.amount == 0:
            return ("Received", "nothing yet")
        known = ", as far as the order's own transactions do not account for it"
    else:
        known = f", reference {draft.reference}" if draft.reference else ""
    amount = _money(draft.amount, draft.currency)
    return ("Payment", f"{amount} of {draft.txn_date.isoformat()} to {account_words(draft.deposit_to)}{known}")


def _redemption_row(draft: RedemptionDraft, intent: Intent) -> Row:
    if intent is Intent.RECEIVED:
        if draft.amount == 0:
            return ("Received", "nothing yet")
        known = ", as far as the order's own transactions do not account for it"
    else:
        known = ""
    amount = _money(draft.amount, draft.currency)
    return ("Gift card", f"{amount} redeemed: a negative line on the invoice of {draft.invoice}{known}")


def _shipment_row(draft: ShipmentDraft) -> Row:
    said = [
        f"on {draft.ship_date.isoformat()}" if draft.ship_date else "",
        f"by {draft.method}" if draft.method else "",
        f"tracking {draft.tracking}" if draft.tracking else "",
    ]
    how = ", ".join(part for part in said if part) or "not shipped any more"
    return ("Shipment", f"{how}; onto the invoice of {draft.invoice}, its lines stay")


def _deposit_rows(draft: DepositDraft) -> list[Row]:
    rows: list[Row] = [("Deposit", f"of {draft.txn_date.isoformat()} to {account_words(draft.deposit_to)}")]
    rows += [("  Payment", f"{each.payment}: {_money(each.amount, draft.currency)}") for each in draft.payments]
    for line in draft.lines:
        what = f"{line.description}, " if line.description else ""
        where = f"{account_words(line.account)}{_place_words(line)}"
        rows.append(("  Line", f"{what}{where}: {_money(line.amount, draft.currency)}"))
    return [*rows, ("  Total", _money(draft.total, draft.currency))]


def _journal_rows(draft: JournalEntryDraft) -> list[Row]:
    rows: list[Row] = [("Journal entry", f"of {draft.txn_date.isoformat()}")]
    for line in draft.lines:
        what = f", {line.description}" if line.description else ""
        where = f"{account_words(line.account)}{_place_words(line)}"
        rows.append((f"  {line.side}", f"{_money(line.amount, draft.currency)}, {where}{what}"))
    return rows
