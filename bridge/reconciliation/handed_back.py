"""What Shopify's refunds say was handed back, gateway by gateway: read from the bodies and by no mapping. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.keys import SourceKey
from mappings.rules import FROM_LIABILITY, gateway_key

OTHERS = "others"
"""The end of the key of a receipt that gives back tax that others remit."""
NO_MONEY = ("tip", "goods")
"""The ends of the keys of receipts that only move what was booked between accounts."""


class HandedBack:
    """The successful transactions of each refund, by the refund's id; whichever telling of one succeeded counts."""

    def __init__(self) -> None:
        self._refunds: dict[str, dict[Any, Mapping[str, Any]]] = {}

    def add(self, event_type: str, body: Mapping[str, Any]) -> None:
        """Take in a body of Shopify: a refund of its own event, or those inside an order."""
        if event_type.startswith("refunds/"):
            refunds: Any = (body,)
        elif event_type.startswith("orders/"):
            refunds = body.get("refunds") or ()
        else:
            return
        for refund in refunds:
            known = self._refunds.setdefault(str(refund.get("id")), {})
            known.update({row.get("id"): row for row in refund.get("transactions") or () if _succeeded(row)})

    def amount(self, receipt: SourceKey, currency: str | None) -> Decimal | None:
        """What moved for this receipt; None where the refund was not told, or in another currency, or was rounded."""
        ident, _, end = receipt.id.partition(".")
        rows = self._refunds.get(ident)
        if receipt.system != "shopify" or rows is None:
            return None
        end = end.removesuffix(OTHERS).rstrip(".")
        if end in NO_MONEY:
            return Decimal(0)
        own = [row for row in rows.values() if not end or gateway_key(row.get("gateway")) == end]
        if not own or any(row.get("currency") != currency or row.get("amount_rounding") for row in own):
            return None
        amounts = [_amount(row) for row in own if gateway_key(row.get("gateway")) not in FROM_LIABILITY]
        known = [each for each in amounts if each is not None]
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _succeeded(row: Mapping[str, Any]) -> bool:
    return row.get("kind") == "refund" and row.get("status") == "success" and not row.get("test")


def _amount(row: Mapping[str, Any]) -> Decimal | None:
    try:
        return Decimal(str(row.get("amount")))
    except InvalidOperation:
        return None
