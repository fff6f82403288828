"""Tax as it was charged, under the codes that the rules name: in the US, with VAT, with two taxes on a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bridge.sandbox.taxservice import create_tax_code
from tests.support.orders import line, order, shipping, stripe_event
from tests.support.results import message_of
from tests.support.rules import rules
from tests.support.stripe_objects import added_tax, billed, credit_note, invoice, listed
from tests.support.world import World, opened

UK = """
[tax]
exempt = "0.0% Z"
[tax.codes]
"VAT 20%" = "20.0% S"
"VAT" = "5.0% R"
"""


def vat(price: str, tax: str, *, rate: float = 0.2, **changes: Any) -> dict[str, object]:
    """A line with one tax called VAT."""
    return line(price, 1, tax_lines=[{"title": "VAT", "rate": rate, "price": tax}], **changes)


def tax_of(world: World) -> tuple[Decimal, dict[str, Decimal]]:
    """The tax of the only invoice: its total, and the amount of each rate by name."""
    (row,) = world.held("Invoice")
    rates = {rate["Id"]: rate["Name"] for rate in world.held("TaxRate")}
    lines = row["TxnTaxDetail"].get("TaxLine", ())
    return row["TxnTaxDetail"]["TotalTax"], {
        rates[each["TaxLineDetail"]["TaxRateRef"]["value"]]: each["Amount"] for each in lines
    }


async def test_vat_is_booked_to_the_cent_as_charged_not_as_computed() -> None:
    """20 % of 16.65 is 3.33; the shop charged 3.34 and two rates in one order."""
    body = order([vat("16.65", "3.34"), vat("10.00", "0.50", rate=0.05)], currency="GBP", email=None)
    async with opened(rules(UK), country="GB", currency="GBP") as world:
        (result,) = await world.deliver(body)
        assert result.status == "posted", result.reason
        assert tax_of(world) == (Decimal("3.84"), {"20.0% S": Decimal("3.34"), "5.0% R": Decimal("0.50")})
        assert world.held("Invoice")[0]["TotalAmt"] == Decimal("30.49")


async def test_vat_inside_the_prices_leaves_the_order_s_total() -> None:
    """Prices hold their tax: net lines and the tax together are what the customer paid; free of tax is `exempt`."""
    body = order(
        [vat("24.00", "4.00"), line("5.00", 1)],
        taxes_included=True,
        currency="GBP",
        shipping_lines=[shipping("3.60", tax_lines=[{"title": "VAT", "rate": 0.2, "price": "0.60"}])],
    )
    async with opened(rules(UK), country="GB", currency="GBP") as world:
        (result,) = await world.deliver(body)
        assert result.status == "posted", result.reason
        assert tax_of(world) == (Decimal("4.60"), {"20.0% S": Decimal("4.60"), "0.0% Z": Decimal(0)})
        assert world.held("Invoice")[0]["TotalAmt"] == Decimal("32.60")


async def test_a_tax_without_a_code_is_refused_and_names_the_rule() -> None:
    """Nothing is posted under a code that nobody chose."""
    async with opened(rules('[tax]\nexempt = "0.0% Z"'), country="GB", currency="GBP") as world:
        (result,) = await world.deliver(order([vat("24.00", "4.80")], currency="GBP"))
        assert result.reason is not None
        assert result.reason.code == "unmappable"
        assert 'tax.codes."VAT"' in message_of(result)
        assert world.held("Invoice") == []


async def test_a_line_without_tax_beside_a_taxed_one_needs_the_exempt_code() -> None:
    """Outside the US every line has a code, or none has."""
    lines = [vat("24.00", "4.80"), line("5.00", 1)]
    async with opened(rules('[tax.codes]\nVAT = "20.0% S"'), country="GB", currency="GBP") as world:
        (result,) = await world.deliver(order(lines, currency="GBP"))
        assert "tax.exempt" in message_of(result)


async def test_a_code_that_the_company_does_not_have_is_refused_by_name() -> None:
    """The message names what was looked for and the rule that says it."""
    async with opened(rules('[tax.codes]\nVAT = "VAT 99"'), country="GB", currency="GBP") as world:
        (result,) = await world.deliver(order([vat("24.00", "4.80")], currency="GBP"))
        assert '"VAT 99"' in message_of(result)
        assert "tax.codes" in message_of(result)


async def test_two_taxes_on_a_line_are_one_code_with_two_rates() -> None:
    """GST and PST: the code's rates share what was charged."""
    text = '[tax.codes]\n"GST + PST" = "GST/PST BC"'
    taxes = [{"title": "PST", "rate": 0.07, "price": "7.00"}, {"title": "GST", "rate": 0.05, "price": "5.01"}]
    async with opened(rules(text), country="CA", currency="CAD") as world:
        company = world.sandbox.company()
        agency = next(iter(company.tables["TaxAgency"]))
        rates = [
            {"TaxRateName": name, "RateValue": Decimal(value), "TaxAgencyId": agency}
            for name, value in (("GST BC", "5"), ("PST BC", "7"))
        ]
        create_tax_code(company, {"TaxCode": "GST/PST BC", "TaxRateDetails": rates})
        await world.restart()
        (result,) = await world.deliver(order([line("100.00", 1, tax_lines=taxes)], currency="CAD"))
        assert result.status == "posted", result.reason
        whole, shares = tax_of(world)
        assert whole == sum(shares.values()) == Decimal("12.01")
        assert set(shares) == {"GST BC", "PST BC"}


async def test_an_order_without_tax_outside_the_us_needs_no_rules() -> None:
    """Not applicable: the company may not be registered for any."""
    async with opened(country="GB", currency="GBP") as world:
        (result,) = await world.deliver(order([line("24.00", 1)], currency="GBP"))
        assert result.status == "posted", result.reason
        assert tax_of(world) == (Decimal(0), {})


async def test_in_the_us_the_rules_name_the_code_of_the_whole_document() -> None:
    """Taxes of all lines together find it; the amount stays as charged."""
    text = '[tax.codes]\n"County + State" = "Tucson"'
    taxes = [{"title": "State", "rate": 0.056, "price": "5.60"}, {"title": "County", "rate": 0.005, "price": "0.51"}]
    async with opened(rules(text)) as world:
        (result,) = await world.deliver(order([line("100.00", 1, tax_lines=taxes), line("3.00", 1)]))
        assert result.status == "posted", result.reason
        (row,) = world.held("Invoice")
        codes = {code["Id"]: code["Name"] for code in world.held("TaxCode")}
        assert codes[row["TxnTaxDetail"]["TxnTaxCodeRef"]["value"]] == "Tucson"
        assert row["TxnTaxDetail"]["TotalTax"] == Decimal("6.11")


async def test_a_credit_note_of_stripe_takes_its_tax_back_under_the_code_of_its_invoice() -> None:
    """Guard: the rules' code stands on the credit as it does on the invoice, not the company's default one."""
    text = '[tax.codes]\ntxr_1StateTax = "Tucson"'
    sold = [billed(2500, taxes=[added_tax(200)])]
    credited = listed([billed(1000, taxes=[added_tax(80)])])
    async with opened(rules(text)) as world:
        told_of = (
            stripe_event("invoice.finalized", invoice(sold, 2700, total_taxes=[added_tax(200)])),
            stripe_event("credit_note.created", credit_note(1080, lines=credited, total_taxes=[added_tax(80)])),
        )
        for event in told_of:
            (result,) = await world.deliver(event)
            assert result.status == "posted", result.reason
        codes = {code["Id"]: code["Name"] for code in world.held("TaxCode")}
        found = [world.held(entity)[0]["TxnTaxDetail"] for entity in ("Invoice", "CreditMemo")]
        assert [codes[each["TxnTaxCodeRef"]["value"]] for each in found] == ["Tucson", "Tucson"]
        assert [each["TotalTax"] for each in found] == [Decimal("2.00"), Decimal("0.80")]
