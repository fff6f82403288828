"""The exchange rate that a document goes out with: the rules' own, else QBO's of the document's day. Pure.

QBO books a foreign document without ExchangeRate at 1 (third-party reports), so none goes out without one: a rate that
nobody knows is refused, and the refusal names the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from bridge.index.company_profile import CompanyProfile, DayRate
from bridge.planning.barring import without_idle
from bridge.planning.steps import PlannedStep, StepId
from contracts.errors import UnmappableEvent
from contracts.quickbooks import DocumentDraft, PaymentDraft


def rate_of(step: PlannedStep, profile: CompanyProfile) -> Decimal | None:
    """The rate of the step's document, None in the home currency. UnmappableEvent where nobody knows it."""
    wanted = _day_rate(step, profile)
    if wanted is None:
        return _said(step, profile)
    rate = profile.day_rates.get(wanted)
    if rate is None:
        currency, day = wanted
        raise UnmappableEvent(
            f"QuickBooks has no exchange rate of {currency} for {day.isoformat()}: set the rule "
            f"exchange_rates.{currency}, or that day's rate in QuickBooks"
        )
    return rate


def unasked_rates(steps: Iterable[PlannedStep], profile: CompanyProfile) -> tuple[DayRate, ...]:
    """The rates that these steps need and that QBO was not asked for yet, each once."""
    wanted = {found for step in steps if step.barred is None and (found := _day_rate(step, profile)) is not None}
    return tuple(sorted(wanted - profile.day_rates.keys()))


def with_known_rates(steps: Mapping[StepId, PlannedStep], profile: CompanyProfile) -> dict[StepId, PlannedStep]:
    """The steps, barred where QBO has no rate, so that not even a customer is made for what cannot be booked."""
    found = {step_id: _barred(step, profile) for step_id, step in steps.items()}
    return without_idle(found) if any(found[each] is not step for each, step in steps.items()) else found


def _barred(step: PlannedStep, profile: CompanyProfile) -> PlannedStep:
    if step.barred is not None or _day_rate(step, profile) not in profile.day_rates:
        return step
    try:
        rate_of(step, profile)
    except UnmappableEvent as error:
        return replace(step, barred=error)
    return step


def _day_rate(step: PlannedStep, profile: CompanyProfile) -> DayRate | None:
    """The rate of QBO's that the step goes out with; None where it needs none, or another one counts."""
    draft = step.draft
    if not isinstance(draft, DocumentDraft) or not profile.is_foreign(draft.currency):
        return None
    return None if _said(step, profile) is not None else (draft.currency, draft.txn_date)


def _said(step: PlannedStep, profile: CompanyProfile) -> Decimal | None:
    draft, target = step.draft, step.target
    if not isinstance(draft, DocumentDraft) or not profile.is_foreign(draft.currency):
        return None
    settled = draft.settled if isinstance(draft, PaymentDraft) else None
    if settled is not None and settled.currency == profile.home_currency:
        # because the payout brings exactly what the processor made of it: at another rate the rest would lie in transit
        return settled.rate
    if draft.exchange_rate is None and target is not None and target.txn_date == draft.txn_date:
        # because a rate that a person corrected stays, and another one would move what is paid already
        return target.exchange_rate
    return draft.exchange_rate
