"""Customers, vendors and employees: one name space, no two alike (6240, case-insensitive).

Answer shapes follow the recorded Customer of 2025-06; the balance of a customer is what the receivables ledger says.
"""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.hierarchy import refuse_cycle, rename_children
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import known_currency, listed, named, ref_id, refuse_foreign
from bridge.sandbox.wire import ZERO, Doc

DELETED = " (deleted)"
PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
LEVELS_MAX = 5
ADDRESS_MAX = 2000
COMPUTED = words("Balance BalanceWithJobs FullyQualifiedName Level OverDueBalance TotalRevenue TotalExpense source")


def display_name(given: Doc) -> str:
    """DisplayName, or the name's parts joined; 6080 when there is none."""
    name = given.get("DisplayName") or " ".join(given[part] for part in PARTS if given.get(part))
    name = name.strip().removesuffix(DELETED)
    if not name:
        raise errors.no_name()
    clean_name(name, "DisplayName")
    for part in (*PARTS, "PrintOnCheckName"):
        clean_name(given.get(part) or "", part)
    return str(name)


def clean_name(name: str, element: str) -> None:
    """2040 for the characters that no list name may hold."""
    if any(character in name for character in ":\t\n"):
        raise errors.invalid_characters(element, name)


def shown(name: str, active: object) -> str:
    """An inactive entry's name says so."""
    return name if active else name + DELETED


def addresses(company: SandboxCompany, doc: Doc, *properties: str) -> None:
    """A new address gets an id of its own; its lines together are limited."""
    for name in properties:
        address = doc.get(name)
        if address is None or address.get("Id"):
            continue
        lines = sum(len(address.get(f"Line{number}", "")) for number in range(1, 6))
        if lines > ADDRESS_MAX:
            raise errors.too_long(name, ADDRESS_MAX, lines)
        doc[name] = {"Id": str(company.next_number("Address", 2)), **address}


def party_currency(company: SandboxCompany, given: Doc, old: Doc | None) -> Doc:
    """The currency of a customer or vendor: settable at birth only."""
    code = ref_id(given.get("CurrencyRef"))
    refuse_foreign(company, code)
    if old is not None:
        own = old["CurrencyRef"]["value"]
        if code is not None and code != own:
            raise errors.business("You can't change the currency of a customer or vendor once it is saved.")
        code = own
    known_currency(code or company.home_currency)
    return company.currency_ref(code or company.home_currency)


def _person(company: SandboxCompany, given: Doc, old: Doc | None) -> Doc:
    name = display_name(given)
    active = given.get("Active", True)
    doc = {key: value for key, value in given.items() if key not in COMPUTED}
    doc["DisplayName"] = shown(name, active)
    doc["PrintOnCheckName"] = given.get("PrintOnCheckName") or given.get("CompanyName") or name
    doc["Active"] = active
    _refuse_reuse(company, name, old)
    return doc


def _refuse_reuse(company: SandboxCompany, name: str, old: Doc | None) -> None:
    holder = company.names.get(("Name", name.casefold()))
    if holder is not None and (old is None or holder != old["Id"]):
        raise (
            errors.duplicate_person()
            if company.switches.duplicate_name_text == "sentence"
            else errors.duplicate_name("null")
        )


def index_name(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Keep the name index: an inactive name is free again, as its own now ends in "(deleted)"."""
    before, after = (doc["DisplayName"] if doc else None for doc in (old, new))
    if after is not None and new is not None and after != before:
        company.claim_name("Name", after, new["Id"], before)


def build_customer(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    """A customer, or a job of one."""
    doc = _person(company, given, old)
    parent = listed(company, given.get("ParentRef"), "Customer", "ParentRef")
    refuse_cycle(company, "Customer", old, parent)
    refuse_balance(company, doc, old)
    active = doc["Active"]
    name = doc["DisplayName"]
    doc.setdefault("Taxable", True)
    doc["Job"] = given.get("Job", parent is not None)
    doc.setdefault("BillWithParent", False)
    doc.setdefault("PreferredDeliveryMethod", "Print")
    doc.setdefault("IsProject", False)
    doc["CurrencyRef"] = party_currency(company, given, old)
    if parent is not None:
        level = parent.get("Level", 0) + 1
        if level >= LEVELS_MAX:
            raise QboFault("6180", "Sub Level Limit", None, "ParentRef")
        doc["Level"] = level
        doc["ParentRef"] = named(parent)
        name = f"{parent['FullyQualifiedName']}:{name}"
    elif doc["Job"]:
        raise QboFault("6150", "ParentRef Required Validation Error", None, "ParentRef")
    doc["FullyQualifiedName"] = name
    group = (company.preference("TaxPrefs", "TaxGroupCodeRef") or {}).get("value")
    if doc["Taxable"] and group and "DefaultTaxCodeRef" not in doc:
        doc["DefaultTaxCodeRef"] = {"value": group}
    addresses(company, doc, "BillAddr", "ShipAddr")
    return {"Active": active, **doc}


def refuse_balance(company: SandboxCompany, doc: Doc, old: Doc | None) -> None:
    """6220: a name that owes or is owed money stays active."""
    if old is not None and old["Active"] and not doc["Active"] and receivable(company, old["Id"]):
        raise QboFault("6220", "Delete Entity Has Balance Error")


def receivable(company: SandboxCompany, customer_id: str) -> Decimal:
    """What a customer owes, in the customer's currency."""
    currency = company.tables["Customer"][customer_id]["CurrencyRef"]["value"]
    account = company.roles.get(("AccountsReceivable", currency))
    return company.ledger.name_balance((account,), customer_id) if account else ZERO


def build_vendor(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    """A vendor."""
    doc = _person(company, given, old)
    doc.setdefault("Vendor1099", False)
    doc["CurrencyRef"] = party_currency(company, given, old)
    addresses(company, doc, "BillAddr", "ShipAddr")
    return doc


def build_employee(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    """An employee."""
    doc = _person(company, given, old)
    doc.setdefault("BillableTime", False)
    addresses(company, doc, "PrimaryAddr")
    return doc


def _present_customer(company: SandboxCompany, doc: Doc) -> Doc:
    own = receivable(company, doc["Id"])
    jobs = sum((receivable(company, job) for job in company.jobs.get(doc["Id"], ())), ZERO)
    return {**doc, "Balance": own, "BalanceWithJobs": own + jobs}


def _customer_effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    index_name(company, old, new)
    parents = [ref_id(doc.get("ParentRef")) if doc else None for doc in (old, new)]
    if new is None:
        return
    rename_children(company, "Customer", old, new)
    if parents[0] == parents[1]:
        return
    for parent, joins in zip(parents, (False, True), strict=True):
        if parent is not None:
            others = tuple(job for job in company.jobs.get(parent, ()) if job != new["Id"])
            company.undo.set(company.jobs, parent, (*others, new["Id"]) if joins else others)


def _present_vendor(_company: SandboxCompany, doc: Doc) -> Doc:
    return {**doc, "Balance": ZERO}


_FILTERS = words(
    "Id DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName Active PrimaryEmailAddr "
    "MetaData.CreateTime MetaData.LastUpdatedTime"
)
CUSTOMER = EntityKind(
    name="Customer",
    build=build_customer,
    effects=_customer_effects,
    present=_present_customer,
    sequence="Name",
    name_property="DisplayName",
    filters=_FILTERS | words("FullyQualifiedName Balance"),
    sorts=_FILTERS - {"PrimaryEmailAddr"} | words("FullyQualifiedName Balance BalanceWithJobs"),
)
VENDOR = EntityKind(
    name="Vendor",
    build=build_vendor,
    effects=index_name,
    present=_present_vendor,
    sequence="Name",
    name_property="DisplayName",
    filters=_FILTERS | words("Balance"),
    sorts=_FILTERS - {"PrimaryEmailAddr"} | words("Balance"),
)
EMPLOYEE = EntityKind(
    name="Employee",
    build=build_employee,
    effects=index_name,
    sequence="Name",
    name_property="DisplayName",
    filters=_FILTERS - {"CompanyName", "PrimaryEmailAddr"},
    sorts=_FILTERS - {"CompanyName", "PrimaryEmailAddr"},
)
