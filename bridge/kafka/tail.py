"""The end of a bounded read where its last records are gone: compacted away, or never committed.

The position never gets to such an end, so it is the broker's answers that tell: several in a row that brought nothing,
each of which showed what lies beyond the end. A poll without an answer tells nothing. aiokafka keeps what a leader that
is silent now has said before; only the time of its last answer says that it was asked again.
"""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

EMPTY_ANSWERS = 3
"""So many answers in a row that brought nothing. Two would do: nothing is asked for while an answer lies undrained."""


class Tail:
    """What the answers about one partition tell of the offsets before `end`; to be asked after every poll."""

    def __init__(self, consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> None:
        self.place = place
        self.end = end
        self._consumer = consumer
        self._progress: int | None = None
        self._answered_at_ms: int | None = None
        self._answers = 0

    def is_removed(self, progress: int) -> bool:
        """Whether nothing more will come before the end. *progress* is a number that changes when something came."""
        answered_at_ms = self._consumer.last_poll_timestamp(self.place)
        if progress != self._progress:
            self._answers = 0
        elif answered_at_ms != self._answered_at_ms:
            self._answers = self._answers + 1 if self._shown() >= self.end else 0
        self._progress, self._answered_at_ms = progress, answered_at_ms
        return self._answers >= EMPTY_ANSWERS

    def _shown(self) -> int:
        """Up to where the broker lets us read. The embedded one knows no last stable offset."""
        stable = self._consumer.last_stable_offset(self.place)
        return stable if stable is not None and stable >= 0 else self._consumer.highwater(self.place) or 0
