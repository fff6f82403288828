"""Each mistake in the books names exactly its document, and nothing else is accused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bridge.index.company_profile import read_company_profile
from bridge.reconciliation.days import KnownAccounts, Measure, amounts_of_events, day_rows
from bridge.reconciliation.facts import DocumentFacts
from bridge.reconciliation.lines import DocumentLine
from bridge.reconciliation.reconciled import known_accounts
from bridge.reconciliation.rows import BookRow, read_row
from contracts.keys import SourceKey
from mappings.rules import GatewayRule, MappingRules
from tests.support.orders import Json, handed_back, refund, refund_line, shopify_event, taxed
from tests.support.reconciling import balanced, named, sold
from tests.support.shop_payouts import charged, told
from tests.support.world import World, opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
DOLLARS = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
ORDER, REFUND, DISPUTE = "shopify:order:1001", "shopify:refund:77", "shopify:dispute:55"


def handed() -> list[Json]:
    """A part of the second order goes back."""
    times = {"created_at": "2026-03-06T09:00:00-05:00", "processed_at": "2026-03-06T09:00:00-05:00"}
    money = handed_back("10.00", id=88, order_id=1002, parent_id=11_002, **times)
    line = taxed("50.00", 1, "4.00", id=10_020, sku="S1002")
    body = refund([refund_line(line, 1, "10.00")], money, id=77, order_id=1002, admin_graphql_api_id=None, **times)
    return [shopify_event("refunds/create", body)]


def disputed() -> Json:
    """The card holder's bank takes the money of the third order."""
    body = {
        "id": 55,
        "order_id": 1003,
        "type": "chargeback",
        "amount": "32.40",
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "initiated_at": "2026-03-12T09:00:00-05:00",
        "finalized_on": None,
    }
    return shopify_event("disputes/create", body)


def month() -> list[Json]:
    """Three orders, a refund, a dispute and a payout."""
    rows = [charged(1001, "108.00", "3.43"), charged(1002, "54.00", "1.87")]
    return [
        *sold(1001, "100.00", "8.00", "2026-03-02"),
        *sold(1002, "50.00", "4.00", "2026-03-03"),
        *sold(1003, "30.00", "2.40", "2026-03-09"),
        *handed(),
        disputed(),
        told(rows, date="2026-03-06"),
    ]


def ours(world: World, entity: str, key: str) -> dict[str, Any]:
    return next(row for each, row in world.ours(entity).items() if str(each) == key)


async def deleted_payment(world: World) -> tuple[str, str]:
    await world.by_a_person("delete", "Payment", ours(world, "Payment", "shopify:transaction:11003")["Id"])
    return "not_booked", "shopify:transaction:11003"


async def changed_amount(world: World) -> tuple[str, str]:
    row = ours(world, "Invoice", "shopify:order:1003")
    line = {**row["Line"][0], "Amount": "31.00"}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": "1", "UnitPrice": "31.00"}
    await world.by_a_person("edit", "Invoice", row["Id"], changes={"Line": [line]})
    return "amount", "shopify:order:1003"


async def missing_payout(world: World) -> tuple[str, str]:
    (key, row), *_ = world.ours("Deposit").items()
    await world.by_a_person("delete", "Deposit", row["Id"])
    return "not_booked", str(key)


async def changed_payout_day(world: World) -> tuple[str, str]:
    (key, row), *_ = world.ours("Deposit").items()
    kept = {name: row[name] for name in ("Line", "DepositToAccountRef")}
    await world.by_a_person("edit", "Deposit", row["Id"], changes={**kept, "TxnDate": "2026-03-20"})
    return "day", str(key)


async def moved_day(world: World) -> tuple[str, str]:
    row = ours(world, "Invoice", ORDER)
    await world.by_a_person("edit", "Invoice", row["Id"], changes={"TxnDate": "2026-03-30"})
    return "day", ORDER


async def moved_payment(world: World) -> tuple[str, str]:
    row = ours(world, "Payment", "shopify:transaction:11003")
    await world.by_a_person("edit", "Payment", row["Id"], changes={"TxnDate": "2026-04-01"})
    return "day", "shopify:transaction:11003"


async def changed_tax(world: World) -> tuple[str, str]:
    """The tax is greater and the goods less: the total is as it was."""
    row = ours(world, "Invoice", ORDER)
    line = {**row["Line"][0], "Amount": "99.00"}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": "1", "UnitPrice": "99.00"}
    tax = {"TxnTaxCodeRef": row["TxnTaxDetail"]["TxnTaxCodeRef"], "TotalTax": "9.00"}
    await world.by_a_person("edit", "Invoice", row["Id"], changes={"Line": [line], "TxnTaxDetail": tax})
    assert ours(world, "Invoice", ORDER)["TotalAmt"] == Decimal("108.00")
    return "tax", ORDER


async def by_hand_again(world: World, entity: str, amount: str, day: str, **more: Any) -> tuple[str, str]:
    row = ours(world, "Invoice", "shopify:order:1002")
    sale_line = row["Line"][0]
    line = {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": sale_line["SalesItemLineDetail"]["ItemRef"],
            "TaxCodeRef": {"value": "NON"},
        },
    }
    body = {"CustomerRef": row["CustomerRef"], "TxnDate": day, "Line": [line], **more}
    made = await world.by_hand(entity, body)
    return "by_hand", f"{entity.lower()}/{made['Id']}"


async def hand_made_duplicate(world: World) -> tuple[str, str]:
    return await by_hand_again(world, "Invoice", "54.00", "2026-03-04")


async def refund_by_hand(world: World) -> tuple[str, str]:
    undeposited = next(row["Id"] for row in world.held("Account") if row["AccountSubType"] == "UndepositedFunds")
    where = {"DepositToAccountRef": {"value": undeposited}}
    return await by_hand_again(world, "RefundReceipt", "10.00", "2026-03-07", **where)


async def credit_by_hand(world: World) -> tuple[str, str]:
    return await by_hand_again(world, "CreditMemo", "3.21", "2026-03-25")


async def voided(world: World) -> tuple[str, str]:
    await world.by_a_person("void", "Payment", ours(world, "Payment", "shopify:transaction:11003")["Id"])
    return "voided", "shopify:transaction:11003"


async def voided_invoice(world: World) -> tuple[str, str]:
    await world.by_a_person("void", "Invoice", ours(world, "Invoice", "shopify:order:1003")["Id"])
    return "voided", "shopify:order:1003"


async def deleted_refund(world: World) -> tuple[str, str]:
    row = ours(world, "RefundReceipt", REFUND)
    await world.by_a_person("delete", "RefundReceipt", row["Id"])
    return "not_booked", REFUND


async def other_deposit_account(world: World) -> tuple[str, str]:
    row = ours(world, "Payment", "shopify:transaction:11003")
    bank = next(each["Id"] for each in world.held("Account") if each["AccountSubType"] == "Checking")
    changes = {"CustomerRef": row["CustomerRef"], "DepositToAccountRef": {"value": bank}}
    await world.by_a_person("edit", "Payment", row["Id"], changes=changes)
    return "account", "shopify:transaction:11003"


async def other_payout_account(world: World) -> tuple[str, str]:
    (key, row), *_ = world.ours("Deposit").items()
    undeposited = next(each["Id"] for each in world.held("Account") if each["AccountSubType"] == "UndepositedFunds")
    changes = {"Line": row["Line"], "DepositToAccountRef": {"value": undeposited}}
    await world.by_a_person("edit", "Deposit", row["Id"], changes=changes)
    return "account", str(key)


async def entry_with_other_lines(world: World) -> tuple[str, str]:
    """The loss of a dispute goes to the bank's charges; debits and credits are equal as before."""
    row = ours(world, "JournalEntry", DISPUTE)
    charges = next(each["Id"] for each in world.held("Account") if each["AccountSubType"] == "BankCharges")
    lines = [dict(each) for each in row["Line"]]
    debit = next(each for each in lines if each["JournalEntryLineDetail"]["PostingType"] == "Debit")
    debit["JournalEntryLineDetail"] = {**debit["JournalEntryLineDetail"], "AccountRef": {"value": charges}}
    await world.by_a_person("edit", "JournalEntry", row["Id"], changes={"Line": lines})
    return "account", DISPUTE


Mistake = Callable[[World], Awaitable[tuple[str, str]]]
MISTAKES: tuple[Mistake, ...] = (
    deleted_payment,
    changed_amount,
    missing_payout,
    changed_payout_day,
    moved_day,
    moved_payment,
    changed_tax,
    hand_made_duplicate,
    refund_by_hand,
    credit_by_hand,
    voided,
    voided_invoice,
    deleted_refund,
    other_deposit_account,
    other_payout_account,
    entry_with_other_lines,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.__name__)
async def test_a_mistake_names_exactly_its_document(mistake: Mistake) -> None:
    """Zero differences before it, that one document after it."""
    events = month()
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        before = await balanced(world, RULES, events)
        assert named(before) == []
        expected = await mistake(world)
        after = await balanced(world, RULES, events)
    assert named(after) == [expected]
    assert any(row.differing for row in after.rows)


async def test_a_rule_that_changes_accuses_no_earlier_document() -> None:
    """Guard: `is_first_version` in `account_difference`; a payment stands where the rules of its day said."""
    events = sold(1003, "30.00", "2.40", "2026-03-09")
    async with opened(RULES) as world:
        await world.deliver(*events)
        gateways = {"shopify_payments": GatewayRule.model_validate({"deposit": "Checking"})}
        rules = MappingRules(shop_domains=RULES.shop_domains, gateways=gateways)
        found = await balanced(world, rules, events)
    assert named(found) == []


async def test_a_balance_that_quickbooks_does_not_tell_is_unknown_and_no_amount() -> None:
    """Guard: None in `_in_clearing`; nothing would be read as paid out."""
    events = month()
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        for account in world.held("Account"):
            account.pop("CurrentBalance", None)
        profile = read_company_profile(DOLLARS, {"Country": "US"}, world.held("Account"), ())
    accounts, balances = known_accounts(RULES, profile)
    assert accounts.clearing
    assert {each.amount for each in balances.values()} == {None}


async def test_a_sale_that_was_never_booked_is_one_difference_with_its_money() -> None:
    """Guard: `without_consequences`; its payment waits for it and is named with it."""
    events = month()
    lost = sold(1004, "20.00", "0.00", "2026-03-11")
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        found = await balanced(world, RULES, [*events, *lost])
    assert named(found) == [("not_booked", "shopify:order:1004")]
    assert any("shopify:transaction:11004" in each for each in found.differences[0].with_it)


@pytest.mark.parametrize(("number", "day", "accused"), [("", "05", False), ("1002", "28", False), ("1002", "05", True)])
async def test_what_a_company_sells_outside_the_shop_is_not_accused(number: str, day: str, accused: bool) -> None:  # noqa: FBT001
    """Another customer, another amount: counted, not compared; a number alone names an order on near days only."""
    events = month()
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        customer = await world.by_hand("customer", {"DisplayName": "Wholesale GmbH"})
        item = world.held("Item")[0]
        detail = {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": "NON"}}
        line = {"Amount": "777.00", "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        body = {"CustomerRef": {"value": customer["Id"]}, "TxnDate": f"2026-03-{day}", "Line": [line]}
        await world.by_hand("invoice", body | ({"DocNumber": number} if number else {}))
        found = await balanced(world, RULES, events)
    assert bool(found.differences) == accused
    assert found.unrelated == (0 if accused else 1)


async def test_the_days_have_what_was_sold_paid_and_paid_out() -> None:
    """Truth by hand: 108.00 on the second, a payout of both orders less their fees on the sixth."""
    events = month()
    async with opened(RULES) as world:
        for event in events:
            await world.deliver(event)
        found = await balanced(world, RULES, events, date(2026, 3, 1), date(2026, 3, 31))
    days = {row.day.day: {each.value: amount for each, amount in row.books.items()} for row in found.rows}
    assert days[2] == {"sales": Decimal("108.00"), "tax": Decimal("8.00"), "paid": Decimal("108.00")}
    assert days[6]["paid_out"] == Decimal("156.70")
    assert days[6]["fees"] == Decimal("5.30")
    assert days[6]["refunded"] == Decimal("10.00")
    in_clearing = {day.day: amount for (day, _, gateway), amount in found.in_clearing.items() if gateway}
    assert in_clearing == {
        2: Decimal("108.00"),
        3: Decimal("162.00"),
        6: Decimal("-10.00"),
        9: Decimal("22.40"),
        12: Decimal("-10.00"),
    }


def _line(
    key: SourceKey, *, row: BookRow | None = None, facts: DocumentFacts | None = None, source: Decimal | None = None
) -> DocumentLine:
    """An invoice that its source dates 12 March."""
    day = date(2026, 3, 12)
    return DocumentLine(
        entity="Invoice",
        key=key,
        sale=key,
        gateway="",
        currency="USD",
        source_day=day,
        row=row,
        facts=facts,
        source=source,
    )


def test_what_a_rule_left_out_or_its_source_took_back_adds_nothing() -> None:
    """Guard: `is_consequence` in `amounts_of_events`; what was never booked has no tax."""
    key = SourceKey("shopify", "order", "1005")
    facts = DocumentFacts(entity="Invoice", key=key, sale=key, currency="USD", tax=Decimal("2.00"))
    line = _line(key, facts=facts)
    assert amounts_of_events(line, {}) == {}
    assert amounts_of_events(replace(line, is_consequence=True), {})[Measure.TAX] == Decimal("2.00")


def test_a_document_that_agrees_is_of_one_day() -> None:
    """Guard: `agrees` in `day_rows`; a day that the rules chose is the source's day too."""
    key, body = SourceKey("shopify", "order", "1005"), {"Id": "7", "TxnDate": "2026-03-13", "TotalAmt": Decimal(5)}
    line = _line(key, row=read_row("Invoice", body, "USD"), source=Decimal(5))
    rows = day_rows([line], KnownAccounts(), date(2026, 3, 1), date(2026, 3, 31))
    assert all(row.source == row.books and not row.difference for row in rows)
