"""Events as producers write them, small enough to read; a test maps each of them."""

from __future__ import annotations

from typing import Any

SHOP = "acme.myshopify.com"

ORDER: dict[str, Any] = {
    "id": 450789469,
    "name": "#1043",
    "order_number": 1043,
    "created_at": "2026-11-16T09:00:00-05:00",
    "updated_at": "2026-11-16T09:00:00-05:00",
    "processed_at": "2026-11-16T09:00:00-05:00",
    "currency": "USD",
    "taxes_included": False,
    "total_price": "108.25",
    "total_tax": "8.25",
    "total_outstanding": "0.00",
    "current_total_price": "108.25",
    "financial_status": "paid",
    "customer": {"id": 207119551, "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"},
    "line_items": [
        {
            "id": 466157049,
            "title": "Teapot",
            "sku": "TEAPOT-1",
            "price": "100.00",
            "quantity": 1,
            "gift_card": False,
            "tax_lines": [{"title": "NY State Tax", "rate": 0.0825, "price": "8.25"}],
        }
    ],
    "shipping_lines": [],
    "refunds": [],
}
TRANSACTION: dict[str, Any] = {
    "id": 1068278509,
    "order_id": 450789469,
    "kind": "sale",
    "status": "success",
    "gateway": "shopify_payments",
    "amount": "108.25",
    "currency": "USD",
    "processed_at": "2026-11-16T09:00:05-05:00",
    "created_at": "2026-11-16T09:00:05-05:00",
}
REFUND: dict[str, Any] = {
    "id": 509562969,
    "order_id": 450789469,
    "created_at": "2026-11-17T09:00:00-05:00",
    "processed_at": "2026-11-17T09:00:00-05:00",
    "refund_line_items": [
        {
            "line_item_id": 466157049,
            "quantity": 1,
            "subtotal": "100.00",
            "total_tax": "8.25",
            "line_item": ORDER["line_items"][0],
        }
    ],
    "order_adjustments": [],
    "transactions": [
        {
            **TRANSACTION,
            "id": 1068278510,
            "parent_id": 1068278509,
            "kind": "refund",
            "processed_at": "2026-11-17T09:00:00-05:00",
            "created_at": "2026-11-17T09:00:00-05:00",
        }
    ],
}
PRODUCT: dict[str, Any] = {
    "id": 632910392,
    "title": "Teapot",
    "product_type": "Tea",
    "variants": [{"id": 808950810, "sku": "TEAPOT-1", "price": "100.00", "title": "Default Title"}],
}
CHARGE: dict[str, Any] = {
    "id": "ch_3RqPm2Lk81XcQw0A1bZtYv77",
    "object": "charge",
    "amount": 4200,
    "amount_captured": 4200,
    "amount_refunded": 0,
    "captured": True,
    "paid": True,
    "status": "succeeded",
    "currency": "usd",
    "created": 1795000000,
    "livemode": False,
    "description": "Tea subscription",
    "billing_details": {"name": "Ada Byron", "email": "ada@example.com"},
    "metadata": {},
}
STRIPE_EVENT: dict[str, Any] = {
    "id": "evt_1RqPm2Lk81XcQw0A1bZtYv77",
    "object": "event",
    "type": "charge.succeeded",
    "created": 1795000001,
    "livemode": False,
    "data": {"object": CHARGE},
}


def webhook(topic: str, number: str) -> dict[str, str]:
    """The headers of a webhook of Shopify."""
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": f"b54557e4-bdd9-4b37-8a5f-bf7d70bcd0{number}",
        "X-Shopify-Triggered-At": "2026-11-16T14:00:06Z",
        "X-Shopify-API-Version": "2026-10",
    }


def cloud_event(kind: str, source: str = SHOP) -> dict[str, str]:
    """The attributes of a CloudEvent, without the `ce_` that they have as headers."""
    return {
        "specversion": "1.0",
        "id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "type": kind,
        "source": source,
        "time": "2026-11-16T14:00:06Z",
    }
