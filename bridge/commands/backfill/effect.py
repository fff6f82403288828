"""What written entities do to the books, account by account: double entry of the bodies that would be sent. Pure.

A form brings its total to the receivables, or to where its money goes, out of the accounts of its items, its discount
and its tax; a payment, a deposit and a journal entry move what their lines say. Amounts stand in the documents' own
currencies, debits above zero inside, and as people count them when they are shown (`Effect.by_group`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from contracts.entities import NAME_LISTS, Entity, number, part


class Group(StrEnum):
    """What an account is a part of, in the order in which it is shown."""

    RECEIVABLE = "receivable"
    INCOME = "income"
    TAX = "tax"
    LIABILITIES = "liabilities"
    CASH = "cash"
    """Banks, Undeposited Funds and what processors hold: every account of type Bank or Other Current Asset."""
    EXPENSES = "expenses"
    OTHER = "other"


PINNED = (Group.RECEIVABLE, Group.INCOME, Group.TAX, Group.LIABILITIES, Group.CASH)
"""Shown whether anything changes there or not."""
OWED = frozenset({Group.INCOME, Group.TAX, Group.LIABILITIES})
"""Where a credit is more."""

_GROUPS = {
    "Accounts Receivable": Group.RECEIVABLE,
    "Income": Group.INCOME,
    "Other Income": Group.INCOME,
    "Other Current Liability": Group.LIABILITIES,
    "Long Term Liability": Group.LIABILITIES,
    "Accounts Payable": Group.LIABILITIES,
    "Credit Card": Group.LIABILITIES,
    "Bank": Group.CASH,
    "Other Current Asset": Group.CASH,
    "Expense": Group.EXPENSES,
    "Other Expense": Group.EXPENSES,
    "Cost of Goods Sold": Group.EXPENSES,
}
_TAX_SUB_TYPES = frozenset({"SalesTaxPayable", "GlobalTaxPayable", "GlobalTaxSuspense"})


class BookAccount(NamedTuple):
    """One account: its group and its name."""

    group: Group
    account: str


RECEIVABLES = BookAccount(Group.RECEIVABLE, "Accounts receivable")
SALES_TAX = BookAccount(Group.TAX, "Sales tax")
UNDEPOSITED = BookAccount(Group.CASH, "Undeposited Funds")
DISCOUNTS = BookAccount(Group.INCOME, "Discounts given")

Side = tuple[BookAccount, Decimal]


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts by Id, and the Id of the income account of each item."""

    accounts: Mapping[str, BookAccount]
    items: Mapping[str, str]

    def account(self, ident: object, otherwise: BookAccount) -> BookAccount:
        """The account with this Id; `otherwise` where a body names none."""
        return self.accounts.get(str(ident), BookAccount(Group.OTHER, f"account {ident}")) if ident else otherwise

    def item(self, detail: Mapping[str, Any]) -> BookAccount:
        """Where a line sells: as QBO shows it, else the account of its item."""
        ident = _ref(detail, "ItemAccountRef") or self.items.get(str(_ref(detail, "ItemRef")))
        return self.account(ident, BookAccount(Group.INCOME, "Sales"))


def book_account(name: str, account_type: str, sub_type: str) -> BookAccount:
    """The place of an account of the chart."""
    group = Group.TAX if sub_type in _TAX_SUB_TYPES else _GROUPS.get(account_type, Group.OTHER)
    return BookAccount(group, name)


@dataclass(slots=True)
class Effect:
    """Sums by account and currency."""

    _sums: dict[tuple[BookAccount, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, sides: Iterable[Side], currency: str, sign: int = 1) -> None:
        """Post `sides`, or with -1 take them back."""
        for place, amount in sides:
            self._sums[place, currency] += sign * amount

    def by_account(self) -> list[tuple[BookAccount, str, Decimal]]:
        """Each account that changes, with currency and amount, as people count: what is earned or owed above zero."""
        order = list(Group)
        found = [(place, code, _shown(place.group, total)) for (place, code), total in self._sums.items() if total]
        return sorted(found, key=lambda each: (order.index(each[0].group), each[0].account, each[1]))

    def by_group(self) -> dict[Group, dict[str, Decimal]]:
        """The sum of each group by currency; those that are pinned are there without any change, too."""
        sums: dict[Group, dict[str, Decimal]] = {group: {} for group in PINNED}
        for place, code, amount in self.by_account():
            of_group = sums.setdefault(place.group, {})
            of_group[code] = of_group.get(code, Decimal(0)) + amount
        return sums


def _shown(group: Group, debit: Decimal) -> Decimal:
    return -debit if group in OWED else debit


def sides_of(entity: str, body: Entity, chart: Chart) -> list[Side]:
    """The double entry of one entity as it stands in `body`; none for customers, items and accounts."""
    if entity in NAME_LISTS or entity == "Account":
        return []
    received = chart.account(_ref(body, "DepositToAccountRef"), UNDEPOSITED)
    match entity:
        case "Invoice":
            return _balanced(_form(body, chart, -1), RECEIVABLES)
        case "SalesReceipt":
            return _balanced(_form(body, chart, -1), received)
        case "CreditMemo":
            return _balanced(_form(body, chart, 1), RECEIVABLES)
        case "RefundReceipt":
            return _balanced(_form(body, chart, 1), received)
        case "Payment":
            return _balanced([(RECEIVABLES, -_amount(body, "TotalAmt"))], received)
        case "Deposit":
            return _balanced(_deposited(body, chart), received)
        case "JournalEntry":
            return list(_entry(body, chart))
    raise ValueError(f"{entity} is nothing that the bridge writes")


def _balanced(sides: Iterable[Side], against: BookAccount) -> list[Side]:
    """`sides`, and what they leave on the other side."""
    listed = list(sides)
    return [*listed, (against, -sum((amount for _, amount in listed), Decimal(0)))]


def _form(body: Entity, chart: Chart, sign: int) -> Iterator[Side]:
    """What was sold less its discount, and the tax; `sign` is 1 for what takes it back."""
    for line in _lines(body):
        if "SalesItemLineDetail" in line:
            yield chart.item(line["SalesItemLineDetail"]), sign * _amount(line, "Amount")
        elif "DiscountLineDetail" in line:
            ident = _ref(line["DiscountLineDetail"], "DiscountAccountRef")
            yield chart.account(ident, DISCOUNTS), -sign * _amount(line, "Amount")
    yield SALES_TAX, sign * _amount(part(body, "TxnTaxDetail"), "TotalTax")


def _deposited(body: Entity, chart: Chart) -> Iterator[Side]:
    """What is linked comes out of Undeposited Funds, every other line from its account."""
    for line in _lines(body):
        named = _ref(line.get("DepositLineDetail") or {}, "AccountRef") if not line.get("LinkedTxn") else None
        yield chart.account(named, UNDEPOSITED), -_amount(line, "Amount")


def _entry(body: Entity, chart: Chart) -> Iterator[Side]:
    for line in _lines(body):
        detail = line.get("JournalEntryLineDetail") or {}
        sign = 1 if detail.get("PostingType") == "Debit" else -1
        yield chart.account(_ref(detail, "AccountRef"), UNDEPOSITED), sign * _amount(line, "Amount")


def _lines(body: Entity) -> Iterator[Mapping[str, Any]]:
    """All lines, those of a bundle that a person sold instead of the bundle."""
    for line in body.get("Line") or ():
        yield from (line.get("GroupLineDetail") or {}).get("Line") or [line]


def _ref(body: Mapping[str, Any], name: str) -> object:
    return (body.get(name) or {}).get("value")


def _amount(body: Mapping[str, Any], name: str) -> Decimal:
    return number(body.get(name)) or Decimal(0)
