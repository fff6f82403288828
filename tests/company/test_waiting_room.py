"""Who is to be looked at, without any body: by what it waits for, by time, and a slice at a time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.company.bodies import KeptBodies, size_of
from bridge.company.deadlines import Deadlines
from bridge.company.dependencies import speaks_of, waits_for, with_linked
from bridge.company.waiting_room import REACH_BACK_AFTER, RECHECK_EVERY, WaitingRoom
from bridge.decoding.decision import MappedRecord
from bridge.index.payment_links import PaymentLinks
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.records import InboundRecord, RecordId

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = timedelta(hours=72)
SECOND = timedelta(seconds=1)


def key(name: str, kind: str = "order", system: str = "shopify") -> SourceKey:
    return SourceKey(system, kind, name)


def record(offset: int, value: bytes = b"{}") -> InboundRecord:
    return InboundRecord(topic="events", partition=0, offset=offset, key=None, value=value, headers=(), timestamp_ms=1)


def money(offset: int, order: str, *wakes: SourceKey, value: bytes = b"{}") -> MappedRecord:
    """Money of an order, which may wait for more."""
    document = key(f"t{offset}", "transaction")
    step = PostingStep(key=document, entity="Payment", intent=Intent.FACT)
    plan = PostingPlan(document=document, lane=key(order), steps=(step,), document_created_at=NOON, wakes=wakes)
    return MappedRecord(record=record(offset, value), envelope=None, decision=plan)


def room(*events: MappedRecord, since: datetime = NOON) -> WaitingRoom:
    found = WaitingRoom(PATIENCE)
    for number, event in enumerate(events):
        found.park(event, since + number * SECOND, since)
    return found


def offsets(records: list[RecordId]) -> list[int]:
    return [each.place.offset for each in records]


def test_an_event_touches_what_waits_for_what_it_speaks_of() -> None:
    """And nothing else, the longest waiting first."""
    waiting = room(money(3, "a"), money(1, "b"), money(2, "c", key("a")))
    assert offsets(waiting.touched([key("a"), key("x")])) == [3, 2]
    assert waiting.touched([key("x")]) == []


def test_what_has_its_outcome_is_touched_and_due_no_more() -> None:
    """Guard: each structure forgets it."""
    waiting = room(money(1, "a"), money(2, "a"))
    waiting.call_all()
    waiting.release(record(1).id)
    waiting.release(record(9).id)
    assert offsets(waiting.touched([key("a")])) == [2]
    assert offsets(waiting.due(NOON + PATIENCE, 9)) == [2]
    assert [event.record.place.offset for event in waiting.overdue(NOON + PATIENCE)] == [2]
    assert (len(waiting), waiting.since(record(1)), waiting.since(record(2))) == (1, None, NOON + SECOND)


def test_a_record_that_is_parked_again_waits_since_the_first_time() -> None:
    """A rewound group delivers it once more."""
    waiting = room(money(1, "a"), money(1, "a"))
    assert (len(waiting), waiting.since(record(1)), waiting.since(record(2))) == (1, NOON, None)


def test_nothing_is_due_before_an_hour_and_then_once_an_hour() -> None:
    """Guard: a look puts the next one off."""
    waiting = room(money(1, "a"))
    assert waiting.due(NOON + RECHECK_EVERY - SECOND, 9) == []
    assert offsets(waiting.due(NOON + RECHECK_EVERY, 9)) == [1]
    assert offsets(waiting.due(NOON + RECHECK_EVERY, 9)) == [1], "what nobody has looked at stays due"
    waiting.rechecked(record(1).id, NOON + RECHECK_EVERY)
    assert waiting.due(NOON + RECHECK_EVERY, 9) == []
    assert offsets(waiting.due(NOON + 2 * RECHECK_EVERY, 9)) == [1]


def test_what_was_called_is_due_until_it_was_looked_at() -> None:
    """At once, whatever the hour."""
    waiting = room(money(1, "a"), money(2, "b"))
    waiting.call([key("b")])
    assert offsets(waiting.due(NOON, 9)) == [2]
    waiting.rechecked(record(2).id, NOON)
    assert waiting.due(NOON, 9) == []


def test_all_that_is_due_is_handed_out_slice_by_slice() -> None:
    """Whose time is up first, and each once although it is due for two reasons."""
    waiting = room(*(money(offset, "a") for offset in range(5)))
    waiting.call_all()
    now, seen = NOON + PATIENCE + SECOND, []
    while due := waiting.due(now, 2):
        seen.append(offsets(due))
        for offset in offsets(due):
            waiting.rechecked(record(offset).id, now) if offset > 1 else waiting.release(record(offset).id)
    assert seen == [[0, 1], [2, 3], [4]]


def test_time_is_up_at_72_hours_and_not_before() -> None:
    """The longest waiting first, in whatever order they were parked."""
    waiting = WaitingRoom(PATIENCE)
    waiting.park(money(1, "a"), NOON + SECOND, NOON + PATIENCE - SECOND)
    waiting.park(money(2, "b"), NOON, NOON + PATIENCE - SECOND)
    assert waiting.due(NOON + PATIENCE - SECOND, 9) == []
    assert offsets(waiting.due(NOON + PATIENCE, 9)) == [2]
    assert [waiting.is_over(record(offset).id, NOON + PATIENCE) for offset in (1, 2)] == [False, True]
    assert offsets(waiting.due(NOON + PATIENCE + SECOND, 9)) == [2, 1]


def test_the_index_reaches_back_once_for_what_has_waited_ten_minutes() -> None:
    """Guard: it stays overdue until it was reached back for, and an event without a plan never is."""
    nothing = MappedRecord(record=record(2), envelope=None, decision=Ignored(code="x", message=""))
    waiting = room(money(1, "a"), nothing)
    assert waiting.overdue(NOON + REACH_BACK_AFTER - SECOND) == []
    overdue = waiting.overdue(NOON + REACH_BACK_AFTER + SECOND)
    assert [event.document_created_at for event in overdue] == [NOON]
    waiting.reached_back(overdue)
    assert waiting.overdue(NOON + PATIENCE) == []


def test_an_event_whose_own_books_are_not_read_yet_is_asked_once_in_ten_minutes() -> None:
    """Twenty thousand of them would cost every idle second. Guard: `reach_back_later` in `Company`."""
    waiting = room(money(1, "a"))
    first = NOON + REACH_BACK_AFTER
    waiting.reach_back_later(waiting.overdue(first), first)
    assert waiting.overdue(first + REACH_BACK_AFTER - SECOND) == []
    assert len(waiting.overdue(first + REACH_BACK_AFTER)) == 1


deeds = st.lists(st.tuples(st.sampled_from(["put", "drop", "ask"]), st.integers(0, 4), st.integers(0, 20)), max_size=40)


@given(deeds)
def test_deadlines_come_in_their_order_whatever_was_moved_or_dropped(found: list[tuple[str, int, int]]) -> None:
    """Told apart from a plain table that is sorted each time."""
    deadlines: Deadlines[int] = Deadlines()
    table: dict[int, datetime] = {}
    for deed, name, second in found:
        at = NOON + second * SECOND
        if deed == "put":
            deadlines.put(name, at)
            table[name] = at
        elif deed == "drop":
            deadlines.drop(name)
            table.pop(name, None)
        expected = sorted((due_at, each) for each, due_at in table.items() if due_at <= at)
        assert deadlines.due(at, 3) == [each for _, each in expected[:3]]
        assert len(deadlines) == len(table)


def test_deadlines_that_ended_do_not_pile_up() -> None:
    """Guard: millions of events wait for a second each."""
    deadlines: Deadlines[int] = Deadlines()
    for name in range(10_000):
        deadlines.put(name, NOON)
        deadlines.drop(name)
    assert len(deadlines._heap) < 200


def test_an_event_speaks_of_its_steps_and_waits_for_its_lane_and_what_it_names() -> None:
    """A payout waits for a payment by the payment's own key."""
    charge, intent = key("ch", "charge", "stripe"), key("pi", "payment_intent", "stripe")
    paid = money(1, "a", charge)
    assert waits_for(paid) == (key("a"), charge)
    assert speaks_of(paid) == {key("a"), charge, key("t1", "transaction")}
    linked = PostingPlan(document=intent, lane=intent, steps=(), document_created_at=NOON, links=((intent, charge),))
    assert waits_for(MappedRecord(record=record(1), envelope=None, decision=linked)) == (intent, charge)


def test_news_of_an_invoice_is_news_of_the_charge_and_the_intent_that_pay_it() -> None:
    """A refund may know only the intent; the link was told earlier, by another event. Either way round."""
    charge, intent = key("ch", "charge", "stripe"), key("pi", "payment_intent", "stripe")
    invoice = key("in", "invoice", "stripe")
    links = PaymentLinks([(intent, charge), (intent, invoice)])
    for told in (charge, intent, invoice):
        assert with_linked([told], links) == {charge, intent, invoice}


def test_an_order_of_the_shop_is_no_news_of_all_charges_that_the_shop_books() -> None:
    """They lead to one name, which would wake everything."""
    shop, first, second = key("any"), key("ch_1", "charge", "stripe"), key("ch_2", "charge", "stripe")
    assert with_linked([first], PaymentLinks([(first, shop), (second, shop)])) == {first, shop}


def kept(*events: MappedRecord, bytes_max: float) -> KeptBodies:
    bodies = KeptBodies(bytes_max)
    for event in events:
        bodies.keep(event.record.id, event)
    return bodies


def has(bodies: KeptBodies) -> list[int]:
    return [offset for offset in range(9) if bodies.get(record(offset).id) is not None]


def test_bodies_beyond_the_memory_leave_the_oldest_first() -> None:
    """And what is released makes room."""
    small = [money(offset, "a") for offset in range(3)]
    bodies = kept(*small, bytes_max=2 * size_of(small[0]))
    assert has(bodies) == [1, 2]
    bodies.drop(small[1].record.id)
    bodies.keep(small[0].record.id, small[0])
    assert has(bodies) == [0, 2]


def test_one_that_was_read_again_drives_nobody_out() -> None:
    """An hourly look at many would throw out what events will ask for. Guard: `keep_if_room`."""
    small = [money(offset, "a") for offset in range(3)]
    bodies = kept(*small[1:], bytes_max=2 * size_of(small[0]))
    bodies.keep_if_room(small[0].record.id, small[0])
    assert has(bodies) == [1, 2]
    bodies.drop(small[2].record.id)
    bodies.keep_if_room(small[0].record.id, small[0])
    assert has(bodies) == [0, 1]


def test_one_body_that_is_larger_than_the_memory_is_not_kept() -> None:
    """Nor does it count afterwards."""
    large, small = money(1, "a", value=b"x" * 10_000), money(2, "a")
    bodies = kept(large, bytes_max=size_of(small))
    assert (has(bodies), len(bodies)) == ([], 0)
    bodies.keep(small.record.id, small)
    assert has(bodies) == [2]


def test_what_a_rehearsal_parks_stays_in_memory_however_much_it_is() -> None:
    """Nobody could read it again: a rehearsal writes no journal. Guard: an infinite size, `open_runtime`."""
    events = [money(offset, "a", value=b"x" * 10_000) for offset in range(50)]
    assert len(kept(*events, bytes_max=math.inf)) == 50
