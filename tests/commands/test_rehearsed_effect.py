"""The effect on the books that a plan foretells is what the ledger of the sandbox then says, account by account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.commands.backfill.effect import PINNED, Effect, Group, book_account
from bridge.commands.backfill.rehearsed_effect import effect_of
from bridge.posting.rehearsal import RehearsedEntities
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.records import InboundRecord
from tests.support.assembly import MemoryJournal, assemble
from tests.support.entered import BY_NUMBER, keyed
from tests.support.histories import History, histories
from tests.support.orders import Json, bought, line, order, shopify_event, transaction
from tests.support.seals import SEAL
from tests.support.sizes import examples
from tests.support.stripe_lives import StripeLife, deliveries, lives
from tests.support.world import WINDOW, World, opened

EXAMPLES = settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])

MULTICURRENCY = {
    "preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}},
    "daily_rates": {"EUR": {"2026-03-02": "1.0850"}},
}

Sums = dict[tuple[Group, str], Decimal]


async def foretold(world: World, batches: Sequence[tuple[InboundRecord, ...]]) -> Effect:
    """What a company that only pretends says of the books."""
    journal = MemoryJournal(entries=dict(world.journal.entries), ids=world.journal.ids)
    rehearsed = RehearsedEntities(SEAL)
    company = assemble(world.client, journal, world.clock, world.rules, window=WINDOW, rehearsed=rehearsed)
    await company.take_over(0)
    for batch in batches:
        await company.process(batch)
    await company.idle()
    return await effect_of(rehearsed.writes, company._books.profile, world.client)


async def done(world: World, batches: Sequence[tuple[InboundRecord, ...]]) -> Sums:
    """What the ledger says of the same once it is posted: by group and account, in home currency, as people count."""
    before = ledger(world)
    await world.restart()
    for batch in batches:
        await world.process(batch)
    await world.idle()
    after = ledger(world)
    changes = {key: after.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in before | after}
    return {key: amount for key, amount in changes.items() if amount}


def ledger(world: World) -> Sums:
    """The trial balance; receivables and taxes as one account each, since a body does not name theirs."""
    sums: Sums = defaultdict(Decimal)
    company = world.sandbox.company()
    for ident, amount in company.ledger.home.items():
        row = company.tables["Account"][ident]
        group = book_account(row["Name"], row["AccountType"], row["AccountSubType"]).group
        name = "" if group in (Group.RECEIVABLE, Group.TAX) else row["Name"]
        sums[group, name] += -amount if group in (Group.INCOME, Group.TAX, Group.LIABILITIES) else amount
    return sums


def as_sums(effect: Effect) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for place, _, amount in effect.by_account():
        sums[place.group, "" if place.group in (Group.RECEIVABLE, Group.TAX) else place.account] += amount
    return {key: amount for key, amount in sums.items() if amount}


@EXAMPLES
@given(history=histories(), posted=st.integers(0, 4))
async def test_the_effect_of_orders_is_what_the_ledger_then_says(history: History, posted: int) -> None:
    """Creates, updates, voids and money, on empty books and on those that hold a part already. Guard: `sides_of`."""
    async with opened() as world:
        for batch in history.batches[:posted]:
            await world.deliver(*batch)
        batches = [tuple(world.record(body) for body in batch) for batch in history.batches[posted:]]
        effect = await foretold(world, batches)
        assert as_sums(effect) == await done(world, batches)


@EXAMPLES
@given(life=lives(), data=st.data())
async def test_the_effect_of_payouts_is_what_the_ledger_then_says(life: StripeLife, data: st.DataObject) -> None:
    """Deposits, fees and journal entries."""
    delivered: list[list[Json]] = data.draw(deliveries(life.events))
    posted = data.draw(st.integers(0, 4))
    async with opened() as world:
        for batch in delivered[:posted]:
            await world.deliver(*batch)
        batches = [tuple(world.record(body) for body in batch) for batch in delivered[posted:]]
        effect = await foretold(world, batches)
        assert as_sums(effect) == await done(world, batches)


async def test_an_adopted_order_changes_nothing_but_its_money() -> None:
    """The invoice is there already; the payment that nobody has entered is booked. Guard: adopting is left out."""
    async with opened() as world:
        await keyed(world, "Invoice", **BY_NUMBER)
        await world.restart()
        batches = [(world.record(bought(0)),), (world.record(transaction()),)]
        effect = await foretold(world, batches)
        assert effect.by_group()[Group.INCOME] == {}
        assert as_sums(effect) == await done(world, batches)


@pytest.mark.parametrize("currency", ["USD", "EUR"])
async def test_each_currency_stands_for_itself(currency: str) -> None:
    """An amount in euros is no amount in dollars: nobody knows the rate of the day on which it will be paid."""
    async with opened() as world:
        set_switches(world.sandbox.realms[DEFAULT_REALM], MULTICURRENCY)
        body = order([line("10.00")], currency=currency, financial_status="pending")
        effect = await foretold(world, [(world.record(shopify_event("orders/create", body)),)])
        assert effect.by_group()[Group.RECEIVABLE] == {currency: Decimal(10)}
        assert effect.by_group()[Group.INCOME] == {currency: Decimal(10)}
        assert effect.by_group()[Group.CASH] == {}


def test_nothing_that_changes_is_still_shown() -> None:
    """The five groups of the report are there without any change."""
    assert list(Effect().by_group()) == list(PINNED)
