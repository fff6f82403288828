"""Credit memos, receipts, refunds, deposits: what each does to balances, links and accounts."""

from decimal import Decimal
from typing import Any

from bridge.sandbox.wire import Doc
from tests.support.connected_sandbox import ConnectedSandbox, line, sale


async def auto_apply(world: ConnectedSandbox, *, on: bool) -> None:
    preferences = (await world.get("preferences"))["Preferences"]
    body: dict[str, Any] = {"Id": "1", "SyncToken": preferences["SyncToken"], "sparse": True}
    await world.post("preferences", {**body, "SalesFormsPrefs": {"AutoApplyCredit": on}})


async def test_a_credit_memo_is_applied_by_a_payment_of_zero(world: ConnectedSandbox) -> None:
    """Positive lines for both sides, links on both, nothing in the ledger."""
    await auto_apply(world, on=False)
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item, "80.00")
    memo = await world.create("CreditMemo", **sale(customer, item, "50.00"))
    assert (memo["Balance"], memo["RemainingCredit"]) == (Decimal("50.00"), Decimal("50.00"))
    payment = await world.payment(customer, "0", ("50.00", "Invoice", invoice), ("50.00", "CreditMemo", memo))
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
    assert (await world.read("CreditMemo", memo["Id"]))["RemainingCredit"] == 0
    assert (await world.read("Invoice", invoice["Id"]))["Balance"] == Decimal("30.00")
    assert (await world.read("Account", "84"))["CurrentBalance"] == Decimal("30.00")
    world.assert_sound()


async def test_credits_apply_themselves_by_default(world: ConnectedSandbox) -> None:
    """A system payment with its note links a new credit memo to the open invoice."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item, "80.00")
    memo = await world.create("CreditMemo", **sale(customer, item, "50.00"))
    assert memo["Balance"] == 0
    (payment,) = (await world.query("select * from Payment"))["Payment"]
    assert payment["PrivateNote"] == "Created by QB Online to link credits to charges."
    assert (await world.read("Invoice", invoice["Id"]))["Balance"] == Decimal("30.00")
    world.assert_sound()


async def test_a_waiting_credit_is_used_by_the_next_invoice(world: ConnectedSandbox) -> None:
    """The other order."""
    customer, item = await world.customer(), await world.item()
    memo = await world.create("CreditMemo", **sale(customer, item, "50.00"))
    assert (await world.invoice(customer, item, "80.00"))["Balance"] == Decimal("30.00")
    assert (await world.read("CreditMemo", memo["Id"]))["Balance"] == 0


async def test_more_than_the_open_balance_is_refused_or_left_unapplied(world: ConnectedSandbox) -> None:
    """An overpaid line is a business fault by default."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item, "80.00")
    link = {"Amount": 90, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 90, "Line": [link]}
    assert (await world.fault("payment", body))["code"] == "6000"


async def test_another_customers_invoice_cannot_be_linked(world: ConnectedSandbox) -> None:
    """620."""
    customer, item = await world.customer(), await world.item()
    invoice = await world.invoice(customer, item)
    other = await world.customer("Other")
    link = {"Amount": 5, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": {"value": other["Id"]}, "TotalAmt": 5, "Line": [link]}
    assert (await world.fault("payment", body))["code"] == "620"


async def test_a_new_line_array_unapplies_the_others(world: ConnectedSandbox) -> None:
    """Updating a payment's lines replaces them all."""
    customer, item = await world.customer(), await world.item()
    first, second = await world.invoice(customer, item, "10.00"), await world.invoice(customer, item, "20.00")
    payment = await world.payment(customer, "30.00", ("10.00", "Invoice", first))
    link = {"Amount": 20, "LinkedTxn": [{"TxnId": second["Id"], "TxnType": "Invoice"}]}
    after = await world.update("Payment", payment, Line=[link])
    assert after["UnappliedAmt"] == Decimal("10.00")
    assert (await world.read("Invoice", first["Id"]))["LinkedTxn"] == []
    assert (await world.read("Invoice", second["Id"]))["Balance"] == 0
    world.assert_sound()


def bring(*receipts: tuple[str, Doc], fee: str | None = None) -> Doc:
    """A deposit of receipts, less a fee."""
    lines: list[Doc] = [
        {"Amount": doc["TotalAmt"], "LinkedTxn": [{"TxnId": doc["Id"], "TxnType": kind, "TxnLineId": "0"}]}
        for kind, doc in receipts
    ]
    if fee is not None:
        detail = {"AccountRef": {"value": "8"}}
        lines.append({"Amount": -Decimal(fee), "DetailType": "DepositLineDetail", "DepositLineDetail": detail})
    return {"DepositToAccountRef": {"value": "35"}, "Line": lines}


async def test_a_deposit_moves_freezes_and_gives_back(world: ConnectedSandbox) -> None:
    """4 to 35 less the fee; frozen while it lies there; deleted, everything is back."""
    customer, item = await world.customer(), await world.item()
    payment = await world.payment(customer, "100.00")
    receipt = await world.create("SalesReceipt", **sale(customer, item, "40.00"))
    deposit = await world.create("Deposit", **bring(("Payment", payment), ("SalesReceipt", receipt), fee="3.20"))
    assert deposit["TotalAmt"] == Decimal("136.80")
    assert (await world.read("Account", "4"))["CurrentBalance"] == 0
    assert (await world.read("Account", "35"))["CurrentBalance"] == Decimal("136.80")
    frozen = await world.read("Payment", payment["Id"])
    assert frozen["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    body = {"Id": payment["Id"], "SyncToken": frozen["SyncToken"], "sparse": True}
    for params in ({}, {"operation": "delete"}, {"operation": "update", "include": "void"}):
        assert (await world.fault("payment", body, 400, **params))["code"] == "6540"
    again = await world.fault("deposit", bring(("Payment", payment)))
    assert again["code"] == "620"
    await world.post("deposit", {"Id": deposit["Id"], "SyncToken": "0"}, operation="delete")
    assert (await world.read("Account", "4"))["CurrentBalance"] == Decimal("140.00")
    freed = await world.read("Payment", payment["Id"])
    await world.update("Payment", freed, PrivateNote="free again")
    world.assert_sound()


async def test_what_cannot_be_deposited(world: ConnectedSandbox) -> None:
    """A payment that went to the bank, a part of one, and an income account as the bank."""
    customer = await world.customer()
    banked = await world.payment(customer, "10.00", DepositToAccountRef={"value": "35"})
    assert (await world.fault("deposit", bring(("Payment", banked))))["code"] == "620"
    whole = await world.payment(customer, "10.00")
    part = bring(("Payment", {**whole, "TotalAmt": Decimal(4)}))
    assert (await world.fault("deposit", part))["code"] == "620"
    wrong = {**bring(("Payment", whole)), "DepositToAccountRef": {"value": "79"}}
    assert (await world.fault("deposit", wrong))["code"] == "6430"


async def test_a_refund_receipt_takes_money_out(world: ConnectedSandbox) -> None:
    """Balance 0, the bank goes down, the income with it."""
    customer, item = await world.customer(), await world.item()
    refund = await world.create("RefundReceipt", **sale(customer, item, "25.00"), DepositToAccountRef={"value": "35"})
    assert refund["Balance"] == 0
    assert (await world.read("Account", "35"))["CurrentBalance"] == Decimal("-25.00")
    body = sale(customer, item, "25.00")
    assert (await world.fault("refundreceipt", body))["code"] == "2020"
    world.assert_sound()


async def test_only_the_documented_forms_can_be_voided(world: ConnectedSandbox) -> None:
    """Credit memos, refunds and deposits are deleted instead."""
    customer, item = await world.customer(), await world.item()
    memo = await world.create("CreditMemo", **sale(customer, item))
    error = await world.fault("creditmemo", {"Id": memo["Id"], "SyncToken": "0"}, operation="void")
    assert error["code"] == "500"
    receipt = await world.create("SalesReceipt", **sale(customer, item))
    body = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True}
    voided = (await world.post("salesreceipt", body, operation="update", include="void"))["SalesReceipt"]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    world.assert_sound()


async def test_a_journal_entry_balances_or_is_refused(world: ConnectedSandbox) -> None:
    """Debits equal credits; a receivable needs its customer."""
    customer = await world.customer()
    debit = {"Amount": 10, "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": "84"}}}
    credit = {"Amount": 10, "JournalEntryLineDetail": {"PostingType": "Credit", "AccountRef": {"value": "1"}}}
    assert (await world.fault("journalentry", {"Line": [debit, credit]}))["code"] == "6000"
    debit["JournalEntryLineDetail"]["Entity"] = {"Type": "Customer", "EntityRef": {"value": customer["Id"]}}  # type: ignore[index]
    entry = await world.create("JournalEntry", Line=[debit, credit])
    assert entry["TotalAmt"] == Decimal("10.00")
    assert (await world.read("Customer", customer["Id"]))["Balance"] == Decimal("10.00")
    assert (await world.fault("journalentry", {"Line": [debit]}))["code"] == "2300"
    world.assert_sound()


async def test_inventory_sales_move_stock_and_cost(world: ConnectedSandbox) -> None:
    """Two of ten are sold: eight are left, their cost is goods sold."""
    given: dict[str, Any] = {"Type": "Inventory", "TrackQtyOnHand": True, "QtyOnHand": 10, "InvStartDate": "2026-01-01"}
    given |= {"PurchaseCost": 3, "AssetAccountRef": {"value": "81"}, "ExpenseAccountRef": {"value": "80"}}
    item, customer = await world.item("Pump", **given), await world.customer()
    assert (await world.read("Account", "81"))["CurrentBalance"] == 30
    detail = line(item, "40.00", Qty=Decimal(2), UnitPrice=Decimal(20))
    invoice = await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=[detail])
    assert (await world.read("Item", item["Id"]))["QtyOnHand"] == 8
    assert (await world.read("Account", "81"))["CurrentBalance"] == 24
    await world.post("invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    assert (await world.read("Item", item["Id"]))["QtyOnHand"] == 10
    world.assert_sound()
