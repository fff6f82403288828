"""Which sales the bodies of a micro-batch bring into the books, before anything is planned. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bridge.index.index import Index
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import InvoiceDraft

_BODIES = frozenset({Intent.VOID, Intent.WITHDRAWN, Intent.LEFT_OUT, Intent.BEFORE_START})
"""What a body may say of its sale but that it is one."""


def coming_sales(steps: Sequence[PostingStep], index: Index) -> dict[SourceKey, Decimal | None]:
    """The sales that these steps bring into the books, with the total of each where it is told.

    Not one that a newer body has taken back before it was booked: nothing of it will be there.
    """
    newest: dict[SourceKey, PostingStep] = {}
    for step in steps:
        if is_sale(step) or step.intent in _BODIES:
            newest[step.key] = max(newest.get(step.key, step), step, key=_age)
    return {
        key: step.draft.total if isinstance(step.draft, InvoiceDraft) else None
        for key, step in newest.items()
        if step.intent is Intent.BEFORE_START or (is_sale(step) and not _is_superseded(step, index))
    }


def _is_superseded(step: PostingStep, index: Index) -> bool:
    seen = index.newest(step.key)
    return seen is not None and _age(step) < (seen.updated_at, seen.rank) and index.sale(step.key) is None


def _age(step: PostingStep) -> tuple[int, int]:
    return (step.version.updated_at, step.version.rank) if step.version is not None else (0, 0)


def is_sale(step: PostingStep) -> bool:
    """True for a document that is sold, at a version."""
    return step.intent is Intent.STATE and isinstance(step.draft, InvoiceDraft)
