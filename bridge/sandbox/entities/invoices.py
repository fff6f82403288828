"""Invoices: a sales form whose total the customer owes until payments and credits cover it."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.applications import home_balance
from bridge.sandbox.entities.credits import apply_to_invoice
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.numbers import index_number
from bridge.sandbox.entities.release import release
from bridge.sandbox.entities.sales import (
    PostingLine,
    build_form,
    deposit_account,
    income_postings,
    move_stock,
    stock_postings,
    voided_form,
)
from bridge.sandbox.references import listed, with_current_name
from bridge.sandbox.wire import ZERO, Doc, money

ONLINE = ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")
DEFAULT_DAYS = 30


def build(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    """An invoice; its Balance is what its links leave open."""
    doc: Doc = {name: given.get(name, False) for name in ONLINE}
    doc |= build_form(company, given, old, ask, "Invoice")
    customer = company.tables["Customer"][doc["CustomerRef"]["value"]]
    term = listed(company, given.get("SalesTermRef") or customer.get("SalesTermRef"), "Term", "SalesTermRef")
    if term is not None:
        doc["SalesTermRef"] = {"value": term["Id"], "name": term["Name"]}
    if "DueDate" not in given:
        doc["DueDate"] = due_date(company, date.fromisoformat(doc["TxnDate"]), term)
    deposit = money(given.get("Deposit", ZERO))
    doc.pop("Deposit", None)
    if deposit:
        doc |= {"Deposit": deposit, "DepositToAccountRef": {"value": deposit_account(company, given)["Id"]}}
    else:
        doc.pop("DepositToAccountRef", None)
    same = old is not None and old["CustomerRef"]["value"] == doc["CustomerRef"]["value"]
    covered = open_part(old) - old["Balance"] if old is not None and same else ZERO
    doc["Balance"] = max(doc["TotalAmt"] - deposit - covered, ZERO)
    return doc | home_balance(company, doc, doc["Balance"])


def open_part(doc: Doc) -> Decimal:
    """What an invoice asks for: its total less the deposit on the form."""
    asked: Decimal = doc["TotalAmt"] - doc.get("Deposit", ZERO)
    return asked


def due_date(company: SandboxCompany, start: date, term: Doc | None) -> str:
    """By the form's or customer's term, else the company's default (recorded: 30 days)."""
    default = company.preference("SalesFormsPrefs", "DefaultTerms") or {}
    found = term or company.find("Term", default.get("value"))
    if found is None:
        return (start + timedelta(days=DEFAULT_DAYS)).isoformat()
    if found["Type"] == "DATE_DRIVEN":
        return _day_of_month(start, int(found["DayOfMonthDue"]), int(found.get("DueNextMonthDays", 0))).isoformat()
    return (start + timedelta(days=int(found["DueDays"]))).isoformat()


def _day_of_month(start: date, day: int, next_month_within: int) -> date:
    month = start.replace(day=1)
    due = month.replace(day=min(max(day, 1), monthrange(month.year, month.month)[1]))
    while due < start or (due - start).days < next_month_within:
        month = (month + timedelta(days=32)).replace(day=1)
        due = month.replace(day=min(max(day, 1), monthrange(month.year, month.month)[1]))
    return due


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Post, move stock and index; links that no longer fit are given back to their payments."""
    index_number(company, "Invoice", old, new)
    if old is not None and old["LinkedTxn"]:
        _release(company, old, new)
    move_stock(company, old, new, -1)
    if new is None:
        company.unpost("Invoice", (old or {})["Id"])
        return
    post(company, new)
    if old is None:
        apply_to_invoice(company, new)


def _release(company: SandboxCompany, old: Doc, new: Doc | None) -> None:
    """Void, delete, another customer: all links go. A smaller total: the newest links give back the difference."""
    covered = open_part(old) - old["Balance"]
    moved = new is None or not new["LinkedTxn"] or new["CustomerRef"]["value"] != old["CustomerRef"]["value"]
    if not moved and new is not None and open_part(new) >= covered:
        return
    target = ("Invoice", old["Id"])
    # The payments' lines are cut first against the old document, then the new one is put back with what is left.
    current = company.tables["Invoice"][old["Id"]]
    company.undo.set(company.tables["Invoice"], old["Id"], {**old, "SyncToken": current["SyncToken"]})
    release(company, target, None if moved or new is None else covered - open_part(new))
    left = company.tables["Invoice"][old["Id"]]
    if new is None:
        return
    balance = open_part(new) - (open_part(old) - left["Balance"])
    kept = {**new, "LinkedTxn": left["LinkedTxn"], "Balance": balance, **home_balance(company, new, balance)}
    company.undo.set(company.tables["Invoice"], old["Id"], kept)


def post(company: SandboxCompany, doc: Doc) -> None:
    """Receivable up, income up; a deposit on the form is money at once."""
    code = doc["CurrencyRef"]["value"]
    receivable = company.role_account("AccountsReceivable", code)
    postings: list[PostingLine] = [(receivable, open_part(doc), doc["CustomerRef"]["value"], None)]
    if doc.get("Deposit"):
        postings.append((doc["DepositToAccountRef"]["value"], doc["Deposit"], None, None))
    postings += income_postings(company, doc, -1)
    postings += stock_postings(company, doc, -1)
    company.post("Invoice", doc, postings)


_SORTS = words("Id DocNumber TxnDate DueDate Balance TotalAmt MetaData.CreateTime MetaData.LastUpdatedTime")
INVOICE = EntityKind(
    name="Invoice",
    build=build,
    effects=effects,
    void=voided_form,
    present=with_current_name,
    sequence="Txn",
    transaction=True,
    signed=True,
    filters=_SORTS | words("CustomerRef SalesTermRef ProjectRef"),
    sorts=_SORTS,
)
