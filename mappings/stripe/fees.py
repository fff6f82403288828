"""The processor's fee: an expense, taken from the account that the payment went to.

It is booked where the event carries it (`balance_transaction` expanded) and in the currency in which Stripe settles;
an event that carries only an id says nothing about it, and nothing is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from contracts.bodies import read_body
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import DOC_NUMBER_MAX, AccountSelector, JournalEntryDraft, JournalLine
from contracts.stripe import BalanceTransaction
from mappings.accounts import account, deposit_account
from mappings.lines import in_hundredths
from mappings.rules import MappingRules

Side = Literal["Debit", "Credit"]


def fee_steps(
    balance: Mapping[str, object], key: SourceKey, txn_date: date, rules: MappingRules
) -> tuple[PostingStep, ...]:
    """The journal entry of the fee, none where there is no fee; a fee that is given back turns the sides round."""
    if not balance:
        return ()
    booked = read_body(BalanceTransaction, balance, "balance transaction")
    fee = from_stripe(booked.fee, booked.currency)
    if fee.is_zero:
        return ()
    amount = in_hundredths(abs(fee.number), fee.currency)
    sides: tuple[Side, Side] = ("Debit", "Credit") if fee.number > 0 else ("Credit", "Debit")
    accounts: tuple[AccountSelector, AccountSelector] = (account(rules, "fees"), deposit_account(rules, "stripe"))
    draft = JournalEntryDraft(
        txn_date=txn_date,
        currency=fee.currency,
        lines=tuple(
            JournalLine(side=side, account=selector, amount=amount, description=f"Stripe fee {key.id}")
            for side, selector in zip(sides, accounts, strict=True)
        ),
        doc_number=key.id[-DOC_NUMBER_MAX:],
        exchange_rate=rules.exchange_rates.get(fee.currency),
    )
    return (PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft, name="fee"),)
