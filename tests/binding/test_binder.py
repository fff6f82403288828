"""Planned steps become the bodies that QBO reads."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bridge.binding import Binder, expected
from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.planning.steps import PlannedStep, StepId
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.quickbooks import AccountSelector, Address, Draft, JournalEntryDraft, JournalLine, LineDraft
from tests.support.plans import (
    BODY_MONEY,
    DANA,
    DAY,
    DEPOSIT,
    LISTS,
    ORDER,
    SALES,
    TOTE,
    account,
    books,
    buyer,
    company,
    customer_row,
    invoice,
    invoice_row,
    known,
    link,
    note,
    payment,
    payment_row,
    thing,
    transaction_key,
)
from tests.support.seals import SEAL

EURO = company(multicurrency=True)
DRAFTS = {DANA: buyer().draft, TOTE: thing().draft}


def bound(step: PlannedStep, index: Index | None = None, profile: CompanyProfile | None = None) -> dict[str, Any]:
    """The body of a step in a company that has the buyer and the item."""
    drafts: dict[SourceKey, Draft] = {key: draft for key, draft in DRAFTS.items() if draft is not None}
    return Binder(books(*LISTS) if index is None else index, profile or company(), drafts).bind(step)


def create(draft: Draft, entity: EntityName, key: SourceKey = ORDER, **changes: Any) -> PlannedStep:
    return PlannedStep(id=StepId(entity, key), operation=Operation.CREATE, owner=0, draft=draft, **changes)


def the_draft(step: Any) -> Draft:
    assert step.draft is not None
    found: Draft = step.draft
    return found


def test_an_invoice_says_everything_by_id() -> None:
    """Customer, item, number, date, tax of nothing, and the marker; currency is not spoken of."""
    body = bound(create(invoice(), "Invoice", marker_fields={"v": "1.1", "t": "30.00"}))
    assert body == {
        "CustomerRef": {"value": "60"},
        "DocNumber": "1001",
        "TxnDate": "2026-03-02",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal("30.00"),
                "SalesItemLineDetail": {"ItemRef": {"value": "20"}, "TaxCodeRef": {"value": "NON"}},
            }
        ],
        "TxnTaxDetail": {"TotalTax": Decimal(0)},
        "ApplyTaxAfterDiscount": True,
        "PrivateNote": note(ORDER, v="1.1", t="30.00", c="60"),
    }


def test_lines_carry_quantity_price_and_words_where_they_are_known() -> None:
    """A line without them has its amount alone."""
    line = LineDraft(
        item=TOTE,
        amount=Decimal("30.00"),
        quantity=Decimal(2),
        unit_price=Decimal("15.00"),
        description="Canvas tote - Sand",
    )
    (row,) = bound(create(invoice(lines=(line,)), "Invoice"))["Line"]
    assert row["Description"] == "Canvas tote - Sand"
    assert row["SalesItemLineDetail"] | {} == {
        "ItemRef": {"value": "20"},
        "Qty": Decimal(2),
        "UnitPrice": Decimal("15.00"),
        "TaxCodeRef": {"value": "NON"},
    }


def test_us_tax_is_posted_as_charged_on_the_taxed_lines() -> None:
    """With the company's own tax code where it has one; where no line says so, all are taxed."""
    lines = (LineDraft(item=TOTE, amount=Decimal(10), taxable=True), LineDraft(item=TOTE, amount=Decimal(20)))
    draft = invoice("32.00", lines=lines, tax=Decimal("2.00"))
    body = bound(create(draft, "Invoice"))
    assert body["TxnTaxDetail"] == {"TotalTax": Decimal("2.00"), "TxnTaxCodeRef": {"value": "2"}}
    assert codes(body) == ["TAX", "NON"]
    unmarked = replace(draft, lines=tuple(replace(line, taxable=False) for line in lines))
    assert codes(bound(create(unmarked, "Invoice"))) == ["TAX", "TAX"]
    automated = bound(create(draft, "Invoice"), profile=company(tax_code=None))
    assert automated["TxnTaxDetail"] == {"TotalTax": Decimal("2.00")}


def codes(body: dict[str, Any]) -> list[str]:
    return [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"]]


def test_tax_is_refused_where_sales_tax_is_off() -> None:
    """It would be dropped silently."""
    draft = invoice("32.00", tax=Decimal("2.00"))
    with pytest.raises(UnmappableEvent, match="sales tax is off"):
        bound(create(draft, "Invoice"), profile=company(charges_tax=False))


def test_outside_the_us_nothing_is_taxed_without_a_rule() -> None:
    """No US codes on the lines; a tax without a code of the country is refused."""
    abroad = company(country="GB", home_currency="GBP")
    body = bound(create(invoice(), "Invoice"), profile=abroad)
    assert body["GlobalTaxCalculation"] == "NotApplicable"
    assert "TxnTaxDetail" not in body
    assert "TaxCodeRef" not in body["Line"][0]["SalesItemLineDetail"]
    with pytest.raises(UnmappableEvent, match=r"tax\.codes"):
        bound(create(invoice("32.00", tax=Decimal("2.00")), "Invoice"), profile=abroad)


def test_a_discount_is_a_line_on_its_account() -> None:
    """Refused where the company allows none."""
    selector = AccountSelector(rule="accounts.discount", id="79")
    draft = invoice("25.00", discount=Decimal("5.00"), discount_account=selector)
    line = bound(create(draft, "Invoice"))["Line"][-1]
    assert (line["DetailType"], line["Amount"]) == ("DiscountLineDetail", Decimal("5.00"))
    assert line["DiscountLineDetail"] == {"PercentBased": False, "DiscountAccountRef": {"value": "79"}}
    with pytest.raises(UnmappableEvent, match="AllowDiscount"):
        bound(create(draft, "Invoice"), profile=company(allows_discount=False))


def test_currency_and_rate_are_said_under_multicurrency_only() -> None:
    """Without a CurrencyRef QBO takes the customer's, without a rate it books at 1: a foreign document says both."""
    index = books(("Customer", customer_row(CurrencyRef={"value": "EUR"})), LISTS[1])
    draft = invoice(currency="EUR", exchange_rate=Decimal("1.08"))
    body = bound(create(draft, "Invoice"), index, EURO)
    assert (body["CurrencyRef"], body["ExchangeRate"]) == ({"value": "EUR"}, Decimal("1.08"))
    home = bound(create(invoice(exchange_rate=Decimal("1.08")), "Invoice"), profile=EURO)
    assert (home["CurrencyRef"], "ExchangeRate" in home) == ({"value": "USD"}, False)


def test_an_update_names_what_it_changes_sends_all_lines_and_keeps_a_persons_note() -> None:
    """`sparse` is added on the wire; lines that are left out would be deleted."""
    row = invoice_row("20.00", SyncToken="4", PrivateNote="Call first\n" + note(ORDER, v="1.1", t="20.00"))
    index = books(*LISTS, ("Invoice", row))
    step = create(invoice(), "Invoice", target=known(index, "Invoice", ORDER), marker_fields={"v": "5.1", "t": "30.00"})
    body = bound(replace(step, operation=Operation.UPDATE), index)
    assert (body["Id"], body["SyncToken"], len(body["Line"])) == ("145", "4", 1)
    assert body["PrivateNote"] == "Call first\n" + note(ORDER, v="5.1", t="30.00", c="60")


def test_a_void_says_which_and_nothing_else() -> None:
    """Id and SyncToken; the answer must come to nothing."""
    index = books(*LISTS, ("Invoice", invoice_row()))
    step = PlannedStep(
        id=StepId("Invoice", ORDER), operation=Operation.VOID, owner=0, target=known(index, "Invoice", ORDER)
    )
    body = bound(step, index)
    assert body == {"Id": "145", "SyncToken": "0"}
    assert expected(step, body)["TotalAmt"] == 0
    with pytest.raises(ValueError, match="names none"):
        bound(replace(step, target=None))


def test_the_marker_goes_back_alone() -> None:
    """A sparse update of the note."""
    index = books(*LISTS, ("Invoice", invoice_row(PrivateNote="Call first\n" + note(ORDER, v="1.1", t="30.00"))))
    step = PlannedStep(
        id=StepId("Invoice", ORDER, "note"),
        operation=Operation.UPDATE,
        owner=0,
        target=known(index, "Invoice", ORDER),
        marker_fields={"v": "9.27", "h": "void"},
    )
    body = bound(step, index)
    assert body == {"Id": "145", "SyncToken": "0", "PrivateNote": "Call first\n" + note(ORDER, v="9.27", h="void")}


def test_a_payment_is_the_customers_of_its_invoice() -> None:
    """Whoever the event names; and it says account, method and reference."""
    index = books(*LISTS, ("Invoice", invoice_row(CustomerRef={"value": "61"})))
    draft = payment(customer=None, method="Visa", reference="7")
    body = bound(
        create(draft, "Payment", transaction_key(7), applied=Decimal("12.00"), marker_fields={"o": "100"}), index
    )
    assert body == {
        "CustomerRef": {"value": "61"},
        "TotalAmt": Decimal("30.00"),
        "Line": [link("145", "12.00")],
        "PrivateNote": note(transaction_key(7), o="100", c="61"),
        "TxnDate": "2026-03-02",
        "DepositToAccountRef": {"value": "4"},
        "PaymentMethodRef": {"value": "3"},
        "PaymentRefNum": "7",
    }


def test_a_payment_that_fits_nowhere_has_no_line() -> None:
    """QBO counts an empty list as missing, so there is none."""
    index = books(*LISTS, ("Invoice", invoice_row()))
    assert "Line" not in bound(create(payment(), "Payment", BODY_MONEY), index)


def test_a_payment_without_its_invoice_is_unmappable() -> None:
    """It was never planned so."""
    with pytest.raises(UnmappableEvent, match="shopify:order:100 is not in the books"):
        bound(create(payment(), "Payment", BODY_MONEY))


def test_a_resized_payment_keeps_what_a_person_may_have_set() -> None:
    """Amount, links and marker change, date and account stay; taken over by a transaction it is written whole."""
    index = books(*LISTS, ("Invoice", invoice_row()), ("Payment", payment_row()))
    target = known(index, "Payment", BODY_MONEY)
    written = create(payment("20.00"), "Payment", BODY_MONEY, target=target, applied=Decimal("20.00"))
    step = replace(written, draft=None, sale=ORDER, total=Decimal("20.00"))
    body = bound(step, index)
    assert sorted(body) == ["CustomerRef", "Id", "Line", "PrivateNote", "SyncToken", "TotalAmt"]
    assert bound(replace(step, applied=Decimal(0)), index)["Line"] == []
    taken_over = bound(replace(written, id=StepId("Payment", transaction_key(7))), index)
    assert taken_over["TxnDate"] == "2026-03-02"


def test_a_customer_carries_its_marker_in_its_notes() -> None:
    """With what is known of the person, and a currency only where there are several."""
    shipping = Address(line1="1 Main St", city="Reno", region="NV", postal_code="89501", country="US")
    step = buyer(given_name="Dana", phone="555", shipping=shipping, billing=Address())
    body = bound(create(the_draft(step), "Customer", DANA))
    assert body == {
        "DisplayName": "Dana Reyes",
        "GivenName": "Dana",
        "PrimaryEmailAddr": {"Address": "dana@example.com"},
        "PrimaryPhone": {"FreeFormNumber": "555"},
        "ShipAddr": {
            "Line1": "1 Main St",
            "City": "Reno",
            "CountrySubDivisionCode": "NV",
            "PostalCode": "89501",
            "Country": "US",
        },
        "Notes": note(DANA),
    }
    assert bound(create(the_draft(step), "Customer", DANA), profile=EURO)["CurrencyRef"] == {"value": "USD"}


def test_an_item_goes_to_its_income_account() -> None:
    """By rule, or to an account that the same plan made; `Taxable` is a word for the US alone."""
    body = bound(create(the_draft(thing(unit_price=Decimal(15))), "Item", TOTE))
    assert body == {
        "Name": "Canvas tote",
        "Sku": "TOTE",
        "Type": "NonInventory",
        "IncomeAccountRef": {"value": "79"},
        "UnitPrice": Decimal(15),
        "Taxable": True,
    }
    assert "Taxable" not in bound(create(the_draft(thing()), "Item", TOTE), profile=company(country="GB"))
    cards = account()
    item = create(the_draft(thing(income=cards.key)), "Item", TOTE)
    with pytest.raises(UnmappableEvent, match="Gift cards is not in QuickBooks"):
        bound(item)
    made = company().with_account({"Id": "99", "Name": "Gift cards"})
    binder = Binder(books(), made, {cards.key: the_draft(cards)})
    assert binder.bind(item)["IncomeAccountRef"] == {"value": "99"}


def test_an_account_is_created_by_name_and_type() -> None:
    """Once; found again by its name."""
    step = account("Tips")
    assert bound(create(the_draft(step), "Account", step.key)) == {
        "Name": "Tips",
        "AccountType": "Other Current Liability",
        "AccountSubType": "OtherCurrentLiabilities",
    }


def test_a_fee_is_a_journal_entry_of_two_sides() -> None:
    """In a currency that the company can hold."""
    sides = (
        JournalLine(side="Debit", account=SALES, amount=Decimal("1.03"), description="Stripe fee"),
        JournalLine(side="Credit", account=DEPOSIT, amount=Decimal("1.03")),
    )
    draft = JournalEntryDraft(txn_date=DAY, currency="USD", lines=sides, doc_number="ch_1")
    body = bound(create(draft, "JournalEntry"))
    assert [line["JournalEntryLineDetail"] for line in body["Line"]] == [
        {"PostingType": "Debit", "AccountRef": {"value": "79"}},
        {"PostingType": "Credit", "AccountRef": {"value": "4"}},
    ]
    marker = SEAL.find("JournalEntry", body["PrivateNote"])
    assert marker is not None
    assert marker.key == ORDER
    with pytest.raises(UnmappableEvent, match="multicurrency is off"):
        bound(create(replace(draft, currency="EUR"), "JournalEntry"))


def test_what_the_company_lacks_is_named() -> None:
    """A customer, an item, an account: the sentence says which."""
    nobody = Binder(books(), company(), {})
    with pytest.raises(UnmappableEvent, match="customer shopify:customer:1"):
        nobody.bind(create(invoice(), "Invoice"))
    with pytest.raises(UnmappableEvent, match="item shopify:sku:TOTE"):
        Binder(books(LISTS[0]), company(), {}).bind(create(invoice(), "Invoice"))
    with pytest.raises(UnmappableEvent, match=r"accounts\.sales"):
        Binder(books(), company(accounts={}), {}).bind(create(the_draft(thing()), "Item", TOTE))


def test_the_answer_to_an_invoice_must_have_its_total() -> None:
    """QBO adds up by itself; everything else is compared with what was sent."""
    step = create(invoice(), "Invoice", total=Decimal("30.00"))
    assert expected(step, {"DocNumber": "1001"}) == {"DocNumber": "1001", "TotalAmt": Decimal("30.00")}
    assert expected(create(payment(), "Payment"), {"TotalAmt": 5}) == {"TotalAmt": 5}
