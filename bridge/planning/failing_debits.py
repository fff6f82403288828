"""Debits that fail in this micro-batch, and whose success nobody has told: which invoices they leave unpaid. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bridge.index.index import Index
from contracts.keys import BODY_MONEY, SourceKey
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import PaymentDraft, RefundReceiptDraft


class FailingDebits:
    """The `charges` that fail now, with what the bodies of their invoices tell of money, now and in the books."""

    def __init__(self, steps: Sequence[PostingStep], index: Index) -> None:
        self._index = index
        self._failed: dict[SourceKey, Decimal] = {
            step.key: step.draft.total
            for step in steps
            if step.intent is Intent.REVERSED and isinstance(step.draft, RefundReceiptDraft)
        }
        self.charges = frozenset(self._failed)
        self._by_body = {
            step.key: step.draft.amount
            for step in steps
            if step.key.kind == BODY_MONEY and isinstance(step.draft, PaymentDraft)
        }

    def leaves_unpaid(self, charge: SourceKey, invoice: SourceKey, documents: int) -> bool:
        """True where what the invoice's body tells of money has not come in: it is a share of this debit that fails.

        `documents` is how many the charge pays. A body that tells all of a debit's money stands for its success: the
        entry of the failure takes that money back, on its own day.
        """
        if any(self._index.get(entity, charge) for entity in ("Payment", "JournalEntry")):
            return False
        return documents > 1 or self._said_by_body(invoice) < self._failed[charge]

    def _said_by_body(self, invoice: SourceKey) -> Decimal:
        key = SourceKey(invoice.system, BODY_MONEY, invoice.id)
        booked = self._index.get("Payment", key)
        in_books = booked.total if booked is not None and not booked.voided else Decimal(0)
        return max(in_books, self._by_body.get(key, Decimal(0)))
