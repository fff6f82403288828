"""What of a buyer does not reach the books where the rules keep it out; one place for every source.

Sales tax needs city, state, postcode and country of where the goods went. Everything else of a person stays away: its
name, its company's, e-mail address, phone and street. A company that buys (B2B) keeps its name.
"""

from __future__ import annotations

from dataclasses import replace

from contracts.posting import PostingPlan, PostingStep
from contracts.quickbooks import (
    Address,
    CreditMemoDraft,
    CustomerDraft,
    Draft,
    InvoiceDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
)
from mappings.customers import COMPANY
from mappings.rules import MappingRules


def kept_private(plan: PostingPlan, rules: MappingRules) -> PostingPlan:
    """The plan as the rules let it be written."""
    if rules.privacy.contact:
        return plan
    return replace(plan, steps=tuple(_private(step) for step in plan.steps))


def _private(step: PostingStep) -> PostingStep:
    if isinstance(step.draft, CustomerDraft):
        return _private_customer(step, step.draft)
    return replace(step, draft=_private_draft(step.draft)) if step.draft is not None else step


def _private_draft(draft: Draft) -> Draft:
    match draft:
        case InvoiceDraft():
            billing, shipping = _without_street(draft.billing), _without_street(draft.shipping)
            return replace(draft, email=None, without_street=True, billing=billing, shipping=shipping)
        case SalesReceiptDraft(sale=sale):
            private = _private_draft(sale)
            return replace(draft, sale=private) if isinstance(private, InvoiceDraft) else draft
        case RefundReceiptDraft() | CreditMemoDraft():
            return replace(draft, without_street=True)
    return draft


def _private_customer(step: PostingStep, draft: CustomerDraft) -> PostingStep:
    """A customer that is known by its key alone. What the books hold of it already stays: no version follows it."""
    if step.key.system == "qbb":
        return step
    named = draft if step.key.kind == COMPANY else replace(draft, display_name=_numbered(step), company_name=None)
    private = replace(
        named,
        given_name=None,
        family_name=None,
        email=None,
        known_email=draft.email,
        phone=None,
        billing=_without_street(draft.billing),
        shipping=_without_street(draft.shipping),
        found_by=(),
    )
    return replace(step, draft=private, version=None)


def _numbered(step: PostingStep) -> str:
    return f"{step.key.system.capitalize()} customer {step.key.id}"


def _without_street(address: Address | None) -> Address | None:
    """What sales tax needs of an address, None where it holds nothing else."""
    if address is None:
        return None
    kept = replace(address, line1=None, line2=None)
    return kept if kept != Address() else None
