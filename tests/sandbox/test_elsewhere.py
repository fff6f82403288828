"""Companies outside the US: tax by line, included or on top, and the service that makes tax codes."""

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox import SandboxSettings
from bridge.sandbox.wire import Doc
from tests.support.connected_sandbox import UNLIMITED, ConnectedSandbox, connected, line


@pytest.fixture
async def britain() -> ConnectedSandbox:
    """An empty British company: code 2 is 20 %, code 4 is 0 %."""
    return await connected(SandboxSettings(empty=True, limits=UNLIMITED, country="GB", home_currency="GBP"))


async def invoice(world: ConnectedSandbox, *lines: Doc, **properties: Any) -> Doc:
    customer = await world.customer()
    return await world.create("Invoice", CustomerRef={"value": customer["Id"]}, Line=list(lines), **properties)


async def test_tax_on_top(britain: ConnectedSandbox) -> None:
    """Each line names its code; one tax line for each rate."""
    item = await britain.item()
    made = await invoice(
        britain,
        line(item, "100.00", TaxCodeRef={"value": "2"}),
        line(item, "50.00", TaxCodeRef={"value": "4"}),
        GlobalTaxCalculation="TaxExcluded",
    )
    assert made["TotalAmt"] == Decimal("170.00")
    assert [part["Amount"] for part in made["TxnTaxDetail"]["TaxLine"]] == [Decimal("20.00"), Decimal("0.00")]
    britain.assert_sound()


async def test_tax_included(britain: ConnectedSandbox) -> None:
    """The line is brought to net and keeps its gross as TaxInclusiveAmt; the total is what was said."""
    item = await britain.item()
    made = await invoice(britain, line(item, "10.00", TaxCodeRef={"value": "2"}), GlobalTaxCalculation="TaxInclusive")
    assert made["TotalAmt"] == Decimal("10.00")
    assert made["Line"][0]["Amount"] == Decimal("8.33")
    assert made["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == Decimal("10.00")
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("1.67")
    britain.assert_sound()


async def test_a_tax_line_that_names_its_rate_overrides(britain: ConnectedSandbox) -> None:
    """TotalTax alone would be computed anew."""
    item = await britain.item()
    tax = {"TaxLine": [{"Amount": Decimal("19.99"), "TaxLineDetail": {"TaxRateRef": {"value": "1"}}}]}
    made = await invoice(britain, line(item, "100.00", TaxCodeRef={"value": "2"}), TxnTaxDetail=tax)
    assert made["TotalAmt"] == Decimal("119.99")
    britain.assert_sound()


@pytest.mark.parametrize(
    ("detail", "properties", "code"),
    [
        ({}, {}, "6000"),
        ({"TaxCodeRef": {"value": "TAX"}}, {}, "2500"),
        ({}, {"GlobalTaxCalculation": "NotApplicable", "TxnTaxDetail": {"TotalTax": 1}}, "6170"),
        ({}, {"GlobalTaxCalculation": "Sometimes"}, "2170"),
    ],
)
async def test_refused_taxes(britain: ConnectedSandbox, detail: Doc, properties: Doc, code: str) -> None:
    """Each mistake and its fault."""
    customer, item = await britain.customer(), await britain.item()
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "5.00", **detail)], **properties}
    assert (await britain.fault("invoice", body))["code"] == code


async def test_tax_codes_are_made_by_the_tax_service(world: ConnectedSandbox) -> None:
    """A code with a new rate of an agency, used at once."""
    rate = {"TaxRateName": "Nevada 6.85", "RateValue": "6.85", "TaxAgencyId": "2", "TaxApplicableOn": "Sales"}
    made = await world.post("taxservice/taxcode", {"TaxCode": "Nevada", "TaxRateDetails": [rate]})
    item = await world.item(Taxable=True)
    tax = {"TxnTaxCodeRef": {"value": made["TaxCodeId"]}}
    assert (await invoice(world, line(item, "100.00"), TxnTaxDetail=tax))["TotalAmt"] == Decimal("106.85")
    assert (await world.fault("taxservice/taxcode", {"TaxCode": "Nevada", "TaxRateDetails": [rate]}))["code"] == "6240"
    world.assert_sound()


async def test_the_sample_company_exists_in_other_countries() -> None:
    """With its own tax and currency, and sound books."""
    world = await connected(SandboxSettings(country="CA", home_currency="CAD"))
    assert (await world.query("select count(*) from Invoice"))["totalCount"] >= 30
    world.assert_sound()
