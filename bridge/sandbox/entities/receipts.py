"""Sales receipts, refund receipts and credit memos: the sales forms beside the invoice.

A sales receipt is paid at once and a refund receipt pays out at once, so both have Balance 0; a credit memo holds
its total until a payment of 0 applies it.
"""

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.applications import home_balance
from bridge.sandbox.entities.credits import apply_credit, keep_waiting
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.numbers import index_number
from bridge.sandbox.entities.payments import guard
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
from bridge.sandbox.references import account, account_ref, with_current_name
from bridge.sandbox.wire import ZERO, Doc


def _sales_receipt(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    doc = build_form(company, given, old, ask, "SalesReceipt")
    doc["Balance"] = ZERO
    doc["DepositToAccountRef"] = account_ref(company, deposit_account(company, given)["Id"])
    return doc | home_balance(company, doc, ZERO)


def _refund_receipt(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    found = account(company, given.get("DepositToAccountRef"), "DepositToAccountRef")
    if found is None:
        raise errors.required("DepositToAccountRef")
    if found["AccountType"] not in ("Bank", "Other Current Asset", "Credit Card"):
        raise errors.invalid_account_type(found["AccountType"])
    doc = build_form(company, given, old, ask, "RefundReceipt")
    doc["Balance"] = ZERO
    doc["DepositToAccountRef"] = account_ref(company, found["Id"])
    return doc | home_balance(company, doc, ZERO)


def _credit_memo(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    doc = build_form(company, given, old, ask, "CreditMemo")
    same = old is not None and old["CustomerRef"]["value"] == doc["CustomerRef"]["value"]
    used = old["TotalAmt"] - old["Balance"] if old is not None and same else ZERO
    doc["Balance"] = doc["RemainingCredit"] = max(doc["TotalAmt"] - used, ZERO)
    return doc | home_balance(company, doc, doc["Balance"])


def _post_receipt(company: SandboxCompany, entity: str, doc: Doc, sign: int) -> None:
    postings: list[PostingLine] = [(doc["DepositToAccountRef"]["value"], -sign * doc["TotalAmt"], None, None)]
    postings += income_postings(company, doc, sign) + stock_postings(company, doc, sign)
    company.post(entity, doc, postings)


def _sales_receipt_effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    index_number(company, "SalesReceipt", old, new)
    move_stock(company, old, new, -1)
    if new is None:
        company.unpost("SalesReceipt", (old or {})["Id"])
    else:
        _post_receipt(company, "SalesReceipt", new, -1)


def _refund_receipt_effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    index_number(company, "RefundReceipt", old, new)
    move_stock(company, old, new, 1)
    if new is None:
        company.unpost("RefundReceipt", (old or {})["Id"])
    else:
        _post_receipt(company, "RefundReceipt", new, 1)


def _credit_memo_effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    index_number(company, "CreditMemo", old, new)
    if old is not None and old["LinkedTxn"]:
        _release_credit(company, old, new)
    move_stock(company, old, new, 1)
    if new is None:
        company.unpost("CreditMemo", (old or {})["Id"])
        return
    receivable = company.role_account("AccountsReceivable", new["CurrencyRef"]["value"])
    postings: list[PostingLine] = [(receivable, -new["TotalAmt"], new["CustomerRef"]["value"], None)]
    postings += income_postings(company, new, 1) + stock_postings(company, new, 1)
    company.post("CreditMemo", new, postings)
    if old is None:
        apply_credit(company, new)
    else:
        keep_waiting(company, new["CustomerRef"]["value"], new["Id"])


def _release_credit(company: SandboxCompany, old: Doc, new: Doc | None) -> None:
    used = old["TotalAmt"] - old["Balance"]
    moved = new is None or new["CustomerRef"]["value"] != old["CustomerRef"]["value"]
    if not moved and new is not None and new["TotalAmt"] >= used:
        return
    current = company.tables["CreditMemo"][old["Id"]]
    company.undo.set(company.tables["CreditMemo"], old["Id"], {**old, "SyncToken": current["SyncToken"]})
    release(company, ("CreditMemo", old["Id"]), None if moved or new is None else used - new["TotalAmt"])
    left = company.tables["CreditMemo"][old["Id"]]
    if new is None:
        return
    balance = new["TotalAmt"] - (old["TotalAmt"] - left["Balance"])
    changes = {"LinkedTxn": left["LinkedTxn"], "Balance": balance, "RemainingCredit": balance}
    kept = {**new, **changes, **home_balance(company, new, balance)}
    company.undo.set(company.tables["CreditMemo"], old["Id"], kept)


_BASE = words("Id DocNumber TxnDate Balance MetaData.CreateTime MetaData.LastUpdatedTime")
SALES_RECEIPT = EntityKind(
    name="SalesReceipt",
    build=_sales_receipt,
    effects=_sales_receipt_effects,
    guard=guard,
    void=voided_form,
    present=with_current_name,
    sequence="Txn",
    transaction=True,
    filters=_BASE | words("TotalAmt CustomerRef ProjectRef"),
    sorts=_BASE,
)
CREDIT_MEMO = EntityKind(
    name="CreditMemo",
    build=_credit_memo,
    effects=_credit_memo_effects,
    present=with_current_name,
    sequence="Txn",
    transaction=True,
    filters=_BASE | words("CustomerRef SalesTermRef ProjectRef"),
    sorts=_BASE,
)
_REFUND = _BASE | words("PaymentType CheckPayment CreditCardPayment")
REFUND_RECEIPT = EntityKind(
    name="RefundReceipt",
    build=_refund_receipt,
    effects=_refund_receipt_effects,
    guard=guard,
    present=with_current_name,
    sequence="Txn",
    transaction=True,
    filters=_REFUND | words("CustomerRef ProjectRef"),
    sorts=_REFUND,
)
