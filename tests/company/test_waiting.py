"""What waits costs nothing while nothing comes, is woken by what it waits for, and nothing of it is mapped twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bridge.company.parked import SLICE
from bridge.company.pipeline import Pipeline, Processed
from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.journal.entries import WAITING
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.errors import Unavailable
from contracts.keys import SourceKey
from contracts.marker import Marker
from contracts.records import InboundRecord, Place
from mappings.rules import MappingRules
from tests.support.orders import ORDER_ID, charge, ordered, received_early, stripe_event
from tests.support.seals import SEAL
from tests.support.stripe_objects import invoice_payment, paid_invoice, payout, refund, row
from tests.support.world import World, opened

MANY = 2 * SLICE + 50


@dataclass
class Work:
    """How many records were mapped, and which were planned together."""

    mapped: int = 0
    planned: list[int] = field(default_factory=list)

    def reset(self) -> None:
        self.mapped, self.planned = 0, []


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Counts from now on."""
    found = Work()
    map_record, process = EventMapper.map_record, Pipeline.process

    def counted(self: EventMapper, record: InboundRecord) -> MappedRecord | None:
        found.mapped += 1
        return map_record(self, record)

    async def noted(self: Pipeline, mapped: Sequence[MappedRecord]) -> Processed:
        found.planned.append(len(mapped))
        return await process(self, mapped)

    monkeypatch.setattr(EventMapper, "map_record", counted)
    monkeypatch.setattr(Pipeline, "process", noted)
    return found


async def parked(acme: World, many: int = MANY) -> None:
    """So many payments wait for as many orders, and nothing is due to be looked at."""
    for start in range(0, many, 50):
        results = await acme.tell(*(received_early(number) for number in range(start, min(many, start + 50))))
        assert {result.status.value for result in results} == {"waiting"}
    for _ in range(many // SLICE + 2):
        assert await acme.idle() == []


async def put_into_the_books_by_hand(acme: World, number: int) -> None:
    """A person writes the invoice of an order as if the bridge had; the books have one of another order already."""
    (model,) = acme.held("Invoice")
    written = {"t": f"{model['Line'][0]['Amount']:.2f}", "c": model["CustomerRef"]["value"]}
    marker = SEAL.line("Invoice", Marker(SourceKey("shopify", "order", str(ORDER_ID + number)), written))
    named = {"CustomerRef": model["CustomerRef"], "Line": model["Line"][:1], "PrivateNote": marker}
    await acme.by_hand("invoice", named)


def waiting_entries(acme: World) -> list[str]:
    return [key for key in acme.journal.entries if WAITING.holds(key)]


async def test_an_idle_tick_looks_at_nothing_while_nothing_has_changed(work: Work) -> None:
    """However many wait: nothing is mapped, planned or read."""
    async with opened() as acme:
        await parked(acme)
        work.reset()
        reads = acme.client.counts.reads
        for _ in range(50):
            await acme.clock.advance(1)
            assert await acme.idle() == []
        assert (work.mapped, work.planned, acme.client.counts.reads - reads) == (0, [], 0)


async def test_an_event_maps_itself_and_wakes_only_what_waits_for_it(work: Work) -> None:
    """The one payment of 250 that it touches is there already, mapped."""
    async with opened() as acme:
        await parked(acme)
        work.reset()
        results = await acme.tell(ordered(7))
        assert [result.status.value for result in results] == ["posted", "posted"]
        assert (work.mapped, work.planned) == (1, [2])
        assert len(waiting_entries(acme)) == MANY - 1


async def test_each_is_looked_at_once_an_hour_a_slice_at_a_time(work: Work) -> None:
    """Guard: without the slices one tick would plan all of them. Nothing is mapped for it, nothing is told."""
    async with opened() as acme:
        await parked(acme)
        work.reset()
        await acme.clock.advance(3599)
        assert await acme.idle() == []
        assert work.planned == []
        for _ in range(6):
            await acme.clock.advance(1)
            assert await acme.idle() == []
        assert (work.mapped, work.planned) == (0, [SLICE, SLICE, 50])


async def test_a_new_owner_maps_each_once_and_looks_at_each_once(work: Work) -> None:
    """A slice at a time as well; then it is quiet."""
    async with opened() as before:
        await parked(before)
        work.reset()
        async with opened(after=before) as acme:
            assert (work.mapped, work.planned, acme.shown["waiting_documents"]) == (MANY, [], MANY)
            for _ in range(6):
                assert await acme.idle() == []
            assert (work.mapped, work.planned) == (MANY, [SLICE, SLICE, 50])


async def test_an_outage_while_they_are_looked_at_loses_no_look() -> None:
    """What a new owner could not look at stays due. Guard: only `rechecked` ends it."""
    async with opened() as before:
        await before.tell(ordered(1))
        await parked(before, 1)
        await put_into_the_books_by_hand(before, 0)
        async with opened(after=before) as acme:
            acme.breaks("outage", seconds=600)
            with pytest.raises(Unavailable):
                await acme.idle()
            await acme.clock.advance(7200)
            (result,) = await acme.idle()
            assert result.status == "posted"


async def test_bodies_beyond_the_memory_are_read_again_where_they_lie(work: Work) -> None:
    """From the event topic, by offset, and only those that are woken; none ends early, the books are the same."""
    topic: dict[Place, InboundRecord] = {}
    asked: list[Place] = []

    async def read_at(places: Sequence[Place]) -> Mapping[Place, InboundRecord]:
        asked.extend(places)
        return {place: topic[place] for place in places}

    async with opened(waiting_bytes=20_000, read_at=read_at) as acme:
        records = acme.records(*(received_early(number) for number in range(20)))
        topic |= {record.place: record for record in records}
        await acme.process(records)
        work.reset()
        journal_reads = acme.journal.reads
        results = await acme.tell(ordered(0), ordered(19))
        assert [result.status.value for result in results] == ["posted"] * 4
        assert [place.offset for place in asked] == [0]
        assert (work.mapped, acme.journal.reads - journal_reads) == (3, 0)
        assert len(waiting_entries(acme)) == 18


async def test_a_body_that_its_topic_has_lost_is_in_the_journal() -> None:
    """Retention removed it, or the topic was made anew and another event lies at its place. Guard: the checksum."""
    other = received_early(99)

    async def read_at(places: Sequence[Place]) -> Mapping[Place, InboundRecord]:
        return dict(zip(places, acme.records(*(other for _ in places)), strict=True))

    async with opened(waiting_bytes=1, read_at=read_at) as acme:
        await parked(acme, 3)
        results = await acme.tell(ordered(1))
        assert [result.status.value for result in results] == ["posted", "posted"]
        assert len(waiting_entries(acme)) == 2


async def test_a_body_that_nobody_has_is_waited_for() -> None:
    """Neither topic nor journal answer for it: it goes on waiting, and nothing is lost when they do."""
    async with opened(waiting_bytes=1) as acme:
        await parked(acme, 1)
        entries, acme.journal.entries = acme.journal.entries, {}
        assert [result.status.value for result in await acme.tell(ordered(0))] == ["posted"]
        acme.journal.entries = entries
        await acme.clock.advance(3600)
        assert [result.status.value for result in await acme.idle()] == ["posted"]


async def test_a_parked_record_that_is_delivered_again_with_its_order_is_told_once() -> None:
    """A rewound group: it is not woken beside itself. Guard: `except_for`."""
    async with opened() as acme:
        money = acme.records(received_early(0))
        await acme.process(money)
        results = await acme.process((*money, *acme.records(ordered(0))))
        assert [(result.source.offset, result.status.value) for result in results] == [(0, "posted"), (1, "posted")]
        assert waiting_entries(acme) == []


async def test_what_waited_too_long_ends_alone_and_with_its_bytes() -> None:
    """Those that came later go on waiting, although no body is in memory."""
    async with opened(waiting_bytes=1) as acme:
        (first,) = acme.records(received_early(0))
        await acme.process((first,))
        await acme.clock.advance(3600)
        await acme.tell(received_early(1), received_early(2))
        await acme.clock.advance(71 * 3600)
        ended = await acme.idle()
        assert [(result.source.offset, result.reason and result.reason.code) for result in ended] == [(0, "orphan")]
        assert [letter.value for letter in acme.dead_letters] == [first.value]
        assert len(waiting_entries(acme)) == 2
        await acme.clock.advance(3600)
        assert [result.source.offset for result in await acme.idle()] == [1, 2]
        assert waiting_entries(acme) == []


async def test_older_documents_that_another_event_made_known_help_at_once() -> None:
    """Its order is older than the index; an event of that time widens it, long before the ten minutes are over."""
    async with opened() as before:
        await before.tell(ordered(0))
        await before.clock.advance(95 * 24 * 3600)
        before.journal.ids.entries.clear()  # with them the order is read by its Id, at once
        async with opened(after=before, window=timedelta(days=90)) as acme:
            lately = {"processed_at": "2027-02-25T12:00:00Z", "created_at": "2027-02-25T12:00:00Z"}
            await acme.tell(received_early(0, **lately))
            assert await acme.idle() == []
            await acme.tell(ordered(1))
            (money,) = await acme.idle_until_read()
            assert (money.source.topic, money.source.offset, money.status.value) == ("shopify.events", 1, "posted")


async def test_an_order_that_a_person_brought_into_the_books_is_news() -> None:
    """Change data shows an invoice with our marker: the payment that waits for it need not wait for the hour."""
    async with opened() as acme:
        await acme.tell(ordered(1))
        await parked(acme, 1)
        await put_into_the_books_by_hand(acme, 0)
        assert [result.status.value for result in await acme.look()] == ["posted"]


async def test_a_payment_that_a_person_deleted_is_news() -> None:
    """A payout waits for two charges: without the one that is there it can never be booked, and says so at once."""
    rows = [row("charge", 2500, str(charge()["id"])), row("charge", 2500, "ch_3RqPm2Lk81XcQw0A1OTHER00")]
    async with opened() as acme:
        await acme.tell(stripe_event("charge.succeeded", charge()))
        assert [each.status.value for each in await acme.tell(stripe_event("payout.paid", payout(5000, rows)))] == [
            "waiting"
        ]
        await acme.by_a_person("delete", "Payment", acme.held("Payment")[0]["Id"])
        (result,) = await acme.look()
        assert (result.status.value, result.source.event_type) == ("dead_lettered", "payout.paid")


async def test_what_was_woken_wakes_what_waits_for_it_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held for closed books, then opened: the payout is looked at before its charge. Guard: `call_for`."""
    monkeypatch.setattr("bridge.company.owner.SLICE", 1)
    rules = MappingRules(shop_domains=("acme.myshopify.com",), closed_period="hold")
    taken = row("charge", 2500, str(charge()["id"]))
    async with opened(rules) as world:
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": "2026-03-31"})
        await world.restart()
        await world.deliver(stripe_event("payout.paid", payout(2500, [taken])))
        await world.deliver(stripe_event("charge.succeeded", charge()))
        assert world.statuses() == ["waiting", "waiting"]
        await world.idle()
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": None})
        await world.clock.sleep(timedelta(minutes=11).total_seconds())
        for _ in range(4):
            await world.idle()
        assert world.statuses() == ["posted", "posted"]


async def test_an_invoice_wakes_the_refund_of_a_payment_that_was_linked_to_it_before() -> None:
    """The invoice's own event names no payment: the books know it from an event that came first. Guard: the links."""
    async with opened() as world:
        await world.deliver(stripe_event("invoice_payment.paid", invoice_payment()))
        await world.deliver(stripe_event("refund.created", refund()))
        assert world.statuses()[-1] == "waiting"
        await world.deliver(stripe_event("invoice.paid", paid_invoice()))
        assert world.statuses()[1:] == ["posted", "posted"]


async def test_what_waits_and_is_another_companys_now_stays_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file gives its shop to somebody else: it is neither told nor lost here."""
    async with opened() as before:
        await parked(before, 1)
        monkeypatch.setattr(EventMapper, "map_record", lambda *_: None)
        async with opened(after=before) as acme:
            assert (await acme.idle(), acme.shown["waiting_documents"]) == ([], 0)
            assert len(waiting_entries(acme)) == 1
