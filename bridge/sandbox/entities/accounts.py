"""The chart of accounts. Balances come from the ledger: debits positive, income and expense always 0 (recorded)."""

from decimal import Decimal

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.hierarchy import refuse_cycle, rename_children
from bridge.sandbox.entities.kind import Ask, EntityKind, words
from bridge.sandbox.entities.names import DELETED, shown
from bridge.sandbox.errors import QboFault
from bridge.sandbox.references import account, known_currency, ref_id, refuse_foreign
from bridge.sandbox.wire import ZERO, Doc

#: AccountType → classification and the AccountSubType that QuickBooks assumes (API reference, Account).
TYPES = {
    "Bank": ("Asset", "CashOnHand"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "EmployeeCashAdvances"),
    "Fixed Asset": ("Asset", "FurnitureAndFixtures"),
    "Other Asset": ("Asset", "Licenses"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OpeningBalanceEquity"),
    "Income": ("Revenue", "ServiceFeeIncome"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
}
#: An AccountSubType given alone tells the type; only those that occur once matter here.
TYPE_OF_SUBTYPE = {
    "Checking": "Bank",
    "Savings": "Bank",
    "CashOnHand": "Bank",
    "MoneyMarket": "Bank",
    "UndepositedFunds": "Other Current Asset",
    "OtherCurrentAssets": "Other Current Asset",
    "Inventory": "Other Current Asset",
    "PrepaidExpenses": "Other Current Asset",
    "GlobalTaxPayable": "Other Current Liability",
    "OtherPrimaryIncome": "Income",
    "SalesOfProductIncome": "Income",
    "DiscountsRefundsGiven": "Income",
    "BankCharges": "Expense",
    "SuppliesMaterials": "Expense",
    **{subtype: account_type for account_type, (_, subtype) in TYPES.items()},
}
ROLES = words(
    "AccountsReceivable AccountsPayable UndepositedFunds ExchangeGainOrLoss GlobalTaxPayable Inventory "
    "OpeningBalanceEquity DiscountsRefundsGiven"
)
COMPUTED = words(
    "Classification CurrentBalance CurrentBalanceWithSubAccounts FullyQualifiedName OpeningBalance OpeningBalanceDate"
)


def build(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask) -> Doc:
    """An account, or a sub-account of one."""
    if not given.get("Name") or (ask.sparse and "Name" not in ask.named):
        raise errors.required("Name")  # a sparse update without Name is refused as well (third-party report)
    name = given["Name"].removesuffix(DELETED)
    if any(character in name for character in ':"'):
        raise errors.invalid_characters("Name", name)
    account_type = given.get("AccountType") or TYPE_OF_SUBTYPE.get(given.get("AccountSubType", ""), "")
    if account_type not in TYPES:
        raise QboFault("6010", "Invalid Account.AccountType && Account.SubType")
    classification, subtype = TYPES[account_type]
    parent = account(company, given.get("ParentRef"), "ParentRef")
    refuse_cycle(company, "Account", old, parent)
    active = given.get("Active", True)
    code = ref_id(given.get("CurrencyRef")) or company.home_currency
    refuse_foreign(company, code)
    known_currency(code)
    doc = {key: value for key, value in given.items() if key not in COMPUTED}
    doc["Name"] = shown(name, active)
    doc["SubAccount"] = parent is not None
    if parent is not None:
        doc["ParentRef"] = {"value": parent["Id"]}
    doc["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{doc['Name']}" if parent else doc["Name"]
    doc["Active"] = active
    doc["Classification"] = classification
    doc["AccountType"] = account_type
    doc["AccountSubType"] = given.get("AccountSubType") or subtype
    doc["CurrencyRef"] = company.currency_ref(code)
    holder = company.names.get(("Account", doc["FullyQualifiedName"].casefold()))
    if holder is not None and (old is None or old["Id"] != holder):
        raise errors.duplicate_name(f"Id={holder}")
    if old is not None and old["Active"] and not active and company.ledger.balance(old["Id"]):
        raise QboFault("6220", "Delete Entity Has Balance Error")
    return doc


def effects(company: SandboxCompany, old: Doc | None, new: Doc | None) -> None:
    """Keep the name index, the accounts that play a part, and the children of a parent."""
    if new is None:
        return
    before = old["FullyQualifiedName"] if old else None
    company.claim_name("Account", new["FullyQualifiedName"], new["Id"], before)
    rename_children(company, "Account", old, new)
    part = (new["AccountSubType"], new["CurrencyRef"]["value"])
    if part[0] in ROLES and part not in company.roles:
        company.undo.set(company.roles, part, new["Id"])
    parent = ref_id(new.get("ParentRef"))
    if parent and new["Id"] not in company.children.get(parent, ()):
        company.undo.set(company.children, parent, (*company.children.get(parent, ()), new["Id"]))


def present(company: SandboxCompany, doc: Doc) -> Doc:
    """The account with its balances; a balance that moved moves LastUpdatedTime, not SyncToken (recorded)."""
    moved = company.ledger.moved_at.get(doc["Id"])
    meta = doc["MetaData"]
    if moved is not None and moved > meta["LastUpdatedTime"]:
        meta = {**meta, "LastUpdatedTime": moved}
    if doc["Classification"] in ("Revenue", "Expense"):
        return {**doc, "CurrentBalance": ZERO, "CurrentBalanceWithSubAccounts": ZERO, "MetaData": meta}
    own = company.ledger.balance(doc["Id"])
    return {
        **doc,
        "CurrentBalance": own,
        "CurrentBalanceWithSubAccounts": _with_children(company, doc["Id"]),
        "MetaData": meta,
    }


def _with_children(company: SandboxCompany, account_id: str) -> Decimal:
    below = company.children.get(account_id, ())
    return sum((_with_children(company, child) for child in below), company.ledger.balance(account_id))


_FILTERS = words(
    "Id Name AccountType AccountSubType Classification Active FullyQualifiedName SubAccount CurrentBalance AcctNum "
    "MetaData.CreateTime MetaData.LastUpdatedTime"
)
ACCOUNT = EntityKind(
    name="Account", build=build, effects=effects, present=present, sequence="Account", filters=_FILTERS, sorts=_FILTERS
)
