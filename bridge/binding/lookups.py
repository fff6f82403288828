"""References become Ids: what the drafts name, as this company has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.index.sale_place import SalePlace
from bridge.planning.exchange_rates import rate_of
from bridge.planning.steps import PlannedStep
from contracts.entities import PRIVATE_NOTE_MAX
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import Marker
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    Address,
    CustomerDraft,
    DepositLine,
    Draft,
    ItemDraft,
    JournalLine,
)

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lookups:
    """The index, the facts, and the drafts that resolve name-list references which have no marker of their own."""

    index: Index
    profile: CompanyProfile
    drafts: Mapping[SourceKey, Draft]

    def customer_id(self, key: SourceKey, currency: str) -> str:
        """The customer's Id in that currency. UnmappableEvent when the company has none."""
        draft = self.drafts.get(key)
        known = self.index.customer_id(key, draft if isinstance(draft, CustomerDraft) else None, currency)
        if known is None:
            raise UnmappableEvent(f"the customer {key} is not in QuickBooks")
        return known

    def item_id(self, key: SourceKey) -> str:
        """The item's Id. UnmappableEvent when the company has none."""
        draft = self.drafts.get(key)
        known = self.index.item_id(key, draft if isinstance(draft, ItemDraft) else None)
        if known is None:
            raise UnmappableEvent(f"the item {key} is not in QuickBooks")
        return known

    def income_account(self, income: AccountSelector | SourceKey) -> str:
        """Where an item's sales go, by rule or by the key of an account that a plan creates."""
        if isinstance(income, AccountSelector):
            return self.profile.account_id(income)
        draft = self.drafts.get(income)
        known = self.profile.account_named(draft.name) if isinstance(draft, AccountDraft) else None
        if known is None:
            raise UnmappableEvent(f"the account {income} is not in QuickBooks")
        return known

    def currency(self, currency: str) -> Body | None:
        """A reference to the currency, where the company knows several."""
        return {"value": currency} if self.profile.multicurrency else None

    def money(self, step: PlannedStep, currency: str) -> Body:
        """Currency and rate of the step's document, which QBO refuses to hear of before multicurrency is on."""
        if not self.profile.multicurrency:
            return {}
        return {"CurrencyRef": {"value": currency}, "ExchangeRate": rate_of(step, self.profile)}

    def note(
        self, step: PlannedStep, more: Mapping[str, str] | None = None, *, length_max: int = PRIVATE_NOTE_MAX
    ) -> str:
        """The step's marker, `more` facts in it, signed, below what a person wrote."""
        human = step.target.human_note if step.target else step.note
        marker = Marker(step.id.key, {**step.marker_fields, **(more or {})})
        return self.index.seal.write(step.id.entity, human, marker, length_max=length_max)


def class_of_line(lookups: Lookups, line: DepositLine | JournalLine) -> Body:
    """The class of a line of an entry or a deposit, which have no class as a whole; empty for none."""
    named = lookups.profile.listed("Class", line.tracking_class, "tracking")
    return {"ClassRef": {"value": named}} if named else {}


def place_of_line(lookups: Lookups, line: DepositLine | JournalLine, sale: SourceKey | None = None) -> Body:
    """The class and the location of a line of an entry, else those of `sale` as the books have it; empty for none."""
    sold = lookups.index.sale(sale) if sale is not None else None
    place = (sold.place if sold else None) or SalePlace()
    found = {
        "ClassRef": lookups.profile.listed("Class", line.tracking_class, "tracking") or place.tracking_class,
        "DepartmentRef": lookups.profile.listed("Department", line.location, "tracking") or place.location,
    }
    return {name: {"value": ident} for name, ident in found.items() if ident}


def address_body(address: Address | None) -> Body | None:
    """An address as QBO writes it, None for an empty one."""
    if address is None:
        return None
    named = {
        "Line1": address.line1,
        "Line2": address.line2,
        "City": address.city,
        "CountrySubDivisionCode": address.region,
        "PostalCode": address.postal_code,
        "Country": address.country,
    }
    return {name: value for name, value in named.items() if value} or None
