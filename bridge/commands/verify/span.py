"""Which of the records that were read are judged: those of the span that the company has consumed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.commands.sides import SourceSide
from bridge.decoding.decision import MappedRecord
from bridge.kafka.range import TimeSpan
from bridge.reconciliation.events import Events
from contracts.records import InboundRecord, Place


class SpanEvents:
    """What the records of a span ask for, as of the end of what was consumed.

    `consumed` is the first offset by topic and partition that was not; a company that has committed nothing (its
    books were filled by a backfill) is judged by everything.
    """

    def __init__(self, span: TimeSpan, consumed: Mapping[tuple[str, int], int]) -> None:
        self.source = SourceSide()
        self.not_reached = 0
        """Records of the span, of whichever company, that the company has not come to."""
        self.is_behind = False
        """True when there are events of the company, in the span or after it, that it has not come to."""
        self.times_ms: dict[Place, int] = {}
        """When the records of the span that are judged were written."""
        self._span = span
        self._consumed = consumed

    @property
    def events(self) -> Events:
        """What the documents of the span are to be."""
        return self.source.events

    def add(self, records: Sequence[InboundRecord], mapped: Sequence[MappedRecord]) -> None:
        """Take in a micro-batch; what was told after the span counts for documents of the span only."""
        own = [record for record in records if self._span.holds(record.timestamp_ms)]
        reached_own = [record for record in own if self._is_consumed(record)]
        self.not_reached += len(own) - len(reached_own)
        reached = [each for each in mapped if self._is_consumed(each.record)]
        self.is_behind = self.is_behind or len(reached) < len(mapped)
        mine = [each.record for each in reached if self._span.holds(each.record.timestamp_ms)]
        self.times_ms |= {each.place: each.timestamp_ms for each in mine}
        self.events.add(len(reached_own), [each for each in reached if self._span.holds(each.record.timestamp_ms)])
        self.source.facts.add(reached)
        self.events.add_later(each for each in reached if not self._span.holds(each.record.timestamp_ms))

    def _is_consumed(self, record: InboundRecord) -> bool:
        return not self._consumed or record.offset < self._consumed.get(record.position, 0)
