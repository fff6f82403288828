"""Journal entries: debits and credits by hand, equal to each other."""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.sales import PostingLine
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import account, account_ref, currency, listed, name_of, named, ref_id
from bridge.sandbox.wire import ZERO, Doc, money

COMPUTED = words("TotalAmt HomeTotalAmt Line LinkedTxn CurrencyRef ExchangeRate")
DETAIL = "JournalEntryLineDetail"


def build(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    """A journal entry; it balances in its own currency."""
    if not given.get("Line"):
        raise errors.required("Line")
    code, rate = currency(company, given, None)
    lines = [_line(company, line, number) for number, line in enumerate(given["Line"])]
    signed = sum((_signed(line) for line in lines), ZERO)
    if signed:
        raise QboFault("2300", "Amount on debits not equal to credits")
    doc: Doc = {"Adjustment": given.get("Adjustment", False)}
    doc["TxnDate"] = given.get("TxnDate") or company.today().isoformat()
    number = given.get("DocNumber") or (None if old else str(company.next_number("JournalNumber")))
    if number is not None:
        doc["DocNumber"] = number
    doc["CurrencyRef"] = company.currency_ref(code)
    if company.multicurrency:
        doc["ExchangeRate"] = rate
    doc["Line"] = lines
    doc["TxnTaxDetail"] = given.get("TxnTaxDetail", {})
    total = sum((line["Amount"] for line in lines if _signed(line) > 0), ZERO)
    doc["TotalAmt"] = total
    if company.multicurrency:
        doc["HomeTotalAmt"] = money(total * rate)
    return doc | {name: value for name, value in given.items() if name not in COMPUTED and name not in doc}


def _signed(line: Doc) -> Decimal:
    amount: Decimal = line.get("Amount", ZERO)
    if DETAIL not in line:
        return ZERO
    return amount if line[DETAIL]["PostingType"] == "Debit" else -amount


def _line(company: SandboxCompany, line: Doc, number: int) -> Doc:
    kept = {name: line[name] for name in ("Description",) if name in line}
    detail = line.get(DETAIL)
    if line.get("DetailType") == "DescriptionOnly":
        return {"Id": line.get("Id") or str(number), **kept, "DetailType": "DescriptionOnly"}
    if not detail:
        raise errors.required(f"Line.{DETAIL}")
    if "PostingType" not in detail:
        raise QboFault("2260", "MissingPostingType")
    if "Amount" not in line:
        raise errors.required("Line.Amount")
    if line["Amount"] < 0:
        raise QboFault("2290", "NegativeAmount")
    found = account(company, detail.get("AccountRef"), f"Line.{DETAIL}.AccountRef")
    if found is None:
        raise errors.required(f"Line.{DETAIL}.AccountRef")
    shown = {**detail, "AccountRef": account_ref(company, found["Id"])}
    _entity(company, shown, found)
    for name, entity in (("ClassRef", "Class"), ("DepartmentRef", "Department")):
        entry = listed(company, detail.get(name), entity, f"Line.{DETAIL}.{name}")
        shown.pop(name, None)
        if entry is not None:
            shown[name] = named(entry)
    amount = money(line["Amount"])
    return {"Id": line.get("Id") or str(number), **kept, "Amount": amount, "DetailType": DETAIL, DETAIL: shown}


def _entity(company: SandboxCompany, detail: Doc, found: Doc) -> None:
    entity = detail.get("Entity", {})
    value = ref_id(entity.get("EntityRef"))
    kind = entity.get("Type") or "Customer"
    if value is None:
        detail.pop("Entity", None)
        if found["AccountType"] in ("Accounts Receivable", "Accounts Payable"):
            party = "a customer" if found["AccountType"] == "Accounts Receivable" else "a vendor"
            raise errors.business(f"When you use {found['AccountType']}, you must choose {party} in the Name field.")
        return
    if kind not in ("Customer", "Vendor", "Employee"):
        raise errors.invalid_enumeration(kind)
    detail["Entity"] = {"Type": kind, "EntityRef": named(name_of(company, value, kind), "DisplayName")}


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Post the lines as they stand."""
    if new is None:
        company.unpost("JournalEntry", (old or {})["Id"])
        return
    postings: list[PostingLine] = [
        (line[DETAIL]["AccountRef"]["value"], _signed(line), _name(line), None)
        for line in new["Line"]
        if DETAIL in line
    ]
    company.post("JournalEntry", new, postings)


def _name(line: Doc) -> str | None:
    return ref_id(line[DETAIL].get("Entity", {}).get("EntityRef"))


_SORTS = words("Id DocNumber TxnDate MetaData.CreateTime MetaData.LastUpdatedTime")
JOURNAL_ENTRY = EntityKind(
    name="JournalEntry",
    build=build,
    effects=effects,
    sequence="Txn",
    transaction=True,
    filters=_SORTS | words("TotalAmt"),
    sorts=_SORTS,
)
