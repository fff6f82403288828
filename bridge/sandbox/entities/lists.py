"""The small lists: payment methods, terms, classes, departments, currencies."""

from collections.abc import Callable
from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.currencies import NAMES
from bridge.sandbox.entities.hierarchy import refuse_cycle, rename_children
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.names import DELETED, LEVELS_MAX, addresses, clean_name, shown
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import known_currency, listed, named, refuse_foreign
from bridge.sandbox.wire import ZERO, Doc

_META = words("MetaData.CreateTime MetaData.LastUpdatedTime")
_LIST = words("Id Name Active") | _META


def _named_entry(company: SandboxCompany, given: Doc, old: Doc | None, entity: str) -> Doc:
    if not given.get("Name"):
        raise errors.required("Name")
    name = given["Name"].removesuffix(DELETED)
    active = given.get("Active", True)
    doc = {**given, "Name": shown(name, active), "Active": active}
    parent = listed(company, given.get("ParentRef"), entity, "ParentRef") if "ParentRef" in given else None
    refuse_cycle(company, entity, old, parent)
    if entity in ("Class", "Department"):
        clean_name(name, "Name")
        doc["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{doc['Name']}" if parent else doc["Name"]
        doc[f"Sub{entity}"] = parent is not None
    if parent is not None:
        if parent["FullyQualifiedName"].count(":") + 2 > LEVELS_MAX:
            raise QboFault("6180", "Sub Level Limit", None, "ParentRef")
        doc["ParentRef"] = named(parent)
    holder = company.names.get((entity, full_name(doc).casefold()))
    if holder is not None and (old is None or old["Id"] != holder):
        raise errors.duplicate_name(f"Id={holder}")
    return doc


def full_name(doc: Doc) -> str:
    """The name by which a list entry is unique."""
    return str(doc.get("FullyQualifiedName") or doc["Name"])


def claims_name(entity: str) -> Callable[[SandboxCompany, Doc | None, Doc | None], None]:
    """Effects of a list whose names are unique."""

    def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
        if new is not None:
            company.claim_name(entity, full_name(new), new["Id"], full_name(old) if old else None)
            if "FullyQualifiedName" in new:
                rename_children(company, entity, old, new)

    return effects


def _payment_method(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    return {"Type": "NON_CREDIT_CARD", **_named_entry(company, given, old, "PaymentMethod")}


def _term(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    doc = _named_entry(company, given, old, "Term")
    doc["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in doc else "STANDARD"
    doc.setdefault("DiscountPercent", ZERO)
    if doc["Type"] == "STANDARD":
        doc.setdefault("DueDays", Decimal(0))
        doc.setdefault("DiscountDays", ZERO)
    return doc


def _class(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    return _named_entry(company, given, old, "Class")


def _department(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    doc = _named_entry(company, given, old, "Department")
    addresses(company, doc, "Address")
    return doc


def _currency(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    code = given.get("Code") or (old or {}).get("Code")
    if not code:
        raise errors.required("Code")
    known_currency(code)
    refuse_foreign(company, code)
    holder = company.names.get(("CompanyCurrency", code.casefold()))
    if holder is not None and (old is None or old["Id"] != holder):
        raise errors.duplicate_name(f"Id={holder}")
    return {**given, "Code": code, "Name": given.get("Name") or NAMES[code], "Active": given.get("Active", True)}


def _claim_currency(company: SandboxCompany, _old: Doc | None, new: Doc | None) -> None:
    if new is not None:
        company.claim_name("CompanyCurrency", new["Code"], new["Id"], None)


PAYMENT_METHOD = EntityKind(
    name="PaymentMethod",
    build=_payment_method,
    effects=claims_name("PaymentMethod"),
    sequence="PaymentMethod",
    filters=_LIST | {"Type"},
    sorts=_LIST,
)
TERM = EntityKind(name="Term", build=_term, effects=claims_name("Term"), sequence="Term", filters=_LIST, sorts=_LIST)
CLASS = EntityKind(
    name="Class",
    build=_class,
    effects=claims_name("Class"),
    sequence="Class",
    filters=_LIST | {"FullyQualifiedName"},
    sorts=_LIST | {"FullyQualifiedName"},
)
DEPARTMENT = EntityKind(
    name="Department",
    build=_department,
    effects=claims_name("Department"),
    sequence="Department",
    filters=_LIST | {"FullyQualifiedName"},
    sorts=_LIST | {"FullyQualifiedName", "SubDepartment"},
)
COMPANY_CURRENCY = EntityKind(
    name="CompanyCurrency",
    build=_currency,
    effects=_claim_currency,
    sequence="CompanyCurrency",
    filters=words("Id Code Name Active") | _META,
    sorts=words("Id Code Name") | _META,
)
