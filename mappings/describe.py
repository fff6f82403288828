"""A plan in words that an accountant reads: who, what, which accounts, tax, total, and what is skipped and why.

Pure rows of (label, text); how they look on a terminal is the command's business.
"""

from __future__ import annotations

from contracts.keys import SourceKey
from contracts.posting import HeldBack, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    CustomerDraft,
    ItemDraft,
)
from mappings.words import Row, account_words, document_rows

_REASONS = {
    "unknown_type": "Skipped, unknown type",
    "not_yet_mapped": "Skipped, not booked yet",
    "test_event": "Skipped, a test",
    "booked_by_shop": "Skipped, the shop books it",
    "skipped_by_rule": "Skipped, nothing to book",
    "before_books_start": "Skipped, before the books",
}

_HELD = {
    HeldBack.NOT_PAID: "Skipped until it is paid",
    HeldBack.PAID_IN_PART: "Skipped until it is paid in full",
    HeldBack.NOT_FULFILLED: "Skipped until it is fulfilled",
}

_WITHOUT_DRAFT = {
    Intent.VOID: ("Void", "the invoice of {}, when it is in the books and no money is on it"),
    Intent.WITHDRAWN: (
        "Withdrawn",
        "the invoice of {} is voided, unless money is on it: then a person must settle it",
    ),
    Intent.LEFT_OUT: ("Left out", "the rules leave {} out, and what belongs to it"),
    Intent.BEFORE_START: ("Left out", "{} is dated before the start of the books"),
    Intent.UNDONE: ("Undone", "the {entity} of {}, taken out when it is in the books, and not booked any more"),
}


def describe(decision: PostingPlan | Ignored) -> list[Row]:
    """What is decided about an event, row by row."""
    if isinstance(decision, Ignored):
        about = [("Document", str(decision.document))] if decision.document else []
        why = (_REASONS.get(decision.code, f"Skipped, {decision.code}"), decision.message)
        return [*about, why, *_warning_rows(decision)]
    held = [(_HELD[step.held_back], _held_words(step.key)) for step in decision.steps if step.held_back]
    if held:
        return [("Document", str(decision.document)), *held, *_warning_rows(decision)]
    names = {str(step.key): _item_name(step) for step in decision.steps if step.entity == "Item"}
    rows: list[Row] = [("Document", str(decision.document))]
    for step in decision.steps:
        rows += _step_rows(step, names)
    rows += [
        ("Belongs", _link_words(payment, document)) for payment, document in decision.links if document.kind != "charge"
    ]
    rows += [("Note", note) for note in decision.notes]
    return [*rows, *_warning_rows(decision)]


def _held_words(key: SourceKey) -> str:
    return f"{key} and what belongs to it, unless it is in the books already (orders.post_when)"


def _warning_rows(decision: PostingPlan | Ignored) -> list[Row]:
    return [("Warning", each.message) for each in decision.warnings]


def _link_words(payment: SourceKey, document: SourceKey) -> str:
    """Which document the money of a charge or payment intent is for."""
    if document.system != payment.system:
        return f"{payment} to an order of the shop, which books it"
    return f"{payment} to {document}, once that is in the books"


def _step_rows(step: PostingStep, items: dict[str, str]) -> list[Row]:
    match step.draft:
        case None:
            label, text = _WITHOUT_DRAFT.get(step.intent, (step.name.capitalize(), "{}"))
            return [(label, text.format(step.key, entity=_spaced(step.entity)))]
        case AccountDraft() as draft:
            return [("Account", f"{draft.name} ({draft.account_type}), created once if missing")]
        case ItemDraft() as draft:
            return [_item_row(draft)]
        case CustomerDraft() as draft:
            email = f", {draft.email}" if draft.email else ""
            follows = ", followed until a person changes it" if step.version else ""
            return [("Customer", f"{draft.display_name}{email}, in {draft.currency}{follows}")]
        case draft:
            return document_rows(draft, step.intent, items)


def _item_row(draft: ItemDraft) -> Row:
    income = draft.income
    where = account_words(income) if isinstance(income, AccountSelector) else income.id
    code = f", SKU {draft.sku}" if draft.sku else ""
    return ("Item", f"{draft.name}{code}, to {where}")


def _item_name(step: PostingStep) -> str:
    return step.draft.name if isinstance(step.draft, ItemDraft) else step.name


def _spaced(entity: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in entity).strip()
