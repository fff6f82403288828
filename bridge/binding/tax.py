"""The tax of a sales form as QBO takes it, exactly as it was charged. Pure.

US: a line is TAX or NON and `TotalTax` is honoured as it is (Intuit blog 2017-12-11), after the discount. Elsewhere
each line names a tax code, amounts are without tax (`TaxExcluded`), and a TaxLine for each rate says what was charged:
a total alone would be computed anew (python-quickbooks #301).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge.index.company_profile import CompanyProfile, TaxCode
from contracts.errors import UnmappableEvent
from contracts.money import split
from contracts.quickbooks import LineDraft, TaxCodeSelector

Body = dict[str, Any]

EXEMPT = TaxCodeSelector(rule="tax.exempt")
"""The code of a line without tax, which the rules do not say."""
UNNAMED = TaxCodeSelector(rule="tax.codes")
"""The code of a tax to which the source gives no name."""


@dataclass(frozen=True, slots=True)
class FormTax:
    """`codes` is the TaxCodeRef of each line, None where it has none; `form` are the properties of the whole form."""

    codes: tuple[str | None, ...]
    form: Body


def form_tax(
    profile: CompanyProfile,
    lines: Sequence[LineDraft],
    tax: Decimal,
    code: TaxCodeSelector | None = None,
    discount: Decimal = Decimal(0),
) -> FormTax:
    """The tax of a form with `lines` less `discount`, on which `tax` was charged in all.

    `code` stands for the tax as a whole (US). UnmappableEvent when the company or its rules lack what the tax needs.
    """
    if profile.country != "US":
        return _global_tax(profile, lines, tax)
    return _us_tax(profile, lines, tax, code, discount)


def _us_tax(
    profile: CompanyProfile, lines: Sequence[LineDraft], tax: Decimal, code: TaxCodeSelector | None, discount: Decimal
) -> FormTax:
    if tax and not profile.charges_tax:
        raise UnmappableEvent(f"{tax} of sales tax, but sales tax is off in QuickBooks: switch it on")
    # With no line marked, QBO would drop a tax that was charged.
    all_taxed = not any(line.taxable for line in lines)
    codes = tuple("TAX" if tax and (all_taxed or line.taxable) else "NON" for line in lines)
    detail: Body = {"TotalTax": tax}
    named = profile.tax_code_of(code).id if code is not None and code.name is not None else profile.tax_code
    if tax and named is not None:
        # because automated sales tax may put its own figure over a total without a code (Intuit on PHP-SDK #199)
        detail["TxnTaxCodeRef"] = {"value": named}
        detail |= _us_lines(profile, named, tax, _taxed_net(lines, codes, discount))
    return FormTax(codes, {"TxnTaxDetail": detail, "ApplyTaxAfterDiscount": True})


def _taxed_net(lines: Sequence[LineDraft], codes: Sequence[str], discount: Decimal) -> Decimal | None:
    """The taxed lines less their own discounts; None where the lines do not tell whose the discount is."""
    nothing = Decimal(0)
    if sum((line.own_discount or nothing for line in lines), nothing) != discount:
        return None
    taxed = (line for line, code in zip(lines, codes, strict=True) if code == "TAX")
    return sum((line.amount - (line.own_discount or nothing) for line in taxed), nothing)


def _us_lines(profile: CompanyProfile, ident: str, tax: Decimal, net: Decimal | None) -> Body:
    """What was charged at each rate of a manual code and on what, which QBO would else spread over all lines alike."""
    code = next((each for each in profile.tax_codes.values() if each.id == ident), None)
    if profile.automated_tax or code is None or not any(percent for _, percent in code.rates) or net is None:
        return {}
    parts = zip(_rates_of(code), _by_rate(tax, code), strict=True)
    return {"TaxLine": [_tax_line(rate, amount, percent, net) for (rate, percent), amount in parts]}


def _global_tax(profile: CompanyProfile, lines: Sequence[LineDraft], tax: Decimal) -> FormTax:
    if not tax and all(line.tax_code is None for line in lines):
        return FormTax((None,) * len(lines), {"GlobalTaxCalculation": "NotApplicable"})
    if tax and not any(line.tax for line in lines):
        profile.tax_code_of(UNNAMED)
    codes = tuple(profile.tax_code_of(line.tax_code or (UNNAMED if line.tax else EXEMPT)) for line in lines)
    charged: dict[str, Decimal] = {}
    nets: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    for line, code in zip(lines, codes, strict=True):
        for (rate, percent), amount in zip(_rates_of(code), _by_rate(line.tax, code), strict=True):
            charged[rate] = charged.get(rate, Decimal(0)) + amount
            nets[rate] = nets.get(rate, Decimal(0)) + line.amount - (line.own_discount or Decimal(0))
            percents[rate] = percent
    if sum(charged.values(), Decimal(0)) != tax:
        raise UnmappableEvent(f"{tax} of tax cannot be told apart by the lines that it was charged on")
    details = [_tax_line(rate, amount, percents[rate], nets[rate]) for rate, amount in charged.items()]
    return FormTax(
        tuple(code.id for code in codes),
        {"GlobalTaxCalculation": "TaxExcluded", "TxnTaxDetail": {"TotalTax": tax, "TaxLine": details}},
    )


def _by_rate(tax: Decimal, code: TaxCode) -> tuple[Decimal, ...]:
    """The tax of a line over the rates of its code, exact to the cent."""
    if code.rates:
        return split(tax, [percent for _, percent in _rates_of(code)])
    if tax:
        raise UnmappableEvent(f'the tax code "{code.name}" has no rate, and {tax} of tax was charged')
    return ()


def _rates_of(code: TaxCode) -> list[tuple[str, Decimal]]:
    """The rates with their percentages. UnmappableEvent where QBO did not say one: the tax cannot be told apart."""
    known = [(rate, percent) for rate, percent in code.rates if percent is not None]
    if len(known) < len(code.rates):
        raise UnmappableEvent(f'QuickBooks does not say the percentage of each rate of the tax code "{code.name}"')
    return known


def _tax_line(rate: str, amount: Decimal, percent: Decimal, net: Decimal) -> Body:
    detail = {
        "TaxRateRef": {"value": rate},
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": net,
    }
    return {"DetailType": "TaxLineDetail", "Amount": amount, "TaxLineDetail": detail}
