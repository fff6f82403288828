"""Names, numbers, references, preferences: the rules that a company applies to what it is told."""

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.wire import Doc
from tests.support.connected_sandbox import ConnectedSandbox, line, sale


async def prefer(world: ConnectedSandbox, **groups: Any) -> None:
    token = (await world.get("preferences"))["Preferences"]["SyncToken"]
    await world.post("preferences", {"Id": "1", "SyncToken": token, "sparse": True, **groups})


@pytest.mark.parametrize("first", ["Customer", "Vendor", "Employee"])
@pytest.mark.parametrize("second", ["customer", "vendor", "employee"])
async def test_names_are_unique_over_customers_vendors_and_employees(
    world: ConnectedSandbox, first: str, second: str
) -> None:
    """Whatever the case."""
    await world.create(first, DisplayName="Ann Lee")
    assert (await world.fault(second, {"DisplayName": "ANN LEE"}))["code"] == "6240"


async def test_an_inactive_name_is_free_again(world: ConnectedSandbox) -> None:
    """It carries the suffix, and comes back only if nobody took its name."""
    ann = await world.customer("Ann")
    gone = await world.update("Customer", ann, Active=False)
    assert gone["DisplayName"] == "Ann (deleted)"
    await world.customer("Ann")
    body = {"Id": ann["Id"], "SyncToken": "1", "sparse": True, "Active": True}
    assert (await world.fault("customer", body))["code"] == "6240"


async def test_a_customer_who_owes_stays_active(world: ConnectedSandbox) -> None:
    """6220; and an inactive one gets no invoice."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    body = {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    assert (await world.fault("customer", body))["code"] == "6220"
    await world.post("invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    await world.post("customer", body)
    assert (await world.fault("invoice", sale(customer, item)))["code"] == "2500"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "6080"),
        ({"CompanyName": "only"}, "6080"),
        ({"DisplayName": "a:b"}, "2040"),
        ({"DisplayName": "a\tb"}, "2040"),
        ({"DisplayName": "x", "GivenName": "a:b"}, "2040"),
        ({"DisplayName": "x", "PrintOnCheckName": "a:b"}, "2040"),
        ({"DisplayName": "x" * 501}, "2050"),
        ({"DisplayName": "x", "Title": "y" * 17}, "2050"),
        ({"DisplayName": "x", "Nope": 1}, "2010"),
        ({"Customer": {"DisplayName": "x"}}, "2010"),
        ({"DisplayName": {"a": 1}}, "2010"),
        ({"DisplayName": "x", "BillAddr": {"Street": "y"}}, "2010"),
        ({"DisplayName": "x", "BillAddr": "y"}, "2010"),
        ({"DisplayName": "x", "ParentRef": {"value": "77"}}, "2500"),
        ({"DisplayName": "x", "Job": True}, "6150"),
    ],
)
async def test_refused_customers(world: ConnectedSandbox, body: Doc, code: str) -> None:
    """Each mistake and its fault."""
    assert (await world.fault("customer", body))["code"] == code


async def test_null_and_empty_properties_count_as_not_given(world: ConnectedSandbox) -> None:
    """What clients send by default."""
    empty: dict[str, Any] = {"Title": "", "BillAddr": None, "Balance": 0, "CurrencyRef": {"value": "", "name": ""}}
    customer = await world.customer(**empty, PrimaryEmailAddr=None, Level=0, WebAddr=None, OpenBalanceDate="")
    assert "Title" not in customer
    assert customer["CurrencyRef"]["value"] == "USD"


async def test_jobs_have_full_names_and_lend_their_balance(world: ConnectedSandbox) -> None:
    """References show the full name; the parent's BalanceWithJobs includes the job."""
    parent, item = await world.customer("Freeman"), await world.item()
    job = await world.customer("55 Twin Lane", Job=True, ParentRef={"value": parent["Id"]})
    assert (job["FullyQualifiedName"], job["Level"]) == ("Freeman:55 Twin Lane", 1)
    invoice = await world.invoice(job, item)
    assert invoice["CustomerRef"]["name"] == "Freeman:55 Twin Lane"
    after = await world.read("Customer", parent["Id"])
    assert (after["Balance"], after["BalanceWithJobs"]) == (0, Decimal("100.00"))


async def test_a_renamed_customer_shows_on_old_invoices(world: ConnectedSandbox) -> None:
    """The reference carries the name of now."""
    customer, item = await world.customer("Before"), await world.item()
    invoice = await world.invoice(customer, item)
    await world.update("Customer", customer, DisplayName="After")
    assert (await world.read("Invoice", invoice["Id"]))["CustomerRef"]["name"] == "After"


async def test_full_names_follow_a_renamed_parent(world: ConnectedSandbox) -> None:
    """All the way down."""
    top = await world.create("Account", Name="Shop", AccountType="Income")
    middle = await world.create("Account", Name="Web", AccountType="Income", ParentRef={"value": top["Id"]})
    leaf = await world.create("Account", Name="Cards", AccountType="Income", ParentRef={"value": middle["Id"]})
    await world.update("Account", top, Name="Store")
    assert (await world.read("Account", leaf["Id"]))["FullyQualifiedName"] == "Store:Web:Cards"
    parent = await world.customer("Freeman")
    job = await world.customer("Lane", Job=True, ParentRef={"value": parent["Id"]})
    await world.update("Customer", parent, DisplayName="Free")
    assert (await world.read("Customer", job["Id"]))["FullyQualifiedName"] == "Free:Lane"


async def test_document_numbers_come_from_one_sequence(world: ConnectedSandbox) -> None:
    """A sent number is kept, even twice; the sequence goes on after the highest."""
    customer, item = await world.customer(), await world.item()
    first = await world.invoice(customer, item)
    receipt = await world.create("SalesReceipt", **sale(customer, item))
    assert (first["DocNumber"], receipt["DocNumber"]) == ("1001", "1002")
    await world.invoice(customer, item, DocNumber="5000")
    await world.invoice(customer, item, DocNumber="5000")
    assert (await world.invoice(customer, item))["DocNumber"] == "5001"


async def test_custom_numbers_are_blank_unless_sent_and_checked(world: ConnectedSandbox) -> None:
    """6140 names the holder by its display type; one include lets it pass."""
    await prefer(world, SalesFormsPrefs={"CustomTxnNumbers": True})
    customer, item = await world.customer(), await world.item()
    assert "DocNumber" not in await world.invoice(customer, item)
    receipt = await world.create("SalesReceipt", **sale(customer, item), DocNumber="#7")
    error = await world.fault("invoice", {**sale(customer, item), "DocNumber": "#7"})
    assert error["Detail"].endswith(f"DocNumber=#7 is assigned to TxnType=Sales Receipt with TxnId={receipt['Id']}")
    await world.post("invoice", {**sale(customer, item), "DocNumber": "#7"}, include="allowduplicatedocnum")


async def test_closed_books_refuse_every_change_in_their_period(world: ConnectedSandbox) -> None:
    """6210 for create, update, void and delete; the date shows in the preferences and the API cannot set it."""
    customer, item = await world.customer(), await world.item()
    old = await world.invoice(customer, item, TxnDate="2026-03-31")
    await world.http.post("http://sandbox/sandbox/company", content=b'{"book_close_date":"2026-03-31"}')
    known = {"Id": old["Id"], "SyncToken": "0", "sparse": True}
    for params in ({}, {"operation": "void"}, {"operation": "delete"}):
        assert (await world.fault("invoice", known, 400, **params))["code"] == "6210"
    assert (await world.fault("invoice", {**known, "TxnDate": "2026-04-01"}))["code"] == "6210"
    await prefer(world, AccountingInfoPrefs={"BookCloseDate": "2020-01-01"})
    shown = (await world.get("preferences"))["Preferences"]["AccountingInfoPrefs"]
    assert shown["BookCloseDate"] == "2026-03-31"


async def test_due_dates_follow_the_term(world: ConnectedSandbox) -> None:
    """Of the form, else of the customer, else the company's 30 days."""
    customer, item = await world.customer(SalesTermRef={"value": "2"}), await world.item()
    assert (await world.invoice(customer, item, TxnDate="2026-01-10"))["DueDate"] == "2026-01-25"
    later = await world.invoice(customer, item, TxnDate="2026-01-10", SalesTermRef={"value": "4"})
    assert later["DueDate"] == "2026-03-11"
    plain = await world.customer("Plain")
    assert (await world.invoice(plain, item, TxnDate="2026-01-10"))["DueDate"] == "2026-02-09"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Name": "x", "Type": "Service"}, "2020"),
        ({"Name": "x"}, "2020"),
        ({"Name": "x", "Type": "Nope", "IncomeAccountRef": {"value": "79"}}, "2170"),
        ({"Name": "x", "Type": "Service", "IncomeAccountRef": {"value": "84"}}, "6430"),
        ({"Name": "x", "Type": "Service", "IncomeAccountRef": {"value": "999"}}, "2500"),
        ({"Name": "x", "Type": "Service", "IncomeAccountRef": {"value": "79"}, "QtyOnHand": 3}, "2010"),
        ({"Name": "x", "Type": "Inventory", "IncomeAccountRef": {"value": "79"}}, "2020"),
        ({"Name": "x:y", "Type": "Service", "IncomeAccountRef": {"value": "79"}}, "2040"),
    ],
)
async def test_refused_items(world: ConnectedSandbox, body: Doc, code: str) -> None:
    """Each mistake and its fault."""
    assert (await world.fault("item", body))["code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TxnDate": "2026-13-01"}, "2070"),
        ({"TxnDate": "tomorrow"}, "2060"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"TotalAmt": "1e99"}, "2090"),
        ({"SalesTermRef": {"value": "99"}}, "2500"),
        ({"LineEx": {}}, "2010"),
    ],
)
async def test_refused_invoices(world: ConnectedSandbox, changes: Doc, code: str) -> None:
    """Each mistake and its fault."""
    body = {**sale(await world.customer(), await world.item()), **changes}
    assert (await world.fault("invoice", body))["code"] == code


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ({"TaxCodeRef": {"value": "2"}}, "6100"),
        ({"ItemRef": {"value": "SHIPPING_ITEM_ID"}}, "2500"),
        ({"ClassRef": {"value": "9"}}, "2500"),
    ],
)
async def test_refused_lines(world: ConnectedSandbox, detail: Doc, code: str) -> None:
    """A US line is TAX or NON; shipping must be allowed."""
    customer, item = await world.customer(), await world.item()
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "5.00", **detail)]}
    assert (await world.fault("invoice", body))["code"] == code


async def test_shipping_lines_post_to_shipping_income_once_allowed(world: ConnectedSandbox) -> None:
    """The system item has no entity."""
    await prefer(world, SalesFormsPrefs={"AllowShipping": True})
    customer, item = await world.customer(), await world.item()
    shipping = line({"Id": "SHIPPING_ITEM_ID"}, "9.95")
    invoice = await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=[line(item), shipping])
    assert invoice["TotalAmt"] == Decimal("109.95")
    world.assert_sound()


async def test_lines_keep_their_ids_and_a_shorter_array_deletes(world: ConnectedSandbox) -> None:
    """Unknown ids are new lines."""
    customer, item = await world.customer(), await world.item()
    lines = [line(item, "1.00"), line(item, "2.00"), line(item, "3.00")]
    invoice = await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=lines)
    kept = [{**line(item, "2.00"), "Id": "2"}, {**line(item, "9.00"), "Id": "77"}]
    after = await world.update("Invoice", invoice, Line=kept)
    assert [part.get("Id") for part in after["Line"]] == ["2", "4", None]
    assert after["TotalAmt"] == Decimal("11.00")


async def test_both_zero_quantity_and_price_count_as_not_given(world: ConnectedSandbox) -> None:
    """And a percent of 33.333333 times 3 is 100.00."""
    customer, item = await world.customer(), await world.item()
    lines = [
        line(item, "100.00", Qty=Decimal(0), UnitPrice=Decimal(0)),
        line(item, "100.00", Qty=Decimal(3), UnitPrice=Decimal("33.333333")),
    ]
    await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=lines)


async def test_a_bundle_is_the_sum_of_its_members(world: ConnectedSandbox) -> None:
    """Members come from the item when the line names none."""
    pump = await world.item("Pump", UnitPrice=Decimal(15))
    members = {"ItemGroupLine": [{"ItemRef": {"value": pump["Id"]}, "Qty": 2}]}
    bundle = await world.create("Item", Name="Fountain kit", Type="Group", ItemGroupDetail=members)
    customer = await world.customer()
    group = {"GroupItemRef": {"value": bundle["Id"]}, "Quantity": 3}
    invoice = await world.create(
        "Invoice",
        CustomerRef={"value": customer["Id"]},
        Line=[{"DetailType": "GroupLineDetail", "GroupLineDetail": group}],
    )
    assert invoice["TotalAmt"] == Decimal("90.00")
    world.assert_sound()


async def test_lists_cannot_be_deleted_nor_tax_codes_made(world: ConnectedSandbox) -> None:
    """500 Unsupported Operation."""
    item = await world.item()
    for entity, body, params in (
        ("item", {"Id": item["Id"], "SyncToken": "0"}, {"operation": "delete"}),
        ("taxcode", {"Name": "Mine"}, {}),
        ("companyinfo", {"CompanyName": "Mine"}, {}),
    ):
        assert (await world.fault(entity, body, 400, **params))["code"] == "500"


async def test_a_sparse_update_of_an_account_needs_its_name(world: ConnectedSandbox) -> None:
    """As reported of the real service."""
    account = await world.create("Account", Name="Clearing", AccountType="Bank")
    known = {"Id": account["Id"], "SyncToken": "0", "sparse": True, "Description": "x"}
    assert (await world.fault("account", known))["code"] == "2020"
    await world.post("account", {**known, "Name": "Clearing"})


async def test_wrong_methods_paths_and_bytes(world: ConnectedSandbox) -> None:
    """405 for a list without query, 2000 for an unknown entity, 500 for bytes that are no UTF-8."""
    assert (await world.get("invoice", 405))["Fault"]["Error"][0]["Detail"].startswith(
        "No resource method found for GET"
    )
    assert (await world.fault("nothing", {}))["code"] == "2000"
    error = await world.fault("invoice", b'{"PrivateNote":"\xff"}')
    assert (error["code"], error["Detail"][:17]) == ("500", "Operation com.sun")
    assert (await world.fault("invoice", b'{"a":'))["code"] == "2010"


async def test_sending_and_printing(world: ConnectedSandbox) -> None:
    """The form says that it was sent; the PDF is one; without an address 6420."""
    invoice = await world.invoice(await world.customer(), await world.item())
    path = f"invoice/{invoice['Id']}"
    assert (await world.fault(f"{path}/send", b""))["code"] == "6420"
    sent = (await world.post(f"{path}/send", b"", sendTo="a@example.com"))["Invoice"]
    assert (sent["EmailStatus"], sent["BillEmail"]["Address"]) == ("EmailSent", "a@example.com")
    printed = await world.http.get(f"{path}/pdf")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.content.startswith(b"%PDF-1.4")
    assert printed.content.endswith(b"%%EOF\n")


async def test_the_payment_link_shows_only_when_asked_for_and_payable(world: ConnectedSandbox) -> None:
    """`include=invoiceLink`, online payment allowed, and an address."""
    customer, item = await world.customer(), await world.item()
    payable: dict[str, Any] = {"AllowOnlineCreditCardPayment": True, "BillEmail": {"Address": "a@example.com"}}
    with_link, without = await world.invoice(customer, item, **payable), await world.invoice(customer, item)
    asked = [
        (await world.get(f"invoice/{doc['Id']}", include="invoiceLink"))["Invoice"] for doc in (with_link, without)
    ]
    assert ["InvoiceLink" in doc for doc in asked] == [True, False]
    assert "InvoiceLink" not in await world.read("Invoice", with_link["Id"])


async def test_change_data_capture_tells_what_moved_by_itself(world: ConnectedSandbox) -> None:
    """A linked payment bumps its invoice; nothing changed is an empty object; 31 days back is refused."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    world.clock.advance(600)
    since = "2026-11-22T12:05:00Z"
    await world.payment(customer, "10.00", ("10.00", "Invoice", invoice))
    answer = await world.get("cdc", entities="Invoice,Item", changedSince=since)
    invoices, items = answer["CDCResponse"][0]["QueryResponse"]
    assert (invoices["Invoice"][0]["SyncToken"], items) == ("1", {})
    assert (await world.get("cdc", 400, entities="Invoice", changedSince="2026-10-01"))["Fault"]["Error"][0][
        "code"
    ] == "2190"
    assert (await world.get("cdc", 400, entities="TaxCode", changedSince=since))["Fault"]["Error"][0]["code"] == "2000"


async def test_a_batch_answers_in_order_with_mixed_outcomes(world: ConnectedSandbox) -> None:
    """Query, void by optionsData, delete and a fault, each under its bId; too many or twice the same bId is refused."""
    customer, item = await world.customer(), await world.item()
    paid = await world.payment(customer, "5.00")
    invoice = await world.invoice(customer, item)
    items = [
        {"bId": "q", "Query": "select count(*) from Customer"},
        {"bId": "v", "operation": "update", "optionsData": "void", "Payment": {"Id": paid["Id"], "SyncToken": "0"}},
        {"bId": "d", "operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "0"}},
        {"bId": "f", "operation": "create", "Customer": {"DisplayName": "Xun Flower"}},
        {"bId": "c", "operation": "create", "Customer": {"DisplayName": "New"}},
    ]
    answer = (await world.post("batch", {"BatchItemRequest": items}))["BatchItemResponse"]
    assert [part["bId"] for part in answer] == ["q", "v", "d", "f", "c"]
    assert answer[0]["QueryResponse"] == {"totalCount": 1}
    assert answer[1]["Payment"]["PrivateNote"] == "Voided"
    assert answer[2]["Invoice"] == {"status": "Deleted", "domain": "QBO", "Id": invoice["Id"]}
    assert answer[3]["Fault"]["Error"][0]["code"] == "6240"
    many = [{"bId": str(number), "Query": "select * from Item"} for number in range(31)]
    assert (await world.fault("batch", {"BatchItemRequest": many}))["code"] == "1040"
    assert (await world.fault("batch", {"BatchItemRequest": [many[0], many[0]]}))["code"] == "2600"
