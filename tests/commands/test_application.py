"""A plan is done document by document where it would be the same now; every other one is left, and said."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.commands.backfill.application import application_of
from bridge.commands.backfill.engine import results_in
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.planned_documents import Rehearsed, planned_documents
from bridge.posting.rehearsal import RehearsedEntities
from contracts.records import InboundRecord
from tests.support.assembly import RESULTS, MemoryJournal, assemble
from tests.support.entered import BY_NUMBER, keyed
from tests.support.orders import bought, later, ordered, transaction
from tests.support.seals import SEAL
from tests.support.world import WINDOW, World, opened

Batches = Sequence[tuple[InboundRecord, ...]]


def order_of(number: int) -> str:
    """The document of the order that `bought(number)` tells."""
    return f"shopify:order:{bought(number)['id']}"


async def rehearsed(world: World, *batches: tuple[InboundRecord, ...]) -> tuple[Rehearsed, Forecasts]:
    """What a run would do with these records now."""
    journal = MemoryJournal(entries=dict(world.journal.entries), ids=world.journal.ids)
    entities, forecasts = RehearsedEntities(SEAL), Forecasts()
    company = assemble(world.client, journal, world.clock, world.rules, window=WINDOW, rehearsed=entities)
    await company.take_over(0)
    for batch in batches:
        forecasts.add(results_in(await company.process(batch), RESULTS))
    forecasts.add(results_in(await company.idle(), RESULTS))
    return planned_documents(forecasts, entities.writes), forecasts


def some_orders(world: World, count: int = 3) -> tuple[InboundRecord, ...]:
    return tuple(world.record(bought(number)) for number in range(count))


async def test_the_same_books_give_the_same_plan() -> None:
    """Two rehearsals agree to the digest, whatever Ids they pretend. Guard: names instead of the rehearsal's Ids."""
    async with opened() as world:
        records = some_orders(world)
        first, _ = await rehearsed(world, records)
        again, _ = await rehearsed(world, records)
        assert first == again
        other_order, _ = await rehearsed(world, tuple(reversed(records)))
        assert {each.digest for each in other_order.lines.values()} == {each.digest for each in first.lines.values()}
        assert application_of(first.lines, again).left == {}


async def test_a_line_says_what_it_rests_on() -> None:
    """An update on the version of its invoice, a payment on that of the sale that it pays."""
    async with opened() as world:
        await world.tell(ordered(0), ordered(1))
        await world.restart()
        changed = world.record(later(ordered(0), 50, note="gift", name="#9000"))
        paid = world.record(transaction(order_id=ordered(1)["id"]))
        (invoices,) = [{row["DocNumber"]: row for row in world.held("Invoice")}]
        plan, _ = await rehearsed(world, (changed, paid))
        by_number = {number: (f"invoice/{row['Id']}", row["SyncToken"]) for number, row in invoices.items()}
        tokens = [token for line in plan.lines.values() for token in line.sync_tokens.items()]
        assert set(by_number.values()) <= set(tokens)


async def test_a_document_that_a_person_changed_is_left_alone_and_all_others_are_done() -> None:
    """One of the planned orders is in the books by now: its line differs, the others' do not. Guard: `_difference`."""
    async with opened() as world:
        records = some_orders(world)
        plan, _ = await rehearsed(world, records)
        await keyed(world, "Invoice", **BY_NUMBER)
        now, forecasts = await rehearsed(world, records)
        left = application_of(plan.lines, now).left
        assert list(left) == [order_of(0)]
        assert "would create it" in left[order_of(0)]
        assert forecasts.places_of(left) == {records[0].place}


async def test_a_version_that_is_another_one_now_is_named() -> None:
    """What would be written may be the same; it rests on something else. Guard: `sync_tokens`."""
    async with opened() as world:
        await world.tell(ordered(0))
        await world.restart()
        records = (world.record(later(ordered(0), 50, cancelled_at="2026-03-03T10:00:00Z")),)
        plan, _ = await rehearsed(world, records)
        (invoice,) = world.held("Invoice")
        await world.by_a_person("edit", "Invoice", invoice["Id"], changes={"CustomerMemo": {"value": "thanks"}})
        now, _ = await rehearsed(world, records)
        (why,) = application_of(plan.lines, now).left.values()
        assert why == f"invoice/{invoice['Id']} changed in QuickBooks since"


async def test_what_goes_with_a_document_that_is_left_is_left_with_it() -> None:
    """A payment needs the invoice of its order, in whatever record it is told. Guard: `Rehearsed.with_others`."""
    async with opened() as world:
        batches = (
            (world.record(ordered(0)), world.record(ordered(1))),
            (world.record(transaction(order_id=ordered(0)["id"])),),
        )
        plan, _ = await rehearsed(world, *batches)
        await keyed(world, "Invoice", **BY_NUMBER)
        now, _ = await rehearsed(world, *batches)
        left = application_of(plan.lines, now).left
        assert order_of(0) in left
        assert order_of(1) not in left
        assert [name for name in left if "transaction" in name]


async def test_what_is_done_already_is_left_and_said() -> None:
    """A plan that is applied twice writes once: there is nothing to write the second time."""
    async with opened() as world:
        records = some_orders(world, 2)
        plan, _ = await rehearsed(world, records)
        await world.process(records)
        now, _ = await rehearsed(world, records)
        assert set(application_of(plan.lines, now).left) == set(plan.lines)


async def test_a_record_that_the_plan_does_not_have_is_left() -> None:
    """And a line that nothing tells of any more is said, too."""
    async with opened() as world:
        records = some_orders(world, 2)
        plan, _ = await rehearsed(world, records[:1])
        now, _ = await rehearsed(world, records[1:])
        left = application_of(plan.lines, now).left
        assert left == {
            order_of(0): "no record of the range tells of it now",
            order_of(1): "the plan does not have it",
        }
