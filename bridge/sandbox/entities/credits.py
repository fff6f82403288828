"""Credits that apply themselves: with AutoApplyCredit on, QuickBooks links open credit memos to open invoices.

It does so by a payment of 0 that carries the note below (API reference; sandbox default is on).
"""

from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask
from bridge.sandbox.wire import ZERO, Doc

NOTE = "Created by QB Online to link credits to charges."


def apply_to_invoice(company: SandboxCompany, invoice: Doc) -> None:
    """Use up the customer's open credit memos on a new invoice."""
    customer_id = invoice["CustomerRef"]["value"]
    waiting = company.open_credits.get(customer_id, ())
    if not waiting or not _enabled(company):
        return
    for credit_id in waiting:
        _link(company, invoice["Id"], credit_id)
    left = tuple(credit_id for credit_id in waiting if open_credit(company, credit_id, customer_id))
    company.undo.set(company.open_credits, customer_id, left)


def apply_credit(company: SandboxCompany, credit: Doc) -> None:
    """Use up a new credit memo on the customer's open invoices, oldest first; what is left waits."""
    customer_id = credit["CustomerRef"]["value"]
    if _enabled(company):
        candidates = [
            doc
            for doc in company.tables["Invoice"].values()
            if doc["Balance"] > 0 and doc["CustomerRef"]["value"] == customer_id
        ]
        for invoice in sorted(candidates, key=lambda doc: (doc["DueDate"], int(doc["Id"]))):
            _link(company, invoice["Id"], credit["Id"])
    keep_waiting(company, customer_id, credit["Id"])


def keep_waiting(company: SandboxCompany, customer_id: str, credit_id: str) -> None:
    """Remember a credit memo that has something left."""
    waiting = company.open_credits.get(customer_id, ())
    if credit_id not in waiting and open_credit(company, credit_id, customer_id):
        company.undo.set(company.open_credits, customer_id, (*waiting, credit_id))


def open_credit(company: SandboxCompany, credit_id: str, customer_id: str) -> bool:
    """Whether a credit memo still has something to give to that customer."""
    credit = company.find("CreditMemo", credit_id)
    return credit is not None and credit["Balance"] > 0 and credit["CustomerRef"]["value"] == customer_id


def _enabled(company: SandboxCompany) -> bool:
    return bool(company.preference("SalesFormsPrefs", "AutoApplyCredit"))


def _link(company: SandboxCompany, invoice_id: str, credit_id: str) -> None:
    invoice, credit = company.tables["Invoice"][invoice_id], company.find("CreditMemo", credit_id)
    same = credit is not None and credit["CustomerRef"]["value"] == invoice["CustomerRef"]["value"]
    if credit is None or not same or invoice["CurrencyRef"] != credit["CurrencyRef"]:
        return
    amount = min(invoice["Balance"], credit["Balance"])
    if amount <= 0:
        return
    targets = (("Invoice", invoice_id), ("CreditMemo", credit_id))
    given = {
        "CustomerRef": invoice["CustomerRef"],
        "TotalAmt": ZERO,
        "PrivateNote": NOTE,
        "TxnDate": max(invoice["TxnDate"], credit["TxnDate"]),
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": txn, "TxnType": kind}]} for kind, txn in targets],
    }
    if company.multicurrency:
        given["CurrencyRef"] = invoice["CurrencyRef"]
        given["ExchangeRate"] = invoice["ExchangeRate"]
    kind = company.kinds["Payment"]
    payment = company.as_created("Payment", kind.build(company, given, None, Ask()))
    company.put("Payment", payment, "Create")
    kind.effects(company, None, payment)
