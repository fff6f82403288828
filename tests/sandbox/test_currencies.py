"""Multicurrency: off by default, on for good, one receivable account for each currency."""

from decimal import Decimal
from typing import Any

from bridge.sandbox.admin import set_switches
from tests.support.connected_sandbox import ConnectedSandbox, sale


async def switch_on(world: ConnectedSandbox) -> None:
    body: dict[str, Any] = {
        "Id": "1",
        "SyncToken": "0",
        "sparse": True,
        "CurrencyPrefs": {"MultiCurrencyEnabled": True},
    }
    await world.post("preferences", body)


async def test_a_foreign_currency_is_refused_while_multicurrency_is_off(world: ConnectedSandbox) -> None:
    """6000 with the sentence of the user interface."""
    error = await world.fault("customer", {"DisplayName": "Eva", "CurrencyRef": {"value": "EUR"}})
    assert error["code"] == "6000"
    assert error["Detail"].startswith("Business Validation Error: Multi Currency should be enabled")


async def test_an_invoice_takes_its_customers_currency_and_its_own_receivable_account(world: ConnectedSandbox) -> None:
    """The second account for EUR is made on demand and holds euros."""
    await switch_on(world)
    customer, item = await world.customer(CurrencyRef={"value": "EUR"}), await world.item()
    invoice = await world.create("Invoice", **sale(customer, item), ExchangeRate=Decimal("1.1"))
    assert invoice["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert invoice["HomeTotalAmt"] == Decimal("110.00")
    found = await world.query("select * from Account where Name = 'Accounts Receivable (A/R) - EUR'")
    assert found["Account"][0]["CurrentBalance"] == Decimal("100.00")
    world.assert_sound()


async def test_a_payment_at_another_rate_books_the_difference(world: ConnectedSandbox) -> None:
    """The receivable leaves at the invoice's rate; the rest is an exchange gain or loss."""
    await switch_on(world)
    customer, item = await world.customer(CurrencyRef={"value": "EUR"}), await world.item()
    invoice = await world.create("Invoice", **sale(customer, item), ExchangeRate=Decimal("1.1"))
    await world.payment(customer, "100.00", ("100.00", "Invoice", invoice), ExchangeRate=Decimal("1.2"))
    gain = (await world.query("select * from Account where Name = 'Exchange Gain or Loss'"))["Account"][0]
    assert world.company.ledger.home[gain["Id"]] == Decimal("-10.00")
    assert (await world.read("Account", "4"))["CurrentBalance"] == Decimal("120.00")
    world.assert_sound()


async def test_a_missing_rate_books_at_one(world: ConnectedSandbox) -> None:
    """As reported of the real service."""
    await switch_on(world)
    customer, item = await world.customer(CurrencyRef={"value": "EUR"}), await world.item()
    invoice = await world.invoice(customer, item)
    assert (invoice["ExchangeRate"], invoice["HomeTotalAmt"]) == (1, Decimal("100.00"))


async def test_a_customers_currency_is_fixed_at_birth(world: ConnectedSandbox) -> None:
    """A transaction in another currency, and a change of the customer's, are refused."""
    await switch_on(world)
    customer, item = await world.customer(CurrencyRef={"value": "EUR"}), await world.item()
    body = {**sale(customer, item), "CurrencyRef": {"value": "GBP"}}
    assert (await world.fault("invoice", body))["code"] == "6000"
    change = {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert (await world.fault("customer", change))["code"] == "6000"


async def test_multicurrency_cannot_be_switched_off(world: ConnectedSandbox) -> None:
    """Nor can an unknown currency be used."""
    await switch_on(world)
    body = {"Id": "1", "SyncToken": "1", "sparse": True, "CurrencyPrefs": {"MultiCurrencyEnabled": False}}
    assert (await world.fault("preferences", body))["code"] == "6000"
    assert (await world.fault("customer", {"DisplayName": "Z", "CurrencyRef": {"value": "ZZZ"}}))["code"] == "2220"


async def test_the_rate_of_a_day_is_what_the_company_was_told(world: ConnectedSandbox) -> None:
    """By day, or one for every day; a day without one is 610, and a document is still booked at 1."""
    await switch_on(world)
    realm = world.sandbox.realms[world.company.realm]
    set_switches(realm, {"daily_rates": {"EUR": {"2026-04-02": "1.0850"}, "JPY": "0.0067"}})
    found = await world.get("exchangerate", sourcecurrencycode="EUR", asofdate="2026-04-02")
    assert found["ExchangeRate"]["Rate"] == Decimal("1.0850")
    found = await world.get("exchangerate", sourcecurrencycode="JPY", asofdate="2026-07-01")
    assert (found["ExchangeRate"]["Rate"], found["ExchangeRate"]["AsOfDate"]) == (Decimal("0.0067"), "2026-07-01")
    missing = await world.get("exchangerate", 400, sourcecurrencycode="EUR", asofdate="2026-04-03")
    assert missing["Fault"]["Error"][0]["code"] == "610"


async def test_a_missing_rate_can_be_another_one(world: ConnectedSandbox) -> None:
    """What a document without ExchangeRate gets, where somebody has measured it."""
    await switch_on(world)
    set_switches(world.sandbox.realms[world.company.realm], {"default_rates": {"EUR": "1.4"}})
    customer, item = await world.customer(CurrencyRef={"value": "EUR"}), await world.item()
    assert (await world.invoice(customer, item))["ExchangeRate"] == Decimal("1.4")
