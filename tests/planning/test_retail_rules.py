"""Rules of retail over the books: who the customer is, what is written of a person; a change counts from then on."""

from __future__ import annotations

import json

import pytest

from mappings.rules import MappingRules
from tests.support.orders import (
    ORDER_ID,
    Json,
    bought,
    customer,
    handed_back,
    later,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.rules import rules
from tests.support.world import World, opened

SOLD = line("42.90", id=71, properties=[{"name": "Engraving", "value": "For Aunt Mabel"}])
HOME: Json = {
    "address1": "12 Canal Street",
    "city": "Reno",
    "province_code": "NV",
    "zip": "89501",
    "country_code": "US",
    "phone": "+15550100",
}
SALE = order([SOLD], phone="+15550100", shipping_address=HOME, billing_address=HOME, note="Ring at Dana's")
PAID = transaction()
RETURNED = refund([refund_line(SOLD, 1, "42.90")], handed_back("42.90"))
PRIVATE = "[privacy]\ncontact = false\nline_properties = false"
PERSONAL = ("Dana", "Reyes", "dana.reyes", "15550100", "Canal Street", "Mabel")
WRITTEN = ("Customer", "Item", "Invoice", "SalesReceipt", "Payment", "RefundReceipt", "CreditMemo", "JournalEntry")


def person(number: int) -> Json:
    """A buyer of its own."""
    named = {"first_name": f"Buyer {number}", "last_name": "Reyes"}
    return {"id": 100 + number, **named, "email": f"b{number}@example.com"}


def numbered(number: int) -> Json:
    """An order of its own."""
    return {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{number}"}


def held(world: World) -> str:
    return json.dumps([world.held(entity) for entity in WRITTEN], default=str)


async def switched(world: World, chosen: MappingRules) -> None:
    """The rules file is changed and the process started again."""
    world.rules = chosen
    await world.restart()


@pytest.mark.parametrize("together", [True, False], ids=["one micro-batch", "one by one"])
async def test_thirty_card_orders_of_a_shop_make_one_customer(*, together: bool) -> None:
    """Their payments and a refund are its own too."""
    orders = [bought(number, customer=person(number), email=f"b{number}@example.com") for number in range(30)]
    async with opened(rules('[customers]\npolicy = "channel"')) as world:
        for batch in [orders] if together else [[each] for each in orders]:
            await world.deliver(*(shopify_event("orders/create", each) for each in batch))
        (row,) = world.held("Customer")
        assert row["DisplayName"] == "acme.myshopify.com"
        sales = [*world.held("Invoice"), *world.held("Payment")]
        assert (len(sales), {each["CustomerRef"]["value"] for each in sales}) == (60, {row["Id"]})


async def test_nothing_of_a_person_is_in_the_books_but_what_sales_tax_needs() -> None:
    """The sale, its money, what came back, and the customer's own event."""
    async with opened(rules(PRIVATE)) as world:
        await world.deliver(customer(), SALE, PAID, RETURNED)
        assert world.statuses() == ["posted"] * 4
        assert [each for each in PERSONAL if each in held(world)] == []
        (row,) = world.held("RefundReceipt")
        kept = {"City": "Reno", "CountrySubDivisionCode": "NV", "PostalCode": "89501"}
        assert row["ShipAddr"].items() >= kept.items()


async def test_what_goes_back_of_an_earlier_sale_has_no_street_any_more() -> None:
    """The sale itself stays as it is. Guard: `without_street` of the draft."""
    async with opened() as world:
        await world.deliver(SALE, PAID)
        await switched(world, rules(PRIVATE))
        await world.deliver(RETURNED)
        (sold,), (back,) = world.held("Invoice"), world.held("RefundReceipt")
        assert sold["ShipAddr"]["Line1"] == "12 Canal Street"
        assert "Line1" not in back["ShipAddr"]
        assert back["ShipAddr"]["City"] == "Reno"


async def test_a_buyer_is_still_found_by_its_address_that_is_not_written() -> None:
    """A customer that a person made under it is not doubled."""
    async with opened(rules(PRIVATE)) as world:
        email = {"Address": "dana.reyes@example.com"}
        made = await world.by_hand("customer", {"DisplayName": "D. Reyes", "PrimaryEmailAddr": email})
        await world.restart()
        await world.deliver(SALE)
        assert world.held("Invoice")[0]["CustomerRef"]["value"] == made["Id"]


RULES = {
    "channel": '[customers]\npolicy = "channel"',
    "one": '[customers]\npolicy = "one"',
    "properties": "[privacy]\nline_properties = false",
    "contact": "[privacy]\ncontact = false",
    "tracking": '[[tracking]]\nshop = "acme.myshopify.com"\nclass = "Europe"\nlocation = "Berlin"',
    "income": '[[items.accounts]]\nsku_prefix = "TOTE"\nincome = "Other sales"',
    "shop": '[shops."acme.myshopify.com"]\naccounts.sales = "Other sales"',
    "returns": '[accounts]\nreturns = "Other sales"',
    "items": '[items]\npolicy = "single"',
}


@pytest.mark.parametrize("backwards", [False, True], ids=["set", "taken back"])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("document", ["invoice", "sales_receipt"])
async def test_a_replay_under_other_rules_writes_nothing(name: str, document: str, *, backwards: bool) -> None:
    """Each rule counts for later documents. Guard: `PostingStep.said`."""
    form = f'[orders]\ndocument = "{document}"\n'
    before, after = rules(form), rules(form + RULES[name])
    if backwards:
        before, after = after, before
    told = [shopify_event("orders/create", {**SALE, **numbered(number)}) for number in range(6)]
    async with opened(before) as world:
        await world.by_hand("account", {"Name": "Other sales", "AccountType": "Income"})
        await world.by_hand("class", {"Name": "Europe"})
        await world.by_hand("department", {"Name": "Berlin"})
        await world.restart()
        await world.deliver(*told)
        books = held(world)
        await switched(world, after)
        again = [(await world.deliver(each))[0].status.value for each in told]
        assert (again, held(world)) == (["already_posted"] * 6, books)
        touched = later({**SALE, **numbered(0)}, 40, note="packed")
        (result,) = await world.deliver(touched)
        assert (result.status.value, held(world)) == ("already_posted", books)


@pytest.mark.parametrize(("first", "second"), [("", "channel"), ("", "one"), ("channel", ""), ("channel", "one")])
async def test_a_sale_of_before_stays_with_its_customer(first: str, second: str) -> None:
    """What an edit adds to it and its money are that one's too. Guard: `Index.keeps_customer`."""
    chosen = {"": "", **RULES}
    pending = {"financial_status": "pending", "total_outstanding": "42.90", "id": ORDER_ID}
    async with opened(rules(chosen[first])) as world:
        await world.deliver(order([line("42.90", id=71)], **pending))
        (before,) = world.held("Customer")
        await switched(world, rules(chosen[second]))
        lines = [line("42.90", id=71), line("10.00", id=72, sku="MORE")]
        more = order(lines, **{**pending, "total_outstanding": "52.90"})
        (result,) = await world.deliver(later(more, 40))
        await world.deliver(transaction(amount="52.90"))
        assert result.status.value == "posted"
        (row,), (money,) = world.held("Invoice"), world.held("Payment")
        assert str(row["TotalAmt"]) == "52.90"
        assert row["CustomerRef"]["value"] == money["CustomerRef"]["value"] == before["Id"]
        assert len(world.held("Customer")) == 1
