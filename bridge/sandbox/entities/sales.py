"""What invoices, sales receipts, credit memos and refund receipts have in common.

Property set and order follow the recorded Invoice of 2025-06.
"""

from collections.abc import Iterator
from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask, words
from bridge.sandbox.entities.lines import TAXABLE_LINES_MAX, Lines, read_lines
from bridge.sandbox.entities.names import addresses
from bridge.sandbox.entities.numbers import doc_number
from bridge.sandbox.entities.tax import Taxable, tax_detail, tax_postings
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import account, currency, listed, name_of, named, ref_id
from bridge.sandbox.wire import ZERO, Doc, money

COMPUTED = words(
    "TotalAmt HomeTotalAmt Balance HomeBalance LinkedTxn DeliveryInfo InvoiceLink RecurDataRef TaxExemptionRef "
    "TxnTaxDetail Line RemainingCredit AutoDocNumber TxnStatus"
)
PostingLine = tuple[str, Decimal, str | None, Decimal | None]


def customer_of(company: SandboxCompany, given: Doc, entity: str, *, required: bool) -> Doc | None:
    """The form's customer, with the faults recorded for each way of not naming one."""
    reference = given.get("CustomerRef")
    if not reference or (not required and not reference.get("value")):
        if required:
            raise errors.customer_required(entity)
        return None
    value = reference.get("value")
    if value is None or not (value.isascii() and value.isdigit()):
        raise errors.number_format(value)
    return name_of(company, value)


def build_form(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask, entity: str) -> Doc:
    """The parts of a sales form that do not depend on which one it is."""
    customer = customer_of(company, given, entity, required=entity in ("Invoice", "CreditMemo"))
    if not given.get("Line"):
        raise errors.required("Line")
    code, rate = currency(company, given, customer)
    lines = read_lines(company, given["Line"], old)
    after_discount = given.get("ApplyTaxAfterDiscount", False)
    taxable = Taxable(lines.items, lines.subtotal, lines.discount["Amount"] if lines.discount else ZERO, after_discount)
    tax = tax_detail(company, _tax_given(given, old, ask), taxable)
    total = lines.subtotal - taxable.discount + tax["TotalTax"]
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    _refuse_many_taxed(tax, lines)
    doc = _head(company, given, doc_number(company, given, old, ask, entity), code)
    if company.multicurrency:
        doc |= {"ExchangeRate": rate, "HomeTotalAmt": money(total * rate)}
    if "PrivateNote" in given:
        doc["PrivateNote"] = given["PrivateNote"]
    doc |= {"LinkedTxn": (old or {}).get("LinkedTxn", []), "Line": with_subtotal(lines), "TxnTaxDetail": tax}
    if customer is not None:
        doc["CustomerRef"] = named(customer)
    _addresses(company, doc, given, customer)
    _references(company, doc, given)
    doc |= {"TotalAmt": total, "ApplyTaxAfterDiscount": after_discount, **_sending(given)}
    kept = {name: value for name, value in given.items() if name not in COMPUTED and name not in doc}
    for name in ("CustomerRef", "ExchangeRate", "DocNumber"):
        kept.pop(name, None)
    if company.country == "US":
        kept.pop("GlobalTaxCalculation", None)
    return doc | kept


def _head(company: SandboxCompany, given: Doc, number: str | None, code: str) -> Doc:
    head: Doc = {"CustomField": given.get("CustomField", [])}
    if number is not None:
        head["DocNumber"] = number
    head["TxnDate"] = given.get("TxnDate") or company.today().isoformat()
    head["CurrencyRef"] = company.currency_ref(code)
    return head


def _sending(given: Doc) -> Doc:
    status = given.get("EmailStatus", "NotSet")
    if status == "NeedToSend" and not given.get("BillEmail", {}).get("Address"):
        raise QboFault("6420", "Email address is required", None, "BillEmail")
    return {"PrintStatus": given.get("PrintStatus", "NeedToPrint"), "EmailStatus": status}


def _tax_given(given: Doc, old: Doc | None, ask: Ask) -> Doc:
    """A sparse update with new lines computes tax anew, unless the old tax was an override without a code."""
    if old is None or not ask.sparse or "TxnTaxDetail" in ask.named or "Line" not in ask.named:
        return given
    detail = old.get("TxnTaxDetail", {})
    if "TxnTaxCodeRef" in detail:
        return {**given, "TxnTaxDetail": {"TxnTaxCodeRef": detail["TxnTaxCodeRef"]}}
    return given


def _refuse_many_taxed(tax: Doc, lines: Lines) -> None:
    if tax["TotalTax"] and len(lines.shown) > TAXABLE_LINES_MAX:
        raise errors.business(f"A taxable transaction can have at most {TAXABLE_LINES_MAX} lines.")


def with_subtotal(lines: Lines) -> list[Doc]:
    """The lines with QuickBooks' own subtotal, which stands before the discount."""
    subtotal = {"Amount": lines.subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    shown = [line for line in lines.shown if line is not lines.discount]
    return [*shown, subtotal, lines.discount] if lines.discount else [*shown, subtotal]


def _addresses(company: SandboxCompany, doc: Doc, given: Doc, customer: Doc | None) -> None:
    own = customer or {}
    billing = given.get("BillAddr") or own.get("BillAddr")
    shipping = given.get("ShipAddr") or own.get("ShipAddr") or (billing if "BillAddr" not in given else None)
    for name, address in (("BillAddr", billing), ("ShipAddr", shipping)):
        if address is not None:
            doc[name] = address
    addresses(company, doc, "BillAddr", "ShipAddr")
    doc["FreeFormAddress"] = given.get("FreeFormAddress", True)
    if company.country == "US":
        ship_from = given.get("ShipFromAddr") or _ship_from(company)
        if ship_from is not None:
            doc["ShipFromAddr"] = ship_from


def _ship_from(company: SandboxCompany) -> Doc | None:
    """The company's own address in two lines, as far as it has one; each document gets an Id of its own for it."""
    address = company.tables["CompanyInfo"]["1"].get("CompanyAddr") or {}
    region = " ".join(filter(None, (address.get("CountrySubDivisionCode"), address.get("PostalCode"))))
    second = ", ".join(filter(None, (address.get("City"), region)))
    lines = {name: text for name, text in (("Line1", address.get("Line1")), ("Line2", second)) if text}
    return {"Id": str(company.next_number("Address", 2)), **lines} if lines else None


def _references(company: SandboxCompany, doc: Doc, given: Doc) -> None:
    for name, entity in (("ClassRef", "Class"), ("DepartmentRef", "Department"), ("PaymentMethodRef", "PaymentMethod")):
        if name in given:
            found = listed(company, given[name], entity, name)
            if found is not None:
                doc[name] = named(found)


def deposit_account(company: SandboxCompany, given: Doc) -> Doc:
    """Where received money goes: Bank or Other Current Asset, else 6430; undeposited funds when nothing is said."""
    found = account(company, given.get("DepositToAccountRef"), "DepositToAccountRef")
    if found is None:
        return company.tables["Account"][company.role_account("UndepositedFunds")]
    if found["AccountType"] not in ("Bank", "Other Current Asset"):
        raise errors.invalid_account_type(found["AccountType"])
    return found


def item_lines(doc: Doc) -> Iterator[Doc]:
    """The item lines of a stored form, also those inside groups."""
    for line in doc["Line"]:
        if "SalesItemLineDetail" in line:
            yield line
        elif "GroupLineDetail" in line:
            yield from line["GroupLineDetail"]["Line"]


def income_postings(company: SandboxCompany, doc: Doc, sign: int) -> list[PostingLine]:
    """What a form's lines, discount and tax post; `sign` is -1 for sales and +1 for credits."""
    postings: list[PostingLine] = []
    for line in item_lines(doc):
        reference = line["SalesItemLineDetail"].get("ItemAccountRef")
        if reference is not None and line["Amount"]:
            postings.append((reference["value"], sign * line["Amount"], None, None))
    for line in doc["Line"]:
        if "DiscountLineDetail" in line and line["Amount"]:
            account_id = line["DiscountLineDetail"]["DiscountAccountRef"]["value"]
            postings.append((account_id, -sign * line["Amount"], None, None))
    postings += [
        (account_id, sign * amount, None, None) for account_id, amount in tax_postings(company, doc["TxnTaxDetail"])
    ]
    return postings


def stock_postings(company: SandboxCompany, doc: Doc | None, sign: int) -> list[PostingLine]:
    """Cost of goods sold of inventory lines at the item's purchase cost, in the home currency."""
    postings: list[PostingLine] = []
    for line in item_lines(doc) if doc else ():
        detail = line["SalesItemLineDetail"]
        item = company.find("Item", ref_id(detail["ItemRef"]))
        if item is None or item["Id"] not in company.stock or not detail.get("Qty"):
            continue
        cost = money(detail["Qty"] * item["PurchaseCost"])
        postings.append((item["ExpenseAccountRef"]["value"], ZERO, None, -sign * cost))
        postings.append((item["AssetAccountRef"]["value"], ZERO, None, sign * cost))
    return postings


def move_stock(company: SandboxCompany, old: Doc | None, new: Doc | None, sign: int) -> None:
    """Quantities on hand follow the change of a form."""
    for doc, direction in ((old, -sign), (new, sign)):
        for line in item_lines(doc) if doc else ():
            detail = line["SalesItemLineDetail"]
            item_id = ref_id(detail["ItemRef"]) or ""
            if item_id in company.stock and detail.get("Qty"):
                company.undo.set(company.stock, item_id, company.stock[item_id] + direction * detail["Qty"])


def voided_form(company: SandboxCompany, old: Doc) -> Doc:
    """A voided form: note, amounts and quantities 0, links cleared, number kept (recorded 2025-05)."""
    lines = [_voided_line(line) for line in old["Line"]]
    doc = {
        **old,
        "PrivateNote": voided_note(company, old),
        "LinkedTxn": [],
        "Line": lines,
        "TxnTaxDetail": {"TotalTax": ZERO},
        "TotalAmt": ZERO,
        "Balance": ZERO,
    }
    for name in ("HomeTotalAmt", "HomeBalance", "Deposit"):
        if name in old:
            doc[name] = ZERO
    return doc


def voided_note(company: SandboxCompany, old: Doc) -> str:
    """The word "Voided", before what stood there or instead of it."""
    note = old.get("PrivateNote")
    return "Voided" if not note or company.switches.void_note == "overwrite" else f"Voided - {note}"[:4000]


def _voided_line(line: Doc) -> Doc:
    new = {**line}
    if "Amount" in line:
        new["Amount"] = ZERO
    detail = line.get("SalesItemLineDetail")
    if detail and "Qty" in detail:
        new["SalesItemLineDetail"] = {**detail, "Qty": ZERO}
    if "GroupLineDetail" in line:
        group = line["GroupLineDetail"]
        new["GroupLineDetail"] = {**group, "Line": [_voided_line(part) for part in group["Line"]]}
    return new
