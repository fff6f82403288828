"""What an event waits for, and what another one speaks of: where both meet, the one that waits is looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.decoding.decision import MappedRecord
from bridge.index.payment_links import PaymentLinks
from contracts.keys import UNNAMED, SourceKey
from contracts.posting import PostingPlan


def waits_for(mapped: MappedRecord) -> tuple[SourceKey, ...]:
    """The documents that an event depends on, each once: its order or charge, and what its plan names besides."""
    plan = mapped.decision
    if not isinstance(plan, PostingPlan):
        return ()
    return tuple(dict.fromkeys((plan.lane, *plan.wakes, *(key for link in plan.links for key in link))))


def speaks_of(mapped: MappedRecord) -> set[SourceKey]:
    """The documents that an event may have brought into the books: what it depends on, and what its steps write."""
    plan = mapped.decision
    if not isinstance(plan, PostingPlan):
        return set()
    return {*waits_for(mapped), plan.document, *(step.key for step in plan.steps)}


def with_linked(keys: Iterable[SourceKey], links: PaymentLinks) -> set[SourceKey]:
    """`keys`, and what the books know to be part of them or to hold them: an intent, its charge, the invoice it pays.

    An order of the shop is followed back to the charges that pay it, because a payout that names one of them waits for
    the order.
    """
    found: set[SourceKey] = set()
    open_ends = list(keys)
    while open_ends:
        key = open_ends.pop()
        if key in found:
            continue
        found.add(key)
        if key.id == UNNAMED:
            continue  # because everything that any order paid would be called
        parts = links.payments_of_document(key)
        charge = links.charge_of(key)
        open_ends += [*([charge] if charge else ()), *links.documents_of(key), *parts]
    return found
