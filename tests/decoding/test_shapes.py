"""Form 5: a bare Shopify body is told by its shape, its topic by the state of the document."""

from __future__ import annotations

import pytest

from bridge.decoding.shapes import infer_topic
from contracts.errors import UndecodableRecord
from tests.support.orders import Json, envelope, line, order, transaction

NEW = {"created_at": "2026-03-02T10:00:00Z", "updated_at": "2026-03-02T10:00:00Z"}
OLD = {"created_at": "2026-03-02T10:00:00Z", "updated_at": "2026-03-05T10:00:00Z"}
CUSTOMER = {"id": 1, "first_name": "A", "last_name": "B", "email": None, "state": "disabled"}


@pytest.mark.parametrize(
    ("body", "topic"),
    [
        (order([line("1.00")], cancelled_at="2026-03-03T00:00:00Z"), "orders/cancelled"),
        (order([line("1.00")]), "orders/paid"),
        (order([line("1.00")], financial_status="pending", **OLD), "orders/updated"),
        (order([line("1.00")], financial_status="pending", **NEW), "orders/create"),
        ({"line_items": [], "total_price": "1.00", "currency": "USD"}, "orders/create"),
        ({"id": 1, "order_id": 2, "refund_line_items": [], "transactions": []}, "refunds/create"),
        (transaction(), "order_transactions/create"),
        (
            {"id": 1, "order_id": 2, "evidence_due_by": None, "amount": "5.00", "reason": "fraudulent"},
            "disputes/create",
        ),
        ({"id": 1, "order_id": 2, "remote_reference": "ch_1", "payment_method": "x"}, "tender_transactions/create"),
        ({"id": 1, "order_id": 2, "status": "success", "tracking_number": None, **NEW}, "fulfillments/create"),
        ({"id": 1, "order_id": 2, "status": "success", "tracking_numbers": [], **OLD}, "fulfillments/update"),
        ({"order_edit": {"order_id": 2}}, "orders/edited"),
        ({"id": 1, "title": "Mug", "variants": [], "product_type": "", **NEW}, "products/create"),
        ({**CUSTOMER, **OLD}, "customers/update"),
        ({"payment_terms_name": "Net 30", "payment_schedules": [], **NEW}, "payment_terms/create"),
        ({"payment_terms_id": 1, "due_at": "2026-03-03"}, "payment_schedules/due"),
    ],
)
def test_shape_tells_the_topic(body: Json, topic: str) -> None:
    """The envelope says that the topic was inferred, and names no shop."""
    found = envelope(body)
    assert (found.event_type, found.inferred, found.account) == (topic, True, None)


@pytest.mark.parametrize("mark", ["abandoned_checkout_url", "invoice_url", "applied_discount"])
def test_checkouts_and_drafts_are_no_orders(mark: str) -> None:
    """They have lines, a total and a currency too, but sold nothing yet."""
    body: Json = {"line_items": [], "total_price": "1.00", "currency": "USD", mark: None}
    assert infer_topic(body) is None
    with pytest.raises(UndecodableRecord):
        envelope(body)


def test_headers_without_a_topic_still_name_the_shop() -> None:
    """A producer that lost the topic but kept the shop."""
    found = envelope(order([line("1.00")]), {"X-Shopify-Shop-Domain": b"acme.myshopify.com"})
    assert (found.event_type, found.inferred, found.account) == ("orders/paid", True, "acme.myshopify.com")
