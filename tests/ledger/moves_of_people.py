"""What people do with payments in QuickBooks, by its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

MOVES = (
    "given to another customer",
    "given and used there",
    "taken off",
    "half taken off",
    "used elsewhere",
    "half used",
)
BEFORE = ("nothing", "a look", "a restart")
ELSEWHERE = Decimal(100)
"""What the invoice asks for that a person made and puts the payment on."""


def linked_to(row: dict[str, Any]) -> dict[str, Decimal]:
    """How much of a payment is on which invoice."""
    return {str(line["LinkedTxn"][0]["TxnId"]): Decimal(line["Amount"]) for line in row["Line"] if line["LinkedTxn"]}
