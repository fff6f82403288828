"""The lines of a sales form: what each kind of line needs, and its arithmetic.

The 6070 rule is established for item lines: Amount is round-half-up(Qty x UnitPrice, 2) computed at full precision,
unless both are left out (or both are zero, which counts as left out).
"""

from dataclasses import dataclass, field
from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.tax import line_code
from bridge.sandbox.errors import INACTIVE, QboFault
from bridge.sandbox.references import account, account_ref, listed, named, ref_id
from bridge.sandbox.wire import ZERO, Doc, money

#: Item ids that are no items: shipping needs AllowShipping, gratuity needs the gratuity preference.
SYSTEM_ITEMS = {"SHIPPING_ITEM_ID": "ShippingIncome", "GRATUITY_ITEM_ID": "GratuityLiability"}
ITEM_ELEMENT = "Line.SalesItemLineDetail.ItemRef"
LINES_MAX = 10_000
TAXABLE_LINES_MAX = 750
DETAILS = (
    "SalesItemLineDetail",
    "GroupLineDetail",
    "DiscountLineDetail",
    "SubTotalLineDetail",
    "SubtotalLineDetail",
    "DescriptionLineDetail",
    "DescriptionOnlyLineDetail",
)


@dataclass(slots=True)
class Lines:
    """A form's lines as they will be answered, and the item lines among them, also those inside groups."""

    shown: list[Doc] = field(default_factory=list)
    items: list[Doc] = field(default_factory=list)
    discount: Doc | None = None

    @property
    def subtotal(self) -> Decimal:
        """The sum of the item lines."""
        return sum((line["Amount"] for line in self.items), ZERO)


def read_lines(company: SandboxCompany, given: list[Doc], old: Doc | None) -> Lines:
    """The lines of a form without its subtotal, which QuickBooks adds itself."""
    lines = Lines()
    known = {line["Id"] for line in (old or {}).get("Line", ()) if "Id" in line}
    last = max((int(line_id) for line_id in known), default=0)
    for line in given:
        detail_type = line.get("DetailType") or next((name for name in DETAILS if name in line), "")
        if detail_type in ("SubTotalLineDetail", "SubtotalLineDetail", "SubTotalLine"):
            continue
        shown = _line(company, line, detail_type, lines)
        line_id = line.get("Id")
        if line_id not in known:
            last += 1
            line_id = str(last)
        known.discard(line_id)
        lines.shown.append({"Id": line_id, "LineNum": len(lines.shown) + 1, **shown})
        _collect(lines)
    if not lines.shown:
        raise errors.required("Line")
    if len(lines.shown) > LINES_MAX:
        raise errors.business(f"A transaction can have at most {LINES_MAX} lines.")
    return lines


def _collect(lines: Lines) -> None:
    line = lines.shown[-1]
    if "SalesItemLineDetail" in line:
        lines.items.append(line)
    elif "GroupLineDetail" in line:
        lines.items.extend(line["GroupLineDetail"]["Line"])
    elif "DiscountLineDetail" in line:
        if lines.discount is not None:
            raise errors.business("A transaction can have only one discount line.")
        lines.discount = line


def _line(company: SandboxCompany, line: Doc, detail_type: str, lines: Lines) -> Doc:
    kept: Doc = {name: line[name] for name in ("Description", "CustomField") if name in line}
    match detail_type:
        case "SalesItemLineDetail" | "":
            return {**kept, **_item_line(company, line)}
        case "DescriptionOnly" | "DescriptionOnlyLineDetail" | "DescriptionLineDetail":
            detail = line.get("DescriptionLineDetail") or line.get("DescriptionOnlyLineDetail") or {}
            return {**kept, "DetailType": "DescriptionOnly", "DescriptionLineDetail": detail}
        case "DiscountLineDetail":
            return {**kept, **_discount_line(company, line, lines)}
        case "GroupLineDetail":
            return {**kept, **_group_line(company, line)}
        case _:
            raise errors.invalid_enumeration(detail_type)


def _item_line(company: SandboxCompany, line: Doc) -> Doc:
    detail = line.get("SalesItemLineDetail", {})
    item_id = ref_id(detail.get("ItemRef"))
    if item_id is None:
        raise errors.required("Line.SalesItemLineDetail")
    if "Amount" not in line:
        raise errors.required("Line.Amount")
    amount = money(line["Amount"])
    _check_product(line["Amount"], detail)
    item, item_ref, account_id = _item(company, item_id)
    shown = {**detail, "ItemRef": item_ref}
    if account_id is not None:
        shown["ItemAccountRef"] = account_ref(company, account_id)
    if "ClassRef" in detail:
        found = listed(company, detail["ClassRef"], "Class", "Line.SalesItemLineDetail.ClassRef")
        shown["ClassRef"] = named(found) if found else shown.pop("ClassRef")
    code = line_code(company, detail, item)
    shown.pop("TaxCodeRef", None)
    if code is not None:
        shown["TaxCodeRef"] = code
    if not detail.get("TaxInclusiveAmt"):
        shown.pop("TaxInclusiveAmt", None)
    if not detail.get("Qty") and not detail.get("UnitPrice"):
        shown.pop("Qty", None)
        shown.pop("UnitPrice", None)
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": shown}


def _check_product(amount: Decimal, detail: Doc) -> None:
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is None or price is None or (not quantity and not price):
        return
    if money(quantity * price) != amount:
        text = f"{amount:,f}"
        raise errors.wrong_amount(text.rstrip("0").rstrip(".") if "." in text else text)


def _item(company: SandboxCompany, item_id: str) -> tuple[Doc | None, Doc, str | None]:
    if item_id in SYSTEM_ITEMS:
        allowed = company.preference("SalesFormsPrefs", "AllowShipping") or item_id != "SHIPPING_ITEM_ID"
        if not allowed:
            raise errors.invalid_reference(ITEM_ELEMENT, ITEM_ELEMENT)
        return None, {"value": item_id}, company.role_account(SYSTEM_ITEMS[item_id])
    item = company.find("Item", item_id)
    if item is None or item["Type"] == "Category":
        raise errors.invalid_reference(ITEM_ELEMENT, ITEM_ELEMENT)
    if not item["Active"]:
        raise errors.invalid_reference(INACTIVE, ITEM_ELEMENT)
    account_id = ref_id(item.get("IncomeAccountRef")) or ref_id(item.get("ExpenseAccountRef"))
    return item, named(item), account_id


def _discount_line(company: SandboxCompany, line: Doc, lines: Lines) -> Doc:
    if not company.preference("SalesFormsPrefs", "AllowDiscount"):
        raise QboFault("5030", "Feature Not Supported Error", "The feature is not supported : Discount")
    detail = line.get("DiscountLineDetail", {})
    override = detail.get("Discount", {})
    percent = detail.get("DiscountPercent", override.get("DiscountPercent"))
    percent_based = detail.get(
        "PercentBased", override.get("PercentBased", percent is not None and "Amount" not in line)
    )
    shown: Doc = {name: value for name, value in detail.items() if name != "Discount"}
    shown["PercentBased"] = percent_based
    if percent_based and percent is not None:
        amount = money(lines.subtotal * percent / 100)
        shown["DiscountPercent"] = percent
    elif "Amount" in line:
        amount = money(line["Amount"])
        shown.pop("DiscountPercent", None)
    else:
        raise QboFault("6090", "Discount Line missing required info", None, "DiscountLineDetail")
    wanted = detail.get("DiscountAccountRef") or override.get("DiscountAccountRef")
    found = account(company, wanted, "Line.DiscountLineDetail.DiscountAccountRef")
    default = company.preference("SalesFormsPrefs", "DefaultDiscountAccount")
    account_id = found["Id"] if found else default or company.role_account("DiscountsRefundsGiven")
    shown["DiscountAccountRef"] = account_ref(company, account_id)
    return {"Amount": amount, "DetailType": "DiscountLineDetail", "DiscountLineDetail": shown}


def _group_line(company: SandboxCompany, line: Doc) -> Doc:
    detail = line.get("GroupLineDetail", {})
    group = company.find("Item", ref_id(detail.get("GroupItemRef")))
    if group is None or group["Type"] not in ("Group", "Bundle"):
        raise errors.invalid_reference("Line.GroupLineDetail.GroupItemRef", "Line.GroupLineDetail.GroupItemRef")
    quantity = detail.get("Quantity", Decimal(1))
    given = detail.get("Line") or [_member_line(company, member, quantity) for member in _members(group)]
    inner = []
    for number, part in enumerate(given, 1):
        kept = {name: part[name] for name in ("Description",) if name in part}
        inner.append({"Id": part.get("Id") or str(number), "LineNum": number, **kept, **_item_line(company, part)})
    shown = {**detail, "GroupItemRef": named(group), "Quantity": quantity, "Line": inner}
    amount = sum((part["Amount"] for part in inner), ZERO)
    return {"Amount": amount, "DetailType": "GroupLineDetail", "GroupLineDetail": shown}


def _members(group: Doc) -> list[Doc]:
    members: list[Doc] = group.get("ItemGroupDetail", {}).get("ItemGroupLine", [])
    return members


def _member_line(company: SandboxCompany, member: Doc, quantity: Decimal) -> Doc:
    item = company.tables["Item"][member["ItemRef"]["value"]]
    count = member.get("Qty", Decimal(1)) * quantity
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": count, "UnitPrice": item["UnitPrice"]}
    return {"Amount": money(count * item["UnitPrice"]), "SalesItemLineDetail": detail}
