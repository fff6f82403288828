"""What the index is filled from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from bridge.quickbooks.warmup import TRANSACTIONS, load_company, transactions, updated
from tests.support.quickbooks import REALM, Script, json_reply, opened

SINCE = datetime(2026, 9, 1, tzinfo=UTC)
LISTS: dict[str, list[dict[str, Any]]] = {
    "Account": [{"Id": "4", "AccountSubType": "UndepositedFunds", "Active": True}, {"Id": "18", "Active": False}],
    "PaymentMethod": [{"Id": "1", "Name": "Cash"}],
    "TaxCode": [{"Id": "TAX"}, {"Id": "2", "Name": "California"}],
    "Customer": [
        {
            "Id": "60",
            "SyncToken": "0",
            "DisplayName": "John Dave",
            "Notes": "[qbb:shopify:customer:1]",
            "PrimaryEmailAddr": {"Address": "john@example.com"},
            "CurrencyRef": {"value": "USD"},
            "BillAddr": {"Line1": "1 Elm Street"},
            "Active": True,
        },
        {"Id": "61", "SyncToken": "2", "DisplayName": "Ann (deleted)", "Active": False, "Notes": "x"},
    ],
    "Item": [{"Id": "19", "Name": "Test Item", "Sku": "T-1", "Type": "NonInventory", "Active": False}],
    "Invoice": [{"Id": "145", "PrivateNote": "[qbb:shopify:order:1]", "ShipAddr": {"Line1": "x"}, "Line": []}],
}


def books(request: httpx.Request) -> httpx.Response:
    """A small company that answers queries by the entity they name."""
    if request.url.path.endswith("/preferences"):
        return json_reply({"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}})
    if request.url.path.endswith(f"/companyinfo/{REALM}"):
        return json_reply({"CompanyInfo": {"Country": "US"}})
    entity = request.url.params["query"].split(" FROM ")[1].split()[0]
    return json_reply({"QueryResponse": {entity: LISTS[entity]}})


async def test_the_companys_lists_are_read_whole() -> None:
    """Preferences, company info, accounts, payment methods, tax codes, customers and items."""
    script = Script(books)
    async with opened(script) as client:
        company = await load_company(client, ["TaxCode"])
        assert client.counts.reads == 7
    assert company.preferences == {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
    assert company.info == {"Country": "US"}
    assert [row["Id"] for row in company.accounts] == ["4", "18"]
    assert [row["Id"] for row in company.lists["TaxCode"]] == ["TAX", "2"]
    assert company.payment_methods == ({"Id": "1", "Name": "Cash"},)
    assert company.items[0]["Active"] is False


async def test_inactive_names_are_known_and_addresses_are_not() -> None:
    """A name stays taken when its customer is inactive; what nobody reads is dropped on arrival."""
    async with opened(Script(books)) as client:
        company = await load_company(client, ["TaxCode"])
    (active,) = company.customers
    assert active["PrimaryEmailAddr"] == {"Address": "john@example.com"}
    assert active["CurrencyRef"] == {"value": "USD"}
    assert "BillAddr" not in active
    assert company.inactive_customers == (
        {"Id": "61", "SyncToken": "2", "DisplayName": "Ann (deleted)", "Active": False},
    )


async def test_only_simple_properties_are_projected() -> None:
    """QBO refuses a complex property by name, so lists that need one are read with a star."""
    script = Script(books)
    async with opened(script) as client:
        await load_company(client, ["TaxCode"])
    queries = {
        params["query"].split(" FROM ")[1].split()[0]: params["query"] for params in script.params if "query" in params
    }
    starred = {entity for entity, query in queries.items() if query.startswith("SELECT * FROM ")}
    assert starred == {"Account", "Customer", "TaxCode"}
    assert "Ref" not in queries["Item"] + queries["PaymentMethod"]
    for entity in ("Account", "Customer", "Item"):
        assert "WHERE Active IN (true, false)" in queries[entity]


async def test_transactions_are_bounded_by_their_creation() -> None:
    """The window is laid over MetaData.CreateTime, or over nothing."""
    script = Script(books)
    async with opened(script) as client:
        pages = [page async for page in transactions(client, "Invoice", SINCE)]
        assert [page async for page in transactions(client, "Invoice", None)] == pages
        assert [page async for page in updated(client, "Invoice", SINCE)] == pages
    assert pages == [({"Id": "145", "PrivateNote": "[qbb:shopify:order:1]", "Line": []},)]
    bounds = [params["query"].partition(" ORDERBY ")[0] for params in script.params]
    assert bounds == [
        "SELECT * FROM Invoice WHERE MetaData.CreateTime >= '2026-09-01T00:00:00+00:00'",
        "SELECT * FROM Invoice",
        "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2026-09-01T00:00:00+00:00'",
    ]


def test_all_that_the_bridge_writes_is_read() -> None:
    """A type that is missing here would be posted twice after a restart."""
    assert set(TRANSACTIONS) == {
        "Invoice", "Payment", "JournalEntry", "SalesReceipt", "CreditMemo", "RefundReceipt", "Deposit",
    }  # fmt: skip
