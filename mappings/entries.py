"""Journal entries by movements: what is debited, what is credited, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from contracts.entities import DOC_NUMBER_MAX
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import AccountSelector, JournalEntryDraft, JournalLine
from mappings.rules import MappingRules


class FeePlace(NamedTuple):
    """The names of the class and the location that what a processor keeps belongs to, None for none."""

    tracking_class: str | None = None
    location: str | None = None


NOWHERE = FeePlace()


class Movement(NamedTuple):
    """An account, by how much it is debited (credited below zero), why, and for which class and location."""

    account: AccountSelector
    amount: Decimal
    why: str
    place: FeePlace = NOWHERE


def entry(
    key: SourceKey,
    day: date,
    currency: str,
    moves: Iterable[Movement],
    rules: MappingRules,
    *,
    name: str,
    otherwise: date | None = None,
) -> PostingStep:
    """The journal entry that makes these movements; on the day `otherwise` where the books of its day are closed."""
    draft = JournalEntryDraft(
        txn_date=day,
        currency=currency,
        lines=tuple(
            JournalLine(
                side="Debit" if move.amount > 0 else "Credit",
                account=move.account,
                amount=abs(move.amount),
                description=move.why,
                tracking_class=move.place.tracking_class,
                location=move.place.location,
            )
            for move in moves
            if move.amount
        ),
        doc_number=key.id[-DOC_NUMBER_MAX:],
        otherwise=otherwise,
        exchange_rate=rules.exchange_rates.get(currency),
    )
    return PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft, name=name)
