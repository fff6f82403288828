"""Name-list entities as bodies."""

from __future__ import annotations

from bridge.binding.lookups import Body, Lookups, address_body
from bridge.planning.steps import PlannedStep
from contracts.quickbooks import CustomerDraft, ItemDraft

NOTES_MAX = 2000
"""Customer.Notes; PrivateNote takes 4000."""


def customer_body(lookups: Lookups, step: PlannedStep, draft: CustomerDraft) -> Body:
    """A customer, our key in its notes."""
    return {
        "DisplayName": draft.display_name,
        "GivenName": draft.given_name,
        "FamilyName": draft.family_name,
        "CompanyName": draft.company_name,
        "PrimaryEmailAddr": {"Address": draft.email} if draft.email else None,
        "PrimaryPhone": {"FreeFormNumber": draft.phone} if draft.phone else None,
        "BillAddr": address_body(draft.billing),
        "ShipAddr": address_body(draft.shipping),
        "CurrencyRef": lookups.currency(draft.currency),
        "Notes": lookups.note(step, length_max=NOTES_MAX),
    }


def item_body(lookups: Lookups, draft: ItemDraft) -> Body:
    """An item and where its sales go."""
    income = lookups.income_account(draft.income)
    return {
        "Name": draft.name,
        "Sku": draft.sku,
        "Type": draft.item_type,
        "IncomeAccountRef": {"value": income},
        "Description": draft.description,
        "UnitPrice": draft.unit_price,
        "Taxable": draft.taxable if lookups.profile.country == "US" else None,
    }
