"""What goes wrong with events that wait: another record at their place, a lost body, QBO away, books opened unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.books.books import Books
from bridge.journal.entries import WAITING
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.errors import Unavailable
from contracts.records import InboundRecord
from contracts.results import Result
from mappings.rules import MappingRules
from tests.support.orders import charge, ordered, received_early, stripe_event
from tests.support.stripe_objects import invoice_payment, paid_invoice, refund
from tests.support.world import World, opened


def at_place_of(first: InboundRecord, second: InboundRecord) -> InboundRecord:
    """The second record where the first one lay, because the topic was made anew."""
    return replace(second, offset=first.offset)


def told(results: list[Result]) -> list[tuple[str, str | None]]:
    return [(result.status.value, result.source.document) for result in results]


async def two_at_one_place(acme: World) -> tuple[InboundRecord, InboundRecord]:
    """Two payments that wait, one after the other delivered at the same place."""
    first, second = acme.records(received_early(1), received_early(2))
    second = at_place_of(first, second)
    assert [result.status.value for result in await acme.process((first,))] == ["waiting"]
    assert [result.status.value for result in await acme.process((second,))] == ["waiting"]
    return first, second


async def test_two_records_of_one_place_that_wait_have_a_result_each() -> None:
    """A topic made anew counts from 0 again. Guard: the checksum in the waiting room's ids and the journal's keys."""
    async with opened() as acme:
        await two_at_one_place(acme)
        assert acme.shown["waiting_documents"] == len([key for key in acme.journal.entries if WAITING.holds(key)]) == 2
        for number in (1, 2):
            results = await acme.tell(ordered(number))
            assert ("posted", f"shopify:transaction:{9_000_000 + number}") in told(results)
        assert len(acme.ours("Payment")) == 2
        assert not [key for key in acme.journal.entries if WAITING.holds(key)]


async def test_two_records_of_one_place_survive_a_restart() -> None:
    """The journal keeps both."""
    async with opened() as before:
        await two_at_one_place(before)
        async with opened(after=before) as acme:
            for number in (1, 2):
                results = await acme.tell(ordered(number))
                assert ("posted", f"shopify:transaction:{9_000_000 + number}") in told(results)


async def test_the_order_at_the_place_of_its_own_payment_wakes_it() -> None:
    """Guard: `except_for` knows bodies, not places."""
    async with opened() as acme:
        (money,) = acme.records(received_early(1))
        await acme.process((money,))
        (sale,) = acme.records(ordered(1))
        results = await acme.process((at_place_of(money, sale),))
        assert [result.status.value for result in results] == ["posted", "posted"]


async def test_one_lost_body_keeps_nobody_else_waiting() -> None:
    """It is left out and looked for once an hour; everybody else is served. Guard: `mapped` leaves it out."""
    async with opened(waiting_bytes=1) as acme:
        await acme.tell(received_early(1), received_early(2))
        lost = next(key for key in acme.journal.entries if WAITING.holds(key))
        del acme.journal.entries[lost]
        results = await acme.tell(ordered(1), ordered(2))
        assert sorted(result.status.value for result in results) == ["posted"] * 3
        await acme.clock.advance(3600)
        assert await acme.idle() == []
        assert acme.shown["waiting_documents"] == 1


async def test_an_event_whose_body_is_lost_ends_as_others_that_waited_too_long() -> None:
    """With what is known of it, and a dead letter that says what it lacks."""
    async with opened(waiting_bytes=1) as acme:
        await acme.tell(received_early(1))
        acme.journal.entries = {key: value for key, value in acme.journal.entries.items() if not WAITING.holds(key)}
        await acme.clock.advance(73 * 3600)
        (result,) = await acme.idle()
        assert told([result]) == [("dead_lettered", "shopify:transaction:9000001")]
        assert (result.reason and result.reason.code, result.source.event_type) == (
            "orphan",
            "order_transactions/create",
        )
        (letter,) = acme.dead_letters
        assert (letter.value, dict(letter.headers)["qbb-value-omitted"]) == (None, b"lost")
        assert (acme.shown["waiting_documents"], await acme.idle()) == (0, [])


async def test_the_number_of_waiting_events_is_that_after_the_settlement() -> None:
    """Guard: `waiting` is shown after `_records`, which parks and releases."""
    async with opened() as acme:
        await acme.tell(received_early(1), received_early(2))
        assert acme.metric("qbo_bridge_waiting_documents") == 2
        await acme.tell(ordered(1))
        assert acme.metric("qbo_bridge_waiting_documents") == 1


async def test_an_outage_between_micro_batches_is_on_the_board_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading older books, or the profile, asks QBO too. Guard: `_telling_outages` around `idle`."""
    async with opened() as acme:
        await acme.tell(received_early(1))

        async def away(*_: object, **__: object) -> bool:
            raise Unavailable("QBO is away", retry_after_s=3)

        with monkeypatch.context() as patched:
            patched.setattr("bridge.company.pipeline.Pipeline.reopened", away)
            with pytest.raises(Unavailable):
                await acme.idle()
            assert (acme.shown["phase"], acme.shown["outage_wait_s"]) == ("paused", 3)
        await acme.idle()
        assert (acme.shown["phase"], acme.shown["reason"]) == ("running", None)


async def closed(world: World, day: str | None) -> None:
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": day})


async def test_books_that_were_opened_wake_what_they_held_whoever_learns_of_it_first() -> None:
    """A live order reads the profile anew, and the news is not lost. Guard: the close date kept with what is held."""
    rules = MappingRules(shop_domains=("acme.myshopify.com",), closed_period="hold")
    async with opened(rules) as world:
        await closed(world, "2026-03-31")
        await world.restart()
        await world.deliver(stripe_event("charge.succeeded", charge()))
        await world.idle()
        assert world.statuses() == ["waiting"]
        await closed(world, None)
        await world.clock.sleep(timedelta(minutes=11).total_seconds())
        await books_of(world).reread_profile(age_max_s=0)
        await world.clock.sleep(timedelta(minutes=11).total_seconds())
        for _ in range(2):
            await world.idle()
        assert world.statuses() == ["posted"]


def books_of(world: World) -> Books:
    assert world.company is not None
    return world.company._books


@pytest.mark.parametrize("first", ["link", "refund"])
async def test_a_refund_that_names_only_its_intent_finds_the_invoice_that_the_intent_pays(first: str) -> None:
    """No event tells the charge. Guard: `sale_of`."""
    link = stripe_event("invoice_payment.paid", invoice_payment())
    given_back = stripe_event("refund.created", refund(charge=None))
    async with opened() as world:
        for event in (link, given_back) if first == "link" else (given_back, link):
            await world.deliver(event)
        await world.deliver(stripe_event("invoice.paid", paid_invoice()))
        await world.idle()
        assert world.statuses()[-1] == "posted"
        assert {results[-1].status.value for results in world.results.values()} <= {"posted", "ignored"}
        assert len(world.held("RefundReceipt")) == 1
