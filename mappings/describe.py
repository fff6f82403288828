"""A plan in words that an accountant reads: who, what, which accounts, tax, total, and what is skipped and why.

Pure rows of (label, text); how they look on a terminal is the command's business.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.money import plain
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    CustomerDraft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    LineDraft,
    PaymentDraft,
)

Row = tuple[str, str]

_REASONS = {
    "unknown_type": "Skipped, unknown type",
    "not_yet_mapped": "Skipped, not booked yet",
    "test_event": "Skipped, a test",
    "booked_by_shop": "Skipped, the shop books it",
    "skipped_by_rule": "Skipped, nothing to book",
}


def describe(decision: PostingPlan | Ignored) -> list[Row]:
    """What is decided about an event, row by row."""
    if isinstance(decision, Ignored):
        about = [("Document", str(decision.document))] if decision.document else []
        return [*about, (_REASONS.get(decision.code, f"Skipped, {decision.code}"), decision.message)]
    names = {step.key: _item_name(step) for step in decision.steps if step.entity == "Item"}
    rows: list[Row] = [("Document", str(decision.document))]
    for step in decision.steps:
        rows += _step_rows(step, {str(key): name for key, name in names.items()})
    return [*rows, *(("Note", note) for note in decision.notes)]


def account_words(selector: AccountSelector) -> str:
    """An account as far as it is known before QBO is asked."""
    if selector.id is not None:
        return f"account {selector.id}"
    if selector.name is not None:
        return selector.name
    by_type = f"the company's first {selector.sub_type} account" if selector.sub_type else f"rule {selector.rule}"
    return f"the company's {selector.preference}, else {by_type}" if selector.preference else by_type


def _step_rows(step: PostingStep, items: dict[str, str]) -> list[Row]:
    match step.draft:
        case AccountDraft() as draft:
            return [("Account", f"{draft.name} ({draft.account_type}), created once if missing")]
        case ItemDraft() as draft:
            income = draft.income
            where = income.id if not isinstance(income, AccountSelector) else account_words(income)
            code = f", SKU {draft.sku}" if draft.sku else ""
            return [("Item", f"{draft.name}{code}, to {where}")]
        case CustomerDraft() as draft:
            email = f", {draft.email}" if draft.email else ""
            return [("Customer", f"{draft.display_name}{email}, in {draft.currency}")]
        case InvoiceDraft() as draft:
            return _invoice_rows(draft, items)
        case PaymentDraft() as draft:
            return [_payment_row(draft, step.intent)]
        case JournalEntryDraft() as draft:
            return _journal_rows(draft)
        case _ if step.draft is not None:
            return [(step.name.capitalize(), str(step.key))]
        case _:
            return [("Void", f"the invoice of {step.key}, when it is in the books and no money is on it")]


def _invoice_rows(draft: InvoiceDraft, items: dict[str, str]) -> list[Row]:
    def money(amount: Decimal) -> str:
        return f"{plain(amount, draft.currency)} {draft.currency}"

    due = f", due {draft.due_date.isoformat()}" if draft.due_date else ""
    rows = [("Invoice", f"{draft.doc_number} of {draft.txn_date.isoformat()}{due}")]
    rows += [("  Line", f"{_line_words(line, items)}: {money(line.amount)}") for line in draft.lines]
    if draft.discount_account is not None:
        rows.append(("  Discount", f"-{money(draft.discount)}, to {account_words(draft.discount_account)}"))
    rows.append(("  Tax", f"{money(draft.tax)}, as charged"))
    return [*rows, ("  Total", money(draft.total))]


def _line_words(line: LineDraft, items: dict[str, str]) -> str:
    pieces = ""
    if line.quantity is not None and line.unit_price is not None:
        pieces = f"{line.quantity:f} x {line.unit_price:f} "
    taxable = " (taxed)" if line.taxable else ""
    return f"{pieces}{line.description or items.get(str(line.item), str(line.item))}{taxable}"


def _payment_row(draft: PaymentDraft, intent: Intent) -> Row:
    amount = f"{plain(draft.amount, draft.currency)} {draft.currency}"
    if intent is Intent.RECEIVED:
        if draft.amount == 0:
            return ("Received", "nothing yet")
        known = ", as far as the order's own transactions do not account for it"
    else:
        known = f", reference {draft.reference}" if draft.reference else ""
    return ("Payment", f"{amount} of {draft.txn_date.isoformat()} to {account_words(draft.deposit_to)}{known}")


def _journal_rows(draft: JournalEntryDraft) -> list[Row]:
    rows: list[Row] = [("Journal entry", f"of {draft.txn_date.isoformat()}")]
    for line in draft.lines:
        amount = f"{plain(line.amount, draft.currency)} {draft.currency}"
        rows.append((f"  {line.side}", f"{amount}, {account_words(line.account)}"))
    return rows


def _item_name(step: PostingStep) -> str:
    return step.draft.name if isinstance(step.draft, ItemDraft) else step.name
