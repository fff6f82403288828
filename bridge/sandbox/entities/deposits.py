"""Deposits: undeposited receipts and other money brought to a bank account.

A linked receipt goes in whole, is frozen while it lies here (6540), and returns to undeposited funds when its line
goes.
"""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.sales import PostingLine, deposit_account
from bridge.sandbox.references import account, account_ref, currency, listed, named, ref_id
from bridge.sandbox.wire import ZERO, Doc, money

DEPOSITABLE = ("Payment", "SalesReceipt", "RefundReceipt")
COMPUTED = words("TotalAmt HomeTotalAmt Line LinkedTxn CurrencyRef ExchangeRate CashBack")
DETAIL = "DepositLineDetail"


def build(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    """A deposit; a sparse update must bring account and lines (third-party report)."""
    for name in ("DepositToAccountRef", "Line"):
        if not given.get(name) or (ask.sparse and name not in ask.named):
            raise errors.required(name)
    bank = deposit_account(company, given)
    code, rate = _currency(company, given, bank)
    lines = [_line(company, line, number, old, code) for number, line in enumerate(given["Line"], 1)]
    _refuse_twice(lines)
    cash_back = _cash_back(company, given)
    total = sum((line["Amount"] for line in lines), ZERO) - cash_back.get("Amount", ZERO)
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    doc: Doc = {"DepositToAccountRef": account_ref(company, bank["Id"]), "TotalAmt": total}
    doc["TxnDate"] = given.get("TxnDate") or company.today().isoformat()
    doc["CurrencyRef"] = company.currency_ref(code)
    if company.multicurrency:
        doc |= {"ExchangeRate": rate, "HomeTotalAmt": money(total * rate)}
    doc["Line"] = lines
    if cash_back:
        doc["CashBack"] = cash_back
    return doc | {name: value for name, value in given.items() if name not in COMPUTED and name not in doc}


def _currency(company: SandboxCompany, given: Doc, bank: Doc) -> tuple[str, Decimal]:
    if "CurrencyRef" in given:
        return currency(company, given, None)
    return currency(company, {**given, "CurrencyRef": bank["CurrencyRef"]}, None)


def _cash_back(company: SandboxCompany, given: Doc) -> Doc:
    wanted = given.get("CashBack", {})
    if not wanted.get("Amount"):
        return {}
    found = account(company, wanted.get("AccountRef"), "CashBack.AccountRef")
    if found is None:
        raise errors.required("CashBack.AccountRef")
    return {**wanted, "Amount": money(wanted["Amount"]), "AccountRef": account_ref(company, found["Id"])}


def _line(company: SandboxCompany, line: Doc, number: int, old: Doc | None, code: str) -> Doc:
    if "Amount" not in line:
        raise errors.required("Line.Amount")
    amount = money(line["Amount"])
    detail = line.get(DETAIL, {})
    if line.get("LinkedTxn"):
        if DETAIL in line and detail and not ref_id(detail.get("AccountRef")):
            raise errors.required(f"Line.{DETAIL}.AccountRef")
        return _linked_line(company, line, amount, old, code)
    found = account(company, detail.get("AccountRef"), f"Line.{DETAIL}.AccountRef")
    if found is None:
        raise errors.required(f"Line.{DETAIL}.AccountRef")
    shown = {**detail, "AccountRef": account_ref(company, found["Id"])}
    for name, entity in (("PaymentMethodRef", "PaymentMethod"), ("ClassRef", "Class")):
        entry = listed(company, detail.get(name), entity, f"Line.{DETAIL}.{name}")
        if entry is not None:
            shown[name] = named(entry)
    kept = {name: line[name] for name in ("Description",) if name in line}
    line_id = line.get("Id") or str(number)
    return {"Id": line_id, "LineNum": number, **kept, "Amount": amount, "DetailType": DETAIL, DETAIL: shown}


def _linked_line(company: SandboxCompany, line: Doc, amount: Decimal, old: Doc | None, code: str) -> Doc:
    link = line["LinkedTxn"][0]
    for name in ("TxnId", "TxnType", "TxnLineId"):
        if not link.get(name):
            raise errors.required(f"LinkedTxn.{name}")
    if not link["TxnId"].isdigit():
        raise errors.invalid_id(link["TxnId"], "LinkedTxn.TxnId")
    if link["TxnType"] not in DEPOSITABLE:
        raise errors.cannot_link()
    target = company.find(link["TxnType"], link["TxnId"])
    if target is None:
        raise errors.not_found()
    held = [other["TxnId"] for other in target.get("LinkedTxn", ()) if other["TxnType"] == "Deposit"]
    undeposited = company.tables["Account"][target["DepositToAccountRef"]["value"]]
    signed = -target["TotalAmt"] if link["TxnType"] == "RefundReceipt" else target["TotalAmt"]
    free = not held or (old is not None and held == [old["Id"]])
    same_currency = target["CurrencyRef"]["value"] == code
    if not free or undeposited["AccountSubType"] != "UndepositedFunds" or amount != signed or not same_currency:
        raise errors.cannot_link()
    return {"Amount": amount, "LinkedTxn": [{name: link[name] for name in ("TxnId", "TxnType", "TxnLineId")}]}


def _refuse_twice(lines: list[Doc]) -> None:
    links = [tuple(line["LinkedTxn"][0].values()) for line in lines if "LinkedTxn" in line]
    if len(links) != len(set(links)):
        raise errors.cannot_link()


def _receipts(doc: Doc | None) -> set[tuple[str, str]]:
    lines = (doc or {}).get("Line", ())
    return {(line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"]) for line in lines if "LinkedTxn" in line}


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Freeze and free the receipts, then post."""
    deposit_id = (new or old or {})["Id"]
    before, after = _receipts(old), _receipts(new)
    link = {"TxnId": deposit_id, "TxnType": "Deposit"}
    for entity, entity_id in sorted(before ^ after):
        others = [other for other in company.tables[entity][entity_id].get("LinkedTxn", ()) if other != link]
        links = [*others, link] if (entity, entity_id) in after else others
        company.touch(entity, entity_id, {"LinkedTxn": links})
    if new is None:
        company.unpost("Deposit", deposit_id)
    else:
        _post(company, new)


def _post(company: SandboxCompany, doc: Doc) -> None:
    postings: list[PostingLine] = [(doc["DepositToAccountRef"]["value"], doc["TotalAmt"], None, None)]
    for line in doc["Line"]:
        if "LinkedTxn" in line:
            link = line["LinkedTxn"][0]
            account_id = company.tables[link["TxnType"]][link["TxnId"]]["DepositToAccountRef"]["value"]
            postings.append((account_id, -line["Amount"], None, None))
        else:
            detail = line[DETAIL]
            postings.append((detail["AccountRef"]["value"], -line["Amount"], ref_id(detail.get("Entity")), None))
    if "CashBack" in doc:
        postings.append((doc["CashBack"]["AccountRef"]["value"], doc["CashBack"]["Amount"], None, None))
    company.post("Deposit", doc, postings)


_SORTS = words("Id TxnDate MetaData.CreateTime MetaData.LastUpdatedTime")
DEPOSIT = EntityKind(
    name="Deposit",
    build=build,
    effects=effects,
    sequence="Txn",
    transaction=True,
    filters=_SORTS,
    sorts=_SORTS,
)
