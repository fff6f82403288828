"""A rehearsal says what the same events then do, whatever is in the books already, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.keys import SourceKey
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result, read_result
from tests.support.assembly import RESULTS, MemoryJournal, assemble
from tests.support.entered import BY_NUMBER, TOTAL, keyed, paid_by_hand
from tests.support.histories import History, histories
from tests.support.orders import ORDER_ID, Json, bought, line, order, shopify_event, transaction
from tests.support.sizes import examples
from tests.support.stripe_lives import SHAPES, StripeLife, deliveries, lives
from tests.support.world import WINDOW, World, opened

EXAMPLES = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(EXAMPLES, max_examples=examples(10))

Told = tuple[int, str, str | None, list[tuple[str, str, str, str]]]
"""Offset, status, reason and what was changed. What QBO refuses at first and takes in a second round is told alike."""


@EXAMPLES
@given(history=histories(), posted=st.integers(0, 4))
async def test_a_rehearsal_comes_true(history: History, posted: int) -> None:
    """Status, reason, entities, operations and totals of every record. Guard: the answers that are pretended."""
    async with opened() as world:
        for batch in history.batches[:posted]:
            await world.deliver(*batch)
        batches = [tuple(world.record(body) for body in batch) for batch in history.batches[posted:]]
        before = world.written()
        foretold = await rehearsed(world, batches)
        assert world.written() == before
        assert foretold == await posted_for_real(world, batches)


@pytest.mark.parametrize("shape", list(SHAPES))
@FEW
@given(data=st.data())
async def test_a_rehearsal_of_stripe_s_invoices_comes_true(shape: str, data: st.DataObject) -> None:
    """Payments that move between invoices, and sales that are void after it. Guard: balances that are pretended."""
    deliveries_made = data.draw(deliveries(SHAPES[shape]))
    await _comes_true(deliveries_made, data.draw(st.integers(0, 4)))


@FEW
@given(life=lives(), data=st.data())
async def test_a_rehearsal_of_payouts_comes_true(life: StripeLife, data: st.DataObject) -> None:
    """Deposits that wait for their payments, and payouts that come with them."""
    await _comes_true(data.draw(deliveries(life.events)), data.draw(st.integers(0, 4)))


async def _comes_true(deliveries_made: list[list[Json]], posted: int) -> None:
    async with opened() as world:
        for batch in deliveries_made[:posted]:
            await world.deliver(*batch)
        batches = [tuple(world.record(body) for body in batch) for batch in deliveries_made[posted:]]
        foretold = await rehearsed(world, batches)
        assert foretold == await posted_for_real(world, batches)


@pytest.mark.parametrize("paid", [None, TOTAL, "41.36"], ids=["not paid", "paid", "paid less a fee"])
@pytest.mark.parametrize("form", ["Invoice", "SalesReceipt"])
@pytest.mark.parametrize("changes", [BY_NUMBER, {"DocNumber": "3000", "amount": "50.00"}], ids=["certain", "in doubt"])
async def test_a_rehearsal_of_what_a_person_entered_comes_true(
    changes: dict[str, str], form: str, paid: str | None
) -> None:
    """What would be adopted or asked about is, with its money; an order beside it is created."""
    async with opened() as world:
        entered = await keyed(world, form, **changes)
        if paid is not None and form == "Invoice":
            await paid_by_hand(world, entered, paid)
        await world.restart()
        batches = [(world.record(bought(0)), world.record(bought(1))), (world.record(transaction()),)]
        before = world.written()
        foretold = await rehearsed(world, batches)
        assert world.written() == before
        assert foretold == await posted_for_real(world, batches)


async def test_what_is_pretended_is_never_looked_up() -> None:
    """QBO knows nothing of it, and would say that it is gone. Guard: `RehearsedEntities.row`."""
    async with opened() as world:
        company = assemble(world.client, MemoryJournal(), world.clock, world.rules, window=WINDOW, rehearse=True)
        await company.take_over(0)
        await company.process((world.record(shopify_event("orders/create", order([line("12.00", 1)]))),))
        books, key = company._books, SourceKey("shopify", "order", str(ORDER_ID))
        posted, reads = books.index.get("Invoice", key), world.client.counts.reads
        books.index.mark_stale("Invoice", key)
        stale = books.index.get("Invoice", key)
        assert stale is not None
        assert not stale.is_current
        await books.refresh([stale])
        assert books.index.get("Invoice", key) == posted is not None
        assert world.client.counts.reads == reads


async def rehearsed(world: World, batches: Sequence[tuple[InboundRecord, ...]]) -> list[Told]:
    """What a company that only pretends would publish."""
    journal = MemoryJournal(entries=dict(world.journal.entries), ids=world.journal.ids)
    company = assemble(world.client, journal, world.clock, world.rules, window=WINDOW, rehearse=True)
    await company.take_over(0)
    told = [each for batch in batches for each in results_of(await company.process(batch))]
    told += results_of(await company.idle())
    assert journal.appends == []
    return told


async def posted_for_real(world: World, batches: Sequence[tuple[InboundRecord, ...]]) -> list[Told]:
    """The same by a company that posts, after a restart as a backfill's is."""
    await world.restart()
    assert world.company is not None
    told = []
    for batch in batches:
        published = await world.company.process(batch)
        world.settle(published)
        told += results_of(published)
    return told + results_of(await world.company.idle())


def results_of(published: Sequence[OutboundRecord]) -> list[Told]:
    """The results among what is published, without what only QBO gives (Ids, SyncTokens)."""
    return [_told(read_result(record.value or b"")) for record in published if record.topic == RESULTS]


def _told(result: Result) -> Told:
    changed = [each for each in result.entities if each.operation != "none"]
    entities = sorted((each.entity, str(each.operation), each.total or "", each.currency or "") for each in changed)
    return result.source.offset, result.status.value, result.reason.code if result.reason else None, entities
