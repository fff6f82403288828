"""Drafts of what stands in lists: accounts, customers, items; and the words by which rules name accounts and taxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.keys import SourceKey

CHANNEL = "channel"
"""The kind of the key of a customer that stands for all people of a shop or an account."""
_SHOP = re.compile(r'^shops\."[^"]*"\.')


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """An account that the bridge creates once; found again by its name."""

    name: str
    account_type: str
    sub_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSelector:
    """Which account, as a rule says it; the first of id, name, preference, sub_type that is set decides.

    `rule` is the key in the rules file that a person would set (for the message when nothing is found). `name` is a
    fully qualified name. `preference` is a key of Preferences.SalesFormsPrefs that holds an account id
    (DefaultDiscountAccount); when the company leaves it empty, sub_type decides: the only active account of exactly
    that AccountSubType, those in a foreign currency aside. Of several the one that the preference `among` names is
    meant; without it nobody knows. `made` is the account called `name` that the bridge makes
    where the company has none.
    """

    rule: str
    id: str | None = None
    name: str | None = None
    preference: str | None = None
    sub_type: str | None = None
    among: str | None = None
    made: AccountDraft | None = None

    @property
    def company_rule(self) -> str:
        """The key that says the same for the whole company, where `rule` is the choice of one shop."""
        return _SHOP.sub("", self.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCodeSelector:
    """Which tax code stands for what was charged: `name` as the rules say it, None when the rule `rule` is missing."""

    rule: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; parts are already cut to QBO's lengths."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer. Found by source key, then by e-mail, then by what `found_by` adds, a name of a person's own.

    `currency` is the customer's for good (QBO fixes it at creation).
    """

    display_name: str
    currency: str
    given_name: str | None = None
    family_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
    found_by: tuple[Literal["name"], ...] = ()
    known_email: str | None = None
    """Only to find it by, never written: the address of a buyer whose contact the rules keep out of the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """A product or service. Found by `sku`, else by name.

    `income` is where its sales go: an account by rule, or the key of an account that the same plan creates.
    `distinct` is appended in brackets when another item already has the name.
    """

    name: str
    sku: str | None
    income: AccountSelector | SourceKey
    item_type: Literal["Service", "NonInventory"] = "NonInventory"
    description: str | None = None
    unit_price: Decimal | None = None
    taxable: bool = True
    distinct: str | None = None
