"""What the index is filled from: the company's lists, and its transactions since a point in time. No index logic.

Every list is read with `select *` but two. QBO refuses complex properties in a projection, and what the index needs of
most lists is complex (a customer's mail address and currency, an account's currency, a tax code's rates, a
transaction's links); only items and payment methods are known by simple properties alone. What nobody reads and what
is about people (addresses, custom fields) is dropped from each row as it arrives.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.queries import Select, where, where_in
from bridge.quickbooks.rows import load_page
from contracts.entities import Entity, part

TRANSACTIONS = ("Invoice", "Payment", "JournalEntry", "SalesReceipt", "CreditMemo", "RefundReceipt", "Deposit")
"""The transaction types that the bridge writes, in the order in which they depend on each other."""

INDEXED = (*TRANSACTIONS, "Transfer")
"""The transaction types that the index knows: a person may have entered a payout as a transfer."""

NAME_LISTS = ("Customer", "Item")
"""The name lists that the bridge adds to."""
_EVERY = (where_in("Active", (True, False)),)
"""Name lists hide their inactive rows unless both are asked for."""
_ITEM = ("Id", "SyncToken", "Name", "Sku", "Type", "Active", "FullyQualifiedName", "Taxable", "UnitPrice")
_PAYMENT_METHOD = ("Id", "SyncToken", "Name", "Type", "Active")
_DROPPED = frozenset(
    "BillAddr ShipAddr ShipFromAddr BillEmail BillEmailCc BillEmailBcc CustomField CustomerMemo DeliveryInfo "
    "RemitToAddr PrimaryPhone AlternatePhone Mobile Fax WebAddr OtherContactInfo".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basics:
    """What a company decides by itself; inactive accounts are among the rows (`Active` false).

    `lists` are the rows of further lists, by entity name.
    """

    preferences: Entity
    info: Entity
    accounts: tuple[Entity, ...]
    payment_methods: tuple[Entity, ...]
    lists: Mapping[str, tuple[Entity, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyLists(Basics):
    """A company's lists as plain rows. `inactive_customers` still hold their names, with ` (deleted)` behind."""

    customers: tuple[Entity, ...]
    inactive_customers: tuple[Entity, ...]
    items: tuple[Entity, ...]


async def load_basics(
    client: QuickBooksClient, lists: Iterable[str] = (), *, priority: Priority = Priority.LIVE
) -> Basics:
    """Read preferences, company info, accounts and payment methods, and none of the long lists.

    `lists` names further ones that the rules need; tax codes and their rates are always among them where the company
    charges tax.
    """
    info, preferences = await client.company_info(), await client.preferences()
    taxed = part(preferences, "TaxPrefs").get("UsingSalesTax") is True or info.get("Country", "US") != "US"
    wanted = set(lists) | ({"TaxCode", "TaxRate"} if taxed else set())
    return Basics(
        preferences=preferences,
        info=info,
        accounts=await _rows(client, Select("Account", conditions=_EVERY), priority),
        payment_methods=await _rows(client, Select("PaymentMethod", _PAYMENT_METHOD), priority),
        lists={entity: await _rows(client, Select(entity), priority) for entity in sorted(wanted)},
    )


async def load_company(
    client: QuickBooksClient, lists: Iterable[str] = (), *, priority: Priority = Priority.LIVE
) -> CompanyLists:
    """Read preferences, company info and all lists; inactive accounts and items are among them (`Active` false)."""
    customers = await _rows(client, Select("Customer", conditions=_EVERY), priority)
    basics = await load_basics(client, lists, priority=priority)
    return CompanyLists(
        preferences=basics.preferences,
        info=basics.info,
        accounts=basics.accounts,
        payment_methods=basics.payment_methods,
        lists=basics.lists,
        customers=tuple(row for row in customers if row.get("Active") is not False),
        inactive_customers=tuple(_named(row) for row in customers if row.get("Active") is False),
        items=await _rows(client, Select("Item", _ITEM, _EVERY), priority),
    )


async def transactions(
    client: QuickBooksClient,
    entity: str,
    created_since: datetime | None,
    *,
    created_until: datetime | None = None,
    priority: Priority = Priority.LIVE,
) -> AsyncIterator[tuple[Entity, ...]]:
    """The transactions of one type created from `created_since` to `created_until` (aware; None for no bound), by page.

    The bounds are on `MetaData.CreateTime`: a document cannot have been posted before it existed at its source.
    """
    async for page in client.pages(_created(entity, created_since, created_until), priority=priority):
        yield tuple(slim(row) for row in page)


def for_index(
    client: QuickBooksClient,
    entity: str,
    created_since: datetime,
    *,
    created_until: datetime | None = None,
    priority: Priority = Priority.LIVE,
    at_once: int = 1,
) -> AsyncGenerator[tuple[Entity, ...], None]:
    """The same transactions for who takes them into an index: of each row only what that asks for is decoded.

    `at_once` pages are under way together; a list of more than one page is counted then.
    """
    select = _created(entity, created_since, created_until)
    return client.pages(select, priority=priority, loads=load_page, at_once=at_once)


async def updated(
    client: QuickBooksClient, entity: str, updated_since: datetime, *, priority: Priority = Priority.LIVE
) -> AsyncIterator[tuple[Entity, ...]]:
    """The rows of one type changed at or after `updated_since`, page by page: when a CDC answer is incomplete.

    Inactive names are among them; what is deleted never shows in a query.
    """
    conditions = _since("LastUpdatedTime", updated_since) + (_EVERY if entity in NAME_LISTS else ())
    async for page in client.pages(Select(entity, conditions=conditions), priority=priority):
        yield tuple(slim(row) for row in page)


def _created(entity: str, since: datetime | None, until: datetime | None) -> Select:
    ends = (where("MetaData.CreateTime", "<=", until),) if until is not None else ()
    return Select(entity, conditions=_since("CreateTime", since) + ends)


def _since(stamp: str, moment: datetime | None) -> tuple[str, ...]:
    return (where(f"MetaData.{stamp}", ">=", moment),) if moment is not None else ()


async def _rows(client: QuickBooksClient, select: Select, priority: Priority) -> tuple[Entity, ...]:
    return tuple([slim(row) async for page in client.pages(select, priority=priority) for row in page])


def slim(row: Entity) -> Entity:
    """The row without what the index never reads."""
    return {name: value for name, value in row.items() if name not in _DROPPED}


def _named(row: Entity) -> Entity:
    return {name: row[name] for name in ("Id", "SyncToken", "DisplayName", "Active") if name in row}
