"""Which tax code stands for the taxes that a source charged; how much was charged the source alone says.

A code is looked up by the titles of the taxes, each once, in the order of the alphabet and joined by " + ": with their
rates ("VAT 20%"), else without ("VAT").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.quickbooks import TaxCodeSelector
from mappings.rules import MappingRules

JOINED = " + "
UNTITLED = "Tax"
"""How the rules call a tax to which its source gives no name."""


@dataclass(frozen=True, slots=True, order=True)
class NamedTax:
    """A tax as a source names it; `rate` as a fraction, None when it does not say."""

    title: str
    rate: Decimal | None = None

    @property
    def with_rate(self) -> str:
        """`VAT 20%`."""
        if self.rate is None:
            return self.title
        return f"{self.title} {(self.rate * 100).normalize():f}%"


def tax_code(taxes: Iterable[NamedTax], rules: MappingRules, *, charged: bool) -> TaxCodeSelector | None:
    """The code for these taxes together; where nothing was charged the rules' exempt one, None without such a rule.

    A tax that was charged and that the source does not name goes by `UNTITLED`: the exempt code is no guess for it.
    """
    named = {tax if tax.title else NamedTax(UNTITLED) for tax in taxes}
    if charged and not named:
        named = {NamedTax(UNTITLED)}
    if not charged or not named:
        return TaxCodeSelector(rule="tax.exempt", name=rules.tax.exempt) if rules.tax.exempt else None
    exact = JOINED.join(sorted({tax.with_rate for tax in named}))
    plain = JOINED.join(sorted({tax.title for tax in named}))
    found = rules.tax.codes.get(exact) or rules.tax.codes.get(plain)
    return TaxCodeSelector(rule=f'tax.codes."{plain}"', name=found)
