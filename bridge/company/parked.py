"""The events of one company that wait, with their bodies: taken over, parked, woken, looked at, released.

Nothing is mapped twice while it is in memory. A body that is not is read again from the event topic, and from the
journal when the topic does not hold it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from bridge.company.bodies import KeptBodies
from bridge.company.dependencies import speaks_of, with_linked
from bridge.company.waiting_room import WaitingRoom, checksum_of
from bridge.decoding.decision import MappedRecord
from bridge.index.payment_links import PaymentLinks
from bridge.journal.waiting import parked_records, waiting_key
from contracts.errors import Unavailable
from contracts.keys import SourceKey
from contracts.records import InboundRecord, Place

SLICE = 100
"""How many are looked at in one idle tick at most, because planning them blocks every company of the process."""

log = structlog.get_logger(__name__)


ReadAt = Callable[[Sequence[Place]], Awaitable[Mapping[Place, InboundRecord]]]
"""The records that the event topics hold at these places; what is not there any more is left out."""


class JournalEntries(Protocol):
    """Where the bodies lie too, as long as they wait."""

    async def read(self) -> Mapping[str, bytes]:
        """All live entries."""


class ParkedEvents:
    """What waits, by what it waits for (`room`), with the bodies that fit into memory."""

    def __init__(
        self,
        room: WaitingRoom,
        bodies: KeptBodies,
        *,
        map_record: Callable[[InboundRecord], MappedRecord | None],
        read_at: ReadAt,
        journal: JournalEntries,
    ) -> None:
        self.room = room
        self._bodies = bodies
        self._map_record = map_record
        self._read_at = read_at
        self._journal = journal

    def __len__(self) -> int:
        return len(self.room)

    async def load(self, journal: Mapping[str, bytes], now: datetime) -> None:
        """Take in what the journal kept; all of it is due to be looked at once."""
        self.clear()
        for parked in parked_records(journal):
            mapped = await self._mapped(parked.record)
            if mapped is None:
                log.warning("waiting.not_ours", place=parked.key)
                continue
            self.park(mapped, parked.since, now)
        self.room.call_all()

    def park(self, mapped: MappedRecord, since: datetime, now: datetime) -> None:
        """Keep an event that waits."""
        self.room.park(mapped, since, now)
        self._bodies.keep(mapped.record.place, mapped)

    def release(self, record: InboundRecord) -> None:
        """It has its terminal outcome."""
        self.room.release(record)
        self._bodies.drop(record.place)

    def clear(self) -> None:
        """Forget everything: the journal has it."""
        self.room.clear()
        self._bodies.clear()

    async def woken_by(
        self, told: Iterable[MappedRecord], links: PaymentLinks, *, except_for: Iterable[InboundRecord]
    ) -> list[MappedRecord]:
        """What waits for something that `told` speaks of, the longest first.

        A rewound group delivers parked records again: they are `except_for`.
        """
        delivered = {record.place for record in except_for}
        keys = with_linked(_keys(told), links)
        return await self.mapped([each for each in self.room.touched(keys) if each not in delivered])

    def call_for(self, settled: Iterable[MappedRecord], links: PaymentLinks) -> None:
        """These were woken and have their outcome now: whoever waits for what they brought is due."""
        self.call_for_changes(_keys(settled), links)

    def call_for_changes(self, changed: Iterable[SourceKey], links: PaymentLinks) -> None:
        """Somebody changed these documents in the books: whoever waits for one of them is due."""
        self.room.call(with_linked(changed, links))

    async def mapped(self, places: Sequence[Place]) -> list[MappedRecord]:
        """The events at these places, in their order. Unavailable when a body is nowhere to be read."""
        found = {place: mapped for place in places if (mapped := self._bodies.get(place)) is not None}
        missing = [place for place in places if place not in found]
        found |= {each.record.place: each async for each in self._read_again(missing)}
        return [found[place] for place in places]

    async def _read_again(self, places: Sequence[Place]) -> AsyncIterator[MappedRecord]:
        records = self._as_parked(await self._read_at(places)) if places else {}
        missing = [place for place in places if place not in records]
        if missing:
            records |= self._as_parked(await self._from_journal(missing))
        for place in places:
            mapped = await self._mapped(records[place]) if place in records else None
            if mapped is None:
                raise Unavailable(f"the event at {place} waits, and neither its topic nor the journal holds it")
            self._bodies.keep_if_room(place, mapped)
            yield mapped

    def _as_parked(self, found: Mapping[Place, InboundRecord]) -> dict[Place, InboundRecord]:
        """Without bodies that are not the ones that were parked: a topic that was made anew counts from 0 again."""
        return {
            place: record for place, record in found.items() if checksum_of(record) == self.room.event(place).checksum
        }

    async def _from_journal(self, places: Iterable[Place]) -> dict[Place, InboundRecord]:
        wanted = {waiting_key(place) for place in places}
        entries = {key: value for key, value in (await self._journal.read()).items() if key in wanted}
        return {parked.record.place: parked.record for parked in parked_records(entries)}

    async def _mapped(self, record: InboundRecord) -> MappedRecord | None:
        """Map one record, and let the other companies of the process have their turn."""
        await asyncio.sleep(0)
        return self._map_record(record)


def _keys(told: Iterable[MappedRecord]) -> set[SourceKey]:
    return {key for each in told for key in speaks_of(each)}
