"""What the entities of QuickBooks Online are called, and how long their fields may be."""

from __future__ import annotations

from typing import Literal

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
