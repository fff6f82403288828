"""What the machine would say of one event, from the event and the rules alone: the same machine on empty books.

The company has nothing of ours yet and everything that the rules name, so nothing is refused that only its own books
or preferences could decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bridge.index.company_profile import Account, CompanyProfile, TaxCode
from bridge.index.index import Index, Posted
from bridge.planning.schedule import schedule
from bridge.planning.steps import Schedule, StepId
from bridge.posting.poster import Poster
from bridge.posting.rehearsal import RehearsedEntities, RehearsingSender
from bridge.settlement.outcome import Outcome, outcome_of
from bridge.settlement.step_outcomes import Done, StepOutcome
from contracts.entities import Entity
from contracts.lists import AccountSelector
from contracts.marker_seal import MarkerSeal
from contracts.opening import OpeningAccounts
from contracts.posting import PostingPlan
from contracts.quickbooks import (
    DepositDraft,
    DocumentDraft,
    Draft,
    InvoiceDraft,
    JournalEntryDraft,
    SalesReceiptDraft,
    accounts_of,
)
from contracts.sales_forms import CreditMemoDraft, RefundReceiptDraft
from mappings.rules import MappingRules
from mappings.start import opening_of

REPLANS_MAX = 4
"""How often a plan is looked at again on what it would have written."""
FIRST_ID = 10**12
"""Ids that no rule names."""
_REALM = "0"
_TYPES = {"Checking": "Bank"}


async def forecast(plan: PostingPlan, rules: MappingRules) -> Outcome:
    """What would become of `plan` where QuickBooks has nothing of ours: its status, and why."""
    opening = opening_of(rules)
    books = EmptyBooks(plan, opening)
    poster = Poster(RehearsingSender(books, RehearsedEntities(books.index.seal)), books, realm_id=_REALM)
    outcomes: dict[StepId, StepOutcome] = {}
    planned = books.schedule(plan, rules)
    for _ in range(REPLANS_MAX):
        outcomes = {**await poster.post(planned, {}, {}), **poster.done}
        if not planned.must_replan:
            break
        planned = books.schedule(plan, rules)
    written = [step for step, outcome in outcomes.items() if isinstance(outcome, Done)]
    return outcome_of(plan, planned.resolutions[0], outcomes, written)


class EmptyBooks:
    """The books of a company that has everything which `plan` and the rules name, and no document yet."""

    is_warm = True

    def __init__(self, plan: PostingPlan, opening: OpeningAccounts | None) -> None:
        self.index = Index(MarkerSeal(_REALM, (b"forecast",)), complete_since=datetime.min.replace(tzinfo=UTC))
        self.profile = _profile([step.draft for step in plan.steps if step.draft is not None], opening)

    def schedule(self, plan: PostingPlan, rules: MappingRules) -> Schedule:
        """The plan's writes; a rate that only QuickBooks knows is taken for known."""
        planned = self._schedule(plan, rules)
        if not planned.rates:
            return planned
        self.profile = replace(self.profile, day_rates=dict.fromkeys(planned.rates, Decimal(1)))
        return self._schedule(plan, rules)

    def _schedule(self, plan: PostingPlan, rules: MappingRules) -> Schedule:
        return schedule([plan], self.index, self.profile, rules.closed_period, opening_of(rules))

    def is_dropped(self, entity: str, ident: str) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing is ever gone."""
        return False

    def remember(self, entity: str, body: Entity, sent: Mapping[str, Any]) -> Posted | None:
        """Take in what would have been written."""
        if entity == "Account":
            self.profile = self.profile.with_account(body)
            return None
        return self.index.remember_answer(entity, body, sent)


def _profile(drafts: list[Draft], opening: OpeningAccounts | None) -> CompanyProfile:
    documents = [draft for draft in drafts if isinstance(draft, DocumentDraft)]
    forms = list(_forms(documents))
    sales = [form for form in forms if isinstance(form, InvoiceDraft)]
    lines = [line for draft in documents if isinstance(draft, DepositDraft | JournalEntryDraft) for line in draft.lines]
    selectors = [selector for draft in drafts for selector in accounts_of(draft)]
    codes = [form.tax_code.name for form in forms if form.tax_code is not None and form.tax_code.name is not None]
    return CompanyProfile(
        home_currency=next((draft.currency for draft in documents), "USD"),
        multicurrency=True,
        country="US",
        charges_tax=True,
        tax_code=None,
        close_date=None,
        allows_discount=True,
        preferences={},
        accounts=_accounts([*selectors, opening.receivables] if opening else selectors),
        tax_codes={name.casefold(): TaxCode(id=name, name=name, rates=()) for name in codes},
        lists={
            "Class": _named(each.tracking_class for each in (*sales, *lines)),
            "Department": _named(each.location for each in (*sales, *lines)),
            "Term": _named(sale.terms for sale in sales),
        },
    )


def _forms(documents: Iterable[DocumentDraft]) -> Iterator[InvoiceDraft | RefundReceiptDraft | CreditMemoDraft]:
    for draft in documents:
        form = draft.sale if isinstance(draft, SalesReceiptDraft) else draft
        if isinstance(form, InvoiceDraft | RefundReceiptDraft | CreditMemoDraft):
            yield form


def _accounts(selectors: Iterable[AccountSelector]) -> dict[str, Account]:
    """An account for each selector that some company could have; those that the bridge makes are not there yet."""
    found: dict[str, Account] = {}
    meant = dict.fromkeys((each.id, each.name, each.sub_type) for each in selectors if each.made is None)
    for number, (ident, name, sub_type) in enumerate(meant, start=FIRST_ID):
        kind = sub_type if ident is None and name is None else None
        if ident or name or kind:
            account = Account(
                id=ident or str(number),
                name=name or kind or "",
                full_name=name or kind or "",
                account_type=_TYPES.get(kind or "", ""),
                sub_type=kind or "",
                currency=None,
            )
            found[account.id] = account
    return found


def _named(names: Iterable[str | None]) -> dict[str, str]:
    return {name.casefold(): name for name in names if name is not None}
