"""What takes a sale back is numbered after it; entries beside it say whose it was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    CreditMemoDraft,
    JournalEntryDraft,
    JournalLine,
    LineDraft,
    RefundReceiptDraft,
)
from tests.support.plans import (
    DAY,
    DEPOSIT,
    LISTS,
    ORDER,
    TOTE,
    books,
    invoice_row,
    order_plan,
    plan,
    planned,
    steps,
)

REFUND = SourceKey("shopify", "refund", "897650012233")
FORM: dict[str, Any] = {
    "txn_date": DAY,
    "currency": "USD",
    "lines": (LineDraft(item=TOTE, amount=Decimal("5.00")),),
    "doc_number": "R897650012233",
    "total": Decimal("5.00"),
    "behind_sale": "-R2233",
}


def refund_plan() -> PostingPlan:
    draft = RefundReceiptDraft(refund_of=ORDER, deposit_to=DEPOSIT, **FORM)
    step = PostingStep(key=REFUND, entity="RefundReceipt", intent=Intent.FACT, draft=draft)
    return replace(plan(REFUND, step), lane=ORDER)


def credit_plan() -> PostingPlan:
    draft = CreditMemoDraft(credit_of=ORDER, **FORM)
    step = PostingStep(key=REFUND, entity="CreditMemo", intent=Intent.FACT, draft=draft)
    return replace(plan(REFUND, step), lane=ORDER)


def number_in(found: Any, entity: str) -> str:
    (draft,) = [step.draft for step in steps(found).values() if step.id.entity == entity]
    assert isinstance(draft, RefundReceiptDraft | CreditMemoDraft)
    return draft.doc_number


@pytest.mark.parametrize(("told", "entity"), [(refund_plan, "RefundReceipt"), (credit_plan, "CreditMemo")])
def test_a_refund_is_numbered_after_its_order(told: Any, entity: str) -> None:
    """Whether the order is in the books already or comes with it."""
    assert number_in(planned([told()], books(*LISTS, ("Invoice", invoice_row()))), entity) == "1001-R2233"
    assert number_in(planned([order_plan(), told()], books(*LISTS)), entity) == "1001-R2233"


def test_a_long_number_keeps_its_end() -> None:
    """21 characters, the refund's part whole."""
    row = invoice_row(DocNumber="WHOLESALE-2026-001234")
    found = planned([refund_plan()], books(*LISTS, ("Invoice", row)))
    assert number_in(found, "RefundReceipt") == "ALE-2026-001234-R2233"


def test_what_keeps_an_order_apart_from_a_stranger_is_not_in_its_refund_s_number() -> None:
    """Guard: the order's name counts, not the number that QBO made necessary (6140)."""
    row = invoice_row(DocNumber="1001-100")
    assert number_in(planned([refund_plan()], books(*LISTS, ("Invoice", row))), "RefundReceipt") == "1001-R2233"


def test_a_sale_without_a_number_leaves_its_refund_its_own() -> None:
    """Where the company numbers itself and shows none."""
    row = invoice_row(DocNumber=None)
    assert number_in(planned([refund_plan()], books(*LISTS, ("Invoice", row))), "RefundReceipt") == "R897650012233"


def test_an_entry_says_the_order_and_its_customer() -> None:
    """A dispute is found by either; without its order it says what it said."""
    key = SourceKey("shopify", "dispute", "9")
    said: dict[str, Any] = {"account": DEPOSIT, "amount": Decimal(5), "description": "Shopify dispute 9"}
    lines = (JournalLine(side="Debit", **said), JournalLine(side="Credit", **said))
    draft = JournalEntryDraft(txn_date=DAY, currency="USD", lines=lines)
    step = PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft)
    dispute = replace(plan(key, step), lane=ORDER)
    for plans, index in (
        ([dispute], books(*LISTS, ("Invoice", invoice_row()))),
        ([order_plan(), dispute], books()),
    ):
        (entry,) = [each.draft for each in steps(planned(plans, index)).values() if each.id.entity == "JournalEntry"]
        assert isinstance(entry, JournalEntryDraft)
        assert {line.description for line in entry.lines} == {"Shopify dispute 9, 1001, Dana Reyes"}
    (alone,) = [each.draft for each in steps(planned([dispute])).values()]
    assert alone == draft
