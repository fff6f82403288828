"""What the books say money of another currency is worth, against what a processor made of it. Pure."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.posted import Posted
from contracts.money import round_half_up, stripe_decimals_of
from contracts.transfers import DepositedPayment

SAME_MONEY = Decimal("0.005")
"""How far an amount may miss the processor's rate and still be all of the money: rounding does, a part misses more."""


def off_worth(posted: Posted | None, each: DepositedPayment, currency: str, home: str) -> Decimal:
    """What a payout brings in `currency` beyond the worth of `posted` in the books; 0 where nothing was exchanged.

    `home` is the company's own currency.
    """
    worth = _worth(posted, each, currency, home)
    return Decimal(0) if worth is None else each.amount - worth


def _worth(posted: Posted | None, each: DepositedPayment, currency: str, home: str) -> Decimal | None:
    """Below zero for a refund; None where nothing was exchanged."""
    if posted is None or posted.voided or posted.currency is None or posted.exchange_rate is None:
        return None
    if currency != home or posted.currency == currency:
        return None
    moved, whole = abs(each.amount), posted.total
    if each.rate is not None:
        rate = each.rate.scaleb(stripe_decimals_of(posted.currency) - stripe_decimals_of(currency))
        # because one of several captures is worth its part of the payment, and only its own rate tells which part
        if abs(whole * rate - moved) > SAME_MONEY * moved:
            whole = round_half_up(moved / rate, 2)
    worth = round_half_up(whole * posted.exchange_rate, 2)
    return worth if each.amount > 0 else -worth
