"""What a source says of a sale, whatever the rules are: changed rules must not make an old body look like a new one.

The same event is mapped once more by rules that add nothing to a form and take nothing away. The hash of that form is
what decides whether a body says something new, so a replay under other rules writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contracts.envelope import Envelope
from contracts.errors import RecordError
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import InvoiceDraft, SalesReceiptDraft, content_hash
from mappings.rules import MappingRules

Mapping = Callable[[Envelope, MappingRules], PostingPlan | Ignored]


def with_said(plan: PostingPlan, mapping: Mapping, envelope: Envelope, rules: MappingRules) -> PostingPlan:
    """The plan whose sales know what their source says of them."""
    if not any(_sale_in(step) for step in plan.steps):
        return plan
    plain = rules.plain
    if plain is rules:
        return plan
    try:
        said = mapping(envelope, plain)
    except RecordError:
        return plan
    forms = {step.key: _sale_in(step) for step in said.steps} if isinstance(said, PostingPlan) else {}
    return replace(plan, steps=tuple(_knowing(step, forms.get(step.key)) for step in plan.steps))


def _sale_in(step: PostingStep) -> InvoiceDraft | None:
    """The form of a sale that has versions."""
    if step.intent is not Intent.STATE:
        return None
    form = step.draft.sale if isinstance(step.draft, SalesReceiptDraft) else step.draft
    return form if isinstance(form, InvoiceDraft) else None


def _knowing(step: PostingStep, said: InvoiceDraft | None) -> PostingStep:
    form = _sale_in(step)
    if form is None or said is None:
        return step
    named = replace(form, buyers=(str(said.customer),))
    draft = replace(step.draft, sale=named) if isinstance(step.draft, SalesReceiptDraft) else named
    return replace(step, draft=draft, said=content_hash(said))
