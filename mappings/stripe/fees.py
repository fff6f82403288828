"""What the processor keeps or gives back: journal entries between the rules' accounts and the one that payments go to.

They are booked where an event carries a row of the balance (`balance_transaction` expanded, the rows of a dispute or
of a payout) and in the currency in which Stripe settles; an event that carries only an id says nothing about it, and
nothing is invented. Whichever event tells a row first, it is the same entry under the same key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from contracts.bodies import read_body
from contracts.errors import UnbalancedDocument
from contracts.keys import SourceKey
from contracts.money import from_stripe, plain, total
from contracts.posting import Caution, PostingStep
from contracts.stripe_balance import BalanceRow, BalanceTransaction
from mappings.accounts import account, deposit_account
from mappings.entries import Movement, entry
from mappings.lines import in_hundredths
from mappings.rules import MappingRules
from mappings.tracking import place_of_fees

GATEWAY = "stripe"
KINDS = {"stripe_fee": "Stripe fee", "application_fee": "Application fee", "tax": "Tax on the fee"}


ROW_DAY = Caution(
    "day_unknown",
    "A row of Stripe's balance does not say when it was made (created): its fee has another day.",
)


def row_cautions(rows: Iterable[BalanceTransaction]) -> tuple[Caution, ...]:
    """What is said of rows that moved a fee on a day that they do not tell."""
    return (ROW_DAY,) if any(row.created is None and (row.fee or isinstance(row, BalanceRow)) for row in rows) else ()


def balance_cautions(balance: Mapping[str, object]) -> tuple[Caution, ...]:
    """The same of a row that an event carries."""
    return row_cautions([read_body(BalanceTransaction, balance, "balance transaction")]) if balance else ()


def fee_steps(
    balance: Mapping[str, object], source: SourceKey, txn_date: date, rules: MappingRules
) -> tuple[PostingStep, ...]:
    """The journal entry of the fee of `source`, none where there is no fee; one that is given back turns the sides."""
    if not balance:
        return ()
    return fee_entry(read_body(BalanceTransaction, balance, "balance transaction"), source, txn_date, rules)


def fee_entry(
    row: BalanceTransaction, source: SourceKey, txn_date: date, rules: MappingRules
) -> tuple[PostingStep, ...]:
    """The same from a row that is read already; its own time, where it has one, is the date."""
    # because a charge has a row for each of its captures and one more for a debit that failed, the row names the fee:
    # under the charge's id alone the second fee would pass for the first
    key = SourceKey(source.system, source.kind, f"{source.id}.{row.id}")
    code = row.currency.upper()
    fees = _fees(row, source.id, "fees", rules)
    kept = -total(fee.amount for fee in fees)
    moves = (*fees, Movement(deposit_account(rules, "stripe"), kept, f"Stripe fee {source.id}"))
    day = row.created.astimezone(rules.zone).date() if row.created else txn_date
    return (entry(key, day, code, moves, rules, name="fee"),) if row.fee else ()


def dispute_entry(row: BalanceRow, key: SourceKey, txn_date: date, rules: MappingRules) -> PostingStep:
    """What a dispute did to the balance: money out, or back in when it was won, and its fee."""
    code = row.currency.upper()
    amount, net, fee = (from_stripe(number, code).number for number in (row.amount, row.net, row.fee))
    if amount - fee != net:
        raise UnbalancedDocument(
            f"{row.id} moved {plain(amount, code)} {code} less a fee of {plain(fee, code)} {code}, "
            f"its net is {plain(net, code)} {code}"
        )
    place = place_of_fees(rules.channel, GATEWAY, rules)
    moves = (
        Movement(account(rules, "disputes"), in_hundredths(-amount, code), f"Disputed {key.id}", place),
        *_fees(row, key.id, "dispute_fees", rules),
        Movement(deposit_account(rules, "stripe"), in_hundredths(net, code), f"Dispute {key.id}"),
    )
    day = row.created.astimezone(rules.zone).date() if row.created else txn_date
    return entry(key, day, code, moves, rules, name="dispute")


def _fees(
    row: BalanceTransaction, ident: str, role: Literal["fees", "dispute_fees"], rules: MappingRules
) -> tuple[Movement, ...]:
    """The fee as expenses, one for each of its kinds where these add up to it."""
    code = row.currency.upper()
    parts = [(detail.amount, KINDS.get(detail.type or "", detail.type or "Fee")) for detail in row.fee_details]
    if sum(amount for amount, _ in parts) != row.fee:
        parts = [(row.fee, "Stripe fee")]
    fees, place = account(rules, role), place_of_fees(rules.channel, GATEWAY, rules)
    return tuple(
        Movement(fees, in_hundredths(from_stripe(amount, code).number, code), f"{kind} {ident}", place)
        for amount, kind in parts
    )
