"""Sales tax: codes, rates, agencies, and the tax of a sales form.

US: a line is TAX or NON; the form's code gives the rates, and `TxnTaxDetail.TotalTax` overrides what they would give
(the amount is honoured and prorated over the rates). Automated sales tax by switch honours it beside a code only.
Elsewhere each line names a tax code and GlobalTaxCalculation says whether amounts hold the tax. Rounding is half up
per rate on the taxable net.
"""

from dataclasses import dataclass
from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.lists import claims_name
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import ref_id
from bridge.sandbox.wire import ZERO, Doc, money

HUNDRED = Decimal(100)
PSEUDO = ("TAX", "NON", "CustomSalesTax")


@dataclass(slots=True)
class Taxable:
    """What tax looks at: the form's item lines (changed in place when they hold their tax), its discount."""

    lines: list[Doc]
    subtotal: Decimal
    discount: Decimal
    tax_after_discount: bool


def rates_of(company: SandboxCompany, code_id: str) -> list[Doc]:
    """The rates of a tax code in their order."""
    code = company.find("TaxCode", code_id)
    if code is None:
        raise errors.invalid_reference("TxnTaxDetail.TxnTaxCodeRef", "TxnTaxDetail.TxnTaxCodeRef")
    details = code.get("SalesTaxRateList", {}).get("TaxRateDetail", ())
    return [company.tables["TaxRate"][detail["TaxRateRef"]["value"]] for detail in details]


def line_code(company: SandboxCompany, detail: Doc, item: Doc | None) -> Doc | None:
    """A line's tax code: in the US TAX or NON, by the item when nothing was said; elsewhere a code of the company."""
    value = ref_id(detail.get("TaxCodeRef"))
    if company.country == "US":
        if value is None:
            return {"value": "TAX" if item is not None and item.get("Taxable") else "NON"}
        if value not in ("TAX", "NON"):
            raise QboFault(
                "6100",
                "Invalid Line TaxCode in the request",
                f"TaxCode value is not valid. For US, specify TAX or NON. Supplied value: {value}",
                "TaxCodeRef",
            )
        return {"value": value}
    if value is None:
        return None
    if company.find("TaxCode", value) is None:
        raise errors.invalid_reference("Line.SalesItemLineDetail.TaxCodeRef", "Line.SalesItemLineDetail.TaxCodeRef")
    return {"value": value}


def tax_detail(company: SandboxCompany, given: Doc, form: Taxable) -> Doc:
    """The form's TxnTaxDetail; lines that hold their tax are brought to net."""
    wanted = given.get("TxnTaxDetail", {})
    if company.country != "US":
        return _global_tax(company, given.get("GlobalTaxCalculation", "TaxExcluded"), wanted, form)
    base = sum((line["Amount"] for line in form.lines if _detail(line)["TaxCodeRef"]["value"] == "TAX"), ZERO)
    if form.tax_after_discount and form.subtotal:
        base = money(base - form.discount * base / form.subtotal)
    return _us_tax(company, wanted, base)


def _detail(line: Doc) -> Doc:
    found: Doc = line["SalesItemLineDetail"]
    return found


def _us_tax(company: SandboxCompany, wanted: Doc, base: Decimal) -> Doc:
    code = ref_id(wanted.get("TxnTaxCodeRef"))
    rates = rates_of(company, code) if code and code not in PSEUDO else []
    automated = company.preference("TaxPrefs", "PartnerTaxEnabled") and company.switches.automated_tax_percent
    if "TotalTax" in wanted and (code or not automated):
        total = money(wanted["TotalTax"])
        given = [line for line in wanted.get("TaxLine", ()) if _named_rate(company, line)]
        amounts = [money(line.get("Amount", ZERO)) for line in given]
        if given and sum(amounts) == total:
            return _answer(code, total, [_kept_line(company, line) for line in given])
        return _answer(code, total, _lines(rates, base, prorated(total, [rate["RateValue"] for rate in rates])))
    if not rates and company.switches.automated_tax_percent and automated:
        return _answer(None, money(base * Decimal(company.switches.automated_tax_percent) / HUNDRED), [])
    amounts = [money(base * rate["RateValue"] / HUNDRED) for rate in rates]
    return _answer(code, sum(amounts, ZERO), _lines(rates, base, amounts))


def _answer(code: str | None, total: Decimal, lines: list[Doc]) -> Doc:
    detail: Doc = {"TxnTaxCodeRef": {"value": code}} if code else {}
    detail["TotalTax"] = total
    if lines:
        detail["TaxLine"] = lines
    return detail


def _named_rate(company: SandboxCompany, line: Doc) -> bool:
    return company.find("TaxRate", ref_id(line.get("TaxLineDetail", {}).get("TaxRateRef"))) is not None


def _kept_line(company: SandboxCompany, line: Doc) -> Doc:
    detail = line["TaxLineDetail"]
    rate = company.tables["TaxRate"][detail["TaxRateRef"]["value"]]
    return _line(rate, money(line.get("Amount", ZERO)), detail.get("NetAmountTaxable", ZERO))


def _line(rate: Doc, amount: Decimal, base: Decimal) -> Doc:
    return {
        "Amount": amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate["Id"]},
            "PercentBased": True,
            "TaxPercent": rate["RateValue"],
            "NetAmountTaxable": base,
        },
    }


def _lines(rates: list[Doc], base: Decimal, amounts: list[Decimal]) -> list[Doc]:
    return [_line(rate, amount, base) for rate, amount in zip(rates, amounts, strict=True)]


def prorated(total: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """A total split by weight into cents; the last part takes the rest."""
    whole = sum(weights, ZERO)
    if not weights:
        return []
    parts = [money(total * weight / whole) if whole else ZERO for weight in weights[:-1]]
    return [*parts, total - sum(parts, ZERO)]


def _global_tax(company: SandboxCompany, mode: str, wanted: Doc, form: Taxable) -> Doc:
    if mode == "NotApplicable":
        if wanted.get("TotalTax") or wanted.get("TaxLine"):
            raise QboFault("6170", "Invalid TxnTaxDetail Error", None, "TxnTaxDetail")
        return {"TotalTax": ZERO}
    bases: dict[str, Decimal] = {}
    included: dict[str, Decimal] = {}
    for line in form.lines:
        detail = _detail(line)
        if "TaxCodeRef" not in detail:
            raise errors.business("Make sure all your transactions have a GST rate before you save.")
        rates = rates_of(company, detail["TaxCodeRef"]["value"])
        percent = sum((rate["RateValue"] for rate in rates), ZERO)
        if mode == "TaxInclusive":
            gross = detail.get("TaxInclusiveAmt") or line["Amount"]
            net = money(gross / (1 + percent / HUNDRED))
            line["Amount"], detail["TaxInclusiveAmt"] = net, gross
            for rate, part in zip(rates, prorated(gross - net, [rate["RateValue"] for rate in rates]), strict=True):
                included[rate["Id"]] = included.get(rate["Id"], ZERO) + part
        for rate in rates:
            bases[rate["Id"]] = bases.get(rate["Id"], ZERO) + line["Amount"]
    overrides = {
        ref_id(line.get("TaxLineDetail", {}).get("TaxRateRef")): money(line["Amount"])
        for line in wanted.get("TaxLine", ())
        if "Amount" in line
    }
    lines = []
    for rate_id, base in bases.items():
        rate = company.tables["TaxRate"][rate_id]
        amount = included[rate_id] if mode == "TaxInclusive" else money(base * rate["RateValue"] / HUNDRED)
        lines.append(_line(rate, overrides.get(rate_id, amount), base))
    return _answer(None, sum((line["Amount"] for line in lines), ZERO), lines)


def tax_postings(company: SandboxCompany, detail: Doc) -> list[tuple[str, Decimal]]:
    """Account and amount of each tax; what no rate explains goes to the company's general tax account."""
    rest: Decimal = detail.get("TotalTax", ZERO)
    postings = []
    for line in detail.get("TaxLine", ()):
        agency = company.tables["TaxRate"][line["TaxLineDetail"]["TaxRateRef"]["value"]]["AgencyRef"]["value"]
        postings.append((company.agency_accounts[agency], line["Amount"]))
        rest -= line["Amount"]
    if rest:
        postings.append((company.role_account("GlobalTaxPayable"), rest))
    return postings


def _agency(_company: SandboxCompany, given: Doc, _old: Doc | None, _ask: Ask) -> Doc:
    if not given.get("DisplayName"):
        raise errors.required("DisplayName")
    return {"TaxTrackedOnPurchases": False, "TaxTrackedOnSales": True, **given}


def _agency_effects(company: SandboxCompany, _old: Doc | None, new: Doc | None) -> None:
    if new is None or new["Id"] in company.agency_accounts:
        return
    name = f"{new['DisplayName']} Payable"[:100]
    holder = company.names.get(("Account", name.casefold()))
    if holder is None:
        holder = company.make_account(name, "Other Current Liability", "GlobalTaxPayable")
    company.undo.set(company.agency_accounts, new["Id"], holder)


def _rate(_company: SandboxCompany, given: Doc, _old: Doc | None, _ask: Ask) -> Doc:
    return {"SpecialTaxType": "NONE", "DisplayType": "ReadOnly", "Active": True, **given}


def _code(_company: SandboxCompany, given: Doc, _old: Doc | None, _ask: Ask) -> Doc:
    return {"Active": True, "Hidden": False, "Taxable": True, "TaxGroup": True, **given}


_META = words("MetaData.CreateTime MetaData.LastUpdatedTime")
TAX_CODE = EntityKind(
    name="TaxCode",
    build=_code,
    effects=claims_name("TaxCode"),
    sequence="TaxCode",
    changes_tracked=False,
    creatable=False,
    updatable=False,
    filters=words("Id Name Description Active") | _META,
    sorts=words("Id Name Description") | _META,
)
TAX_RATE = EntityKind(
    name="TaxRate",
    build=_rate,
    effects=claims_name("TaxRate"),
    sequence="TaxRate",
    changes_tracked=False,
    creatable=False,
    updatable=False,
    filters=words("Id Name AgencyRef TaxReturnLineRef Active Description") | _META,
    sorts=words("Id Name Description") | _META,
)
TAX_AGENCY = EntityKind(
    name="TaxAgency",
    build=_agency,
    effects=_agency_effects,
    sequence="TaxAgency",
    changes_tracked=False,
    updatable=False,
    name_property="DisplayName",
    filters=words("Id DisplayName") | _META,
    sorts=words("Id DisplayName") | _META,
)
