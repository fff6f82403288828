"""What the journal keeps comes back as it was: parked records and unsettled requests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.journal.requests import JournalledWrite, WriteAhead, unsettled_requests
from bridge.journal.waiting import Parked, journal_key, journal_value, parked_records, waiting_places
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Request, Single
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.records import InboundRecord
from tests.support.assembly import MemoryJournal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = InboundRecord(topic="t", partition=0, offset=7, key=b"k", value=b"{}", headers=(), timestamp_ms=1)

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


@given(st.lists(records, max_size=5, unique_by=lambda each: (each.topic, each.partition, each.offset)))
def test_parked_records_come_back_byte_for_byte(found: list[InboundRecord]) -> None:
    """Null keys, null values, headers that are no text: all of it, and since when it waits."""
    parked = {each.key: each for each in (Parked(record, NOON) for record in found)}
    journal = {key: journal_value(each) for key, each in parked.items()} | {"request:1": b"{}"}
    assert {each.key: each for each in parked_records(journal)} == parked


@given(records)
def test_an_entry_is_found_by_the_place_of_its_record(record: InboundRecord) -> None:
    """Whoever knows only the place finds out that it waits, also by a key of a release that wrote no checksum."""
    assert waiting_places([journal_key(record), "request:1"]) == {record.place}
    assert waiting_places([f"waiting:{record.place}"]) == {record.place}


def test_an_entry_without_a_checksum_is_read_and_ended_under_its_own_key() -> None:
    """Guard: `found_under`."""
    parked = Parked(RECORD, NOON)
    earlier = f"waiting:{RECORD.place}"
    (found,) = parked_records({earlier: journal_value(parked)})
    assert (found, found.key) == (parked, earlier)
    assert parked.key == f"{earlier}:{RECORD.id.checksum}"


def steps_of(requests: Iterable[Request]) -> dict[str, JournalledWrite]:
    """A step for each request id in `requests`."""
    ids = [
        item.request_id for request in requests for item in (request.items if isinstance(request, Batch) else [request])
    ]
    keys = {each: SourceKey("shopify", "order", str(number)) for number, each in enumerate(ids)}
    return {each: JournalledWrite(StepId("Invoice", key, "note"), Operation.UPDATE) for each, key in keys.items()}


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
