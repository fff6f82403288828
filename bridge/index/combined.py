"""Which transactions of the source are inside a payment that a person entered for more than one of them. Pure.

The journal keeps it as the version of the transaction: no entity of its own says that it is booked.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.keys import SourceKey
from contracts.marker import read_amount
from contracts.money import total
from contracts.posting import Version

_IN = "in "


def noted_combined(payment: SourceKey, amount: Decimal) -> Version:
    """That `amount` of a transaction is inside `payment`, as the journal keeps it."""
    return Version(0, 0, f"{_IN}{payment} {amount}")


def read_combined(version: Version) -> tuple[SourceKey, Decimal] | None:
    """The payment and the amount in a note of the journal, None in one that is about something else."""
    if not version.content.startswith(_IN):
        return None
    named, _, said = version.content.removeprefix(_IN).rpartition(" ")
    amount = read_amount(said)
    return (SourceKey.parse(named), amount) if amount is not None else None


class CombinedPayments:
    """By payment the transactions in it, each with its amount."""

    def __init__(self) -> None:
        self._holder: dict[SourceKey, SourceKey] = {}
        self._amounts: dict[SourceKey, dict[SourceKey, Decimal]] = {}

    def note(self, transaction: SourceKey, version: Version) -> None:
        """Take in a note of the journal; one about something else says nothing here."""
        found = read_combined(version)
        if found is not None:
            payment, amount = found
            self._holder[transaction] = payment
            self._amounts.setdefault(payment, {})[transaction] = amount

    def holder_of(self, transaction: SourceKey) -> SourceKey | None:
        """The payment that a transaction is inside of, None for one that is booked by itself, or not at all."""
        return self._holder.get(transaction)

    def amount_in(self, payment: SourceKey) -> Decimal:
        """How much of a payment its transactions account for."""
        return total(self._amounts.get(payment, {}).values())
