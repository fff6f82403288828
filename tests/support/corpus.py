"""Real payloads, where their folder is beside the project, and the arithmetic of their own figures."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


Body = dict[str, Any]


def order_in(raw: bytes) -> Body | None:
    """The order in a payload, wrapped or bare, None for anything else."""
    body = json.loads(raw, parse_float=Decimal)
    body = body.get("detail", {}).get("payload", body)
    return body if "line_items" in body and "total_price" in body else None


def amount(value: object) -> Decimal:
    """An amount that may be absent."""
    return Decimal(str(value or 0))


def parts_total(body: Body) -> Decimal:
    """What the parts of an order add up to, by the identity that real orders were checked against."""
    included = body.get("taxes_included")
    found = Decimal(0) if included else amount(body["total_tax"])
    for item in body["line_items"]:
        found += amount(item["price"]) * item["quantity"]
        found -= sum(amount(row["amount"]) for row in item.get("discount_allocations") or [])
        found += sum(amount(duty["shop_money"]["amount"]) for duty in item.get("duties") or [])
    for ship in body.get("shipping_lines") or []:
        if not ship.get("is_removed"):
            found += amount(ship["price"])
            found -= sum(amount(row["amount"]) for row in ship.get("discount_allocations") or [])
    return found + amount(body.get("total_tip_received"))


def removed_by_edits(body: Body) -> bool:
    """True when fewer pieces are left than were refunded."""
    return any(item.get("current_quantity", item["quantity"]) < item["quantity"] for item in body["line_items"])


def cash_rounding(body: Body) -> Decimal:
    """What cash was rounded by; it is outside the total."""
    rounded = body.get("total_cash_rounding_payment_adjustment_set") or {}
    return amount((rounded.get("shop_money") or {}).get("amount"))
