"""What the company itself decides: its currency, its taxes, its chart of accounts.

Read at warm-up, never guessed. Account ids belong to one company and are never constants: rules name accounts, and
what no rule names is found by AccountSubType.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from contracts.entities import Entity, number, part
from contracts.errors import Unavailable, UnmappableEvent
from contracts.quickbooks import AccountSelector, TaxCodeSelector

DayRate = tuple[str, date]
"""A currency and the day whose rate is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of the chart; `balance` is what QBO said lay there when it was read, None where it did not."""

    id: str
    name: str
    full_name: str
    account_type: str
    sub_type: str
    currency: str | None
    balance: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCode:
    """A tax code with its rates: their Ids and percentages, None where QBO did not say it."""

    id: str
    name: str
    rates: tuple[tuple[str, Decimal | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyProfile:
    """Preferences, taxes, accounts and payment methods of one company, as values.

    `tax_code` is the Id of the company's own sales tax code (US), None where it has none. With `automated_tax` QBO
    computes sales tax itself, and a tax that was charged stands only beside that code. `tax_codes`
    and `lists` (of Class, Department and Term: name to Id) hold what the rules need of them, by name in lower case.
    `day_rates` are QBO's own exchange rates as far as they were asked for, None where QBO has none.
    """

    home_currency: str
    multicurrency: bool
    country: str
    charges_tax: bool
    tax_code: str | None
    automated_tax: bool = False
    class_on_lines: bool = False
    close_date: date | None
    allows_discount: bool
    preferences: Mapping[str, str]
    accounts: Mapping[str, Account]
    payment_methods: Mapping[str, str] = field(default_factory=dict)
    tax_codes: Mapping[str, TaxCode] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    day_rates: Mapping[DayRate, Decimal | None] = field(default_factory=dict)

    def account_id(self, selector: AccountSelector) -> str:
        """The Id that `selector` means in this company. UnmappableEvent naming the rule when there is none."""
        found = self._find(selector)
        if not found:
            raise UnmappableEvent(f"the company has no active {_words(selector)}: set the rule {selector.rule}")
        if len(found) > 1:
            # because nobody knows which of them is meant, and money on the wrong one looks right until somebody counts
            named = ", ".join(f'"{self.accounts[ident].full_name}"' for ident in found)
            raise UnmappableEvent(f"{named} are each an active {_words(selector)}: set the rule {selector.rule}")
        return found[0]

    def tax_code_of(self, selector: TaxCodeSelector) -> TaxCode:
        """The tax code that the rules name. UnmappableEvent naming the rule when there is none."""
        if selector.name is None:
            raise UnmappableEvent(f"no tax code stands for this tax: set the rule {selector.rule}")
        found = self.tax_codes.get(selector.name.casefold())
        if found is None:
            raise UnmappableEvent(
                f'the company has no active tax code "{selector.name}": mend the rule {selector.rule}'
            )
        return found

    def listed(self, entity: str, name: str | None, rule: str) -> str | None:
        """The Id of a class, location or term by its name, None for no name. UnmappableEvent when it is not there."""
        if name is None:
            return None
        found = self.lists.get(entity, {}).get(name.casefold())
        if found is None:
            raise UnmappableEvent(f'the company has no active {entity} "{name}": mend the rule {rule}')
        return found

    def _find(self, selector: AccountSelector) -> list[str]:
        """The Ids of all accounts that `selector` can mean, the lowest first."""
        if selector.id is not None:
            return [selector.id] if selector.id in self.accounts else []
        if selector.name is not None:
            named = self.account_named(selector.name)
            return [named] if named is not None else []
        preferred = self.preferences.get(selector.preference or "", "")
        if preferred in self.accounts:
            return [preferred]
        fitting = [each for each in self.accounts.values() if each.sub_type == selector.sub_type]
        at_home = [each for each in fitting if each.currency in (None, self.home_currency)]
        found = sorted((each.id for each in at_home or fitting), key=int)
        chosen = self.preferences.get(selector.among or "", "")
        return [chosen] if chosen in found else found

    def account_named(self, name: str) -> str | None:
        """The Id of the active account with this fully qualified name, letter case aside."""
        wanted = name.casefold()
        return next((key for key, account in self.accounts.items() if account.full_name.casefold() == wanted), None)

    def with_account(self, body: Entity) -> CompanyProfile:
        """These facts and one account more."""
        account = _account(body)
        return replace(self, accounts={**self.accounts, account.id: account})

    @property
    def applies_credits(self) -> bool:
        """True when QBO by itself puts credit memos on the customer's open invoices (AutoApplyCredit)."""
        return self.preferences.get("AutoApplyCredit") == "True"

    def is_closed(self, day: date | None) -> bool:
        """True for a day in closed books; nothing stands in them that has none."""
        return self.close_date is not None and day is not None and day <= self.close_date

    def can_book(self, currency: str) -> bool:
        """True when the company can hold amounts of `currency`."""
        return self.multicurrency or currency == self.home_currency

    def is_foreign(self, currency: str) -> bool:
        """True for a currency whose amounts need an exchange rate in this company."""
        return self.multicurrency and currency != self.home_currency


def read_company_profile(
    preferences: Entity,
    company: Entity,
    accounts: Iterable[Entity],
    payment_methods: Iterable[Entity],
    lists: Mapping[str, Iterable[Entity]] | None = None,
) -> CompanyProfile:
    """The facts in QBO's own answers: Preferences, CompanyInfo, Account and PaymentMethod rows, and rows of lists.

    `lists` holds rows by entity name: TaxCode with TaxRate, Class, Department, Term, as far as they were read.
    Unavailable where the answers do not say the home currency or the country, which decide about every document.
    """
    given = lists or {}
    sales = part(preferences, "SalesFormsPrefs")
    tax = part(preferences, "TaxPrefs")
    currency = part(preferences, "CurrencyPrefs")
    accounting = part(preferences, "AccountingInfoPrefs")
    closed = accounting.get("BookCloseDate")
    codes = _tax_codes(given.get("TaxCode", ()), given.get("TaxRate", ()))
    rows = [_account(row) for row in accounts if row.get("Active", True)]
    return CompanyProfile(
        home_currency=_said(part(currency, "HomeCurrency").get("value"), "home currency"),
        multicurrency=currency.get("MultiCurrencyEnabled") is True,
        country=_said(company.get("Country"), "country"),
        charges_tax=tax.get("UsingSalesTax") is True,
        tax_code=_own_tax_code(tax, codes),
        automated_tax=tax.get("PartnerTaxEnabled") is True,
        class_on_lines=accounting.get("ClassTrackingPerTxnLine") is True,
        close_date=date.fromisoformat(str(closed)[:10]) if closed else None,
        allows_discount=sales.get("AllowDiscount") is not False,
        preferences={key: str(value) for key, value in sales.items() if isinstance(value, str | int)},
        accounts={account.id: account for account in rows},
        payment_methods={str(row["Name"]).casefold(): str(row["Id"]) for row in payment_methods},
        tax_codes=codes,
        lists={entity: _by_name(given.get(entity, ())) for entity in ("Class", "Department", "Term")},
    )


def _said(value: object, what: str) -> str:
    if not value:
        # because dollars and US tax are no guess for books of another country: the company waits until QBO says it
        raise Unavailable(f"QBO's answer does not say the company's {what}", retry_after_s=60.0)
    return str(value)


def _own_tax_code(preferences: Entity, codes: Mapping[str, TaxCode]) -> str | None:
    """The code that the company has chosen, else of automated sales tax the oldest one.

    Any will do there: QBO replaces it by the code of the address, and takes a charged tax only beside one (Intuit).
    """
    group = part(preferences, "TaxGroupCodeRef").get("value")
    if group:
        return str(group)
    own = [code.id for code in codes.values() if code.id.isdigit() and code.rates]
    return min(own, key=int, default=None) if "PartnerTaxEnabled" in preferences else None


def _tax_codes(codes: Iterable[Entity], rates: Iterable[Entity]) -> dict[str, TaxCode]:
    """The active codes; of a rate whose row was not read nobody knows the percentage."""
    percent = {str(rate["Id"]): number(rate.get("RateValue")) for rate in rates}
    found = {}
    for row in codes:
        if row.get("Active") is not False:
            details = part(row, "SalesTaxRateList").get("TaxRateDetail") or ()
            ids = [str(part(detail, "TaxRateRef").get("value")) for detail in details]
            code = TaxCode(id=str(row["Id"]), name=str(row["Name"]), rates=tuple((i, percent.get(i)) for i in ids))
            found[code.name.casefold()] = code
    return found


def _by_name(rows: Iterable[Entity]) -> dict[str, str]:
    """Active rows by their fully qualified names."""
    active = [row for row in rows if row.get("Active") is not False]
    return {str(row.get("FullyQualifiedName") or row["Name"]).casefold(): str(row["Id"]) for row in active}


def _account(body: Entity) -> Account:
    name = str(body["Name"])
    return Account(
        id=str(body["Id"]),
        name=name,
        full_name=str(body.get("FullyQualifiedName", name)),
        account_type=str(body.get("AccountType", "")),
        sub_type=str(body.get("AccountSubType", "")),
        currency=part(body, "CurrencyRef").get("value"),
        balance=number(body.get("CurrentBalance")),
    )


def _words(selector: AccountSelector) -> str:
    if selector.id is not None:
        return f"account with Id {selector.id}"
    if selector.name is not None:
        return f'account named "{selector.name}"'
    return f"account of sub-type {selector.sub_type}" if selector.sub_type else "account for this"
