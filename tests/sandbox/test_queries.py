"""The query language: what it finds, how it pages and sorts, and the words in which it refuses."""

from decimal import Decimal

import pytest

from tests.support.connected_sandbox import ConnectedSandbox


@pytest.fixture
async def names(world: ConnectedSandbox) -> ConnectedSandbox:
    """Four customers, one of them inactive."""
    for name in ("Ann", "bob", "Carl O'Neil"):
        await world.customer(name)
    dora = await world.customer("Dora")
    await world.update("Customer", dora, Active=False)
    return world


async def found(world: ConnectedSandbox, text: str) -> list[str]:
    return [doc["DisplayName"] for doc in (await world.query(text)).get("Customer", [])]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("DisplayName = 'BOB'", ["bob"]),
        ("DisplayName LIKE '%o%'", ["bob", "Carl O'Neil"]),
        ("displayname in ('Ann', 'bob')", ["Ann", "bob"]),
        ("DisplayName = 'Carl O\\'Neil'", ["Carl O'Neil"]),
        ("DisplayName > 'b' AND DisplayName < 'c'", ["bob"]),
        ("Active = false", ["Dora (deleted)"]),
        ("Active IN (true, false) AND DisplayName LIKE 'd%'", ["Dora (deleted)"]),
        ("MetaData.CreateTime >= '2026-11-22T00:00:00Z'", ["Ann", "bob", "Carl O'Neil"]),
        ("MetaData.CreateTime > '2026-11-23'", []),
        ("Balance = '0'", ["Ann", "bob", "Carl O'Neil"]),
        ("Id IN ('2', '99')", ["bob"]),
    ],
)
async def test_filter(names: ConnectedSandbox, where: str, expected: list[str]) -> None:
    """Comparison ignores case, inactive names hide unless asked for, a backslash escapes."""
    assert await found(names, f"select * from Customer where {where}") == expected  # noqa: S608 - not SQL


async def test_pages_and_order(names: ConnectedSandbox) -> None:
    """Sorted by name, one-based pages; maxResults tells how many came."""
    assert await found(names, "SELECT * FROM customer ORDERBY DisplayName DESC STARTPOSITION 2 MAXRESULTS 1") == ["bob"]
    page = await names.query("select * from Customer order by DisplayName asc maxresults 2")
    assert (page["startPosition"], page["maxResults"]) == (1, 2)


async def test_count_and_empty(names: ConnectedSandbox) -> None:
    """COUNT(*) gives totalCount; nothing found is an empty object."""
    assert await names.query("select count(*) from Customer") == {"totalCount": 3}
    assert await names.query("select * from Customer where DisplayName = 'Zoe'") == {}


async def test_projection_gives_only_what_was_asked(names: ConnectedSandbox) -> None:
    """Simple properties and MetaData's own can be picked."""
    answer = await names.query("select Id, MetaData.CreateTime from Customer where Id = '1'")
    assert answer["Customer"] == [{"Id": "1", "MetaData": {"CreateTime": "2026-11-22T04:00:00-08:00"}}]


async def test_private_note_can_be_selected_but_not_filtered(world: ConnectedSandbox) -> None:
    """The trap that every integration meets."""
    await world.invoice(await world.customer(), await world.item(), PrivateNote="mine")
    assert (await world.query("select Id, PrivateNote from Invoice"))["Invoice"][0]["PrivateNote"] == "mine"
    answer = await world.get("query", 400, query="select * from Invoice where PrivateNote = 'mine'")
    assert answer["Fault"]["Error"] == [
        {
            "Message": "Invalid query",
            "Detail": "QueryValidationError: property 'PrivateNote' is not queryable",
            "code": "4001",
        }
    ]


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("select Nope from Invoice", "4001", "QueryValidationError: Property Nope not found for Entity Invoice"),
        (
            "select BillAddr from Customer",
            "4001",
            "QueryValidationError: Property BillAddr not found for Entity Customer",
        ),
        (
            "select * from Deposit where TotalAmt = '1'",
            "4001",
            "QueryValidationError: property 'TotalAmt' is not queryable",
        ),
        (
            "select * from Invoice maxresults 0",
            "4001",
            "QueryValidationError: value 0 is too small. Min allowed value is 1",
        ),
        (
            "select * from Invoice orderby CustomerRef",
            "4001",
            "QueryValidationError: property 'CustomerRef' is not sortable",
        ),
        (
            "select * from Customer where DisplayName = 'O''Neil'",
            "4000",
            "QueryParserError: Encountered \" <STRING> \"'Neil'",
        ),
        (
            "select * from Invoice where Id = '1' or Id = '2'",
            "4000",
            'QueryParserError: Encountered " <IDENTIFIER> "or',
        ),
        (
            "select * from Invoice where Balance > 5",
            "4000",
            'QueryParserError: Encountered " <INTEGER> "5 "" at line 1, column 39.',
        ),
        ("select sum(TotalAmt) from Invoice", "4000", 'QueryParserError: Encountered " "(" "( ""'),
        ("", "4000", 'QueryParserError: Encountered "<EOF>"'),
    ],
)
async def test_refusal(world: ConnectedSandbox, text: str, code: str, detail: str) -> None:
    """4000 tells the place of the first word that does not fit, 4001 the property."""
    error = (await world.get("query", 400, query=text))["Fault"]["Error"][0]
    assert (error["code"], error["Detail"][: len(detail)]) == (code, detail)


async def test_a_query_may_be_posted(names: ConnectedSandbox) -> None:
    """The text is the raw body."""
    answer = await names.post("query", b"select * from Customer where DisplayName = 'Ann'")
    assert answer["QueryResponse"]["Customer"][0]["DisplayName"] == "Ann"


async def test_invoices_by_balance_and_customer(world: ConnectedSandbox) -> None:
    """Numbers compare as numbers, references by their id."""
    customer, item = await world.customer(), await world.item()
    for amount in ("9.00", "80.00", "100.00"):
        await world.invoice(customer, item, amount)
    text = f"select * from Invoice where Balance >= '80' and CustomerRef = '{customer['Id']}' orderby TotalAmt desc"  # noqa: S608
    assert [doc["TotalAmt"] for doc in (await world.query(text))["Invoice"]] == [Decimal("100.00"), Decimal("80.00")]


async def test_tax_codes_bring_their_pseudo_codes(world: ConnectedSandbox) -> None:
    """In the US a page of one has four rows."""
    answer = await world.query("select * from TaxCode maxresults 1")
    assert [code["Id"] for code in answer["TaxCode"]] == ["TAX", "NON", "CustomSalesTax", "2"]
