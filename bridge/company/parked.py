"""The events of one company that wait, with their bodies: taken over, parked, woken, looked at, released.

Nothing is mapped twice while it is in memory. A body that is not is read again from the event topic, and from the
journal when the topic does not hold it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from bridge.company.bodies import KeptBodies
from bridge.company.dependencies import speaks_of, with_linked
from bridge.company.waiting_room import ParkedEvent, WaitingRoom
from bridge.decoding.decision import MappedRecord
from bridge.index.payment_links import PaymentLinks
from bridge.journal.entries import Journal
from bridge.journal.waiting import Parked, parked_records
from contracts.containment import contained
from contracts.envelope import Envelope
from contracts.errors import InternalFault
from contracts.keys import SourceKey
from contracts.posting import Ignored
from contracts.records import InboundRecord, Place, RecordId

SLICE = 100
"""How many are looked at in one idle tick at most, because planning them blocks every company of the process."""

log = structlog.get_logger(__name__)


ReadAt = Callable[[Sequence[Place]], Awaitable[Mapping[Place, InboundRecord]]]
"""The records that the event topics hold at these places; what is not there any more is left out."""


class ParkedEvents:
    """What waits, by what it waits for (`room`), with the bodies that fit into memory."""

    def __init__(
        self,
        room: WaitingRoom,
        bodies: KeptBodies,
        *,
        map_record: Callable[[InboundRecord], MappedRecord | None],
        read_at: ReadAt,
        journal: Journal,
    ) -> None:
        self.room = room
        self._bodies = bodies
        self._map_record = map_record
        self._read_at = read_at
        self._journal = journal
        self._lost: set[RecordId] = set()

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
            self._park_again(mapped, parked, now)
        self.room.call_all()

    def park(self, mapped: MappedRecord, since: datetime, now: datetime, *, entry: str | None = None) -> None:
        """Keep an event that waits; `entry` is its key in the journal, where it has one already."""
        self.room.park(mapped, since, now, entry=entry)
        self._bodies.keep(mapped.record.id, mapped)

    def _park_again(self, mapped: MappedRecord, parked: Parked, now: datetime) -> None:
        try:
            with contained():
                self.park(mapped, parked.since, now, entry=parked.key)
        except InternalFault as fault:
            # because one event that a bug meets must not keep the company from being taken over
            self.park(MappedRecord.broken(parked.record, fault), parked.since, now, entry=parked.key)

    def release(self, ident: RecordId) -> None:
        """It has its terminal outcome."""
        self.room.release(ident)
        self._bodies.drop(ident)
        self._lost.discard(ident)

    def clear(self) -> None:
        """Forget everything: the journal has it."""
        self.room.clear()
        self._bodies.clear()
        self._lost.clear()

    async def woken_by(
        self, records: Iterable[MappedRecord], links: PaymentLinks, *, except_for: Iterable[InboundRecord]
    ) -> list[MappedRecord]:
        """What waits for something that `records` speaks of, the longest first.

        A rewound group delivers parked records again: they are `except_for`.
        """
        woken = self.room.with_other_parts(self.room.touched(with_linked(_keys(records), links)))
        delivered = {record.id for record in except_for} if woken else set()
        return await self.mapped([each for each in woken if each not in delivered])

    def call_for(self, settled: Iterable[MappedRecord], links: PaymentLinks) -> None:
        """These were woken and have their outcome now: whoever waits for what they brought is due."""
        self.call_for_changes(_keys(settled), links)

    def call_for_changes(self, changed: Iterable[SourceKey], links: PaymentLinks) -> None:
        """Somebody changed these documents in the books: whoever waits for one of them is due."""
        self.room.call(with_linked(changed, links))

    async def mapped(self, wanted: Sequence[RecordId]) -> list[MappedRecord]:
        """These events, in their order; one whose body neither its topic nor the journal holds is left out."""
        found = {ident: mapped for ident in wanted if (mapped := self._bodies.get(ident)) is not None}
        missing = [ident for ident in wanted if ident not in found]
        found |= {ident: mapped async for ident, mapped in self._read_again(missing)}
        return [found[ident] for ident in wanted if ident in found]

    async def _read_again(self, wanted: Sequence[RecordId]) -> AsyncIterator[tuple[RecordId, MappedRecord]]:
        records = await self._from_topics(wanted) if wanted else {}
        missing = [ident for ident in wanted if ident not in records]
        if missing:
            records |= await self._from_journal(missing)
        for ident in wanted:
            mapped = await self._mapped(records[ident]) if ident in records else None
            if mapped is None:
                self._note_lost(ident)
                continue
            self._bodies.keep_if_room(ident, mapped)
            yield ident, mapped

    def _note_lost(self, ident: RecordId) -> None:
        """Say it once: whoever looks for the body again finds nothing either."""
        if ident not in self._lost:
            self._lost.add(ident)
            log.error("waiting.body_lost", place=str(ident.place))

    async def _from_topics(self, wanted: Iterable[RecordId]) -> dict[RecordId, InboundRecord]:
        """What lies at their places, but not another record that a topic which was made anew holds there by now."""
        places = list(dict.fromkeys(ident.place for ident in wanted))
        found = {record.id: record for record in (await self._read_at(places)).values()}
        return {ident: found[ident] for ident in wanted if ident in found}

    async def _from_journal(self, wanted: Iterable[RecordId]) -> dict[RecordId, InboundRecord]:
        keys = {self.room.event(ident).entry for ident in wanted}
        entries = {key: value for key, value in (await self._journal.read()).items() if key in keys}
        return {parked.record.id: parked.record for parked in parked_records(entries)}

    async def _mapped(self, record: InboundRecord) -> MappedRecord | None:
        """Map one record, and let the other companies of the process have their turn."""
        await asyncio.sleep(0)
        return self._map_record(record)


def _keys(records: Iterable[MappedRecord]) -> set[SourceKey]:
    return {key for each in records for key in _spoken_of(each)}


def _spoken_of(mapped: MappedRecord) -> set[SourceKey]:
    """What a record speaks of; where a bug keeps that from us, whoever waits for it is looked at within the hour."""
    try:
        with contained():
            return speaks_of(mapped)
    except InternalFault as fault:
        log.error("waiting.nobody_called", place=str(mapped.record.place), bug=fault.said, trace=fault.trace)  # noqa: TRY400 - its words may quote a payload
        return set()


def bodiless(event: ParkedEvent) -> MappedRecord:
    """What is still known of an event whose body is lost: enough for its result."""
    document, envelope = event.document, None
    if document is not None and event.event_type is not None:
        envelope = Envelope(
            system=document.system,
            event_type=event.event_type,
            event_id=event.event_id,
            account=None,
            occurred_at=None,
            body={},
        )
    record = InboundRecord.known_by_place(event.record.place)
    lost = Ignored(code="orphan", message="its body is lost", document=document)
    return MappedRecord(record=record, envelope=envelope, decision=lost)
