"""Requests to Intuit's live sandbox and the whole bodies that came back, played against ours."""

from typing import Any

import pytest

from bridge.sandbox.wire import Doc
from tests.sandbox import recorded
from tests.sandbox.recorded import fault, number_format, required, timeless
from tests.support.connected_sandbox import ConnectedSandbox

DATE = "2025-05-26"
LINE = {
    "DetailType": "SalesItemLineDetail",
    "Amount": 100,
    "SalesItemLineDetail": {"ItemRef": {"value": "19", "name": "Test Item"}},
}
LINK = {"Amount": 100, "LinkedTxn": [{"TxnId": "255", "TxnType": "Invoice"}]}


def start_at(world: ConnectedSandbox, **sequences: int) -> None:
    """Make the next ids meet the recorded ones."""
    world.company.sequences.update(sequences)


@pytest.fixture
async def books(world: ConnectedSandbox) -> ConnectedSandbox:
    """The company as it stood: customer 58 with an address without content, item 19, invoice 255."""
    start_at(world, Name=58, Item=19, Address=134)
    await world.create("Customer", DisplayName="Xun Flowerrr", BillAddr={"Line1": ""})
    await world.create("Item", Name="Test Item", Type="NonInventory", UnitPrice=15, IncomeAccountRef={"value": "79"})
    start_at(world, Txn=255, DocNumber=1097)
    await world.create("Invoice", CustomerRef={"value": "58"}, Line=[LINE], TxnDate=DATE)
    return world


async def test_create_customer(world: ConnectedSandbox) -> None:
    """Every property that a new customer has."""
    start_at(world, Name=60)
    answer = await world.post("customer", {"DisplayName": "John Dave"})
    assert timeless(answer) == {"Customer": recorded.CUSTOMER}


async def test_create_customer_with_a_taken_name(world: ConnectedSandbox) -> None:
    """For names the holder is not told."""
    await world.customer("John Dave")
    answer = await world.post("customer", {"DisplayName": "John Dave"}, 400)
    assert timeless(answer) == fault("6240", "Duplicate Name Exists Error", "The name supplied already exists. : null")


async def test_create_item(world: ConnectedSandbox) -> None:
    """Every property that a new item has."""
    start_at(world, Item=19)
    body = {"Name": "Test Item", "Type": "NonInventory", "UnitPrice": 15, "IncomeAccountRef": {"value": "79"}}
    assert timeless(await world.post("item", body)) == {"Item": recorded.ITEM}


async def test_create_item_with_a_taken_name(books: ConnectedSandbox) -> None:
    """For items the holder's id is told."""
    body = {"Name": "Test Item", "Type": "NonInventory", "IncomeAccountRef": {"value": "79"}}
    answer = await books.post("item", body, 400)
    assert timeless(answer) == fault("6240", "Duplicate Name Exists Error", "The name supplied already exists. : Id=19")


async def test_create_invoice(books: ConnectedSandbox) -> None:
    """Every property that a new invoice has."""
    start_at(books, Txn=251, DocNumber=1093, Address=163)
    answer = await books.post("invoice", {"CustomerRef": {"value": "58"}, "Line": [LINE], "TxnDate": DATE})
    assert timeless(answer) == {"Invoice": recorded.invoice("251", "1093", "163", 100)}


async def test_create_payment_linked_to_an_invoice(books: ConnectedSandbox) -> None:
    """Every property, with the LineEx that repeats the link."""
    start_at(books, Txn=256)
    body = {"CustomerRef": {"value": "58"}, "Line": [LINK], "TotalAmt": 100, "TxnDate": DATE}
    assert timeless(await books.post("payment", body)) == {"Payment": recorded.payment("256", "255", "1097")}


async def test_void_invoice(books: ConnectedSandbox) -> None:
    """A void after a payment was linked: the second change, so SyncToken 2."""
    start_at(books, Txn=244, DocNumber=1089, Address=159)
    created = (await books.post("invoice", {"CustomerRef": {"value": "58"}, "Line": [LINE], "TxnDate": DATE}))[
        "Invoice"
    ]
    link = {"Amount": 100, "LinkedTxn": [{"TxnId": created["Id"], "TxnType": "Invoice"}]}
    await books.post("payment", {"CustomerRef": {"value": "58"}, "Line": [link], "TotalAmt": 100})
    answer = await books.post("invoice", {"SyncToken": "1", "Id": "244"}, operation="void")
    expected = recorded.invoice("244", "1089", "159", 0, SyncToken="2", PrivateNote="Voided")
    assert timeless(answer) == {"Invoice": expected}


async def test_void_payment(books: ConnectedSandbox) -> None:
    """Amounts 0 and no lines."""
    start_at(books, Txn=247)
    await books.post("payment", {"CustomerRef": {"value": "58"}, "Line": [LINK], "TotalAmt": 100, "TxnDate": DATE})
    body = {"SyncToken": "0", "Id": "247", "sparse": True}
    answer = await books.post("payment", body, operation="update", include="void")
    assert timeless(answer) == {"Payment": recorded.VOIDED_PAYMENT}


INVOICE_FAULTS: list[tuple[str, Doc, Doc]] = [
    ("item id missing", {"Line": [{**LINE, "SalesItemLineDetail": {}}]}, required("Line.SalesItemLineDetail")),
    (
        "item not found",
        {"Line": [{**LINE, "SalesItemLineDetail": {"ItemRef": {"value": "9999"}}}]},
        fault(
            "2500",
            "Invalid Reference Id",
            "Invalid Reference Id : Line.SalesItemLineDetail.ItemRef",
            "Line.SalesItemLineDetail.ItemRef",
        ),
    ),
    (
        "customer empty",
        {"CustomerRef": {}},
        fault("6560", "CustomerRef is required", "CustomerRef is missing in the request", "Invoice"),
    ),
    ("customer by name only", {"CustomerRef": {"name": "Xun Flowerrr"}}, number_format("null")),
    (
        "customer id an empty string",
        {"CustomerRef": {"name": "Xun Flowerrr", "value": ""}},
        number_format('For input string: ""'),
    ),
    ("customer not found", {"CustomerRef": {"value": "9999"}}, recorded.NO_SUCH_NAME),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [case[1:] for case in INVOICE_FAULTS], ids=[c[0] for c in INVOICE_FAULTS]
)
async def test_refused_invoice(books: ConnectedSandbox, changes: Doc, expected: Doc) -> None:
    """The fault that each mistake in an invoice gives."""
    body = {"CustomerRef": {"value": "58"}, "Line": [LINE], "TxnDate": DATE, **changes}
    assert timeless(await books.post("invoice", body, 400)) == expected


def linked(**link: str) -> dict[str, Any]:
    return {"Line": [{"Amount": 100, "LinkedTxn": [{**link, "TxnType": "Invoice"}]}]}


PAYMENT_FAULTS: list[tuple[str, Doc, Doc]] = [
    ("customer empty", {"CustomerRef": {}}, required("CustomerRef")),
    ("customer by name only", {"CustomerRef": {"name": "Xun Flowerrr"}}, required("CustomerRef")),
    ("customer id an empty string", {"CustomerRef": {"value": ""}}, required("CustomerRef")),
    ("customer not found", {"CustomerRef": {"value": "9999"}}, recorded.NO_SUCH_NAME),
    ("invoice id missing", linked(), required("LinkedTxn.TxnId")),
    (
        "invoice id an empty string",
        linked(TxnId=""),
        fault("2030", "Invalid ID", "Id should be a valid number. Supplied value:", "LinkedTxn.TxnId"),
    ),
    ("invoice not found", linked(TxnId="9999"), recorded.NOT_FOUND),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [case[1:] for case in PAYMENT_FAULTS], ids=[c[0] for c in PAYMENT_FAULTS]
)
async def test_refused_payment(books: ConnectedSandbox, changes: Doc, expected: Doc) -> None:
    """The fault that each mistake in a payment gives."""
    body = {"CustomerRef": {"value": "58"}, "Line": [LINK], "TotalAmt": 100, "TxnDate": DATE, **changes}
    assert timeless(await books.post("payment", body, 400)) == expected
