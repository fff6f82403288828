"""What the intake promises, on either broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError

from bridge.kafka import convert
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.ownership_session import OwnershipSession
from contracts.errors import AnswerMismatch, Unavailable
from contracts.lifecycle import Phase
from contracts.records import InboundRecord, OutboundRecord
from tests.support.kafka.bus import Bus, Member, Owner, member, numbered, put_with_raw_header_name


async def test_a_new_group_begins_with_the_backlog(bus: Bus) -> None:
    """Records from before the first start are booked too. Guard: the seek to the beginning."""
    await bus.put(numbered(12))
    async with member(bus) as one:
        await bus.until_settled(12)
    assert one.owner.values == numbered(12)
    assert await bus.result_values() == numbered(12)


async def test_bytes_arrive_as_they_were_sent(bus: Bus) -> None:
    """Headers that are null or no UTF-8, null and empty values: nothing is read before us. Guard: our own parser."""
    headers = (("good", b"yes"), ("bad", b"\xff\xfe"), ("null", None), ("good", b"again"))
    await bus.put([b"\xff\x00not json", b"", None], partition=1, headers=headers)
    async with member(bus) as one:
        await bus.until_settled(3)
    assert [record.value for record in one.owner.records] == [b"\xff\x00not json", b"", None]
    assert {record.headers for record in one.owner.records} == {headers}
    assert [record.offset for record in one.owner.records] == [0, 1, 2]
    assert all(record.key == b"key" and record.timestamp_ms > 0 for record in one.owner.records)


async def test_only_what_is_settled_is_committed(bus: Bus) -> None:
    """Polled but unsettled records are not committed by the settlement before them. Guard: explicit offsets."""
    polled, stuck = asyncio.Event(), asyncio.Event()

    async def block_the_second(records: tuple[InboundRecord, ...]) -> None:
        if records[0].offset > 0:
            polled.set()
            await stuck.wait()

    await bus.put(numbered(10), partition=0)
    owner = Owner(bus, processing=block_the_second)
    async with member(bus, owner, max_records=5):
        await asyncio.wait_for(polled.wait(), bus.patience_s)
        await asyncio.sleep(0.2)
        assert await bus.committed() == {0: 5}
        stuck.set()
        await bus.until_settled(10)


async def test_offsets_continue_after_a_restart(bus: Bus) -> None:
    """A second life begins where the first one settled, without reading anything twice."""
    await bus.put(numbered(8))
    async with member(bus) as first:
        await bus.until_settled(8)
    await bus.put(numbered(8, start=8))
    async with member(bus) as second:
        await bus.until_settled(16)
    assert first.owner.values == numbered(8)
    assert second.owner.values == numbered(8, start=8)


async def test_an_outage_rewinds_every_partition(bus: Bus) -> None:
    """After `Unavailable` the whole micro-batch comes again, of all four partitions. Guard: `_rewind`."""
    outages = [Unavailable("QBO is away", retry_after_s=0.1)]

    async def fail_once(records: tuple[InboundRecord, ...]) -> None:
        if outages and len({record.partition for record in records}) == 4:
            raise outages.pop()

    await bus.put(numbered(40))
    async with member(bus, Owner(bus, processing=fail_once)) as one:
        await bus.until_settled(40)
    assert one.owner.values == numbered(40)
    assert not outages, "no micro-batch spanned all partitions, so this test shows nothing"
    assert await bus.committed() == {0: 10, 1: 10, 2: 10, 3: 10}


async def test_an_outage_longer_than_the_poll_limit_keeps_the_membership(bus: Bus) -> None:
    """Nothing is processed, nobody is thrown out, and it goes on by itself. Guard: pause, and return to the poll."""
    outages = [Unavailable("QBO is away", retry_after_s=3.0)]

    async def fail_once(_: tuple[InboundRecord, ...]) -> None:
        if outages:
            raise outages.pop()

    await bus.put(numbered(4))
    async with member(bus, Owner(bus, processing=fail_once), max_poll_interval_ms=1_000) as one:
        await bus.until(lambda: one.intake.phase is Phase.PAUSED)
        await bus.until_settled(4)
        assert one.owner.epochs == [1]
        assert one.owner.releases == 0


async def test_slow_work_keeps_the_membership(bus: Bus) -> None:
    """A micro-batch may take longer than the poll limit, throttled by QBO. Guard: the work is not in the handler."""

    async def crawl_once(records: tuple[InboundRecord, ...]) -> None:
        if records[0].offset == 0:
            await asyncio.sleep(2.5)

    await bus.put(numbered(4), partition=2)
    async with member(bus, Owner(bus, processing=crawl_once), max_poll_interval_ms=1_000) as one:
        await bus.until_settled(4)
        assert len(one.owner.batches) == 1
        await bus.put(numbered(4, start=4), partition=2)
        await bus.until_settled(8)
        assert one.owner.epochs == [1]


async def test_nothing_is_processed_before_the_company_is_taken_over(bus: Bus) -> None:
    """Records arrive before the index is warm; they wait, and none is lost. Guard: the inbox is closed until then."""
    warm = asyncio.Event()
    await bus.put(numbered(20))
    async with member(bus, Owner(bus, taking_over=warm.wait)) as one:
        await bus.until(lambda: one.owner.takeovers_begun == 1)
        await bus.put(numbered(20, start=20))
        await asyncio.sleep(0.5)
        assert one.owner.batches == []
        assert one.intake.phase is Phase.WARMING
        warm.set()
        await bus.until_settled(40)
    assert one.owner.values == numbered(40)


async def test_taking_over_is_repeated_while_it_is_unavailable(bus: Bus) -> None:
    """QBO being away at start is waited for, under the same epoch."""
    outages = [Unavailable("QBO is away", retry_after_s=0.05) for _ in range(3)]

    async def fail_three_times() -> None:
        if outages:
            raise outages.pop()

    await bus.put(numbered(4))
    async with member(bus, Owner(bus, taking_over=fail_three_times)) as one:
        await bus.until_settled(4)
        assert one.owner.takeovers_begun == 4
        assert one.owner.epochs == [1]


async def test_a_bug_ends_nothing(bus: Bus) -> None:
    """The company is taken over again, and the records come again. Guard: `_give_back`."""
    failures = iter([ZeroDivisionError(), ZeroDivisionError()])

    async def fail(_: tuple[InboundRecord, ...]) -> None:
        for failure in failures:
            raise failure

    await bus.put(numbered(6))
    owner = Owner(bus, processing=fail)
    async with member(bus, owner) as one:
        await bus.until_settled(6)
        assert not one.running.done()
    assert owner.values == numbered(6)
    assert owner.epochs == [1, 1, 1]


async def test_an_answer_that_is_not_what_was_sent_ends_the_intake_and_leaves_the_offsets(bus: Bus) -> None:
    """It comes out of `run`; the records come again next time. Guard: nothing is committed."""

    async def fail(_: tuple[InboundRecord, ...]) -> None:
        raise AnswerMismatch("another Id")

    await bus.put(numbered(6))
    async with member(bus, Owner(bus, processing=fail)) as broken:
        with pytest.raises(AnswerMismatch):
            await asyncio.wait_for(broken.running, bus.patience_s)
        assert broken.intake.phase is Phase.STOPPED
    assert await bus.committed() == {}
    async with member(bus) as mended:
        await bus.until_settled(6)
    assert mended.owner.values == numbered(6)


async def test_what_waits_is_settled_while_nothing_comes(bus: Bus) -> None:
    """`idle` is asked again and again, and its records are published without offsets."""
    owner = Owner(bus, waiting=[OutboundRecord(topic=bus.results, key=b"k", value=b"orphan")])
    async with member(bus, owner):
        await bus.until(lambda: owner.idles > 2)
    assert await bus.result_values() == [b"orphan"]
    assert await bus.committed() == {}


async def test_stopping_lets_the_running_batch_settle(bus: Bus) -> None:
    """SIGTERM in the middle of a micro-batch: it is finished, published and committed. Guard: the drain."""
    begun, finish = asyncio.Event(), asyncio.Event()

    async def hold(_: tuple[InboundRecord, ...]) -> None:
        begun.set()
        await finish.wait()

    await bus.put(numbered(5), partition=3)
    async with member(bus, Owner(bus, processing=hold)) as one:
        await asyncio.wait_for(begun.wait(), bus.patience_s)
        await one.intake.stop()
        await asyncio.sleep(0.2)
        finish.set()
        await one.running
    assert one.owner.releases == 1
    assert await bus.committed() == {3: 5}
    assert await bus.result_values() == numbered(5)


async def test_stopping_abandons_a_batch_that_takes_too_long(bus: Bus) -> None:
    """After the drain limit nothing of it is settled, and a second start processes it. Guard: `drain_timeout_s`."""

    async def hang(_: tuple[InboundRecord, ...]) -> None:
        await asyncio.Event().wait()

    await bus.put(numbered(5), partition=3)
    owner = Owner(bus, processing=hang)
    async with member(bus, owner, drain_timeout_s=0.3) as one:
        await bus.until(lambda: one.intake.phase is Phase.RUNNING)
        await asyncio.sleep(0.5)
        await one.stop()
    assert owner.releases == 1
    assert await bus.committed() == {}
    async with member(bus) as second:
        await bus.until_settled(5)
    assert second.owner.values == numbered(5)


async def test_one_company_in_an_outage_does_not_delay_another(bus: Bus) -> None:
    """Companies read the same topics in groups of their own."""
    other = bus.neighbour("-other")
    await other.create()

    async def away(_: tuple[InboundRecord, ...]) -> None:
        raise Unavailable("QBO is away", retry_after_s=60)

    await bus.put(numbered(4))
    await other.put(numbered(4))
    async with member(bus, Owner(bus, processing=away)) as paused, member(other) as serving:
        await bus.until(lambda: paused.intake.phase is Phase.PAUSED)
        await other.until_settled(4)
        assert serving.owner.values == numbered(4)
        assert await bus.committed() == {}
        paused.owner.processing = None
        paused.intake.resume()
        await bus.until_settled(4)


async def test_a_dead_coordinator_is_replaced(bus: Bus) -> None:
    """One unexpected group error ends aiokafka's coordinator for good; a new consumer goes on. Guard: the watchdog."""
    await bus.put(numbered(4))
    async with member(bus, heartbeat_interval_ms=100) as one:
        await bus.until_settled(4)
        kill_coordinator(one)
        await bus.until(lambda: one.intake._health.is_broken)
        await bus.put(numbered(4, start=4))
        await bus.until_settled(8)
        assert one.owner.values == numbered(8)
        assert len(one.owner.epochs) == 2


def kill_coordinator(one: Member) -> None:
    """What an answer that aiokafka does not know does to its heartbeat (aio-libs/aiokafka#344)."""

    async def unexpected() -> bool:
        raise KafkaError("Unexpected exception in heartbeat task")

    intake: CompanyIntake = one.intake
    assert intake._consumer is not None
    assert intake._consumer._group_id == intake._connection.group_id(intake.company)
    intake._consumer._coordinator._do_heartbeat = unexpected


async def test_a_header_name_that_is_no_text_does_not_stop_the_partition(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go's clients can write one, and aiokafka raises for the whole poll, for ever. Guard: `read_leniently_after`."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)  # put back afterwards
    await bus.put([b"before"], partition=0)
    await put_with_raw_header_name(bus, b"\xff\xfe")
    await bus.put([b"after"], partition=0)
    async with member(bus) as one:
        await bus.until_settled(3)
    assert [record.value for record in one.owner.records] == [b"before", b"poison", b"after"]
    assert one.owner.records[1].headers == (("\ufffd\ufffd", b"1"), ("good", b"\xff"))
    assert one.owner.records[1].key == b"key"


@pytest.mark.parametrize("met", ["assigned", "offer"])
async def test_a_bug_in_a_rebalance_or_a_poll_loses_nothing_and_ends_nothing(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, met: str
) -> None:
    """The group is joined again, what is committed is read, and all is settled once.

    Guard: `_break`.
    """
    bugs = iter([ZeroDivisionError(), ZeroDivisionError()])
    told: list[str | None] = []
    original = getattr(OwnershipSession, met)

    def fails_twice(session: OwnershipSession, *arguments: Any) -> Any:
        for bug in bugs:
            raise bug
        return original(session, *arguments)

    monkeypatch.setattr(OwnershipSession, met, fails_twice)
    monkeypatch.setattr("bridge.kafka.intake.RESTART_WAIT_S", 0.1)
    await bus.put(numbered(12))
    async with member(bus, watch_interval_s=2.0, max_records=3) as one:
        looking = asyncio.create_task(_told(one, told))
        await bus.until_settled(12)
        looking.cancel()
        assert one.intake.phase is not Phase.STOPPED
    assert next(bugs, None) is None
    assert any("failed" in (each or "") and "ZeroDivisionError" in (each or "") for each in told)
    assert one.owner.values == numbered(12)
    assert await bus.result_values() == numbered(12)


async def _told(one: Member, told: list[str | None]) -> None:
    while True:
        told.append(one.intake.trouble)
        await asyncio.sleep(0.02)


async def test_a_record_that_cannot_be_taken_over_from_the_client_is_handed_on_as_unread(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of its poll come as ever, and its offset is settled. Guard: `inbound_or_unread`."""
    original = convert.inbound

    def broken_for_one(record: Any) -> InboundRecord:
        if record.value == b"5":
            raise ZeroDivisionError("the words of a payload")
        return original(record)

    monkeypatch.setattr(convert, "inbound", broken_for_one)
    await bus.put([b"4", b"5", b"6"], partition=2)
    async with member(bus) as one:
        await bus.until_settled(3)
    unread = [record for record in one.owner.records if record.unread]
    assert [(record.offset, record.value) for record in unread] == [(1, None)]
    assert "ZeroDivisionError" in str(unread[0].unread)
    assert "payload" not in str(unread[0].unread)
    assert [record.value for record in one.owner.records if not record.unread] == [b"4", b"6"]
