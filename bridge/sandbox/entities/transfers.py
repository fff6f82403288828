"""Transfers: money from one account of the balance sheet to another."""

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.sales import PostingLine
from bridge.sandbox.references import account, account_ref, currency
from bridge.sandbox.wire import Doc, money

ENDS = ("FromAccountRef", "ToAccountRef")
COMPUTED = frozenset({*ENDS, "Amount", "CurrencyRef", "ExchangeRate"})


def build(company: SandboxCompany, given: Doc, _old: Doc | None, _ask: Ask) -> Doc:
    """A transfer; both accounts and the amount are required, and they are two accounts."""
    doc: Doc = {}
    for name in ENDS:
        found = account(company, given.get(name), name)
        if found is None:
            raise errors.required(name)
        doc[name] = account_ref(company, found["Id"])
    if "Amount" not in given:
        raise errors.required("Amount")
    if doc["FromAccountRef"]["value"] == doc["ToAccountRef"]["value"]:
        raise errors.business("You cannot transfer funds to and from the same account.")
    code, rate = currency(company, given, None)
    doc |= {"Amount": money(given["Amount"]), "CurrencyRef": company.currency_ref(code)}
    doc["TxnDate"] = given.get("TxnDate") or company.today().isoformat()
    if company.multicurrency:
        doc["ExchangeRate"] = rate
    return doc | {name: value for name, value in given.items() if name not in COMPUTED and name not in doc}


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Post both ends."""
    if new is None:
        company.unpost("Transfer", (old or {})["Id"])
        return
    postings: list[PostingLine] = [
        (new["ToAccountRef"]["value"], new["Amount"], None, None),
        (new["FromAccountRef"]["value"], -new["Amount"], None, None),
    ]
    company.post("Transfer", new, postings)


_SORTS = words("Id TxnDate MetaData.CreateTime MetaData.LastUpdatedTime")
TRANSFER = EntityKind(
    name="Transfer", build=build, effects=effects, sequence="Txn", transaction=True, filters=_SORTS, sorts=_SORTS
)
