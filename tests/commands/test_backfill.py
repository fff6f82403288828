"""The owner that works through a range: what it takes, when it tells, and what it leaves for another try."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.engine import BackfillOwner, Feed, Kept
from bridge.company.waiting_room import WaitingRoom
from bridge.decoding.decision import MappedRecord
from bridge.kafka.range import RangeBatch
from contracts.errors import BatchTooLarge, BridgeError, Paused, Unauthorised, Unavailable
from contracts.posting import Ignored
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import PostedEntity, Reason, Result, ResultStatus, Source, result_id, result_record
from tests.support.clocks import ManualClock

COMPANY, RESULTS = "acme", "qbo.results"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def record(offset: int) -> InboundRecord:
    return InboundRecord(
        topic="events", partition=0, offset=offset, key=None, value=b"{}", headers=(), timestamp_ms=offset
    )


def result(
    offset: int, status: ResultStatus = ResultStatus.POSTED, code: str | None = None, *entities: PostedEntity
) -> Result:
    source = Source(
        system="shopify",
        event_type=None,
        event_id=None,
        document=f"d:{offset}",
        topic="events",
        partition=0,
        offset=offset,
    )
    return Result(
        result_id=result_id(COMPANY, "events", 0, offset),
        status=status,
        company=COMPANY,
        realm_id="1",
        source=source,
        entities=entities,
        reason=Reason(code=code, message="because") if code else None,
        rules_version="r",
        occurred_at=None,
        received_at=NOW,
        posted_at=NOW,
    )


@dataclass
class RangeOwner:
    """Posts every record, unless a test says otherwise."""

    errors: list[Exception] = field(default_factory=list)
    processed: list[tuple[int, ...]] = field(default_factory=list)
    parked: list[Result] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    committed_times: int = 0
    failed_by: list[tuple[str, bool]] = field(default_factory=list)

    async def take_over(self, epoch: int) -> None:
        self.epochs.append(epoch)
        self._raise()

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        self._raise()
        self.processed.append(tuple(each.offset for each in records))
        return tuple(result_record(result(each.offset), RESULTS) for each in records)

    has_more = False

    async def idle(self) -> tuple[OutboundRecord, ...]:
        told, self.parked = self.parked, []
        return tuple(result_record(each, RESULTS) for each in told)

    def committed(self) -> None:
        self.committed_times += 1

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:  # noqa: ARG002 - as it is called
        self.failed_by.append((reason, by_record))
        return 7

    async def released(self) -> None: ...

    def _raise(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class RangeBus:
    """Remembers what was settled; fails when it is told to."""

    errors: list[Exception] = field(default_factory=list)
    settled: list[OutboundRecord] = field(default_factory=list)

    async def settle(self, records: Sequence[OutboundRecord]) -> None:
        if records and self.errors:
            raise self.errors.pop(0)
        self.settled += records


@dataclass
class Heard:
    """What somebody was told."""

    told: list[str] = field(default_factory=list)
    outages: list[str] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)

    def results(self, results: Sequence[Result]) -> None:
        self.told += [each.result_id for each in results]

    def away(self, error: Unavailable) -> None:
        self.outages.append(str(error))

    def paused(self, reason: str) -> None:
        self.pauses.append(reason)

    def back(self) -> None: ...


async def range_of(*batches: Sequence[int]) -> AsyncIterator[RangeBatch]:
    passed = 0
    for batch in batches:
        passed += len(batch)
        yield RangeBatch(tuple(map(record, batch)), passed)


class RangeWorld:
    """A backfill of a range without a bus."""

    def __init__(self, *batches: Sequence[int], kept: Kept | None = None) -> None:
        self.machine, self.bus, self.heard = RangeOwner(), RangeBus(), Heard()
        self.counts, self.waiting = BackfillCounts(COMPANY), WaitingRoom(timedelta(hours=72))
        self.feed = Feed(range_of(*batches))
        self.owner = BackfillOwner(
            self.machine,
            feed=self.feed,
            publisher=self.bus,
            waiting=self.waiting,
            counts=self.counts,
            results_topic=RESULTS,
            listener=self.heard,
            clock=ManualClock(),
            kept=kept,
        )

    async def until_finished(self) -> None:
        for _ in range(20):
            if self.owner.finished:
                return
            assert await self.owner.idle() == (), "everything was settled by the owner itself"
        raise AssertionError("it never ends")


async def test_it_works_through_the_range_and_then_is_finished() -> None:
    """Micro-batch by micro-batch, each told when it is settled."""
    world = RangeWorld([1, 2], [3])
    await world.until_finished()
    assert world.machine.processed == [(1, 2), (3,)]
    assert world.heard.told == [result_id(COMPANY, "events", 0, offset) for offset in (1, 2, 3)]
    assert (world.owner.passed, world.counts.read) == (3, 3)


async def test_it_is_not_finished_before_everybody_who_was_called_is_looked_at() -> None:
    """A slice of what waits comes with each idle call. Guard: `is_anybody_called`."""
    world = RangeWorld([1])
    event = MappedRecord(record=record(9), envelope=None, decision=Ignored(code="x", message=""))
    world.waiting.park(event, NOW, NOW)
    world.waiting.call_all()
    with pytest.raises(AssertionError, match="it never ends"):
        await world.until_finished()
    world.waiting.rechecked(record(9).id, NOW)
    await world.until_finished()
    assert world.machine.processed == [(1,)]


async def test_a_range_that_is_held_to_a_plan_is_looked_at_micro_batch_by_micro_batch() -> None:
    """What is left has no result and is behind all the same. Guard: `_kept` in `_settle_some`."""
    looked: list[int] = []

    async def but_for_every_tenth(records: tuple[InboundRecord, ...]) -> tuple[InboundRecord, ...]:
        looked.append(len(records))
        return tuple(each for each in records if each.offset % 10)

    count = 25
    world = RangeWorld(range(count), [900], kept=but_for_every_tenth)
    await world.until_finished()
    assert looked == [count, 1]
    assert [offset for batch in world.machine.processed for offset in batch] == [n for n in range(count) if n % 10]
    assert world.owner.passed == count + 1


async def test_what_is_too_large_at_once_is_looked_at_again_with_what_follows() -> None:
    """The records behind what was taken are still to be settled. Guard: `records.index`."""

    async def but_the_first(records: tuple[InboundRecord, ...]) -> tuple[InboundRecord, ...]:
        return tuple(each for each in records if each.offset != 1)

    world = RangeWorld([1, 2, 3, 4], kept=but_the_first)
    world.machine.errors = [BatchTooLarge(2)]
    await world.until_finished()
    assert world.machine.processed == [(2, 3), (4,)]


async def test_it_takes_nothing_from_the_group() -> None:
    """What the group hands out would be committed: refused loudly. Guard: `process`."""
    with pytest.raises(RuntimeError, match="1 records of the group"):
        await RangeWorld().owner.process((record(1),))


async def test_an_outage_leaves_the_micro_batch_for_the_next_try() -> None:
    """Raised for the session, which waits; shown on the terminal; nothing is counted twice. Guard: `_batch` stays."""
    world = RangeWorld([1, 2])
    world.machine.errors = [Unavailable("QBO is away")]
    with pytest.raises(Unavailable):
        await world.owner.idle()
    await world.until_finished()
    assert world.heard.outages == ["QBO is away"]
    assert world.machine.processed == [(1, 2)]
    assert world.counts.read == 2


async def test_a_pause_is_no_outage_and_leaves_the_micro_batch_for_later() -> None:
    """A person's word, shown as such. Guard: `Paused` before `Unavailable` in `_telling`."""
    world = RangeWorld([1, 2])
    world.machine.errors = [Paused("paused by a person")]
    with pytest.raises(Paused):
        await world.owner.idle()
    assert (world.heard.pauses, world.heard.outages) == (["paused by a person"], [])
    await world.until_finished()
    assert world.machine.processed == [(1, 2)]


async def test_what_could_not_be_settled_comes_again_and_was_not_told() -> None:
    """Nobody knows whether the bus has it. Guard: telling after settling."""
    world = RangeWorld([1])
    world.bus.errors = [BridgeError("fenced")]
    with pytest.raises(BridgeError):
        await world.owner.idle()
    assert (world.heard.told, world.counts.read) == ([], 0)
    await world.until_finished()
    assert world.machine.processed == [(1,), (1,)]
    assert world.counts.read == 1


async def test_a_connection_that_needs_a_person_is_no_outage() -> None:
    """The command ends with a sentence. Guard: `refused`."""
    world = RangeWorld([1])
    world.machine.errors = [Unauthorised("no token works")]
    with pytest.raises(Unauthorised):
        await world.owner.take_over(1)
    assert str(world.owner.refused) == "no token works"
    assert world.heard.outages == []


async def test_what_had_been_waiting_from_before_is_told_beside_the_range() -> None:
    """Its terminal result is published, and counted for itself."""
    world = RangeWorld([1])
    world.machine.parked = [result(99)]
    await world.until_finished()
    assert world.counts.outside_range == 1
    assert world.counts.outcomes == {(ResultStatus.POSTED, ""): 1}


async def test_a_range_that_cannot_be_read_is_known_to_whoever_waits() -> None:
    """The reader's own error. Guard: `Feed.failure`."""

    async def torn() -> AsyncIterator[RangeBatch]:
        yield RangeBatch((record(1),), 1)
        raise BridgeError("corrupt")

    feed = Feed(torn())
    assert await feed.next() is not None
    assert await feed.next() is None
    assert str(feed.failure) == "corrupt"
    assert not feed.at_end
    await feed.close()


async def test_it_reads_ahead_by_one_micro_batch_only() -> None:
    """Memory is bounded however long QBO takes. Guard: the queue's size."""
    read: list[int] = []

    async def counted() -> AsyncIterator[RangeBatch]:
        for number in range(10):
            read.append(number)
            yield RangeBatch((record(number),), number)

    feed = Feed(counted())
    await feed.next()
    await ManualClock().sleep(0)
    assert len(read) <= 3
    await feed.close()


def test_a_record_counts_once_with_its_newest_outcome() -> None:
    """Waiting, then posted in the same run."""
    counts = BackfillCounts(COMPANY)
    counts.add([record(1), record(2)], [result(1, ResultStatus.WAITING, "waiting"), result(2)], ())
    assert counts.outcomes == {(ResultStatus.WAITING, "waiting"): 1, (ResultStatus.POSTED, ""): 1}
    counts.add([], [result(1)], ())
    assert counts.outcomes == {(ResultStatus.POSTED, ""): 2}
    assert counts.outside_range == 0


def test_who_goes_on_waiting_says_nothing_and_is_no_strangers() -> None:
    """A parked record that comes again has no new result; a record without any is another company's."""
    counts, waiting = BackfillCounts(COMPANY), WaitingRoom(timedelta(hours=1))
    waiting.park(MappedRecord(record=record(1), envelope=None, decision=Ignored(code="x", message="")), NOW, NOW)
    counts.add([record(1), record(2)], [], {result_id(COMPANY, "events", 0, 1)})
    assert counts.outcomes == {(ResultStatus.WAITING, "waiting"): 1}
    assert counts.other_companies == 1


def test_totals_are_added_up_by_currency() -> None:
    """Of what was written, by entity and operation; what the books had already is not in it."""
    counts = BackfillCounts(COMPANY)
    entities = [
        PostedEntity(entity="Invoice", operation="create", id="1", total="9.50", currency="USD"),
        PostedEntity(entity="Invoice", operation="create", id="2", total="1000", currency="JPY"),
        PostedEntity(entity="Invoice", operation="create", id="3", total="0.50", currency="USD"),
        PostedEntity(entity="Invoice", operation="none", id="4", total="7.00", currency="USD"),
    ]
    counts.add([record(1)], [result(1, ResultStatus.POSTED, None, *entities)], ())
    assert {(each.currency, str(sums.total), sums.times) for each, sums in counts.written.items()} == {
        ("USD", "10.00", 2),
        ("JPY", "1000", 1),
    }
