"""What the journal keeps comes back as it was: parked records and unsettled requests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.journal.requests import WriteAhead, Written, unsettled_requests
from bridge.journal.waiting import Parked, WaitingRoom, journal_key, journal_value
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Request, Single
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.records import InboundRecord
from tests.support.assembly import MemoryJournal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = timedelta(hours=72)

records = st.builds(
    InboundRecord,
    topic=st.sampled_from(["shopify.events", "stripe.events"]),
    partition=st.integers(0, 5),
    offset=st.integers(0, 2**40),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=60),
    headers=st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), max_size=3).map(tuple),
    timestamp_ms=st.integers(0, 2**45),
)
words = st.text("abc-_1", min_size=1, max_size=12)
operations = st.sampled_from(["create", "sparse_update", "void", "delete"])
items = st.builds(BatchItem, b_id=words, entity=words, operation=operations, request_id=words)
requests: st.SearchStrategy[Request] = st.builds(
    Single, entity=words, operation=operations, body=st.binary(max_size=60), request_id=words
) | st.builds(Batch, items=st.lists(items, min_size=2, max_size=4).map(tuple), body=st.binary(), request_id=words)


def record(offset: int = 1) -> InboundRecord:
    return InboundRecord(
        topic="shopify.events", partition=0, offset=offset, key=None, value=b"{}", headers=(), timestamp_ms=1
    )


def room(*parked: Parked) -> WaitingRoom:
    found = WaitingRoom(PATIENCE)
    for each in parked:
        found.park(each)
    return found


@given(st.lists(records, max_size=5, unique_by=lambda each: (each.topic, each.partition, each.offset)))
def test_parked_records_come_back_byte_for_byte(found: list[InboundRecord]) -> None:
    """Null keys, null values, headers that are no text: all of it, and since when it waits."""
    parked = {each.key: each for each in (Parked(record, NOON) for record in found)}
    again = WaitingRoom(PATIENCE)
    again.park(Parked(record(7), NOON))
    again.load({key: journal_value(each) for key, each in parked.items()} | {"request:1": b"{}"})
    assert {each.key: each for each in again.all()} == parked


def test_a_record_that_is_parked_again_waits_since_the_first_time() -> None:
    """A rewound group delivers it once more."""
    waiting = room(Parked(record(), NOON), Parked(record(), NOON + timedelta(hours=1)))
    assert (len(waiting), waiting.since(record()), waiting.since(record(2))) == (1, NOON, None)


def test_who_waits_longest_comes_first_and_leaves_when_time_is_up() -> None:
    """72 hours are up at 72 hours, not before."""
    early, late = Parked(record(1), NOON), Parked(record(2), NOON + timedelta(seconds=1))
    waiting = room(late, early)
    assert waiting.all() == (early, late)
    assert waiting.expired(NOON + PATIENCE - timedelta(seconds=1)) == ()
    assert waiting.expired(NOON + PATIENCE) == (early,)


def test_a_delivered_record_is_not_woken_beside_itself() -> None:
    """And one that has its terminal outcome waits no more."""
    waiting = room(Parked(record(1), NOON), Parked(record(2), NOON))
    assert [each.record.offset for each in waiting.without([record(1), record(3)])] == [2]
    waiting.release(record(2))
    waiting.release(record(9))
    assert [each.key for each in waiting.all()] == [journal_key(record(1))]


def steps_of(requests: Iterable[Request]) -> dict[str, Written]:
    """A step for each request id in `requests`."""
    ids = [
        item.request_id for request in requests for item in (request.items if isinstance(request, Batch) else [request])
    ]
    keys = {each: SourceKey("shopify", "order", str(number)) for number, each in enumerate(ids)}
    return {each: Written(StepId("Invoice", key, "note"), Operation.UPDATE) for each, key in keys.items()}


@given(st.lists(requests, max_size=5, unique_by=lambda each: each.request_id))
async def test_unsettled_requests_come_back_byte_for_byte_in_their_order(found: list[Request]) -> None:
    """Single and batch; whatever else the journal holds is left alone."""
    journal = MemoryJournal()
    write_ahead = WriteAhead(journal)
    await journal.append([("waiting:shopify.events:0:1", b"{}")])
    steps = steps_of(found)
    await write_ahead.append(found[:2], steps)
    await write_ahead.append(found[2:], steps)
    unsettled = unsettled_requests(journal.entries)
    assert [each.request for each in unsettled] == found
    assert {name: written for each in unsettled for name, written in each.steps.items()} == steps


async def test_tombstones_name_each_request_once_until_they_are_written() -> None:
    """A request that is sent again is journalled again under the same key."""
    journal = MemoryJournal()
    write_ahead = WriteAhead(journal)
    request = Single(entity="Invoice", operation="create", body=b"{}", request_id="qbb-1")
    await write_ahead.append([request], steps_of([request]))
    await write_ahead.append([request], steps_of([request]))
    assert write_ahead.tombstones() == [("request:qbb-1", None)]
    await journal.append(write_ahead.tombstones())
    write_ahead.clear()
    assert (write_ahead.tombstones(), unsettled_requests(journal.entries)) == ([], [])
