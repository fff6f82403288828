"""Products and services of every type. Answer shape follows the recorded NonInventory item of 2025-06."""

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.hierarchy import refuse_cycle, rename_children
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.names import DELETED, LEVELS_MAX, clean_name, shown
from bridge.sandbox.errors import QboFault
from bridge.sandbox.ledger import Posting
from bridge.sandbox.references import account, account_ref, listed, named
from bridge.sandbox.wire import ZERO, Doc, money

COMPUTED = words("FullyQualifiedName Level QtyOnPurchaseOrder QtyOnSalesOrder")
INVENTORY_ONLY = ("AssetAccountRef", "QtyOnHand", "InvStartDate", "ReorderPoint")
NO_ACCOUNTS = ("Group", "Bundle", "Category")
#: Accounts that a sale or purchase can never go to directly.
REFUSED = ("Accounts Receivable", "Accounts Payable")


def build(company: SandboxCompany, given: Doc, old: Doc | None, _ask: Ask) -> Doc:
    """An item; what is required depends on its type."""
    for name in ("Name", "Type"):
        if not given.get(name) and not (name == "Type" and old):
            raise errors.required(name)
    kind = given.get("Type") or (old or {})["Type"]
    name = given["Name"].removesuffix(DELETED)
    clean_name(name, "Name")
    active = given.get("Active", True)
    doc = {key: value for key, value in given.items() if key not in COMPUTED}
    parent = listed(company, given.get("ParentRef"), "Item", "ParentRef")
    refuse_cycle(company, "Item", old, parent)
    doc["Name"] = shown(name, active)
    doc["Active"] = active
    doc["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{doc['Name']}" if parent else doc["Name"]
    doc["Type"] = kind
    if parent is not None:
        doc["SubItem"], doc["ParentRef"], doc["Level"] = True, named(parent), parent.get("Level", 0) + 1
        if doc["Level"] >= LEVELS_MAX:
            raise QboFault("6180", "Sub Level Limit", None, "ParentRef")
    elif given.get("SubItem"):
        raise QboFault("6150", "ParentRef Required Validation Error", None, "ParentRef")
    else:
        doc.pop("SubItem", None)
    _accounts(company, doc, kind)
    _defaults(company, doc, kind)
    holder = company.names.get(("Item", doc["FullyQualifiedName"].casefold()))
    if holder is not None and (old is None or old["Id"] != holder):
        raise errors.duplicate_name(f"Id={holder}")
    return doc


def _accounts(company: SandboxCompany, doc: Doc, kind: str) -> None:
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        found = account(company, doc.get(name), name)
        if found is None:
            doc.pop(name, None)
            continue
        if found["AccountType"] in REFUSED:
            raise errors.invalid_account_type(found["AccountType"])
        doc[name] = account_ref(company, found["Id"])
    if kind == "Inventory":
        _inventory(doc)
    elif any(name in doc for name in INVENTORY_ONLY) or doc.get("TrackQtyOnHand"):
        raise errors.invalid_property()
    elif kind not in NO_ACCOUNTS and "IncomeAccountRef" not in doc and "ExpenseAccountRef" not in doc:
        raise errors.required("IncomeAccountRef or ExpenseAccountRef")


def _inventory(doc: Doc) -> None:
    if "AssetAccountRef" not in doc:
        raise QboFault(
            "2020",
            "Required Param Missing",
            "Required parameter is missing in the request. "
            "An inventory assetaccount is required if you are tracking inventory quantities for this product.",
        )
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "QtyOnHand", "InvStartDate"):
        if name not in doc:
            raise errors.required(name)
    doc["TrackQtyOnHand"] = True


def _defaults(company: SandboxCompany, doc: Doc, kind: str) -> None:
    if kind == "Category":
        return
    doc.setdefault("Taxable", False)
    doc.setdefault("UnitPrice", ZERO)
    doc.setdefault("PurchaseCost", ZERO)
    doc.setdefault("TrackQtyOnHand", False)
    doc.setdefault("DeferredRevenue", False)
    for member in doc.get("ItemGroupDetail", {}).get("ItemGroupLine", ()):
        if listed(company, member.get("ItemRef"), "Item", "ItemGroupDetail.ItemGroupLine.ItemRef") is None:
            raise errors.required("ItemGroupDetail.ItemGroupLine.ItemRef")


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Keep the name index; the first quantity of an inventory item is posted against opening balance equity."""
    if new is None:
        return
    before = old["FullyQualifiedName"] if old else None
    company.claim_name("Item", new["FullyQualifiedName"], new["Id"], before)
    rename_children(company, "Item", old, new)
    if old is None and new["Type"] == "Inventory":
        company.undo.set(company.stock, new["Id"], new["QtyOnHand"])
        value = money(new["QtyOnHand"] * new["PurchaseCost"])
        equity = company.role_account("OpeningBalanceEquity")
        asset = new["AssetAccountRef"]["value"]
        company.ledger.post(
            ("Item", new["Id"]), (Posting(asset, value, value), Posting(equity, -value, -value)), company.stamp()
        )


def present(company: SandboxCompany, doc: Doc) -> Doc:
    """An inventory item with the quantity that is left."""
    return {**doc, "QtyOnHand": company.stock[doc["Id"]]} if doc["Id"] in company.stock else doc


_FILTERS = words(
    "Id Name Type Active FullyQualifiedName SubItem Taxable Sku ParentRef MetaData.CreateTime MetaData.LastUpdatedTime"
)
ITEM = EntityKind(
    name="Item",
    build=build,
    effects=effects,
    present=present,
    sequence="Item",
    filters=_FILTERS,
    sorts=words("Id Name Type FullyQualifiedName UnitPrice PurchaseCost MetaData.CreateTime MetaData.LastUpdatedTime"),
)
