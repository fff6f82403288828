"""When a bounded read has reached its end, with a consumer that obeys a script."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from bridge.kafka.reader import EMPTY_POLLS, _poll, _reached

PLACE = TopicPartition("journal", 0)


class Consumer:
    """Stands at a position and knows up to where the broker would let it read."""

    def __init__(self, position: int, stable: int | None) -> None:
        self._position, self._stable = position, stable

    async def position(self, _: TopicPartition) -> int:
        return self._position

    def last_stable_offset(self, _: TopicPartition) -> int | None:
        return self._stable


@pytest.mark.parametrize(
    ("position", "stable", "empty_polls", "reached"),
    [
        pytest.param(10, 10, 0, True, id="at the end"),
        pytest.param(12, 12, 0, True, id="past it: the log grew"),
        pytest.param(7, 10, 0, False, id="records are still coming"),
        pytest.param(7, 10, EMPTY_POLLS, True, id="the tail was compacted away"),
        pytest.param(7, 8, EMPTY_POLLS, False, id="an open transaction holds them back"),
        pytest.param(7, None, EMPTY_POLLS, False, id="nobody has answered yet"),
    ],
)
async def test_the_end_of_a_bounded_read(position: int, stable: int | None, empty_polls: int, reached: bool) -> None:  # noqa: FBT001
    """By position, or by polls that bring nothing although nothing is held back."""
    assert await _reached(Consumer(position, stable), {PLACE: 10}, empty_polls) is reached


class Poisoned:
    """Fails at a header name that is no text, after it has drained another partition."""

    def __init__(self) -> None:
        self.sought: dict[TopicPartition, int] = {}

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[object]]:  # noqa: ARG002 - the signature
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[partition] = offset


async def test_what_a_failed_poll_has_drained_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its positions have moved past it, in partitions that hold no poison too. Guard: the seek in `_poll`."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    consumer, read_to = Poisoned(), {PLACE: 3, TopicPartition("journal", 1): 7}
    assert await _poll(consumer, read_to) == {}
    assert consumer.sought == read_to
