"""What a company decides for itself, read from QBO's own answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bridge.index.company_profile import CompanyProfile, read_company_profile
from contracts.errors import Unavailable, UnmappableEvent
from contracts.quickbooks import AccountSelector

ACCOUNTS: list[dict[str, Any]] = [
    {"Id": "86", "Name": "Discounts given", "AccountSubType": "DiscountsRefundsGiven", "CurrencyRef": {"value": "USD"}},
    {"Id": "6", "Name": "Refunds", "FullyQualifiedName": "Sales:Refunds", "AccountSubType": "DiscountsRefundsGiven"},
    {"Id": "18", "Name": "Old", "AccountSubType": "BankCharges", "Active": False},
]


DOLLARS: dict[str, Any] = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}


def facts(preferences: dict[str, Any] | None = None, country: str | None = "US") -> CompanyProfile:
    return read_company_profile(
        {**DOLLARS, **(preferences or {})}, {"Country": country}, ACCOUNTS, [{"Id": "3", "Name": "Visa"}]
    )


def selector(**choice: str) -> AccountSelector:
    return AccountSelector(rule="accounts.discount", **choice)  # type: ignore[arg-type]


def test_an_account_is_chosen_by_id_name_preference_or_type() -> None:
    """By name the whole path in any letter case; of several of a type the one that the company has chosen."""
    chosen = facts({"SalesFormsPrefs": {"DefaultDiscountAccount": "86"}})
    assert chosen.account_id(selector(id="86")) == "86"
    assert chosen.account_id(selector(name="sales:refunds")) == "6"
    assert chosen.account_id(selector(preference="DefaultDiscountAccount", sub_type="DiscountsRefundsGiven")) == "86"
    assert chosen.account_id(selector(among="DefaultDiscountAccount", sub_type="DiscountsRefundsGiven")) == "86"


def test_several_accounts_of_a_type_are_refused_by_the_name_of_the_rule() -> None:
    """The lowest Id would be a guess; an account in another currency, or an inactive one, is none of them."""
    with pytest.raises(UnmappableEvent, match=r'"Sales:Refunds", "Discounts given" are .*: set the rule accounts.disc'):
        facts().account_id(selector(sub_type="DiscountsRefundsGiven"))
    row = {"AccountSubType": "Checking", "AccountType": "Bank"}
    home = {"Id": "35", "Name": "Checking", "CurrencyRef": {"value": "USD"}, **row}
    euros = {"Id": "20", "Name": "Euros", "CurrencyRef": {"value": "EUR"}, **row}
    old = {"Id": "9", "Name": "Old", "Active": False, **row}
    company = read_company_profile(DOLLARS, {"Country": "US"}, [home, euros, old], [])
    assert company.account_id(selector(sub_type="Checking")) == "35"


def test_automated_sales_tax_has_the_companys_own_code() -> None:
    """What the company has chosen, else its oldest code with a rate; pseudo codes and inactive ones are none."""
    rates: dict[str, Any] = {"SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "3"}}]}}
    codes: list[dict[str, Any]] = [
        {"Id": "TAX", "Name": "TAX"},
        {"Id": "11", "Name": "Nevada", **rates},
        {"Id": "4", "Name": "Exempt"},
        {"Id": "5", "Name": "Old", "Active": False, **rates},
        {"Id": "7", "Name": "California", **rates},
    ]
    lists: dict[str, list[dict[str, Any]]] = {"TaxCode": codes, "TaxRate": [{"Id": "3", "RateValue": 8}]}
    automated = {**DOLLARS, "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}}
    found = read_company_profile(automated, {"Country": "US"}, [], [], lists)
    assert (found.automated_tax, found.tax_code) == (True, "7")
    chosen = {**DOLLARS, "TaxPrefs": {**automated["TaxPrefs"], "TaxGroupCodeRef": {"value": "11"}}}
    assert read_company_profile(chosen, {"Country": "US"}, [], [], lists).tax_code == "11"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (selector(id="7"), "account with Id 7"),
        (selector(name="Refunds"), 'account named "Refunds"'),
        (selector(sub_type="BankCharges"), "account of sub-type BankCharges"),
    ],
)
def test_a_missing_account_names_the_rule_that_would_help(choice: AccountSelector, words: str) -> None:
    """Inactive ones are missing too."""
    with pytest.raises(UnmappableEvent, match=f"no active {words}: set the rule accounts.discount"):
        facts().account_id(choice)


def test_preferences_say_currency_tax_and_closing_date() -> None:
    """A code stands for both, manual and automated sales tax."""
    manual = facts(
        {
            "CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}, "MultiCurrencyEnabled": True},
            "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}},
            "AccountingInfoPrefs": {"BookCloseDate": "2018-12-31"},
            "SalesFormsPrefs": {"AllowDiscount": False},
        },
        "CA",
    )
    assert (manual.home_currency, manual.country, manual.multicurrency) == ("CAD", "CA", True)
    assert (manual.charges_tax, manual.tax_code, manual.allows_discount) == (True, "2", False)
    assert (manual.close_date, manual.payment_methods) == (date(2018, 12, 31), {"visa": "3"})
    automated = facts({"TaxPrefs": {"PartnerTaxEnabled": True, "TaxGroupCodeRef": {"value": "2"}}})
    assert (automated.automated_tax, automated.tax_code) == (True, "2")


def test_a_company_that_says_no_more_than_it_must_has_no_tax_and_one_currency() -> None:
    """No closing date either."""
    silent = facts()
    assert (silent.charges_tax, silent.close_date) == (False, None)
    assert (silent.can_book("USD"), silent.can_book("EUR")) == (True, False)


@pytest.mark.parametrize(
    ("preferences", "info", "what"),
    [
        ({}, {"Country": "US"}, "home currency"),
        ({"CurrencyPrefs": {"HomeCurrency": {}}}, {"Country": "US"}, "home currency"),
        (DOLLARS, {}, "country"),
        (DOLLARS, {"Country": ""}, "country"),
    ],
)
def test_neither_currency_nor_country_is_guessed(preferences: dict[str, Any], info: dict[str, Any], what: str) -> None:
    """Guard: the company waits until QBO says it; dollars and US tax would be wrong in other books."""
    with pytest.raises(Unavailable, match=what):
        read_company_profile(preferences, info, ACCOUNTS, ())


def test_a_rate_that_was_not_read_has_no_percentage() -> None:
    """Guard: none is not nothing."""
    rates: dict[str, Any] = {"SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": each}} for each in "34"]}}
    lists: dict[str, Any] = {
        "TaxCode": [{"Id": "11", "Name": "Nevada", **rates}],
        "TaxRate": [{"Id": "3", "RateValue": 8}, {"Id": "4"}],
    }
    found = read_company_profile(DOLLARS, {"Country": "US"}, [], [], lists)
    assert found.tax_codes["nevada"].rates == (("3", Decimal(8)), ("4", None))


def test_a_created_account_is_known_at_once() -> None:
    """The facts before are as they were."""
    before = facts()
    after = before.with_account({"Id": "99", "Name": "Tips"})
    assert (after.account_named("TIPS"), before.account_named("Tips")) == ("99", None)
