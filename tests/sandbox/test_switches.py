"""The answers that nobody published: each switch away from its default."""

from decimal import Decimal
from typing import Any

from bridge.sandbox import SandboxSettings, Switches
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected, line, sale


async def switched(**switches: Any) -> ConnectedSandbox:
    return await connected(SandboxSettings(empty=True, limits=UNLIMITED, switches=Switches(**switches)))


async def test_an_overpaid_line_may_be_cut_to_the_open_balance() -> None:
    """What is too much stays unapplied."""
    world = await switched(overpayment="leave_unapplied")
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item, "80.00")
    payment = await world.payment(customer, "90.00", ("90.00", "Invoice", invoice))
    assert (payment["UnappliedAmt"], payment["Line"][0]["Amount"]) == (Decimal("10.00"), Decimal("80.00"))
    world.assert_sound()


async def test_a_void_may_overwrite_the_note() -> None:
    """Nothing but "Voided" is left."""
    world = await switched(void_note="overwrite")
    invoice = await world.invoice(await world.customer(), await world.item(), PrivateNote="mine")
    voided = (await world.post("invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void"))["Invoice"]
    assert voided["PrivateNote"] == "Voided"


async def test_extension_blocks_may_be_echoed() -> None:
    """A payment sent back as it was read: refused by default, accepted by switch."""
    for refuse, status in ((True, 400), (False, 200)):
        world = await switched(refuse_extension_blocks=refuse)
        customer, item = await world.customer(), await world.item()
        invoice = await world.invoice(customer, item)
        payment = await world.payment(customer, "40.00", ("40.00", "Invoice", invoice))
        await world.post("payment", payment, status)
        assert (await world.read("Invoice", invoice["Id"]))["Balance"] == Decimal("60.00")
        world.assert_sound()


async def test_batch_items_may_run_in_any_order() -> None:
    """Answers keep the order of the request."""
    world = await switched(batch_order="shuffled")
    items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(20)]
    answer = (await world.post("batch", {"BatchItemRequest": items}))["BatchItemResponse"]
    assert [part["bId"] for part in answer] == [str(n) for n in range(20)]
    ids = [int(part["Customer"]["Id"]) for part in answer]
    assert sorted(ids) != ids


async def test_automated_tax_is_nothing_without_an_engine() -> None:
    """With PartnerTaxEnabled a TAX line is taxed by the switch's percentage, and not at all without one."""
    for percent, total in ((None, "100.00"), ("8.5", "108.50")):
        world = await switched(automated_tax_percent=percent)
        await world.http.post(
            "http://sandbox/sandbox/company", content=b'{"preferences":{"TaxPrefs":{"PartnerTaxEnabled":true}}}'
        )
        invoice = await world.invoice(await world.customer(), await world.item(Taxable=True))
        assert invoice["TotalAmt"] == Decimal(total)
        world.assert_sound()


async def test_numbers_may_go_unchecked() -> None:
    """A company that does not ask to be warned takes the same number twice."""
    world = await switched(warn_duplicate_numbers=False)
    await world.post(
        "preferences", {"Id": "1", "SyncToken": "0", "sparse": True, "SalesFormsPrefs": {"CustomTxnNumbers": True}}
    )
    customer, item = await world.customer(), await world.item()
    for _ in range(2):
        assert (await world.invoice(customer, item, DocNumber="1"))["DocNumber"] == "1"


async def test_numbers_in_queries_may_stand_without_quotes() -> None:
    """Refused by the real parser in one test, accepted by switch."""
    world = await switched(bare_numbers="accept")
    await world.invoice(await world.customer(), await world.item(), "80.00")
    assert await world.query("select count(*) from Invoice where Balance > 79.99") == {"totalCount": 1}


async def test_refresh_tokens_may_change_at_every_refresh() -> None:
    """And the old one die at once."""
    world = await switched(refresh_rotates_s=0, refresh_grace_s=0)
    tokens = world.sandbox.tokens
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    answer = await world.http.post(
        "http://sandbox/oauth2/v1/tokens/bearer", data=form, auth=("sandbox-client", "sandbox-secret")
    )
    assert answer.json()["refresh_token"] == tokens.grants[0].refresh != "sandbox-refresh-token"
    again = await world.http.post(
        "http://sandbox/oauth2/v1/tokens/bearer", data=form, auth=("sandbox-client", "sandbox-secret")
    )
    assert again.json()["error"] == "invalid_grant"


async def test_the_latency_model_waits_between_accepting_and_applying() -> None:
    """Seeded, uniform between two bounds."""
    import asyncio  # noqa: PLC0415

    settings = SandboxSettings(empty=True, limits=UNLIMITED, latency_ms=(100, 200))
    world = await connected(settings)
    call = asyncio.ensure_future(world.customer())
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(world.company.tables["Customer"]) == 0
    world.clock.advance(0.2)
    await call


async def test_a_sparse_update_keeps_an_overridden_tax_and_recomputes_a_coded_one(world: ConnectedSandbox) -> None:
    """New lines under an override without code keep its amount; under a code the rates decide again."""
    customer, item = await world.customer(), await world.item(Taxable=True)
    plain = await world.invoice(customer, item, TxnTaxDetail={"TotalTax": Decimal("7.00")})
    kept = await world.update("Invoice", plain, Line=[line(item, "200.00")])
    assert kept["TotalAmt"] == Decimal("207.00")
    coded = await world.invoice(customer, item, TxnTaxDetail={"TxnTaxCodeRef": {"value": "2"}})
    again = await world.update("Invoice", coded, Line=[line(item, "200.00")])
    assert again["TotalAmt"] == Decimal("216.00")
    note = await world.update("Invoice", again, PrivateNote="only a note")
    assert (note["TotalAmt"], note["TxnTaxDetail"]) == (again["TotalAmt"], again["TxnTaxDetail"])
    world.assert_sound()


async def test_tax_can_be_taken_after_the_discount(world: ConnectedSandbox) -> None:
    """ApplyTaxAfterDiscount lowers the base."""
    customer, item = await world.customer(), await world.item(Taxable=True)
    discount = {"DetailType": "DiscountLineDetail", "Amount": 50, "DiscountLineDetail": {"PercentBased": False}}
    totals = []
    for after in (False, True):
        body = sale(customer, item)
        body["Line"] = [*body["Line"], discount]
        tax = {"TxnTaxCodeRef": {"value": "2"}}
        totals.append(
            (await world.create("Invoice", **body, TxnTaxDetail=tax, ApplyTaxAfterDiscount=after))["TotalAmt"]
        )
    assert totals == [Decimal("58.00"), Decimal("54.00")]
    world.assert_sound()


async def test_lists_and_their_hierarchies(world: ConnectedSandbox) -> None:
    """Classes below classes, terms by day of month, currencies newest first, taken names."""
    parent = await world.create("Class", Name="Shops")
    child = await world.create("Class", Name="Web", ParentRef={"value": parent["Id"]})
    assert (child["FullyQualifiedName"], child["SubClass"]) == ("Shops:Web", True)
    assert (await world.fault("class", {"Name": "shops"}))["Detail"].endswith(f"Id={parent['Id']}")
    term = await world.create("Term", Name="25th", DayOfMonthDue=25, DueNextMonthDays=5)
    assert term["Type"] == "DATE_DRIVEN"
    customer, item = await world.customer(SalesTermRef={"value": term["Id"]}), await world.item()
    dues = [(await world.invoice(customer, item, TxnDate=day))["DueDate"] for day in ("2026-01-10", "2026-01-22")]
    assert dues == ["2026-01-25", "2026-02-25"]
    assert (await world.fault("companycurrency", {"Code": "EUR"}))["code"] == "6000"
    preferences = {"Id": "1", "SyncToken": "0", "sparse": True, "CurrencyPrefs": {"MultiCurrencyEnabled": True}}
    await world.post("preferences", preferences)
    for code in ("EUR", "GBP"):
        await world.create("CompanyCurrency", Code=code)
    found = (await world.query("select * from CompanyCurrency"))["CompanyCurrency"]
    assert [currency["Code"] for currency in found] == ["GBP", "EUR"]
    assert (await world.fault("companycurrency", {"Code": "EUR"}))["code"] == "6240"


async def test_a_deposit_with_cash_back(world: ConnectedSandbox) -> None:
    """What is kept goes to its account."""
    payment = await world.payment(await world.customer(), "100.00")
    link = {"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}
    cash = {"Amount": 20, "AccountRef": {"value": "36"}, "Memo": "till"}
    deposit = await world.create(
        "Deposit", DepositToAccountRef={"value": "35"}, Line=[{"Amount": 100, "LinkedTxn": [link]}], CashBack=cash
    )
    assert deposit["TotalAmt"] == Decimal("80.00")
    assert (await world.read("Account", "36"))["CurrentBalance"] == Decimal("20.00")
    world.assert_sound()
    detail = {"DetailType": "DepositLineDetail", "DepositLineDetail": {"CheckNum": "1"}}
    wrong = {"DepositToAccountRef": {"value": "35"}, "Line": [{"Amount": 100, "LinkedTxn": [link], **detail}]}
    assert (await world.fault("deposit", wrong))["element"] == "Line.DepositLineDetail.AccountRef"


async def test_the_company_card_changes_in_part(world: ConnectedSandbox) -> None:
    """CompanyInfo by any id; what is not named stays."""
    body = {"Id": "1", "SyncToken": "0", "sparse": True, "LegalName": "Sandbox Inc."}
    changed = (await world.post("companyinfo", body))["CompanyInfo"]
    assert (changed["LegalName"], changed["CompanyName"]) == ("Sandbox Inc.", "Sandbox Company_US_1")
    assert (await world.get("companyinfo/9130000000000001"))["CompanyInfo"]["Id"] == "1"


async def test_tax_codes_may_be_ordered_by_id_or_not() -> None:
    """By default they may not: one reading of the documentation."""
    text = "select * from TaxCode orderby Id"
    world = await switched()
    assert (await world.get("query", 400, query=text))["Fault"]["Error"][0]["code"] == "4001"
    world = await switched(tax_lists_by_id="accept")
    assert (await world.query(text))["TaxCode"]
