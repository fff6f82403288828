"""Which payments that people entered are which money of the source. Pure.

One entry may stand for two transactions and two entries for one; one that is smaller by a fee stands for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from bridge.index.posted import Posted
from contracts.keys import SourceKey
from contracts.money import total

FEE_MAX = Decimal("0.1")
"""A payment that is smaller by more than this part is no payment less its fee: what is missing is missing."""


@dataclass(frozen=True, slots=True)
class SourceMoney:
    """Money that the source tells: a transaction by its key."""

    key: SourceKey
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Entered:
    """A payment that a person entered and how much money of the source it `stands_for`.

    With one of its `transactions` of its own amount it is that transaction.
    """

    payment: Posted
    stands_for: Decimal
    transactions: tuple[SourceMoney, ...] = ()


def shared_out(
    payments: Sequence[Posted], transactions: Iterable[SourceMoney], received: Decimal | None
) -> list[Entered]:
    """What each of `payments` stands for, of the known `transactions` and of all that was `received`."""
    left, open_ = list(payments), list(transactions)
    found: list[Entered] = []
    for size in (1, 2, 3):
        for payment in list(left):
            group = next((each for each in combinations(open_, size) if _amount(each) == payment.total), None)
            if group is not None:
                found.append(Entered(payment, payment.total, group))
                left.remove(payment)
                open_ = [each for each in open_ if each not in group]
    wanted = _amount(open_) if open_ else (received or Decimal(0)) - total(each.stands_for for each in found)
    return [*found, *_together(left, open_, wanted)]


def _together(left: Sequence[Posted], open_: Sequence[SourceMoney], wanted: Decimal) -> list[Entered]:
    """What fits no transaction exactly stands together for what is left of them, or for its own amount."""
    if not left:
        return []
    entered = total(payment.total for payment in left)
    # because a payment of 97.10 for 100.00 is what was left of it after a fee, and the rest must not be paid again
    is_net = entered < wanted <= entered + wanted * FEE_MAX
    is_whole = entered == wanted
    first, *others = left
    stands_for = wanted - total(payment.total for payment in others) if is_net else first.total
    inside = tuple(open_) if is_net or is_whole else ()
    return [Entered(first, stands_for, inside), *(Entered(each, each.total) for each in others)]


def _amount(money: Iterable[SourceMoney]) -> Decimal:
    return total(each.amount for each in money)
