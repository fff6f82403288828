"""Numbers of what takes a sale back: after the sale's own, so that a person finds both by one name. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from bridge.planning.steps import Sale
from contracts.documents import ID_DIGITS
from contracts.entities import DOC_NUMBER_MAX
from contracts.quickbooks import CreditMemoDraft, DocumentDraft, RefundReceiptDraft

Back = TypeVar("Back", RefundReceiptDraft, CreditMemoDraft)


def numbered(draft: Back, sale: Sale) -> Back:
    """`draft` under the number of its sale with its own end behind it; of a longer one the last characters."""
    number = number_of(sale)
    if draft.behind_sale is None or number is None:
        return draft
    return replace(draft, doc_number=f"{number}{draft.behind_sale}"[-DOC_NUMBER_MAX:].strip())


def number_of(sale: Sale) -> str | None:
    """The number of a sale without what kept it apart from a stranger's (fault 6140); None where it has none."""
    draft = sale.step.draft if sale.step else None
    written = draft.number if isinstance(draft, DocumentDraft) else None
    number = written or (sale.posted.doc_number if sale.posted else None)
    apart = f"-{sale.key.id[-ID_DIGITS:]}"
    return number.removesuffix(apart) or None if number else None
