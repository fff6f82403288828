"""Real payloads, when their folder is beside the project: each ends as the arithmetic of its own figures says.

The rule is worked out here from the raw JSON, not from the code under test.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.decoding.record import decode_record
from contracts.errors import RecordError, UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.money import plain
from contracts.posting import Ignored, Intent, PostingPlan
from contracts.quickbooks import PaymentDraft, RedemptionDraft, RefundReceiptDraft
from mappings.registry import map_event
from tests.support.corpus import CORPUS, amount, cash_rounding, order_in, parts_total, removed_by_edits
from tests.support.orders import RULES, invoice_of, record

FILES = sorted(CORPUS.glob("*/*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason="the folder of real payloads is not beside the project")


def decided(path: Path) -> PostingPlan | Ignored:
    """What decoding and mapping make of a file."""
    envelope = decode_record(record(path.read_bytes()))
    assert envelope is not None
    return map_event(envelope, RULES)


def received_in(plan: PostingPlan) -> Decimal:
    """The money that the body tells, by payment or by gift card."""
    (step,) = [step for step in plan.steps if step.intent is Intent.RECEIVED]
    assert isinstance(step.draft, PaymentDraft | RedemptionDraft)
    return step.draft.amount


ORDERS = [path for path in FILES if order_in(path.read_bytes()) is not None]


@pytest.mark.parametrize("path", ORDERS, ids=lambda path: path.stem)
def test_order_is_booked_to_the_cent_or_refused_with_both_numbers(path: Path) -> None:
    """A test is ignored, an order whose parts are its total is booked, every other is refused."""
    body = order_in(path.read_bytes())
    assert body is not None
    stated, found = amount(body["total_price"]), parts_total(body)
    if body.get("test"):
        decision = decided(path)
        assert isinstance(decision, Ignored)
        assert decision.code == "test_event"
    elif found != stated:
        with pytest.raises(UnbalancedDocument) as caught:
            decided(path)
        assert plain(found, body["currency"]) in str(caught.value)
        assert plain(stated, body["currency"]) in str(caught.value)
    elif stated.as_tuple().exponent == -3:
        with pytest.raises(UnmappableEvent, match="hundredths"):
            decided(path)
    else:
        decision = decided(path)
        assert isinstance(decision, PostingPlan)
        left = amount(body["current_total_price"]) if removed_by_edits(body) else stated
        rounding = cash_rounding(body)
        assert invoice_of(decision).total == left + rounding
        if body["financial_status"] == "paid":
            owing = max(amount(body.get("total_outstanding") or "0"), Decimal(0))
            assert received_in(decision) == max(stated - owing, Decimal(0)) + rounding


@pytest.mark.parametrize("path", [path for path in FILES if path not in ORDERS], ids=lambda path: path.stem)
def test_any_other_payload_ends_in_a_plan_a_reason_or_undecodable(path: Path) -> None:
    """Data members, bare objects and lists are no events; every event has a decision."""
    no_event = path.stem.startswith(("obj_", "official_", "dataonly_", "sample_2026-07"))
    if no_event:
        with pytest.raises(UndecodableRecord):
            decided(path)
    else:
        assert isinstance(decided(path), PostingPlan | Ignored)


REFUNDS = [path for path in FILES if path.stem.startswith("real_") and "refund_" in path.stem]

EXCEPTIONS = {
    "derived_kwd_three_decimals": "unmappable",  # thousandths
    "handmade_aud_shipping_tax_inconsistent": "unbalanced",
    "handmade_aud_test_order_5_lines": "unbalanced",
    "sample_2026-04_order_transactions_create": "skipped_by_rule",  # an authorization
    "sample_2026-04_orders_edited": "skipped_by_rule",
    "sample_2026-04_payment_schedules_due": "unknown_type",
    "sample_2026-04_payment_terms_create": "unknown_type",
    "sample_2026-04_tender_transactions_create": "unknown_type",
    "sample_2026-07_balance_transactions": "undecodable",  # answers of the API, no events
    "sample_2026-07_disputes_list": "undecodable",
    "sample_2026-07_payouts_list": "undecodable",
}
"""Shopify's payloads that are neither booked nor tests, and why."""


@pytest.mark.parametrize("path", REFUNDS, ids=lambda path: path.stem)
def test_real_refund_books_what_moved(path: Path) -> None:
    """The receipt is the sum of the raw transactions; its lines and tax are that sum."""
    body = json.loads(path.read_bytes(), parse_float=Decimal)
    moved = sum(amount(row["amount"]) for row in body["transactions"] if row["status"] == "success")
    decision = decided(path)
    assert isinstance(decision, PostingPlan)
    (draft,) = [step.draft for step in decision.steps if isinstance(step.draft, RefundReceiptDraft)]
    assert draft.total == moved == sum(row.amount for row in draft.lines) + draft.tax
    assert draft.tax == sum(amount(row["total_tax"]) for row in body["refund_line_items"])


def test_shopify_s_exceptions_are_these() -> None:
    """Every other payload of Shopify is booked, or a test."""
    found = {}
    for path in (path for path in FILES if path.parent.name == "shopify"):
        try:
            decision = decided(path)
            code = "plan" if isinstance(decision, PostingPlan) else decision.code
        except RecordError as error:
            code = error.code
        if code not in ("plan", "test_event"):
            found[path.stem] = code
    assert found == EXCEPTIONS


def test_counts_per_disposition() -> None:
    """All files together, so that a change of the whole is seen at a glance."""
    counts: Counter[str] = Counter()
    for path in FILES:
        try:
            decision = decided(path)
            counts["plan" if isinstance(decision, PostingPlan) else decision.code] += 1
        except RecordError as error:
            counts[error.code] += 1
    assert sum(counts.values()) == len(FILES)
    assert counts["plan"] >= 40
    print(dict(counts))  # noqa: T201 - shown with -s, for the closing note
