"""Customers that are told on their own: made known, and followed as long as no person has changed them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.index.known_customer import KnownCustomer, target_of
from bridge.index.name_list import legal_key
from bridge.planning.context import PlanningContext
from bridge.planning.steps import Claim, PlannedStep, Skipped, StepId, Superseded, Write
from contracts.posting import ONCE, Intent, Operation, Version
from contracts.quickbooks import CustomerDraft

A_PERSON_CHANGED = Skipped("skipped_by_rule", "a person changed the customer in QuickBooks, and that stays")


def is_person(claim: Claim) -> bool:
    """True for a customer whose own event this is."""
    step = claim.step
    return step.intent is Intent.ENSURE and isinstance(step.draft, CustomerDraft) and step.key == claim.plan.document


def plan_person(context: PlanningContext, claims: Sequence[Claim]) -> None:
    """Decide what the newest of `claims`, all on one customer, writes; older ones are superseded."""
    newest = max(claims, key=_version)
    version, key = _version(newest), newest.step.key
    seen = context.index.newest(key)
    context.resolve((claim.position for claim in claims if _version(claim) < version), Superseded())
    same = [claim.position for claim in claims if _version(claim) == version]
    if seen is not None and version < seen:
        context.resolve(same, Superseded())
        return
    if newest.step.version is not None:
        context.note_version(key, version)
    draft = newest.step.draft
    if isinstance(draft, CustomerDraft):
        _write(context, newest, draft, same)


def _write(context: PlanningContext, claim: Claim, draft: CustomerDraft, same: Sequence[int]) -> None:
    key = claim.step.key
    if not context.profile.can_book(draft.currency):
        # because a source names the currency that was paid in last, and in these books everybody has the same one
        draft = replace(draft, currency=context.profile.home_currency)
    ident = context.customer_id(key, draft.currency)
    if ident is None:
        created = context.ensure(key, claim.position, currency=draft.currency)
        if created is not None:
            for position in same:
                context.resolve([position], Write(created, credited=context.steps[created].owner == position))
        return
    known = context.index.customers.listed(ident)
    if known is None or claim.step.version is None:
        return
    named = replace(draft, display_name=_name(context, known, draft))
    target = target_of(known, named)
    if target is None or target.key != key:
        return
    if not known.unchanged:
        context.resolve(same, A_PERSON_CHANGED)
        return
    step = PlannedStep(
        id=StepId("Customer", key, draft.currency),
        operation=Operation.UPDATE,
        owner=claim.position,
        draft=named,
        target=target,
        marker_fields=target.marker_fields,
    )
    context.plan_write(step, same)


def _name(context: PlanningContext, known: KnownCustomer, draft: CustomerDraft) -> str:
    """The new name where nobody holds it, else the one that the customer has."""
    now = known.said[0]
    own = legal_key(now) == legal_key(draft.display_name)
    return draft.display_name if own or not context.index.customers.is_taken(draft.display_name) else now


def _version(claim: Claim) -> Version:
    return claim.step.version or ONCE
