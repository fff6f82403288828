"""What producers of settlements write, as a JSON Schema, and one that fits it."""

from __future__ import annotations

AMOUNT = {"type": ["string", "number"], "description": "decimal, in the settlement's currency"}
IDENT = {"type": ["integer", "string"], "description": "digits"}

SETTLEMENT: dict[str, object] = {
    "title": "Settlement",
    "description": "CloudEvents data of type com.qbo-bridge.settlement; source is the shop's domain",
    "type": "object",
    "required": ["id", "gateway", "date", "currency", "amount"],
    "properties": {
        "id": {"type": "string", "description": "the gateway's own, unique for this gateway"},
        "gateway": {"type": "string", "description": "as the shop names it: paypal, klarna, ..."},
        "date": {"type": "string", "description": "ISO 8601 day on which the bank has it"},
        "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
        "amount": {**AMOUNT, "description": "what reached the bank; below zero what was taken from it"},
        "status": {
            "type": "string",
            "description": "paid (where it is not said), failed or canceled: then nothing is in the bank, and rows may "
            "be left out; any other is ignored",
        },
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "gross", "net"],
                "properties": {
                    "type": {
                        "type": "string",
                        "description": "charge, refund, fee, payout_failure or payout_cancellation (money of a "
                        "settlement that came back), tax_adjustment (tax that it remits), or one of payouts.rows",
                    },
                    "gross": AMOUNT,
                    "fee": AMOUNT,
                    "net": AMOUNT,
                    "reference": {"type": "string"},
                    "order": {**IDENT, "description": "the shop's order, where it is known"},
                    "transaction": {**IDENT, "description": "the order's own transaction, where it is known"},
                    "date": {
                        "type": "string",
                        "description": "ISO 8601 day of the row; one before books_start is taken out of "
                        "accounts.opening_clearing",
                    },
                },
            },
        },
    },
    "examples": [
        {
            "id": "PP-2026-03-06",
            "gateway": "paypal",
            "date": "2026-03-06",
            "currency": "USD",
            "amount": "86.31",
            "rows": [
                {"type": "charge", "gross": "100.00", "fee": "3.69", "net": "96.31", "reference": "8AB1"},
                {"type": "refund", "gross": "-10.00", "fee": "0.00", "net": "-10.00", "reference": "8AB2"},
            ],
        }
    ],
}
