"""Payments: money received from a customer, applied to invoices and from credit memos by its lines.

Faults and LineEx as recorded 2025-06; a credit memo is applied by a payment of 0 with a positive line for each side.
"""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.applications import Target, applied, move_links
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.sales import PostingLine, deposit_account, voided_note
from bridge.sandbox.references import account, currency, listed, name_of, ref_id, with_current_name
from bridge.sandbox.wire import ZERO, Doc, money

LINKABLE = ("Invoice", "CreditMemo")
COMPUTED = words("UnappliedAmt LinkedTxn HomeTotalAmt Line TotalAmt TxnStatus CurrencyRef ExchangeRate")


def guard(_company: SandboxCompany, doc: Doc) -> None:
    """A payment or receipt that lies on a deposit is frozen."""
    if any(link["TxnType"] == "Deposit" for link in doc.get("LinkedTxn", ())):
        raise errors.deposited()


def build(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    """A payment."""
    customer_id = ref_id(given.get("CustomerRef"))
    if customer_id is None:
        raise errors.required("CustomerRef")
    customer = name_of(company, customer_id)
    if "TotalAmt" not in given:
        raise errors.required("TotalAmt")
    total = money(given["TotalAmt"])
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    code, rate = currency(company, given, customer)
    lines = _lines(company, given.get("Line", []), old, customer_id, code)
    if not total and not lines and not (old and not old["TotalAmt"]):
        raise errors.business("You must set a transaction amount.")
    doc: Doc = {"CustomerRef": {"value": customer_id, "name": customer["FullyQualifiedName"]}}
    doc["DepositToAccountRef"] = {"value": deposit_account(company, given)["Id"]}
    _optional_references(company, doc, given)
    doc |= {"TotalAmt": total, "UnappliedAmt": _unapplied(total, lines)}
    doc["ProcessPayment"] = given.get("ProcessPayment", False)
    doc["TxnDate"] = given.get("TxnDate") or company.today().isoformat()
    doc["CurrencyRef"] = company.currency_ref(code)
    if company.multicurrency:
        doc |= {"ExchangeRate": rate, "HomeTotalAmt": money(total * rate)}
    if (old or {}).get("LinkedTxn"):
        doc["LinkedTxn"] = (old or {})["LinkedTxn"]
    doc["Line"] = lines
    kept = {name: value for name, value in given.items() if name not in COMPUTED and name not in doc}
    del ask
    return doc | kept


def _optional_references(company: SandboxCompany, doc: Doc, given: Doc) -> None:
    method = listed(company, given.get("PaymentMethodRef"), "PaymentMethod", "PaymentMethodRef")
    if method is not None:
        doc["PaymentMethodRef"] = {"value": method["Id"]}
    receivable = account(company, given.get("ARAccountRef"), "ARAccountRef")
    if receivable is not None:
        doc["ARAccountRef"] = {"value": receivable["Id"]}


def _unapplied(total: Decimal, lines: list[Doc]) -> Decimal:
    rest = total
    for line in lines:
        rest += line["Amount"] if line["LinkedTxn"][0]["TxnType"] == "CreditMemo" else -line["Amount"]
    if rest < 0:
        raise errors.business("The amount applied is more than the payment.")
    return rest


def _lines(company: SandboxCompany, given: list[Doc], old: Doc | None, customer_id: str, code: str) -> list[Doc]:
    before = applied(old)
    used: dict[Target, Decimal] = {}
    lines = []
    for line in given:
        if not line.get("LinkedTxn"):
            continue
        target_type, target = _target(company, line["LinkedTxn"][0])
        if "Amount" not in line:
            raise errors.required("Line.Amount")
        amount = money(line["Amount"])
        if amount < 0:
            raise errors.QboFault("2290", "NegativeAmount")
        if target["CustomerRef"]["value"] != customer_id or target["CurrencyRef"]["value"] != code:
            raise errors.cannot_link()
        key = (target_type, target["Id"])
        available = target["Balance"] + before.get(key, ZERO) - used.get(key, ZERO)
        if amount > available:
            if company.switches.overpayment == "reject":
                raise errors.business("You can't apply more than the open balance of a transaction.")
            amount = available
        used[key] = used.get(key, ZERO) + amount
        lines.append(_shown(amount, target_type, target, available))
    return lines


def _target(company: SandboxCompany, link: Doc) -> tuple[str, Doc]:
    if "TxnId" not in link:
        if link.get("TxnType") is None:
            raise errors.required("LinkedTxn.TxnType")
        raise errors.required("LinkedTxn.TxnId")
    txn_id, txn_type = link["TxnId"], link.get("TxnType")
    if not (txn_id.isascii() and txn_id.isdigit()):
        raise errors.invalid_id(txn_id, "LinkedTxn.TxnId")
    if not txn_type:
        raise errors.required("LinkedTxn.TxnType")
    if txn_type not in LINKABLE:
        raise errors.cannot_link()
    target = company.find(txn_type, txn_id)
    if target is None:
        raise errors.not_found()
    return txn_type, target


def _shown(amount: Decimal, target_type: str, target: Doc, available: Decimal) -> Doc:
    pairs = [("txnId", target["Id"]), ("txnOpenBalance", f"{available:.2f}")]
    if "DocNumber" in target:
        pairs.append(("txnReferenceNumber", target["DocNumber"]))
    return {
        "Amount": amount,
        "LinkedTxn": [{"TxnId": target["Id"], "TxnType": target_type}],
        "LineEx": {"any": [_name_value(name, value) for name, value in pairs]},
    }


def _name_value(name: str, value: str) -> Doc:
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Move links and balances of the targets, then post."""
    payment_id = (new or old or {})["Id"]
    move_links(company, payment_id, old, new)
    if new is None:
        company.unpost("Payment", payment_id)
    else:
        post(company, new)


def post(company: SandboxCompany, payment: Doc) -> None:
    """Money in, receivable down. What pays a foreign invoice leaves A/R at the invoice's rate."""
    code, customer_id = payment["CurrencyRef"]["value"], payment["CustomerRef"]["value"]
    receivable = company.role_account("AccountsReceivable", code)
    total = payment["TotalAmt"]
    postings: list[PostingLine] = [(payment["DepositToAccountRef"]["value"], total, None, None)]
    if code == company.home_currency:
        postings.append((receivable, -total, customer_id, None))
    else:
        for (entity, entity_id), amount in applied(payment).items():
            signed = amount if entity == "CreditMemo" else -amount
            home = money(signed * company.tables[entity][entity_id]["ExchangeRate"])
            postings.append((receivable, signed, customer_id, home))
        postings.append((receivable, -payment["UnappliedAmt"], customer_id, None))
    company.post("Payment", payment, postings)


def void(company: SandboxCompany, old: Doc) -> Doc:
    """A voided payment: amounts 0, lines gone (recorded 2025-05)."""
    doc = {**old, "TotalAmt": ZERO, "UnappliedAmt": ZERO, "PrivateNote": voided_note(company, old), "Line": []}
    if "HomeTotalAmt" in old:
        doc["HomeTotalAmt"] = ZERO
    return doc


_SORTS = words("Id TxnDate MetaData.CreateTime MetaData.LastUpdatedTime")
PAYMENT = EntityKind(
    name="Payment",
    build=build,
    effects=effects,
    guard=guard,
    void=void,
    present=with_current_name,
    sequence="Txn",
    transaction=True,
    filters=_SORTS | words("TotalAmt CustomerRef PaymentMethodRef PaymentRefNum ProjectRef"),
    sorts=_SORTS,
)
