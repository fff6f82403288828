"""What the books say money of another currency is worth, against what a processor made of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bridge.index.posted import Posted
from contracts.money import round_half_up, stripe_decimals_of, total
from contracts.transfers import DepositedPayment

SAME_MONEY = Decimal("0.005")
"""How far an amount may miss the processor's rate and still be all of the money: rounding does, a part misses more."""
A_CENT = Decimal("0.01")
"""How far rounding alone takes an amount."""
OWN_DIGITS = 4
"""To how many decimals it is said what a row is in its document's currency: the processor's rate is rounded too."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Money in the company's currency (`worth`) and in its document's (`own`); below zero it was handed back.

    `own` is counted as a processor's rate does: in smallest units, as many to one as the company's currency has.
    """

    worth: Decimal
    own: Decimal

    def __add__(self, other: Taken) -> Taken:
        """Both together."""
        return Taken(self.worth + other.worth, self.own + other.own)


NOTHING = Taken(Decimal(0), Decimal(0))


def is_exchanged(posted: Posted, currency: str, home: str) -> bool:
    """True for a document that a payout in `currency` brings at another rate than its own; `home` is the company's."""
    known = not posted.voided and posted.currency is not None and posted.exchange_rate is not None
    return known and currency == home != posted.currency


def worth_of(documents: Iterable[Posted], currency: str, sign: int = 1) -> Taken:
    """What these documents are worth in `currency`: QuickBooks rounds each by itself. Each has an exchange rate."""
    found = list(documents)
    worth = total(round_half_up(each.total * (each.exchange_rate or Decimal(1)), 2) for each in found)
    own = total(as_rated(each.total, each.currency or currency, currency) for each in found)
    return Taken(sign * worth, sign * own)


def taken_by(each: DepositedPayment, there: Taken, before: Taken) -> Taken:
    """What a row takes of the documents that are `there`, of which payouts took what was `before`."""
    own = in_own(each)
    if own is None:
        return there
    if own == 0 or own * before.own < 0:
        # because a refund that failed takes back all that the refund has moved
        return Taken(-before.worth, own)
    if not there.own:
        return Taken(each.amount, own)
    so_far = before.own + own
    # because one of several captures is worth its part of the payment, and the last one what is left of it
    worth = there.worth if is_same(so_far, there.own) else round_half_up(there.worth * so_far / there.own, 2)
    return Taken(worth - before.worth, own)


def in_own(each: DepositedPayment) -> Decimal | None:
    """What a row is in the currency of its document, as its rate counts; None where the processor says no rate."""
    if each.own is not None or each.rate is None:
        return each.own
    return round_half_up(each.amount / each.rate, OWN_DIGITS)


def as_rated(amount: Decimal, own: str, currency: str) -> Decimal:
    """An amount of the currency `own` as the rate counts it at which a processor makes `currency` of it."""
    return amount.scaleb(stripe_decimals_of(own) - stripe_decimals_of(currency))


def is_same(one: Decimal, other: Decimal) -> bool:
    """True for two amounts of one currency that are the same money, but for rounding and a processor's rounded rate."""
    return abs(one - other) <= SAME_MONEY * abs(other) + A_CENT
