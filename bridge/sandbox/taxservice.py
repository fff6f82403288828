"""`POST /taxservice/taxcode`: the only way in which an API client makes a tax code.

The request names the code and its rates, each an existing rate or a new one of an agency (API reference, TaxService).
"""

from decimal import Decimal
from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask
from bridge.sandbox.schema import read_number, read_text
from bridge.sandbox.wire import Doc


def add(company: SandboxCompany, entity: str, given: Doc) -> Doc:
    """An entity through its own rules, inside the write that is going on; also for lists that no API creates."""
    kind = company.kinds[entity]
    doc = company.as_created(entity, kind.build(company, given, None, Ask()))
    company.put(entity, doc, "Create")
    kind.effects(company, None, doc)
    return doc


def create_tax_code(company: SandboxCompany, body: Any) -> Doc:
    """The code and its rates, as the service answers them."""
    if not isinstance(body, dict):
        raise errors.invalid_property()
    name, wanted = read_text(body.get("TaxCode"), "TaxCode"), body.get("TaxRateDetails")
    if not name:
        raise errors.required("TaxCode")
    if not isinstance(wanted, list) or not wanted:
        raise errors.required("TaxRateDetails")
    company.begin()
    try:
        rates = [_rate(company, detail) for detail in wanted]
        details = [
            {"TaxRateRef": {"value": rate["Id"]}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": Decimal(order)}
            for order, rate in enumerate(rates)
        ]
        lists = {"SalesTaxRateList": {"TaxRateDetail": details}, "PurchaseTaxRateList": {"TaxRateDetail": []}}
        code = add(company, "TaxCode", {"Name": name, "Description": name, **lists})
    except BaseException:
        company.rollback()
        raise
    company.commit()
    shown = [
        {
            "TaxRateName": rate["Name"],
            "TaxRateId": rate["Id"],
            "RateValue": rate["RateValue"],
            "TaxApplicableOn": "Sales",
        }
        for rate in rates
    ]
    return {"TaxCode": name, "TaxCodeId": code["Id"], "TaxRateDetails": shown}


def _rate(company: SandboxCompany, detail: Any) -> Doc:
    if not isinstance(detail, dict):
        raise errors.invalid_property()
    known = company.find("TaxRate", read_text(detail.get("TaxRateId"), "TaxRateId"))
    if known is not None:
        return known
    name = read_text(detail.get("TaxRateName"), "TaxRateName")
    percent = read_number(detail.get("RateValue"), "RateValue")
    agency = read_text(detail.get("TaxAgencyId"), "TaxAgencyId")
    if not name or percent is None:
        raise errors.required("TaxRateName" if not name else "RateValue")
    if company.find("TaxAgency", agency) is None:
        raise errors.invalid_reference("TaxAgencyId", "TaxAgencyId")
    given = {"Name": name, "Description": name, "RateValue": percent, "AgencyRef": {"value": agency}}
    return add(company, "TaxRate", given)
