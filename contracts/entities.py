"""The entities of QuickBooks Online: what they are called, how long their fields may be, and how their JSON is read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

Entity = Mapping[str, Any]
"""A QBO entity as its JSON object: numbers are int or Decimal, ids are strings of digits."""

EntityName = Literal[
    "Account",
    "Customer",
    "Item",
    "Invoice",
    "Payment",
    "JournalEntry",
    "SalesReceipt",
    "CreditMemo",
    "RefundReceipt",
    "Deposit",
    "Transfer",
]

NAME_LISTS: frozenset[str] = frozenset({"Account", "Customer", "Item"})
"""Entities found by name or number; all others are transactions and carry their marker in PrivateNote."""

# Field limits of the accounting API (API reference of each entity).
DISPLAY_NAME_MAX = 500
ITEM_NAME_MAX = 100
SKU_MAX = 100
DESCRIPTION_MAX = 4000
DOC_NUMBER_MAX = 21
PAYMENT_REF_MAX = 21
PRIVATE_NOTE_MAX = 4000
PAYMENT_METHOD_NAME_MAX = 31
TERM_NAME_MAX = 31
LIST_NAME_MAX = 100
"""Names of classes, locations and tax codes."""
ADDRESS_LINE_MAX = 500
ADDRESS_PART_MAX = 255
POSTAL_CODE_MAX = 30


def number(value: object) -> Decimal | None:
    """A JSON number (or one written as text) as Decimal; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        found = Decimal(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def part(body: Entity, name: str) -> Entity:
    """The object under `name`, empty where there is none."""
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def rows_in(body: Entity, name: str) -> list[Entity]:
    """The list under `name`, decoded now where a reader left a function for it; empty where there is none."""
    found = body.get(name)
    found = found() if callable(found) else found
    return found if isinstance(found, list) else []


def ref_id(body: Entity, name: str) -> str | None:
    """The Id in the reference under `name` (`CustomerRef`), None where there is none."""
    value = part(body, name).get("value")
    return None if value is None else str(value)
