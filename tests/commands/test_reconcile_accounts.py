"""What lies on clearing accounts and liabilities against what the events say is still open, before, in and after."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.commands.reconcile.command import ReconcileRequest, opening_of
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.controls import ControlAccount
from bridge.reconciliation.days import Measure
from bridge.reconciliation.reconciled import Reconciled
from contracts.errors import ConfigurationError
from mappings.rules import MappingRules, load_rules
from tests.support.orders import Json, line, order, shopify_event, taxed, transaction
from tests.support.reconciling import balanced, sold
from tests.support.shop_payouts import charged, told
from tests.support.six_shops import events_of_shop, six_shop_table, with_shop_lists
from tests.support.world import World, opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
APRIL = (date(2026, 4, 1), date(2026, 4, 30))


def of_kind(found: Reconciled, kind: ControlKind) -> ControlAccount:
    (only,) = [each for each in found.controls if each.kind is kind]
    return only


def gift_card_sold(ident: int, amount: str, day: str) -> list[Json]:
    """A gift card, bought by card."""
    moment = f"{day}T09:00:00-05:00"
    times = {"created_at": moment, "processed_at": moment}
    sale = line(amount, 1, gift_card=True, requires_shipping=False, taxable=False)
    body = order([sale], id=ident, updated_at=moment, name=f"#{ident}", admin_graphql_api_id=None, **times)
    money = transaction(id=ident + 10_000, order_id=ident, amount=amount, admin_graphql_api_id=None, **times)
    return [shopify_event("orders/create", body), shopify_event("order_transactions/create", money)]


def paid_by_gift_card(ident: int, amount: str, day: str) -> list[Json]:
    """Goods for which a gift card paid all."""
    moment = f"{day}T09:00:00-05:00"
    times = {"created_at": moment, "processed_at": moment}
    sale, gateways = taxed(amount, 1, "0.00", id=ident * 10, sku=f"S{ident}"), ["gift_card"]
    body = order(
        [sale],
        id=ident,
        updated_at=moment,
        name=f"#{ident}",
        admin_graphql_api_id=None,
        payment_gateway_names=gateways,
        **times,
    )
    said = {"order_id": ident, "amount": amount, "gateway": "gift_card", "admin_graphql_api_id": None}
    return [
        shopify_event("orders/create", body),
        shopify_event("order_transactions/create", transaction(id=ident + 10_000, **said, **times)),
    ]


async def of_april(world: World, events: list[Json]) -> Reconciled:
    for event in events:
        await world.deliver(event)
    return await balanced(world, RULES, events, *APRIL)


async def test_gift_cards_that_are_outstanding_are_what_the_liability_owes() -> None:
    """80.00 sold in March, 50.00 in April, 30.00 of it redeemed: 100.00 are owed at the end of April."""
    events = [
        *gift_card_sold(2001, "80.00", "2026-03-20"),
        *gift_card_sold(2002, "50.00", "2026-04-02"),
        *paid_by_gift_card(2003, "30.00", "2026-04-09"),
        *gift_card_sold(2004, "10.00", "2026-05-02"),
    ]
    async with opened(RULES) as world:
        found = await of_april(world, events)
    cards = of_kind(found, ControlKind.GIFT_CARDS)
    assert (cards.before, cards.source, cards.books) == (Decimal(80), Decimal(20), Decimal(20))
    assert (cards.open_by_events, cards.open_by_books) == (Decimal(100), Decimal(100))


async def test_a_line_that_a_person_puts_on_another_item_is_named_by_the_liability() -> None:
    """The total is as it was, so only what is outstanding tells it. Guard: `documents` of a control account."""
    events = [*sold(1001, "100.00", "0.00", "2026-03-02"), *gift_card_sold(2002, "50.00", "2026-04-02")]
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        row = next(each for key, each in world.ours("Invoice").items() if key.id == "2002")
        other = next(each["Id"] for each in world.held("Item") if each["Name"] != "Gift card")
        goods = row["Line"][0]
        detail = {**goods["SalesItemLineDetail"], "ItemRef": {"value": other}}
        await world.by_a_person(
            "edit", "Invoice", row["Id"], changes={"Line": [{**goods, "SalesItemLineDetail": detail}]}
        )
        found = await balanced(world, RULES, events, *APRIL)
    cards = of_kind(found, ControlKind.GIFT_CARDS)
    assert (cards.difference, cards.documents) == (Decimal(-50), [f"invoice/{row['Id']}"])
    assert not found.agrees


async def test_money_that_a_person_takes_out_of_a_clearing_account_is_named() -> None:
    """An entry by hand that has nothing else in common with the shop."""
    events = sold(1001, "100.00", "8.00", "2026-04-02")
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        clearing = next(each["Id"] for each in world.held("Account") if each["Name"] == "Shopify Payments clearing")
        fees = next(each["Id"] for each in world.held("Account") if each["AccountSubType"] == "BankCharges")
        sides = [("Credit", clearing), ("Debit", fees)]
        entry = {
            "TxnDate": "2026-04-20",
            "Line": [
                {
                    "Amount": "5.00",
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
                }
                for side, account in sides
            ],
        }
        made = await world.by_hand("journalentry", entry)
        found = await balanced(world, RULES, events, *APRIL)
    lies = of_kind(found, ControlKind.CLEARING)
    assert (lies.open_by_events, lies.open_by_books) == (Decimal(108), Decimal(103))
    assert lies.documents == [f"journalentry/{made['Id']}"]


async def test_what_is_not_paid_out_yet_is_what_lies_in_the_clearing_account() -> None:
    """108.00 of March are paid out in April, 54.00 of April are not: fees go with the payout."""
    events = [
        *sold(1001, "100.00", "8.00", "2026-03-30"),
        *sold(1002, "50.00", "4.00", "2026-04-03"),
        told([charged(1001, "108.00", "3.43")], date="2026-04-02"),
    ]
    async with opened(RULES) as world:
        found = await of_april(world, events)
    lies = of_kind(found, ControlKind.CLEARING)
    assert (lies.before, lies.source, lies.open_by_books) == (Decimal(108), Decimal(-54), Decimal(54))
    assert of_kind(found, ControlKind.SALES_TAX).source == Decimal(4)
    assert found.agrees


def test_what_was_open_at_the_start_comes_from_the_file_of_doctor(tmp_path: Path) -> None:
    """Gift cards and store credit are one liability; what buyers owed is no account of these."""
    file = tmp_path / "open.csv"
    file.write_text(
        "what,currency,amount\ngift_cards,USD,1250.00\nstore_credit,USD,50.00\nreceivables,USD,9.00\n"
        "clearing: Stripe clearing,EUR,7.00\n"
    )
    request = ReconcileRequest(company="acme", first=APRIL[0], last=APRIL[1], outstanding=file)
    rules = MappingRules(shop_domains=RULES.shop_domains, books_start=APRIL[0])
    assert opening_of(request, rules) == {
        (ControlKind.GIFT_CARDS, "", "USD"): Decimal(1300),
        (ControlKind.CLEARING, "Stripe clearing", "EUR"): Decimal(7),
    }
    with pytest.raises(ConfigurationError, match="not set"):
        opening_of(request, RULES)


async def test_the_file_stands_against_what_the_books_held_at_the_start() -> None:
    """What was never entered is the difference, and no document is accused."""
    events = gift_card_sold(2002, "50.00", "2026-04-02")
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        given = {(ControlKind.GIFT_CARDS, "", "USD"): Decimal(1300)}
        found = await balanced(world, RULES, events, *APRIL, given=given)
    cards = of_kind(found, ControlKind.GIFT_CARDS)
    assert (cards.open_by_events, cards.open_by_books) == (Decimal(1350), Decimal(50))
    assert (cards.difference, cards.documents) == (Decimal(-1300), [])


def test_what_was_in_transit_in_an_account_of_its_own_is_not_looked_for_in_the_gateway_s(tmp_path: Path) -> None:
    """The opening entry has it in `accounts.opening_clearing`. Guard: `is_apart`."""
    file = tmp_path / "open.csv"
    file.write_text("what,currency,amount\nclearing: Shopify Payments clearing,USD,251.86\ngift_cards,USD,520.00\n")
    rules = load_rules('books_start = 2026-04-01\n[accounts]\nopening_clearing = "Clearing at the start"\n')
    request = ReconcileRequest(company="acme", first=APRIL[0], last=APRIL[1], outstanding=file)
    assert opening_of(request, rules) == {(ControlKind.GIFT_CARDS, "", "USD"): Decimal("520.00")}


async def test_gift_cards_of_before_the_start_are_open_in_the_account_that_a_rule_names() -> None:
    """Guard: `_liabilities`; what the opening entry put there is what the file says, and nothing differs."""
    rules = load_rules('books_start = 2026-04-01\n[accounts]\nopening_gift_cards = "Old cards"\n')
    events = gift_card_sold(2002, "50.00", "2026-04-02")
    async with opened(rules) as world:
        cards = await world.by_hand("account", {"Name": "Old cards", "AccountType": "Other Current Liability"})
        equity = next(each["Id"] for each in world.held("Account") if each["AccountType"] == "Equity")
        sides = [("Credit", cards["Id"]), ("Debit", equity)]
        lines = [
            {
                "Amount": "1300.00",
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
            }
            for side, account in sides
        ]
        await world.by_hand("journalentry", {"TxnDate": "2026-03-31", "Line": lines})
        await world.restart()
        for event in events:
            await world.deliver(event)
        given = {(ControlKind.GIFT_CARDS, "", "USD"): Decimal(1300)}
        found = await balanced(world, rules, events, *APRIL, given=given)
    owed = of_kind(found, ControlKind.GIFT_CARDS)
    assert (owed.before, owed.open_by_events, owed.open_by_books) == (Decimal(1300), Decimal(1350), Decimal(1350))
    assert found.agrees


@pytest.mark.parametrize("bank", ["Checking 1", None])
async def test_the_accounts_of_a_shop_are_those_of_its_gateway_its_fees_and_its_bank(bank: str | None) -> None:
    """A clean month has no difference on any day, and each row says whose gateway it is. Guard: `company_rule`."""
    table = six_shop_table()
    if bank is not None:
        table["shops"]["ACME-1.MYSHOPIFY.COM"]["payouts"] = {"bank": bank}
        table["payouts"] = {"bank": "Checking"}
    rules, events = MappingRules.model_validate(table), [*events_of_shop(0), *events_of_shop(1)]
    async with opened(rules) as world:
        if bank is not None:
            await world.by_hand("account", {"Name": bank, "AccountType": "Bank", "AccountSubType": "Checking"})
        await with_shop_lists(world, by_line=False)
        for event in events:
            await world.deliver(event)
        found = await balanced(world, rules, events)
    assert found.agrees
    assert {(each.gateway, each.difference) for each in found.rows} == {("shopify_payments", Decimal(0))}
    fees = sum((each.source[Measure.FEES] for each in found.rows), Decimal(0))
    paid_out = sum((each.source[Measure.PAID_OUT] for each in found.rows), Decimal(0))
    assert (fees, paid_out) == (Decimal(6), 2 * Decimal("45.20"))
