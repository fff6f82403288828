"""Invoices, payments, voids and deletes: balances, links, tokens and the ledger move together."""

from decimal import Decimal

import pytest

from tests.support.connected_sandbox import ConnectedSandbox, line, sale


async def test_payment_lowers_the_balance_and_links_both_ways(world: ConnectedSandbox) -> None:
    """A linked payment shows on the invoice, bumps its SyncToken and moves money to undeposited funds."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    payment = await world.payment(customer, "60.00", ("60.00", "Invoice", invoice))
    after = await world.read("Invoice", invoice["Id"])
    assert after["Balance"] == Decimal("40.00")
    assert after["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert after["SyncToken"] == "1"
    assert (await world.read("Customer", customer["Id"]))["Balance"] == Decimal("40.00")
    assert (await world.read("Account", "4"))["CurrentBalance"] == Decimal("60.00")
    assert (await world.read("Account", "84"))["CurrentBalance"] == Decimal("40.00")
    world.assert_sound()


async def test_voiding_the_payment_restores_the_invoice(world: ConnectedSandbox) -> None:
    """First void case: the invoice is open again, the payment is empty and says so."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    payment = await world.payment(customer, "50.00", ("50.00", "Invoice", invoice))
    body = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    voided = (await world.post("payment", body, operation="update", include="void"))["Payment"]
    assert (voided["TotalAmt"], voided["UnappliedAmt"], voided["Line"]) == (0, 0, [])
    assert voided["PrivateNote"] == "Voided"
    after = await world.read("Invoice", invoice["Id"])
    assert (after["Balance"], after["LinkedTxn"]) == (Decimal("100.00"), [])
    world.assert_sound()


async def test_voiding_the_invoice_frees_the_payment(world: ConnectedSandbox) -> None:
    """Second void case: the payment's whole amount is unapplied again."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    payment = await world.payment(customer, "100.00", ("100.00", "Invoice", invoice))
    voided = (await world.post("invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void"))["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["LinkedTxn"]) == (0, 0, [])
    assert voided["SyncToken"] == "2"
    after = await world.read("Payment", payment["Id"])
    assert (after["UnappliedAmt"], after["Line"], after["SyncToken"]) == (Decimal("100.00"), [], "1")
    world.assert_sound()


async def test_a_voided_note_keeps_what_stood_there(world: ConnectedSandbox) -> None:
    """Void sets "Voided" before an existing note."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item, PrivateNote="[qbb:shopify:order:1]")
    voided = (await world.post("invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void"))["Invoice"]
    assert voided["PrivateNote"] == "Voided - [qbb:shopify:order:1]"


async def test_deleting_a_payment_reopens_its_invoice_and_leaves_a_stub_for_cdc(world: ConnectedSandbox) -> None:
    """A deleted transaction is gone for reads and queries, and told by change data capture."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    payment = await world.payment(customer, "100.00", ("100.00", "Invoice", invoice))
    answer = await world.post("payment", {"Id": payment["Id"], "SyncToken": "0"}, operation="delete")
    assert answer["Payment"] == {"domain": "QBO", "status": "Deleted", "Id": payment["Id"]}
    assert (await world.read("Invoice", invoice["Id"]))["Balance"] == Decimal("100.00")
    assert await world.query("select * from Payment") == {}
    changed = await world.get("cdc", entities="Payment,Item", changedSince="2026-11-21T00:00:00Z")
    payments, _ = changed["CDCResponse"][0]["QueryResponse"]
    assert payments["Payment"][0]["status"] == "Deleted"
    assert (await world.get(f"payment/{payment['Id']}", 400))["Fault"]["Error"][0]["code"] == "610"
    world.assert_sound()


async def test_a_smaller_invoice_gives_the_excess_back_to_its_payment(world: ConnectedSandbox) -> None:
    """An invoice cannot be overpaid by an edit: what no longer fits becomes unapplied."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    payment = await world.payment(customer, "100.00", ("100.00", "Invoice", invoice))
    current = await world.read("Invoice", invoice["Id"])
    smaller = await world.update("Invoice", current, Line=[line(item, "70.00")])
    assert (smaller["TotalAmt"], smaller["Balance"], smaller["SyncToken"]) == (Decimal("70.00"), 0, "2")
    after = await world.read("Payment", payment["Id"])
    assert after["UnappliedAmt"] == Decimal("30.00")
    assert after["Line"][0]["Amount"] == Decimal("70.00")
    world.assert_sound()


async def test_stale_sync_token_is_refused(world: ConnectedSandbox) -> None:
    """5010 and nothing changes."""
    customer = await world.customer()
    await world.update("Customer", customer, Notes="one")
    error = await world.fault("customer", {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "Notes": "two"})
    assert error["code"] == "5010"
    assert (await world.read("Customer", customer["Id"]))["Notes"] == "one"


async def test_full_update_clears_what_is_left_out_and_sparse_keeps_it(world: ConnectedSandbox) -> None:
    """The difference between the two kinds of update."""
    customer = await world.customer(Notes="keep me", CompanyName="Flower Ltd")
    sparse = await world.update("Customer", customer, CompanyName="Flower Inc")
    assert sparse["Notes"] == "keep me"
    full = {"Id": customer["Id"], "SyncToken": "1", "DisplayName": "Xun Flower"}
    answer = (await world.post("customer", full))["Customer"]
    assert "Notes" not in answer
    assert "CompanyName" not in answer


async def test_tax_override_is_honoured_to_the_cent(world: ConnectedSandbox) -> None:
    """TxnTaxDetail.TotalTax is the tax, whatever the rates would give, and is prorated over them."""
    customer, item = await world.customer(), await world.item(Taxable=True)
    tax = {"TxnTaxCodeRef": {"value": "3"}, "TotalTax": Decimal("7.77")}
    invoice = await world.invoice(customer, item, TxnTaxDetail=tax)
    assert invoice["TotalAmt"] == Decimal("107.77")
    assert sum(part["Amount"] for part in invoice["TxnTaxDetail"]["TaxLine"]) == Decimal("7.77")
    world.assert_sound()


async def test_tax_of_a_code_is_computed_over_taxable_lines_only(world: ConnectedSandbox) -> None:
    """8 % of the TAX line, nothing of the NON line."""
    customer, taxed, free = await world.customer(), await world.item("Pump", Taxable=True), await world.item()
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [line(taxed, "335.25"), line(free, "50.00")],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}},
    }
    invoice = await world.create("Invoice", **body)
    assert invoice["TxnTaxDetail"]["TotalTax"] == Decimal("26.82")
    assert invoice["TotalAmt"] == Decimal("412.07")
    world.assert_sound()


async def test_discount_line_is_subtracted_after_the_subtotal(world: ConnectedSandbox) -> None:
    """A percentage of the item lines, shown positive, on the company's discount account."""
    customer, item = await world.customer(), await world.item()
    discount = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": Decimal(10)},
    }
    body = sale(customer, item)
    invoice = await world.create("Invoice", CustomerRef=body["CustomerRef"], Line=[*body["Line"], discount])
    assert [part["DetailType"] for part in invoice["Line"]][-2:] == ["SubTotalLineDetail", "DiscountLineDetail"]
    assert invoice["Line"][-1]["Amount"] == Decimal("10.00")
    assert invoice["TotalAmt"] == Decimal("90.00")
    assert (await world.read("Account", "84"))["CurrentBalance"] == Decimal("90.00")
    world.assert_sound()


async def test_gift_card_sales_land_on_a_liability(world: ConnectedSandbox) -> None:
    """An item's income account may be an Other Current Liability."""
    liability = await world.create("Account", Name="Gift Cards Outstanding", AccountType="Other Current Liability")
    customer, item = await world.customer(), await world.item(IncomeAccountRef={"value": liability["Id"]})
    await world.invoice(customer, item, "25.00")
    assert (await world.read("Account", liability["Id"]))["CurrentBalance"] == Decimal("-25.00")
    world.assert_sound()


@pytest.mark.parametrize("quantity", ["14.5"])
async def test_amount_is_checked_against_the_rounded_product(world: ConnectedSandbox, quantity: str) -> None:
    """6070 names the supplied amount; half a cent rounds up."""
    customer, item = await world.customer(), await world.item()
    detail = {"Qty": Decimal(quantity), "UnitPrice": Decimal("128.35")}
    reference = {"value": customer["Id"]}
    error = await world.fault("invoice", {"CustomerRef": reference, "Line": [line(item, "1861.07", **detail)]})
    assert (error["code"], error["element"]) == ("6070", "Line.Amount")
    assert error["Detail"] == "Amount is not equal to UnitPrice * Qty. Supplied value:1,861.07"
    await world.create("Invoice", CustomerRef=reference, Line=[line(item, "1861.08", **detail)])
