"""Parts with more decimals than QBO holds (Kuwaiti dinars), combined where together they are exact.

Nothing is ever rounded: parts that stay inexact together are left as they are, and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from contracts.money import fits, total
from mappings.shopify.amounts import AmountPart

QBO_DECIMALS = 2
JOINED = " + "


def groups(parts: Sequence[AmountPart], amounts: Sequence[Decimal], taxed: Sequence[bool]) -> list[list[int]]:
    """The numbers of the parts that make one line each; several where only their sum is exact.

    Only parts of one kind and with the same taxes, so that account and tax stay what they were.
    """
    odd: dict[object, list[int]] = {}
    for number, (part, amount, carries) in enumerate(zip(parts, amounts, taxed, strict=True)):
        if not fits(amount, QBO_DECIMALS):
            odd.setdefault((part.kind, part.taxes, carries), []).append(number)
    together = {
        numbers[0]: numbers
        for numbers in odd.values()
        if len(numbers) > 1 and fits(total(amounts[number] for number in numbers), QBO_DECIMALS)
    }
    merged = {number for numbers in together.values() for number in numbers[1:]}
    return [together.get(number, [number]) for number in range(len(parts)) if number not in merged]


def joined(parts: Sequence[AmountPart]) -> AmountPart:
    """Several parts as one, on the item of the first; pieces of different things are not counted."""
    first = parts[0]
    if len(parts) == 1:
        return first
    return replace(
        first,
        amount=total(part.amount for part in parts),
        discount=total(part.discount for part in parts),
        tax=total(part.tax for part in parts),
        remitted=total(part.remitted for part in parts),
        quantity=None,
        title=JOINED.join(part.title for part in parts if part.title) or None,
    )
