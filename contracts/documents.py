"""What all drafts of transactions share, so that what is true of every document is written once.

Whoever needs a currency, a day, a number, a customer or the items asks the draft and never which kind it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Self

from contracts.entities import DOC_NUMBER_MAX
from contracts.keys import SourceKey
from contracts.lists import TaxCodeSelector

ID_DIGITS = 4
"""How much of a source's id keeps a second number apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionDraft:
    """A transaction on the day `txn_date`.

    `exchange_rate` is home units for one unit of a foreign `currency`, None where QBO's own rate of that day counts.
    """

    txn_date: date
    currency: str
    exchange_rate: Decimal | None = None

    @property
    def customer(self) -> SourceKey | None:
        """Whose it is, None for nobody's and where the draft does not say."""
        return None

    @property
    def number(self) -> str | None:
        """Its DocNumber, None where it has none of ours."""
        return None

    @property
    def items(self) -> tuple[SourceKey, ...]:
        """The items on its lines, each once."""
        return ()

    def with_date(self, day: date) -> Self:
        """The same on another day."""
        return replace(self, txn_date=day)

    def with_number(self, number: str) -> Self:  # noqa: ARG002 - a kind without a number has nothing to change
        """The same under another number; a kind that has none stays as it is."""
        return self

    def second_number(self, key: SourceKey) -> str | None:
        """The number to use when a stranger's document holds the first (fault 6140); `key` is the draft's document."""
        return distinct_number(self.number, key.id) if self.number is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One sold line. `amount` is exact; `quantity` and `unit_price` are given only when their product rounds to it.

    `tax` is the part of the document's tax that was charged on this line, `tax_code` what stands for it outside the US.
    `own_discount` is this line's part of the document's discount, None for none.
    """

    item: SourceKey
    amount: Decimal
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    taxable: bool = False
    tax: Decimal = Decimal(0)
    tax_code: TaxCodeSelector | None = None
    own_discount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesForm(TransactionDraft):
    """A form with lines of items. QBO must answer `total` as TotalAmt; `tax_code` stands for all its taxes (US)."""

    customer: SourceKey | None = None
    lines: tuple[LineDraft, ...]
    doc_number: str
    total: Decimal
    tax: Decimal = Decimal(0)
    tax_code: TaxCodeSelector | None = None
    without_street: bool | None = None
    """True where no street may stand on it, whatever its sale has; None where one may."""

    @property
    def number(self) -> str | None:
        """Its DocNumber."""
        return self.doc_number

    @property
    def items(self) -> tuple[SourceKey, ...]:
        """The items on its lines, each once."""
        return tuple(dict.fromkeys(line.item for line in self.lines))

    def with_number(self, number: str) -> Self:
        """The same under another number."""
        return replace(self, doc_number=number)


def distinct_number(number: str, ident: str) -> str:
    """`number` with `-` and the last four characters of the source's id `ident`; of a long one the end.

    Of the id of a part (`509.credit`) the id before the dot counts.
    """
    return f"{number}-{ident.partition('.')[0][-ID_DIGITS:]}"[-DOC_NUMBER_MAX:]
