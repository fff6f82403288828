"""Journal entries by movements: what is debited, what is credited, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from contracts.entities import DOC_NUMBER_MAX
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import AccountSelector, JournalEntryDraft, JournalLine
from mappings.rules import MappingRules

Movement = tuple[AccountSelector, Decimal, str]
"""An account, by how much it is debited (credited below zero), and why."""


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
            JournalLine(side="Debit" if amount > 0 else "Credit", account=selector, amount=abs(amount), description=why)
            for selector, amount, why in moves
            if amount
        ),
        doc_number=key.id[-DOC_NUMBER_MAX:],
        otherwise=otherwise,
        exchange_rate=rules.exchange_rates.get(currency),
    )
    return PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft, name=name)
