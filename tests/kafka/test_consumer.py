"""The watched consumer, over polls that are a script."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from bridge.kafka.consumer import PollHealth, WatchedConsumer
from bridge.kafka.settings import IntakeSettings

ZERO, ONE = TopicPartition("events", 0), TopicPartition("events", 1)


class Scripted(WatchedConsumer):
    """Every poll of aiokafka's own consumer is the next of *polls*: records, or an error."""

    def __init__(self, *polls: Any, **settings: float) -> None:
        self.polls = list(polls)
        self.asked: list[int | None] = []
        self.waits_ms: list[int] = []
        self.generation = 1
        self._health, self._broken = PollHealth(), None
        self._settings = IntakeSettings(**({"fill_max_s": 60.0} | settings))  # type: ignore[arg-type]
        self._generation = lambda: self.generation
        self._group_id, self._closed = "group", True


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own `getmany` reads from the script."""

    async def getmany(self: Scripted, *_: object, timeout_ms: int, max_records: int | None) -> Any:
        self.asked.append(max_records)
        self.waits_ms.append(timeout_ms)
        answer = self.polls.pop(0)
        if callable(answer):
            answer = answer(self)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", getmany)


async def test_a_backlog_fills_the_micro_batch() -> None:
    """A poll hands out what lies in the buffer; it is asked for the rest. Guard: `_fill`."""
    consumer = Scripted({ZERO: [1, 2]}, {ZERO: [3], ONE: [4]}, {ONE: [5]}, {ONE: [6]})
    assert await consumer.getmany(timeout_ms=50, max_records=5) == {ZERO: [1, 2, 3], ONE: [4, 5]}
    assert consumer.asked == [5, 3, 1]


async def test_a_lone_record_is_handed_out_when_no_other_comes() -> None:
    """Prompt when idle: one quiet poll ends the micro-batch."""
    consumer = Scripted({ZERO: [1]}, {}, {ZERO: [2]})
    assert await consumer.getmany(timeout_ms=50, max_records=500) == {ZERO: [1]}


async def test_a_few_records_wait_for_others_only_briefly() -> None:
    """Somebody waits for each of them; once more come it is a backlog, and full micro-batches are worth a wait."""
    consumer = Scripted({ZERO: [1]}, {ZERO: [2]}, {}, {ZERO: list(range(40))}, {}, lone_quiet_ms=3, quiet_ms=30)
    await consumer.getmany(timeout_ms=50, max_records=500)
    assert consumer.waits_ms[1:] == [3, 30]
    await consumer.getmany(timeout_ms=50, max_records=500)
    assert consumer.waits_ms[4:] == [30]


async def test_the_consumer_waits_inside_a_poll() -> None:
    """What FastStream lets a poll wait it sleeps afterwards too, deaf to what comes. Guard: `poll_timeout_ms`."""
    consumer = Scripted({}, poll_timeout_ms=50)
    await consumer.getmany(timeout_ms=1, max_records=500)
    assert consumer.waits_ms == [50]


async def test_records_that_trickle_do_not_hold_a_micro_batch_open() -> None:
    """However steadily they come. Guard: `fill_max_s`."""
    consumer = Scripted({ZERO: [1]}, {ZERO: [2]}, fill_max_s=0.0)
    assert await consumer.getmany(timeout_ms=50, max_records=500) == {ZERO: [1]}


async def test_an_empty_poll_is_a_good_poll() -> None:
    """Liveness is the age of the last poll that came back, with or without records."""
    consumer = Scripted({})
    assert consumer._health.age_s() is None
    assert await consumer.getmany(timeout_ms=50, max_records=500) == {}
    assert consumer._health.age_s() is not None


async def test_records_of_before_a_rebalance_are_dropped_while_filling() -> None:
    """The rebalance has reset the positions, so they come again. Guard: the generation in `_fill`."""

    def rebalanced(consumer: Scripted) -> dict[TopicPartition, list[int]]:
        consumer.generation = 2
        return {ONE: [7]}

    consumer = Scripted({ZERO: [1]}, rebalanced)
    assert await consumer.getmany(timeout_ms=50, max_records=500) == {ONE: [7]}
    assert consumer.polled_in == 2


async def test_records_before_a_failed_poll_are_handed_out_and_none_after() -> None:
    """What a failed poll drained is lost and positions moved, so this consumer never polls again. Guard: `_broken`."""
    consumer = Scripted({ZERO: [1]}, ValueError("no such record"), {ZERO: [3]})
    assert await consumer.getmany(timeout_ms=50, max_records=10) == {ZERO: [1]}
    for _ in range(2):
        with pytest.raises(KafkaError, match="no such record"):
            await consumer.getmany(timeout_ms=50, max_records=10)
    assert consumer._health.is_broken


async def test_a_poll_that_failed_is_told_until_records_come_again() -> None:
    """Through every rebuilt consumer, and past polls that bring nothing. Guard: `PollHealth.error`."""
    now = [100.0]
    health = PollHealth(lambda: now[0])
    assert health.error is None
    health.failed(KafkaError("libraries for snappy are not installed"))
    health.renewed()
    health.good()
    assert "snappy" in str(health.error)
    health.good(records=True)
    assert health.error is None


async def test_a_poll_that_failed_once_is_forgotten_when_no_other_fails() -> None:
    """The damaged batch was deleted, and nothing newer comes: a minute later the process is ready again."""
    now = [100.0]
    health = PollHealth(lambda: now[0])
    health.failed(KafkaError("damaged"))
    now[0] += 59.0
    assert health.error
    now[0] += 2.0
    assert health.error is None
