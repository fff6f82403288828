"""What producers of Shopify's payouts write, as a JSON Schema, and one that fits it."""

from __future__ import annotations

from contracts.schemas.settlement import AMOUNT, IDENT

ROW: dict[str, object] = {
    "type": "object",
    "required": ["id", "type", "amount", "net"],
    "properties": {
        "id": IDENT,
        "type": {
            "type": "string",
            "description": "charge, refund, dispute, adjustment, payout, ... as Shopify names it",
        },
        "amount": {**AMOUNT, "description": "what the row moved, before its fee"},
        "fee": AMOUNT,
        "net": {**AMOUNT, "description": "amount less fee"},
        "currency": {"type": ["string", "null"], "pattern": "^[A-Za-z]{3}$"},
        "source_id": {**IDENT, "type": [*IDENT["type"], "null"], "description": "of a dispute its id"},
        "source_order_id": {"type": [*IDENT["type"], "null"], "description": "the order, which the payout waits for"},
        "source_order_transaction_id": {
            "type": [*IDENT["type"], "null"],
            "description": "the order's own transaction: without it nobody knows which money is paid out",
        },
        "processed_at": {
            "type": ["string", "null"],
            "description": "ISO 8601; its day, in the offset in which it is written, must be the shop's own. Needed "
            "where the rules have books_start",
        },
        "adjustment_reason": {"type": ["string", "null"], "description": "the type of an adjustment"},
        "test": {"type": "boolean"},
    },
}
SHOPIFY_PAYOUT: dict[str, object] = {
    "title": "Shopify payout",
    "description": "Body of topic shopify_payments/payouts (CloudEvents type com.shopify.shopify_payments.payouts): "
    "a payout of the Admin REST API, bare or under `payout`, with its rows inside it",
    "type": "object",
    "required": ["id", "status", "date", "currency", "amount"],
    "properties": {
        "id": IDENT,
        "status": {"type": "string", "description": "paid, failed and canceled are booked, any other is ignored"},
        "date": {"type": "string", "description": "ISO 8601 day on which the bank has it"},
        "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
        "amount": {**AMOUNT, "description": "what reached the bank; below zero what was taken from it"},
        "balance_transactions": {
            "type": "array",
            "items": ROW,
            "description": "all its rows; without them it is ignored",
        },
        "part": {
            "type": "integer",
            "minimum": 1,
            "description": "which of `parts`, where it is told in several records",
        },
        "parts": {"type": "integer", "minimum": 1},
    },
    "examples": [
        {
            "id": 623721858,
            "status": "paid",
            "date": "2026-11-19",
            "currency": "USD",
            "amount": "61.51",
            "balance_transactions": [
                {
                    "id": 699519475,
                    "type": "charge",
                    "amount": "108.25",
                    "fee": "3.44",
                    "net": "104.81",
                    "currency": "USD",
                    "source_order_id": 450789469,
                    "source_order_transaction_id": 1068278509,
                    "processed_at": "2026-11-16T09:00:00-05:00",
                },
                {
                    "id": 699519476,
                    "type": "refund",
                    "amount": "-43.30",
                    "fee": "0.00",
                    "net": "-43.30",
                    "currency": "USD",
                    "source_order_id": 450789469,
                    "source_order_transaction_id": 1068278510,
                    "processed_at": "2026-11-17T09:00:00-05:00",
                },
            ],
        }
    ],
}
