"""Drafts: what they refer to, and when two of them say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from contracts.keys import SourceKey
from contracts.posting import Version
from contracts.quickbooks import (
    AccountSelector,
    InvoiceDraft,
    ItemDraft,
    LineDraft,
    PaymentDraft,
    content_hash,
    references_of,
)

CUSTOMER = SourceKey("shopify", "customer", "1")
ITEM = SourceKey("shopify", "sku", "A")
LINE = LineDraft(item=ITEM, amount=Decimal("5.00"))
INVOICE = InvoiceDraft(
    customer=CUSTOMER,
    doc_number="1001",
    txn_date=date(2026, 3, 2),
    currency="USD",
    lines=(LINE, LINE),
    total=Decimal("10.00"),
)


def test_references_are_the_documents_that_must_come_first() -> None:
    """In order, each once; an account of the rules is none."""
    assert references_of(INVOICE) == (CUSTOMER, ITEM)
    payment = PaymentDraft(
        invoice=SourceKey("shopify", "order", "1"),
        amount=Decimal(1),
        currency="USD",
        txn_date=date(2026, 3, 2),
        deposit_to=AccountSelector(rule="accounts.deposit"),
    )
    assert references_of(payment) == (payment.invoice,)
    tips = SourceKey("qbb", "account", "Tips")
    assert references_of(ItemDraft(name="Tip", sku=None, income=tips)) == (tips,)


def test_hash_is_of_the_content() -> None:
    """The number of zeros does not matter, everything else does."""
    same = replace(INVOICE, total=Decimal("10.0"))
    assert content_hash(same) == content_hash(INVOICE)
    assert content_hash(replace(INVOICE, doc_number="1002")) != content_hash(INVOICE)
    assert content_hash(replace(INVOICE, lines=(LINE,))) != content_hash(INVOICE)


def test_versions_are_ordered_by_second_status_and_content() -> None:
    """As a document moves on in its life."""
    versions = [Version(1, 0, "b"), Version(1, 4, "a"), Version(1, 4, "b"), Version(2, 0, "a")]
    assert versions == sorted(versions)
    assert str(versions[1]) == "1.4"
