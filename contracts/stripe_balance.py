"""Stripe's objects about money that moves on the balance: its rows, refunds, disputes and payouts."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.bodies import Body, FloatAmount, Smallest, Text, UnixTime, Whole
from contracts.stripe import Expandable, StripeId


class FeeDetail(Body):
    """One part of a fee: `type` is stripe_fee, application_fee, tax, ..."""

    amount: Whole
    type: Text | None = None
    description: Text | None = None


class BalanceTransaction(Body):
    """What a charge did to the balance, in the currency of settlement."""

    id: StripeId
    amount: Whole | None = None
    fee: Whole
    currency: Text
    exchange_rate: FloatAmount | None = None
    """How many smallest units of `currency` one smallest unit of the charge's became."""
    created: UnixTime | None = None
    fee_details: tuple[FeeDetail, ...] = ()


class BalanceRow(BalanceTransaction):
    """One row of the balance; `source` is the charge, refund, dispute or payout that it is about."""

    amount: Whole
    net: Whole
    type: Text
    source: Expandable | None = None
    description: Text | None = None


class StripeRefund(Body):
    """Money handed back; `charge` and `payment_intent` name what it came in by."""

    id: StripeId
    amount: Smallest
    currency: Text
    created: UnixTime
    status: Text
    charge: Expandable | None = None
    payment_intent: Expandable | None = None
    balance_transaction: Expandable | None = None
    metadata: Mapping[str, object] = {}


class StripeDispute(Body):
    """A payment that the card holder's bank disputes; its rows say what it did to the balance."""

    id: StripeId
    created: UnixTime
    status: Text | None = None
    charge: Expandable | None = None
    balance_transactions: tuple[BalanceRow, ...] = ()


class RowList(Body):
    """A list as Stripe writes it; `has_more` means that it is not whole."""

    data: tuple[BalanceRow, ...]
    has_more: bool = False


class Payout(Body):
    """Money that went to the bank, or was taken from it (negative); with its rows where the producer attached them."""

    id: StripeId
    amount: Whole
    currency: Text
    created: UnixTime
    arrival_date: UnixTime | None = None
    status: Text | None = None
    balance_transactions: RowList | None = None
