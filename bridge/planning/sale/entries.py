"""Journal entries beside a sale (fees, disputes): each line says which order it is of, and whose. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.planning.context import PlanningContext
from bridge.planning.sale.forms import sale_of
from bridge.planning.sale.numbers import number_of
from bridge.planning.steps import Claim, Sale
from contracts.quickbooks import CustomerDraft, DocumentDraft, Draft, JournalEntryDraft

DESCRIPTION_MAX = 4000
"""JournalEntry.Line.Description (API reference)."""


def said_of_its_sale(context: PlanningContext, claim: Claim) -> Draft | None:
    """The claim's draft; of a journal entry with the number and the customer of its sale, where the books know them."""
    draft = claim.step.draft
    sale = sale_of(context, claim.plan.lane) if isinstance(draft, JournalEntryDraft) else None
    if sale is None or not isinstance(draft, JournalEntryDraft):
        return draft
    named = [each for each in (number_of(sale), _customer_of(context, sale)) if each]
    lines = (
        replace(line, description=", ".join([*filter(None, [line.description]), *named])[:DESCRIPTION_MAX])
        for line in draft.lines
    )
    return replace(draft, lines=tuple(lines))


def _customer_of(context: PlanningContext, sale: Sale) -> str | None:
    """What the customer is called: in the books, else as this micro-batch makes it."""
    known = context.index.customers.listed(sale.posted.customer_id or "") if sale.posted else None
    if known is not None:
        return known.said[0] or None
    draft = sale.step.draft if sale.step else None
    customer = draft.customer if isinstance(draft, DocumentDraft) else None
    named = context.drafts.get(customer) if customer else None
    return named.display_name if isinstance(named, CustomerDraft) else None
