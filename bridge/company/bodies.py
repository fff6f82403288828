"""The bodies of events that wait: mapped, as many as fit into memory; the rest is read again when it is woken."""

from __future__ import annotations

from collections import OrderedDict

from bridge.decoding.decision import MappedRecord
from contracts.records import RecordId

EVENT_BYTES = 2_000
"""What a mapped event takes in memory beside its body; measured, as is the next one."""
BYTES_PER_BODY_BYTE = 8
"""What one byte of a body takes once it is mapped: the bytes themselves, its objects, and the drafts made of them."""


class KeptBodies:
    """Mapped records by their id, `bytes_max` bytes of memory at most; the ones kept longest make room.

    `bytes_max` is infinite where nobody could read them again: what a rehearsal parks is in no journal.
    """

    def __init__(self, bytes_max: float) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._kept: OrderedDict[RecordId, MappedRecord] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._bytes = 0

    def get(self, record: RecordId) -> MappedRecord | None:
        """The record, None when it was not kept."""
        return self._kept.get(record)

    def keep(self, record: RecordId, mapped: MappedRecord) -> None:
        """Keep a new one; those that have been here longest leave, because most of what is woken has come lately."""
        self.drop(record)
        self._kept[record] = mapped
        self._bytes += size_of(mapped)
        while self._bytes > self._bytes_max:
            self._bytes -= size_of(self._kept.popitem(last=False)[1])

    def keep_if_room(self, record: RecordId, mapped: MappedRecord) -> None:
        """Keep one that was read again, unless another would have to leave for it."""
        if self._bytes + size_of(mapped) <= self._bytes_max:
            self.keep(record, mapped)

    def drop(self, record: RecordId) -> None:
        """It waits no more."""
        mapped = self._kept.pop(record, None)
        if mapped is not None:
            self._bytes -= size_of(mapped)


def size_of(mapped: MappedRecord) -> int:
    """About how many bytes of memory a mapped record takes."""
    return EVENT_BYTES + BYTES_PER_BODY_BYTE * len(mapped.record.value or b"")
