"""The company's own books against the mapping rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import get_args

from bridge.commands.doctor.finding import Finding
from bridge.commands.doctor.retail import retail_accounts, type_of_place, unknown_shops
from bridge.index.company_profile import Account, CompanyProfile
from contracts.entities import Entity
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.quickbooks import AccountSelector
from mappings.accounts import LiabilityRole, Role, account, liability, liability_line, row_account
from mappings.rules import MappingRules

INCOME = frozenset({"Income", "Other Income"})
EXPENSE = frozenset({"Expense", "Other Expense", "Cost of Goods Sold"})
MONEY = frozenset({"Bank", "Other Current Asset"})
OWED = frozenset({"Other Current Liability"})

# What QBO takes in each place: money is received into a bank or a current asset, an item sells into income (or into
# what is owed), a discount is a negative income; entries by journal may go anywhere.
FITTING: dict[Role, frozenset[str]] = {
    "deposit": MONEY,
    "payouts": frozenset({"Bank"}),
    "sales": INCOME,
    "shipping": INCOME | OWED,
    "additional_fees": INCOME | OWED,
    "discount": INCOME | EXPENSE,
    "fees": EXPENSE,
}

_OTHERS = frozenset({"Fixed Asset", "Other Asset", "Credit Card", "Long Term Liability", "Equity"})
WITHOUT_A_NAME = MONEY | OWED | INCOME | EXPENSE | _OTHERS
"""All but receivables and payables: a line on those is a customer's or a vendor's, and a payout names nobody."""
OPENING = {
    "opening_receivables": "late payments of earlier orders",
    "opening_clearing": "payouts with rows from before the start",
    "opening_gift_cards": "",
}
"""What has no account to be booked on where the rule is missing."""

_MORE = "more was {} there: enter what was {} when the books start, see the page of the bookkeeper"
_OUTSTANDING = (
    "more was redeemed than was sold or entered there: find what was outstanding {} and enter it, a credit of this "
    "account against Opening Balance Equity"
)
_CARDS_WITHOUT_START = _OUTSTANDING.format("before the first sale that is booked (the shop's report of gift cards)")
_CARDS = (
    _OUTSTANDING.format("on books_start (`qbo-bridge doctor --start`, and the shop's report of gift cards)")
    + "; where it is on an account of its own (accounts.opening_gift_cards), move from there what old cards paid here"
)
_OF_THE_START = {
    "opening_receivables": (_MORE.format("paid late than was entered", "owed"), False),
    "opening_clearing": (_MORE.format("paid out than was entered", "in transit"), False),
    "opening_gift_cards": (_MORE.format("redeemed than was entered", "outstanding"), True),
}
"""The accounts of the start, what is wrong when they are below zero, and whether they are of what is owed."""

RARE: frozenset[Role] = frozenset({"bad_debts"})
"""Roles that only some Stripe events need: a company that lacks the account and names none may never miss it."""


def examine_books(rules: MappingRules, profile: CompanyProfile, items: Iterable[Entity]) -> list[Finding]:
    """Every rule that names something, and every preference that a document rests on."""
    return [
        _start(rules),
        *_accounts(rules, profile),
        *_gateways(rules, profile),
        *_lists(rules, profile),
        *_items(profile, items),
        *_preferences(rules, profile),
        *_below_zero(rules, profile),
    ]


def _below_zero(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    """Accounts on the wrong side: what was open at the start of the books is not on them, or not all of it."""
    cards = _CARDS if rules.books_start is not None else _CARDS_WITHOUT_START
    yield from _wrong_side("gift cards", liability_line(rules, "gift_cards"), profile, cards, owed=True)
    for name, (why, is_owed) in _OF_THE_START.items():
        chosen = getattr(rules.accounts, name)
        if chosen is not None and rules.books_start is not None:
            yield from _wrong_side(f"accounts.{name}", chosen.selector(name), profile, why, owed=is_owed)


def _wrong_side(
    about: str, wanted: AccountSelector, profile: CompanyProfile, remedy: str, *, owed: bool
) -> Iterator[Finding]:
    try:
        one = profile.accounts[profile.account_id(wanted)]
    except UnmappableEvent:
        return  # because the examination of the rules says so already, or the bridge makes it when it is needed
    if one.balance is None:
        yield Finding(about, f'what lies on "{one.full_name}" QuickBooks does not say')
        return
    lies = -one.balance if owed else one.balance
    if lies < 0:
        code = one.currency or profile.home_currency
        yield Finding(about, f'"{one.full_name}" is {plain(-lies, code)} {code} below zero', remedy, rare=True)


def _start(rules: MappingRules) -> Finding:
    if rules.books_start is None:
        return Finding("books_start", "not set: every sale is booked, however old it is when something touches it")
    return Finding("books_start", f"{rules.books_start}; what is dated before it is left out")


def _accounts(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    for role in get_args(Role):
        found = _account(f"accounts.{role}", profile, account(rules, role), FITTING.get(role))
        yield replace(found, rare=role in RARE and getattr(rules.accounts, role) is None)
    for owed in get_args(LiabilityRole):
        yield _checked(f"accounts.{owed}", lambda owed=owed: _liability(rules, profile, owed))  # type: ignore[misc]
    yield from _opening(rules, profile)
    yield from unknown_shops(rules)
    yield from retail_accounts(rules, profile, _account, _type_of)
    for name in ("exchange", "payout_other"):
        chosen = getattr(rules.accounts, name)
        if chosen is not None:
            yield _line_account(f"accounts.{name}", profile, chosen.selector(f"accounts.{name}"))
    for kind in sorted(rules.payouts.rows):
        yield _line_account(f"payouts.rows.{kind}", profile, row_account(rules, kind, kind))


def _type_of(key: str) -> frozenset[str] | None:
    return type_of_place(key, FITTING["deposit"], {str(role): kinds for role, kinds in FITTING.items()})


def _opening(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    """The accounts of what was open at the start of the books; without a start nothing is booked there."""
    if rules.books_start is None:
        return
    for name, needed in OPENING.items():
        about = f"accounts.{name}"
        chosen = getattr(rules.accounts, name)
        if chosen is not None:
            yield _line_account(about, profile, chosen.selector(about))
        elif needed:
            remedy = "name an account, unless nothing was open when the books start"
            yield Finding(about, f"not named: {needed} are dead letters", remedy, rare=True)


def _line_account(about: str, profile: CompanyProfile, wanted: AccountSelector) -> Finding:
    """An account on a line of a deposit or an entry; one that the bridge makes need not be there."""
    if wanted.made is not None and profile.account_named(wanted.made.name) is None:
        return Finding(about, f'"{wanted.made.name}", created when it is first needed')
    return _account(about, profile, wanted, WITHOUT_A_NAME)


def _liability(rules: MappingRules, profile: CompanyProfile, role: LiabilityRole) -> Finding:
    wanted = liability(rules, role)
    if isinstance(wanted, SourceKey):
        there = profile.account_named(wanted.id)
        return Finding(f"accounts.{role}", f'"{wanted.id}"' + ("" if there else ", created when it is first needed"))
    return _account(f"accounts.{role}", profile, wanted, None)


def _account(about: str, profile: CompanyProfile, wanted: AccountSelector, fitting: frozenset[str] | None) -> Finding:
    def found() -> Finding:
        one: Account = profile.accounts[profile.account_id(wanted)]
        said = f'"{one.full_name}" ({one.account_type})'
        if fitting is not None and one.account_type not in fitting:
            kinds = " or ".join(sorted(fitting))
            return Finding(
                about, f"{said} is of a type that QuickBooks refuses here", f"name an account of type {kinds}"
            )
        return Finding(about, said)

    return _checked(about, found)


def _gateways(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    for name, rule in sorted(rules.gateways.items()):
        if rule.deposit is not None:
            about = f"gateways.{name}.deposit"
            yield _account(about, profile, rule.deposit.selector(about), FITTING["deposit"])
        if rule.method is not None:
            there = rule.method.casefold() in profile.payment_methods
            remedy = "" if there else "add it to the payment methods in QuickBooks, or name another one"
            said = f'payment method "{rule.method}"' + ("" if there else " does not exist")
            yield Finding(f"gateways.{name}.method", said, remedy)


def _lists(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    codes = {f"tax.codes.{title}": name for title, name in rules.tax.codes.items()}
    codes |= {"tax.exempt": rules.tax.exempt} if rules.tax.exempt else {}
    for about, name in sorted(codes.items()):
        there = name.casefold() in profile.tax_codes
        yield Finding(
            about, f'tax code "{name}"', "" if there else f'the company has no active tax code "{name}": mend it'
        )
    for number, rule in enumerate(rules.tracking, start=1):
        yield _listed(f"tracking {number} class", profile, "Class", rule.tracking_class)
        yield _listed(f"tracking {number} location", profile, "Department", rule.location)
    for title, name in sorted(rules.terms.items()):
        yield _listed(f"terms.{title}", profile, "Term", name)


def _listed(about: str, profile: CompanyProfile, entity: str, name: str | None) -> Finding:
    def found() -> Finding:
        profile.listed(entity, name, about)
        return Finding(about, f'{entity} "{name}"' if name else "none")

    return _checked(about, found)


def _items(profile: CompanyProfile, items: Iterable[Entity]) -> Iterator[Finding]:
    rows = [row for row in items if row.get("Active") is not False and row.get("Type") != "Category"]
    without_account = [row for row in rows if _income_of(row) not in {None, *profile.accounts}]
    if not without_account:
        yield Finding("items", f"{len(rows)} active items, each with an active income account")
    for row in without_account:
        said = f"item {row.get('Id')} sells into an account that is not active"
        yield Finding("items", said, "make its account active again, or give it another one in QuickBooks")


def _income_of(row: Entity) -> str | None:
    reference = row.get("IncomeAccountRef")
    return str(reference.get("value")) if isinstance(reference, dict) else None


def _preferences(rules: MappingRules, profile: CompanyProfile) -> Iterator[Finding]:
    currencies = ", ".join(sorted(rules.exchange_rates))
    if currencies and not profile.multicurrency:
        said = f"multicurrency is off, and exchange_rates names {currencies}"
        yield Finding("currency", said, "switch multicurrency on in QuickBooks, or take the rates out of the rules")
    else:
        ruled = f"{currencies} at the rules' rates, any other" if currencies else "any other"
        others = f"and others: {ruled} at QuickBooks' rate of the day"
        which = others if profile.multicurrency else "only; a document in another currency is a dead letter"
        yield Finding("currency", f"{profile.home_currency} {which}")
    if profile.country == "US":
        yield _sales_tax(profile)
    elif not rules.tax.codes:
        off = f"the company is in {profile.country} and no tax code is named: an order with tax is a dead letter"
        yield Finding("tax codes", off, "name them in the rules, under [tax.codes]")
    off = "discounts on sales forms are off: an order with a discount is a dead letter"
    yield (
        Finding("discounts", "allowed")
        if profile.allows_discount
        else Finding("discounts", off, "switch discounts on in QuickBooks, under sales form content")
    )
    if profile.close_date is not None:
        yield Finding("closed books", f"until {profile.close_date}; what is dated earlier is a dead letter")


def _sales_tax(profile: CompanyProfile) -> Finding:
    if not profile.charges_tax:
        return Finding("sales tax", "off: an order with tax is a dead letter", "switch sales tax on")
    how = "automated" if profile.automated_tax else "on"
    code = next((each.name for each in profile.tax_codes.values() if each.id == profile.tax_code), profile.tax_code)
    if code is not None:
        return Finding("sales tax", f'{how}, charged under the company\'s tax code "{code}"')
    if not profile.automated_tax:
        return Finding("sales tax", how)
    said = "automated, and the company has no tax code: QuickBooks may put its own figure over the tax that was charged"
    return Finding("sales tax", said, "add a tax agency and a rate in QuickBooks, under Taxes")


def _checked(about: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except UnmappableEvent as error:
        said, _, remedy = str(error).rpartition(": ")
        return Finding(about, said or str(error), remedy or "mend the rules")
