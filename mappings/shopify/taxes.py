"""The tax of an order as charged, part by part: the company's own, and what a channel or merchant of record remits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from contracts.money import decimals_of, round_half_up, split, total
from mappings.shopify.amounts import AmountPart, OrderMoney

REMITTED = "Tax that others remit"


@dataclass(frozen=True, slots=True)
class ChargedTaxes:
    """What was charged on each part, and how much of it the company owes itself."""

    charged: tuple[Decimal, ...]
    own_by_part: tuple[Decimal, ...]

    @property
    def own(self) -> Decimal:
        """The sales tax of the document."""
        return total(self.own_by_part)

    @property
    def remitted(self) -> Decimal:
        """What others remit, owed through an account of its own."""
        return total(self.charged) - self.own

    def with_none(self) -> ChargedTaxes:
        """The same with one part more, on which no tax lies."""
        return ChargedTaxes((*self.charged, Decimal(0)), (*self.own_by_part, Decimal(0)))

    def combined(self, groups: Sequence[Sequence[int]]) -> ChargedTaxes:
        """The same where several parts are one."""
        return ChargedTaxes(
            tuple(total(self.charged[number] for number in group) for group in groups),
            tuple(total(self.own_by_part[number] for number in group) for group in groups),
        )

    def taxed(self, parts: Sequence[AmountPart]) -> list[bool]:
        """Which lines the company's tax belongs to; QBO takes a tax only where some line is taxable.

        Bodies that tell their taxes on the order alone leave it to the lines' own flag, and in the end to all lines.
        """
        if self.own <= 0:
            return [False] * len(parts)
        by_tax_lines = [part.tax - part.remitted > 0 for part in parts]
        by_flag = [part.line is not None and part.line.taxable for part in parts]
        return next((found for found in (by_tax_lines, by_flag) if any(found)), [True] * len(parts))


def share_out(parts: Sequence[AmountPart], money: OrderMoney) -> ChargedTaxes:
    """The tax as charged on `parts`, all of it placed, to the last unit."""
    charged = _by_part(parts, money)
    own = tuple(amount - _remitted(part, amount, money) for part, amount in zip(parts, charged, strict=True))
    return ChargedTaxes(charged, own)


def _by_part(parts: Sequence[AmountPart], money: OrderMoney) -> tuple[Decimal, ...]:
    by_tax_lines = [part.tax for part in parts]
    if total(by_tax_lines) == money.tax:
        return tuple(by_tax_lines)
    weights = by_tax_lines if any(by_tax_lines) else [part.amount - part.discount for part in parts]
    return split(money.tax, weights, max(decimals_of(money.currency), _places(money.tax)))


def _remitted(part: AmountPart, charged: Decimal, money: OrderMoney) -> Decimal:
    """The part of `charged` that others remit: by the part's own tax lines, never by its title."""
    if money.all_remitted or (part.tax and part.remitted == part.tax):
        return charged
    if charged == part.tax or not part.remitted:
        return part.remitted
    return round_half_up(charged * part.remitted / part.tax, max(decimals_of(money.currency), _places(charged)))


def _places(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)
