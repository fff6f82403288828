"""What the doctor says of accounts that only payouts and the start of the books need."""

from __future__ import annotations

import pytest

from bridge.books.books import profile_of
from bridge.commands.doctor.books import examine_books
from bridge.commands.doctor.finding import Finding
from bridge.quickbooks.warmup import load_basics
from mappings.rules import load_rules
from tests.support.world import opened

START = "books_start = 2026-03-05\n"
NAMED = '[accounts]\nopening_receivables = "{0}"\nopening_clearing = "{0}"\nopening_gift_cards = "{0}"\n'
OPENING = ("accounts.opening_receivables", "accounts.opening_clearing", "accounts.opening_gift_cards")
ROWS = '[accounts]\nexchange = "{0}"\npayout_other = "{0}"\n[payouts.rows]\nadvance = "{0}"\n'
OF_PAYOUTS = ("accounts.exchange", "accounts.payout_other", "payouts.rows.advance")


async def found(rules: str) -> dict[str, Finding]:
    """What is said of the books of a young company, by what it is about."""
    async with opened() as world:
        await world.by_hand("account", {"Name": "Old figures", "AccountType": "Other Current Asset"})
        basics = await load_basics(world.client)
        return {each.about: each for each in examine_books(load_rules(rules), profile_of(basics), ())}


@pytest.mark.parametrize(("rules", "about"), [(START + NAMED, OPENING), (ROWS, OF_PAYOUTS)])
async def test_an_account_that_is_named_is_looked_up(rules: str, about: tuple[str, ...]) -> None:
    """There, it is shown with its type; not there, it is a problem that names the rule. Guard: each of them."""
    there = await found(rules.format("Old figures"))
    assert [(there[each].said, there[each].remedy) for each in about] == [
        ('"Old figures" (Other Current Asset)', "")
    ] * len(about)
    missing = await found(rules.format("Nowhere"))
    assert [missing[each].is_problem for each in about] == [True] * len(about)
    assert all("Nowhere" in missing[each].said for each in about)


@pytest.mark.parametrize(("rules", "about"), [(START + NAMED, OPENING), (ROWS, OF_PAYOUTS)])
async def test_an_account_of_receivables_is_a_problem(rules: str, about: tuple[str, ...]) -> None:
    """Guard: a line on it would be a customer's, and nobody says whose; the event would be a dead letter."""
    receivables = await found(rules.format("Accounts Receivable (A/R)"))
    assert [receivables[each].is_problem for each in about] == [True] * len(about)


async def test_books_with_a_start_and_no_opening_accounts_are_a_note() -> None:
    """Nothing may have been open on that day; gift cards have an account anyway."""
    noted = await found(START)
    assert [(each, noted[each].is_problem, noted[each].rare) for each in OPENING[:2]] == [
        (each, False, True) for each in OPENING[:2]
    ]
    assert OPENING[2] not in noted


async def test_books_without_a_start_need_none_of_them() -> None:
    """Nothing is booked there, so nothing is said."""
    assert not {*OPENING} & {*(await found(""))}


async def test_an_account_that_the_bridge_makes_need_not_be_there() -> None:
    """Reserves of a processor."""
    made = (await found('[payouts.rows]\nreserve = "Payment reserves"\n'))["payouts.rows.reserve"]
    assert (made.said, made.remedy) == ('"Payment reserves", created when it is first needed', "")
