"""A payout that the bank holds already is found and taken over: the money comes once, and nothing is written on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from contracts.keys import SourceKey
from contracts.matching import Decision
from mappings.rules import MappingRules, MatchingRules, load_rules
from tests.support.entered import decided
from tests.support.orders import ORDER_ID, Json, bought, transaction
from tests.support.shop_payouts import PAYOUT_ID, row
from tests.support.shop_payouts import told as paid_out
from tests.support.world import RULES, World, opened

NET, FEE, GROSS = "41.36", "1.54", "42.90"
CHARGE = 9455001122334
PAYOUT = SourceKey("shopify", "payout", str(PAYOUT_ID))
NOT_THE_PAYOUT = [
    {"amount": "41.37"},
    {"TxnDate": "2026-03-14"},
    {"TxnDate": "2026-02-26"},
    {"bank": "Savings"},
    {"bank": "Cash on hand"},
]


def payout(**changes: Any) -> Json:
    """The order's card money, less its fee."""
    return paid_out([row("charge", GROSS, FEE, order=ORDER_ID, transaction=CHARGE)], **changes)  # type: ignore[no-any-return]


async def account(acme: World, name: str) -> str:
    """The Id of an account of the balance sheet, made where it is missing."""
    found = next((row["Id"] for row in acme.held("Account") if row["Name"] == name), None)
    kind = {"Savings": "Bank", "Cash on hand": "Other Current Asset"}.get(name, "Income")
    return str(found or (await acme.by_hand("account", {"Name": name, "AccountType": kind}))["Id"])


async def brought(acme: World, entity: str, **changes: Any) -> dict[str, Any]:
    """What a bookkeeper entered when the money came."""
    amount, day = changes.get("amount", NET), changes.get("TxnDate", "2026-03-05")
    bank, other = await account(acme, changes.get("bank", "Checking")), await account(acme, "Takings")
    if entity == "transfer":
        other = await account(acme, "Till")
        ends = {"FromAccountRef": {"value": other}, "ToAccountRef": {"value": bank}}
        return await acme.by_hand(entity, {**ends, "Amount": amount, "TxnDate": day})
    if entity == "deposit":
        detail = {"DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": other}}}
        lines = [{"Amount": amount, **detail}]
        return await acme.by_hand(entity, {"DepositToAccountRef": {"value": bank}, "Line": lines, "TxnDate": day})
    sides = (("Debit", bank), ("Credit", other))
    lines = [
        {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": ident}},
        }
        for side, ident in sides
    ]
    return await acme.by_hand(entity, {"Line": lines, "TxnDate": day})


async def sold_and_paid(acme: World) -> None:
    """The order and its money are in the books."""
    await acme.tell(bought(0))
    await acme.tell(transaction())


def in_bank(acme: World) -> Decimal:
    """What stands on the checking account."""
    return acme.trial_balance()["Checking"]


@pytest.mark.parametrize("entity", ["deposit", "transfer", "journalentry"])
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-06", "2026-03-11"])
async def test_a_payout_that_a_person_entered_is_adopted_as_it_is(entity: str, day: str) -> None:
    """Told again, and after a restart, it is known. Guard: `is_in_the_bank_already`."""
    async with opened() as acme:
        entered = await brought(acme, entity, TxnDate=day)
        await acme.restart()
        await sold_and_paid(acme)
        before = acme.written()
        (result,) = await acme.tell(payout())
        assert (result.status, [(each.operation, each.id) for each in result.entities]) == (
            "already_posted",
            [("adopt", entered["Id"])],
        )
        (again,) = await acme.tell(payout())
        await acme.restart()
        (after,) = await acme.tell(payout())
        assert [again.status, after.status] == ["already_posted", "already_posted"]
        assert (acme.written(), in_bank(acme)) == (before, Decimal(NET))


@pytest.mark.parametrize("entity", ["deposit", "transfer", "journalentry"])
async def test_one_that_comes_before_its_order_is_adopted_too(entity: str) -> None:
    """Nothing of it is to be booked, so it waits for nothing."""
    async with opened() as acme:
        await brought(acme, entity)
        await acme.restart()
        (result,) = await acme.tell(payout())
        assert result.status == "already_posted"
        assert in_bank(acme) == Decimal(NET)


@pytest.mark.parametrize("entity", ["deposit", "transfer", "journalentry"])
@pytest.mark.parametrize("changes", NOT_THE_PAYOUT, ids=str)
async def test_what_is_not_the_payout_is_left_alone(entity: str, changes: dict[str, str]) -> None:
    """Another amount, another day, another account: the payout is booked beside it."""
    async with opened(load_rules('[payouts]\nbank = "Checking"')) as acme:
        await brought(acme, entity, **changes)
        await acme.restart()
        await sold_and_paid(acme)
        (result,) = await acme.tell(payout())
        assert result.status == "posted"
        assert acme.ours("Deposit")[PAYOUT]["TotalAmt"] == Decimal(NET)


@pytest.mark.parametrize("entity", ["deposit", "journalentry"])
async def test_two_entries_are_asked_about_and_a_persons_word_decides(entity: str) -> None:
    """Nobody guesses which. Guard: `SEVERAL`."""
    async with opened() as acme:
        first, second = await brought(acme, entity), await brought(acme, "transfer")
        await acme.restart()
        await sold_and_paid(acme)
        (result,) = await acme.tell(payout())
        assert result.reason is not None
        assert result.reason.code == "possible_duplicate"
        assert all(each["Id"] in result.reason.message for each in (first, second))
        await decided(acme, PAYOUT, Decision("Transfer", second["Id"]))
        (again,) = await acme.idle()
        assert (again.status, again.result_id) == ("already_posted", result.result_id)
        (told_again,) = await acme.tell(payout())
        assert [each.id for each in told_again.entities] == [second["Id"]]


async def test_none_of_them_books_the_payout() -> None:
    """The entries were something else."""
    async with opened() as acme:
        for _ in range(2):
            await brought(acme, "transfer")
        await acme.restart()
        await sold_and_paid(acme)
        await acme.tell(payout())
        await decided(acme, PAYOUT, Decision())
        (again,) = await acme.idle()
        assert again.status == "posted"
        assert in_bank(acme) == 3 * Decimal(NET)


async def test_two_payouts_of_one_amount_are_asked_about() -> None:
    """The one entry could be either. Guard: `_is_another_alike`."""
    async with opened() as acme:
        await brought(acme, "deposit")
        await acme.restart()
        results = await acme.tell(payout(), payout(id=PAYOUT_ID + 1))
        assert [each.reason and each.reason.code for each in results] == ["possible_duplicate"] * 2


@pytest.mark.parametrize(("mode", "status"), [("off", "posted"), ("report", "dead_lettered")])
async def test_the_mode_of_matching_holds_for_payouts(mode: str, status: str) -> None:
    """`matching.mode`."""
    rules = MappingRules(shop_domains=RULES.shop_domains, matching=MatchingRules(mode=mode))
    async with opened(rules) as acme:
        await brought(acme, "deposit")
        await acme.restart()
        await sold_and_paid(acme)
        (result,) = await acme.tell(payout())
        assert result.status == status


async def test_an_adopted_payout_that_a_person_deletes_is_not_made_again() -> None:
    """It is ours from then on."""
    async with opened() as acme:
        entered = await brought(acme, "transfer")
        await acme.restart()
        await acme.tell(payout())
        await acme.by_a_person("delete", "Transfer", entered["Id"])
        await acme.look()
        (result,) = await acme.tell(payout())
        assert result.reason is not None
        assert (result.status, result.reason.code) == ("ignored", "deleted_in_qbo")
