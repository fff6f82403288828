"""The session's rules that a broker provokes too rarely, with a consumer that obeys a script."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import structlog.testing
from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.convert import Offsets
from bridge.kafka.errors import Fenced
from bridge.kafka.inbox import MicroBatch
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.owner import Signals
from bridge.kafka.ownership_session import OwnershipSession
from bridge.kafka.settings import IntakeSettings
from contracts.errors import AnswerMismatch, BatchTooLarge, Unavailable, UnreadableJournal
from contracts.lifecycle import Lifecycle, Phase, Standing
from contracts.records import InboundRecord, OutboundRecord

ZERO, ONE = TopicPartition("events", 0), TopicPartition("events", 1)


class ScriptedMember:
    """Positions and pauses as Kafka's clients keep them, and errors where they raise them."""

    def __init__(self, *assigned: TopicPartition) -> None:
        self.assigned = set(assigned)
        self.stopped: set[TopicPartition] = set()
        self.sought: list[tuple[TopicPartition, int]] = []
        self.stored: dict[TopicPartition, int] = {ZERO: 5}

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def pause(self, *partitions: TopicPartition) -> None:
        self.stopped |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.stopped -= set(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self.assigned:
            raise IllegalStateError(f"{partition} is not assigned")
        self.sought.append((partition, offset))

    async def seek_to_beginning(self, *partitions: TopicPartition) -> bool:
        self.sought += [(partition, 0) for partition in partitions]
        return True

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.stored.get(partition)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.stored.update(offsets)


class Publisher:
    """Remembers what was settled; fails when it is told to."""

    def __init__(self) -> None:
        self.is_open = False
        self.opened = 0
        self.settled: list[dict[tuple[str, int], int]] = []
        self.errors: list[Exception] = []

    async def open(self, _: object) -> None:
        self.is_open = True
        self.opened += 1

    async def close(self) -> None:
        self.is_open = False

    async def settle(self, _: Sequence[OutboundRecord], offsets: Offsets | None = None) -> None:
        if offsets and self.errors:
            self.is_open = False
            raise self.errors.pop(0)
        if offsets:
            self.settled.append(dict(offsets))


class OwnerWithoutBus:
    """An owner without a bus."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.batches: list[tuple[InboundRecord, ...]] = []
        self.epochs: list[int] = []
        self.released_times = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.idle_errors: list[Exception] = []
        self.failures: list[Exception] = []
        self.take_over_errors: list[Exception] = []
        self.committed_times = 0
        self.failed_by: list[tuple[str, bool]] = []
        self.in_vain = self.lost_times = self.idles = 0
        self.has_more = False

    async def take_over(self, epoch: int) -> None:
        self.epochs.append(epoch)
        if self.take_over_errors:
            raise self.take_over_errors.pop(0)
        self.lifecycle.enter(Phase.RUNNING)

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        self.batches.append(records)
        await self.may_go_on.wait()
        if self.failures:
            raise self._seen(self.failures.pop(0))
        self.lifecycle.recovered()
        return ()

    def _seen(self, error: Exception) -> Exception:
        if isinstance(error, Unavailable):
            self.lifecycle.outage(str(error))
        return error

    async def idle(self) -> tuple[OutboundRecord, ...]:
        self.idles += 1
        if self.idle_errors:
            raise self.idle_errors.pop(0)
        return ()

    def committed(self) -> None:
        self.committed_times += 1

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:
        self.lost_times += lost
        self.failed_by.append((reason, by_record))
        return self.in_vain

    async def released(self) -> None:
        self.released_times += 1
        self.lifecycle.enter(Phase.STANDBY)


class SessionWorld:
    """An ownership session over two partitions, with its parts."""

    def __init__(self, **settings: Any) -> None:
        self.lifecycle = Lifecycle()
        self.consumer, self.publisher, self.machine = (
            ScriptedMember(ZERO, ONE),
            Publisher(),
            OwnerWithoutBus(self.lifecycle),
        )
        self.pauses: list[float] = []
        self.interrupts: list[bool] = []
        self.on_interrupt: Callable[[], object] = lambda: None
        options = {"heartbeat_interval_ms": 1, "idle_interval_s": 0.01, "drain_timeout_s": 0.2} | settings
        self.session = OwnershipSession(
            company="acme",
            owner=self.machine,
            publisher=self.publisher,  # type: ignore[arg-type]
            lifecycle=self.lifecycle,
            settings=IntakeSettings(**options),
            signals=Signals(paused=self.pauses.append, interrupt=self._interrupt),
            jitter=lambda low, _: low,
        )

    def _interrupt(self, on: bool) -> None:  # noqa: FBT001 - as it is called
        self.interrupts.append(on)
        if on:
            self.on_interrupt()

    async def own(self, epoch: int = 1) -> None:
        await self.session.assigned(self.consumer, self.consumer.assigned, epoch)
        await self.until(lambda: self.session.phase is Phase.RUNNING and not self.consumer.stopped)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
                await asyncio.sleep(0.001)

    def offer(self, *offsets: tuple[TopicPartition, int], generation: int | None = None) -> None:
        records = tuple(
            InboundRecord(
                topic=place.topic, partition=place.partition, offset=at, key=None, value=b"", headers=(), timestamp_ms=0
            )
            for place, at in offsets
        )
        self.session.offer(
            MicroBatch(records=records, generation=self.session.generation if generation is None else generation)
        )


async def test_what_is_committed_is_read_after_the_fence() -> None:
    """The offsets that came with the assignment may be older than the old owner's last transaction."""
    world = SessionWorld()
    await world.own()
    assert world.consumer.sought == [(ZERO, 5), (ONE, 0)]
    await world.session.end()


async def test_collections_visit_what_a_take_over_has_read_only_once_the_company_is_let_go() -> None:
    """With 100,000 documents a full one holds all companies of the process up. Guard: `bridge.kafka.heap`."""
    world = SessionWorld()
    assert gc.get_freeze_count() == 0
    await world.own()
    assert gc.get_freeze_count() > 0
    await world.session.end()
    assert gc.get_freeze_count() == 0


async def test_collections_are_rare_while_the_books_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full one amid a take-over held up what the process serves besides; what it knew before is not visited."""
    world, frozen = SessionWorld(), []
    take_over = world.machine.take_over

    async def seen(epoch: int) -> None:
        frozen.append(gc.get_freeze_count())
        await take_over(epoch)

    monkeypatch.setattr(world.machine, "take_over", seen)
    await world.own()
    assert [count > 0 for count in frozen] == [True]
    await world.session.end()


async def test_records_of_an_older_generation_are_dropped() -> None:
    """They were polled before a rebalance that has reset the positions. Guard: the generation in `Inbox.offer`."""
    world = SessionWorld()
    await world.own()
    await world.session.revoked()
    await world.session.assigned(world.consumer, world.consumer.assigned, 1)
    world.offer((ZERO, 5), generation=0)
    world.offer((ZERO, 5), (ONE, 0))
    await world.until(lambda: world.publisher.settled)
    assert world.publisher.settled == [{("events", 0): 6, ("events", 1): 1}]
    assert len(world.machine.batches) == 1
    await world.session.end()


async def test_a_lost_partition_is_left_out_of_the_commit() -> None:
    """A commit that names one lost partition fails whole. Guard: `still_ours`."""
    world = SessionWorld()
    await world.own()
    world.machine.may_go_on.clear()
    world.offer((ZERO, 5), (ONE, 0))
    await world.until(lambda: world.machine.batches)
    world.consumer.assigned = {ONE}
    world.machine.may_go_on.set()
    await world.until(lambda: world.publisher.settled)
    assert world.publisher.settled == [{("events", 1): 1}]
    await world.session.end()


async def test_after_a_rebalance_the_owner_goes_on_where_it_settled() -> None:
    """The committed offset that aiokafka fetches may not show our last transaction yet. Guard: `seek(committed)`."""
    world = SessionWorld()
    await world.own()
    world.offer((ZERO, 5), (ZERO, 6))
    await world.until(lambda: world.publisher.settled)
    await world.session.revoked()
    world.consumer.sought.clear()
    await world.session.assigned(world.consumer, world.consumer.assigned, 1)
    assert world.consumer.sought == [(ZERO, 7)]
    assert world.machine.epochs == [1]
    await world.session.end()


async def test_a_batch_that_comes_while_another_is_at_work_is_rewound() -> None:
    """Its position has moved already; without the rewind the next commit would skip it. Guard: `Inbox.offer`."""
    world = SessionWorld()
    await world.own()
    world.machine.may_go_on.clear()
    world.offer((ZERO, 5))
    await world.until(lambda: world.machine.batches)
    world.consumer.sought.clear()
    world.offer((ONE, 3), (ZERO, 6), (ONE, 4))
    assert sorted(world.consumer.sought) == [(ZERO, 6), (ONE, 3)]
    assert world.consumer.stopped == {ZERO, ONE}
    world.machine.may_go_on.set()
    await world.session.end()


@pytest.mark.parametrize("error", [KafkaError("no answer"), CommitFailedError("rebalanced"), Fenced("acme")])
async def test_an_unknown_settlement_is_looked_up(error: Exception) -> None:
    """Nobody knows whether it was committed: take over again, which reads what is. Guard: rule 5."""
    world = SessionWorld()
    await world.own()
    world.publisher.errors = [error]
    world.consumer.sought.clear()
    world.offer((ZERO, 5))
    await world.until(lambda: len(world.machine.epochs) == 2)
    assert world.consumer.sought[-2:] == [(ZERO, 5), (ONE, 0)]
    assert world.publisher.opened == 2
    assert world.machine.released_times == 1
    await world.session.end()


async def test_what_an_owner_will_not_take_at_once_comes_again() -> None:
    """Only the offsets of what was taken are settled, and no partition skips the rest. Guard: `rewind` of the rest."""
    world = SessionWorld()
    await world.own()
    world.consumer.sought.clear()
    world.machine.failures = [BatchTooLarge(3)]
    world.offer((ZERO, 5), (ZERO, 6), (ZERO, 7), (ZERO, 8), (ONE, 3))
    await world.until(lambda: world.consumer.sought)
    assert [len(batch) for batch in world.machine.batches] == [5, 3]
    assert world.publisher.settled == [{("events", 0): 8}]
    assert sorted(world.consumer.sought) == [(ZERO, 8), (ONE, 3)]
    await world.session.end()


async def test_a_batch_that_waits_behind_an_outage_comes_again() -> None:
    """It was taken from the poll but not worked on when `idle` found QBO away. Guard: `Inbox.close`."""
    world = SessionWorld(idle_interval_s=60.0)
    world.machine.idle_errors = [Unavailable("QBO is away", retry_after_s=0.05)]
    holding = asyncio.Event()

    async def hold() -> tuple[OutboundRecord, ...]:
        holding.set()
        await world.machine.may_go_on.wait()
        raise Unavailable("QBO is away", retry_after_s=0.05)

    world.machine.idle = hold  # type: ignore[method-assign]
    world.machine.may_go_on.clear()
    await world.session.assigned(world.consumer, world.consumer.assigned, 1)
    await holding.wait()
    world.consumer.sought.clear()
    world.offer((ZERO, 5))
    world.machine.may_go_on.set()
    await world.until(lambda: world.consumer.sought)
    assert world.consumer.sought == [(ZERO, 5)]
    assert world.machine.batches == []
    await world.session.end()


async def test_a_rebalance_during_an_outage_pauses_again() -> None:
    """A rebalance forgets pauses: without this, what it fetches is thrown away again and again. Guard: `assigned`."""
    world = SessionWorld()
    await world.own()
    world.machine.failures = [Unavailable("QBO is away", retry_after_s=3_600)]
    world.offer((ZERO, 5))
    await world.until(lambda: world.session.phase is Phase.PAUSED)
    await world.session.revoked()
    world.consumer.stopped.clear()
    await world.session.assigned(world.consumer, world.consumer.assigned, 1)
    assert world.consumer.stopped == {ZERO, ONE}
    world.session.resume()
    await world.until(lambda: not world.consumer.stopped)
    await world.session.end()


async def test_an_outage_is_waited_out_from_a_second_to_a_minute() -> None:
    """The more tries in a row fail, the longer the next wait, and what waits is told. Guard: `backoff_s`."""
    world = SessionWorld(backoff_min_s=1.0, backoff_max_s=60.0)
    waits: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        waits.append((low, high))
        return 0.001

    world.session._outage._jitter = jitter
    await world.own()
    world.machine.failures = [Unavailable("QBO is away") for _ in range(9)]
    for tries in range(1, 10):
        world.offer((ZERO, 5))
        await world.until(lambda tries=tries: len(world.pauses) == tries and not world.consumer.stopped)
    assert waits == [(1, 1), (1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (30, 60), (30, 60), (30, 60)]
    assert world.pauses == [0.001] * 9
    world.offer((ZERO, 5))
    await world.until(lambda: world.publisher.settled)
    world.machine.failures = [Unavailable("QBO is away")]
    world.offer((ZERO, 6))
    await world.until(lambda: len(waits) == 10)
    assert waits.pop() == (1, 1), "an answer ends the outage"
    await world.session.end()


async def test_a_batch_that_takes_longer_than_a_moment_is_interrupted_and_comes_again() -> None:
    """It ends where it stands, without a pause, and the session goes on as it was. Guard: `interrupt`."""
    world = SessionWorld(drain_grace_s=0.02, drain_timeout_s=10.0)
    await world.own()
    world.machine.may_go_on.clear()
    world.machine.failures = [Unavailable("told to begin nothing more")]
    world.on_interrupt = world.machine.may_go_on.set
    world.offer((ZERO, 5))
    await world.until(lambda: world.machine.batches)
    await world.session.revoked()
    await world.session.assigned(world.consumer, world.consumer.assigned, 1)
    await world.until(lambda: not world.consumer.stopped)
    world.offer((ZERO, 5))
    await world.until(lambda: world.publisher.settled)
    assert world.interrupts == [False, True, False]
    assert (world.machine.epochs, world.pauses) == ([1], []), "nobody took over again, and nothing was waited out"
    await world.session.end()


async def test_a_batch_that_ends_by_itself_is_not_interrupted() -> None:
    """A rebalance waits a moment before it cuts anything short. Guard: `drain_grace_s`."""
    world = SessionWorld(drain_grace_s=5.0, drain_timeout_s=10.0)
    await world.own()
    world.offer((ZERO, 5))
    await world.until(lambda: world.machine.batches)
    await world.session.revoked()
    assert world.publisher.settled == [{("events", 0): 6}]
    assert True not in world.interrupts
    await world.session.end()


async def test_losing_the_partitions_ends_the_ownership() -> None:
    """Another member owns the company now: nothing more is written."""
    world = SessionWorld()
    await world.own()
    await world.session.revoked()
    world.consumer.assigned = set()
    await world.session.assigned(world.consumer, set(), 2)
    assert world.session.phase is Phase.STANDBY
    assert world.machine.released_times == 1
    assert not world.publisher.is_open


async def test_a_stopped_session_takes_nothing_over() -> None:
    """A rebalance may come between the drain and the good-bye. Guard: `_stopping`."""
    world = SessionWorld()
    await world.own()
    await world.session.drain()
    await world.session.revoked()
    await world.session.assigned(world.consumer, world.consumer.assigned, 2)
    await asyncio.sleep(0.05)
    assert world.session.phase is Phase.STANDBY
    assert world.machine.epochs == [1]
    assert world.consumer.stopped == {ZERO, ONE}
    assert not world.publisher.is_open


async def test_a_failed_session_takes_nothing_over() -> None:
    """What it failed with has not gone away. Guard: `failure` in `assigned`."""
    world = SessionWorld()
    await world.own()
    world.session.fail(ZeroDivisionError())
    await world.session.assigned(world.consumer, world.consumer.assigned, 2)
    await asyncio.sleep(0.05)
    assert world.session.phase is Phase.STOPPED
    assert world.machine.epochs == [1]
    assert isinstance(world.session.failure.exception(), ZeroDivisionError)
    await world.session.end()


async def test_a_failed_session_stays_stopped_with_its_reason() -> None:
    """Releasing does not make a standby of it, and it owns nothing any more. Guard: `failure` in `end`."""
    world = SessionWorld()
    await world.own()
    world.lifecycle.enter(Phase.RUNNING, epoch=1)
    world.session.fail(ZeroDivisionError("by nothing"))
    await world.session.drain()
    assert world.lifecycle.standing == Standing(Phase.STOPPED, "ZeroDivisionError: by nothing", None)
    assert isinstance(world.session.failure.exception(), ZeroDivisionError)


async def test_the_group_says_who_owns_the_company() -> None:
    """Nobody knows before the first assignment, and a release between two of them is no loss. Guard: `owns`."""
    world = SessionWorld()
    said = [world.session.owns]
    await world.own()
    said.append(world.session.owns)
    await world.session.end()
    said.append(world.session.owns)
    await world.session.assigned(world.consumer, set(), 2)
    said.append(world.session.owns)
    assert said == [None, True, True, False]


async def test_back_off_doubles_to_its_maximum() -> None:
    """From a second to a minute; an outage that says how long is believed instead."""
    world = SessionWorld(backoff_min_s=1.0, backoff_max_s=60.0)
    waits = []
    for outages in range(9):
        world.session._outage._failures = outages
        waits.append(world.session._outage.backoff_s())
    assert waits == [1, 1, 2, 4, 8, 16, 30, 30, 30]


def intake_of(world: SessionWorld) -> CompanyIntake:
    """An intake of the world's owner, whose broker nobody will ever reach."""
    return CompanyIntake(
        company="acme",
        topics=("events",),
        connection=KafkaConnection(bootstrap_servers="127.0.0.1:1"),
        owner=world.machine,
        publisher=world.publisher,  # type: ignore[arg-type]
        process="one",
        lifecycle=world.lifecycle,
    )


async def test_a_bug_in_letting_go_is_not_swallowed() -> None:
    """The group's listener runs inside aiokafka, which only logs what it raises: the consumer is given up.

    Guard: `_break` in the intake.
    """
    world = SessionWorld()
    intake = intake_of(world)
    intake._session = world.session
    intake._consumer = world.consumer  # type: ignore[assignment]
    await world.own()

    async def broken() -> None:
        raise ZeroDivisionError

    world.machine.released = broken  # type: ignore[method-assign]
    await intake.partitions_assigned(set())
    assert isinstance(intake._broken_by, ZeroDivisionError)
    assert not world.session.failure.done()


async def test_a_bug_in_letting_go_after_a_failure_does_not_end_the_company() -> None:
    """It is taken over again like after any other failure. Guard: the second `except` of `_give_back`."""
    world = SessionWorld()
    await world.own()
    broken_times = 0

    async def broken() -> None:
        nonlocal broken_times
        broken_times += 1
        if broken_times == 1:
            raise ZeroDivisionError

    world.machine.released = broken  # type: ignore[method-assign]
    world.machine.failures = [KeyError("x")]
    world.offer((ZERO, 5))
    await world.until(lambda: len(world.machine.epochs) == 2 and not world.consumer.stopped)
    world.offer((ZERO, 5))
    await world.until(lambda: world.publisher.settled)
    assert not world.session.failure.done()
    await world.session.end()


# What is no outage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said", "by_record"),
    [
        (ZeroDivisionError("mira@example.com"), "ZeroDivisionError at ", True),
        (MessageSizeTooLargeError("1.2 MB"), "MessageSizeTooLargeError", True),
        (RecordListTooLargeError(), "RecordListTooLargeError", True),
        (KafkaError("away"), "KafkaError: away", False),
        (TopicAuthorizationFailedError("results"), "TopicAuthorizationFailedError", False),
        (OSError("away"), "OSError at ", False),
        (Fenced("acme"), "another process took over", False),
    ],
)
async def test_whatever_fails_the_company_is_taken_over_again_and_told_why(
    error: Exception, said: str, *, by_record: bool
) -> None:
    """A bug ends nothing; only what a record may cause makes fewer of them be taken. Guards: `_give_back`, `errors`."""
    world = SessionWorld()
    await world.own()
    world.machine.failures = [error]
    world.offer((ZERO, 5))
    await world.until(lambda: len(world.machine.epochs) == 2 and not world.consumer.stopped)
    ((reason, may_be_a_records),) = world.machine.failed_by
    assert reason.startswith(said)
    assert "mira" not in reason
    assert may_be_a_records is by_record
    assert world.machine.lost_times == isinstance(error, Fenced)
    assert world.consumer.sought[-2:] == [(ZERO, 5), (ONE, 0)]
    world.offer((ZERO, 5))
    await world.until(lambda: world.publisher.settled)
    assert not world.session.failure.done()
    await world.session.end()


@pytest.mark.parametrize("error", [AnswerMismatch("another Id"), UnreadableJournal("format 9")])
async def test_where_going_on_would_do_harm_the_company_stops(error: Exception) -> None:
    """Its offsets stay, and it is not taken over again. Guard: the first `except` in `OwnerWork.run`."""
    world = SessionWorld()
    await world.own()
    world.machine.failures = [error]
    world.offer((ZERO, 5))
    await world.until(world.session.failure.done)
    assert world.session.failure.exception() is error
    assert (world.session.phase, world.machine.epochs, world.publisher.settled) == (Phase.STOPPED, [1], [])
    await world.session.end()


async def test_a_bug_in_taking_over_is_tried_again() -> None:
    """Whatever is read then. Guard: `_take_over` inside the `try`."""
    world = SessionWorld()
    world.machine.take_over_errors = [ZeroDivisionError(), ZeroDivisionError()]
    await world.own()
    assert world.machine.epochs == [1, 1, 1]
    await world.session.end()


async def test_a_company_that_is_taken_over_again_is_no_standby_and_says_why() -> None:
    """`/readyz` would call a standby ready. Guard: `enter` in `_give_back`."""
    world = SessionWorld(heartbeat_interval_ms=60_000)
    await world.own()
    world.machine.failures = [KafkaError("away")]
    world.offer((ZERO, 5))
    await world.until(lambda: world.machine.released_times and world.session.phase is Phase.WARMING)
    assert world.lifecycle.standing == Standing(Phase.WARMING, "taken over again after KafkaError: away", 1)
    await world.session.end()


async def test_it_waits_longer_the_more_tries_were_in_vain() -> None:
    """The owner counts them. Guard: `_retake_wait_s`."""
    world = SessionWorld(heartbeat_interval_ms=500, backoff_min_s=1.0, backoff_max_s=60.0)
    waits = [world.session._work._retake_wait_s(in_vain) for in_vain in range(9)]
    assert waits == [1, 1, 1, 2, 4, 8, 16, 30, 30]


async def test_the_owner_is_told_of_each_commit() -> None:
    """Else it would hold back for ever. Guard: `committed` in `_settle_batch`."""
    world = SessionWorld(idle_interval_s=3_600.0)
    await world.own()
    await world.until(lambda: world.machine.committed_times == 1)
    world.offer((ZERO, 5))
    await world.until(lambda: world.publisher.settled)
    await world.until(lambda: not world.consumer.stopped)
    assert world.machine.committed_times == 2
    await world.session.end()


async def test_a_bug_in_joining_is_told_and_joined_is_again_after_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without a wait would take the whole process, silently. Guard: `_wait_after`."""
    world = SessionWorld()
    intake = intake_of(world)
    joins: list[float] = []
    waits: list[float] = []

    async def broken(_: CompanyIntake) -> None:
        joins.append(1)
        if len(joins) == 4:
            await intake.stop()
        raise ZeroDivisionError

    async def no_wait(waited: Any, wait_s: float) -> None:
        waits.append(wait_s)
        waited.close()
        raise TimeoutError

    monkeypatch.setattr(CompanyIntake, "_connect", broken)
    monkeypatch.setattr("bridge.kafka.intake.asyncio.wait_for", no_wait)
    with structlog.testing.capture_logs() as logs:
        await intake.run()
    assert waits[:3] == [1, 2, 4]
    told = [each for each in logs if each["event"] == "kafka.join_failed"]
    assert len(told) >= 3
    assert told[0]["reason"].startswith("ZeroDivisionError at bridge.kafka.intake:")


async def test_an_owner_with_work_of_its_own_goes_on_with_it_and_takes_records_between() -> None:
    """Without waiting for the next quiet second. Guard: `has_more` in `OwnerWork`."""
    world = SessionWorld(idle_interval_s=3600.0)
    world.machine.has_more = True
    await world.own()
    await world.until(lambda: world.machine.idles >= 4)
    world.offer((ZERO, 0))
    await world.until(lambda: world.machine.batches)
    idles = world.machine.idles
    await world.until(lambda: world.machine.idles > idles)
    await world.session.end()
