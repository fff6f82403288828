"""The bodies of events that wait: mapped, as many as fit into memory; the rest is read again when it is woken."""

from __future__ import annotations

from collections import OrderedDict

from bridge.decoding.decision import MappedRecord
from contracts.records import Place

EVENT_BYTES = 2_000
"""What a mapped event takes in memory beside its body; measured, as is the next one."""
BYTES_PER_BODY_BYTE = 8
"""What one byte of a body takes once it is mapped: the bytes themselves, its objects, and the drafts made of them."""


class KeptBodies:
    """Mapped records by their place, `bytes_max` bytes of memory at most; the ones kept longest make room."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._kept: OrderedDict[Place, MappedRecord] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._bytes = 0

    def get(self, place: Place) -> MappedRecord | None:
        """The record, None when it was not kept."""
        return self._kept.get(place)

    def keep(self, place: Place, mapped: MappedRecord) -> None:
        """Keep a new one; those that have been here longest leave, because most of what is woken has come lately."""
        self.drop(place)
        self._kept[place] = mapped
        self._bytes += size_of(mapped)
        while self._bytes > self._bytes_max:
            self._bytes -= size_of(self._kept.popitem(last=False)[1])

    def keep_if_room(self, place: Place, mapped: MappedRecord) -> None:
        """Keep one that was read again, unless another would have to leave for it."""
        if self._bytes + size_of(mapped) <= self._bytes_max:
            self.keep(place, mapped)

    def drop(self, place: Place) -> None:
        """It waits no more."""
        mapped = self._kept.pop(place, None)
        if mapped is not None:
            self._bytes -= size_of(mapped)


def size_of(mapped: MappedRecord) -> int:
    """About how many bytes of memory a mapped record takes."""
    return EVENT_BYTES + BYTES_PER_BODY_BYTE * len(mapped.record.value or b"")
