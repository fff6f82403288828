"""What `verify` says of a span that ended, in a world whose topic goes on after it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bridge.commands.verify.command import Report
from bridge.commands.verify.days import by_day
from bridge.commands.verify.span import SpanEvents
from bridge.decoding.decision import EventMapper
from bridge.index.index import Index
from bridge.journal.identities import read_identities
from bridge.journal.waiting import waiting_places
from bridge.kafka.range import TimeSpan
from bridge.quickbooks.warmup import TRANSACTIONS, transactions
from bridge.reconciliation.documents import DIFFERS, Document, documents
from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.records import InboundRecord, Place
from tests.support.assembly import COMPANY, router_of
from tests.support.seals import SEAL
from tests.support.world import RULES, World

SPAN, AFTER = 1_000, 2_000
TOPIC = "shopify.events"


@dataclass(slots=True)
class Yesterday:
    """A world with a span that ended: `records` are all events, `consumed` the first offset that was not."""

    world: World
    records: list[InboundRecord] = field(default_factory=list)

    async def deliver(self, *bodies: object, at: int = SPAN) -> None:
        """One micro-batch of events of this moment."""
        await self.world.process(self.told(*bodies, at=at))

    def told(self, *bodies: object, at: int = SPAN) -> tuple[InboundRecord, ...]:
        """Events that lie on the topic and that nobody has consumed yet."""
        made = tuple(replace(record, timestamp_ms=at) for record in self.world.records(*bodies))
        self.records += made
        return made

    async def report(self, *, consumed: int | None = None, until: int = AFTER) -> Report:
        """What verify says of the span, which ends at `until`."""
        end = len(self.records) if consumed is None else consumed
        reading = SpanEvents(TimeSpan(None, until), {(TOPIC, 0): end})
        mapper = EventMapper(COMPANY, router_of(RULES), RULES)
        mapped = [mapper.map_record(each) for each in self.records]
        reading.add(self.records, [each for each in mapped if each is not None])
        journal = await self.world.journal.read()
        found = documents(reading.events, await self._index(), self._letters(), {}, waiting_places(journal))
        return Report(
            events=reading.events,
            documents=found,
            unread=(),
            reads=0,
            days=by_day(found, reading.times_ms, UTC),
            not_reached=reading.not_reached,
        )

    async def _index(self) -> Index:
        index = Index(SEAL, complete_since=datetime(2010, 1, 1, tzinfo=UTC))
        entries = await self.world.journal.ids.read()
        index.identities.restore(
            read_identities({key.removeprefix(f"{COMPANY}:"): value for key, value in entries.items()})
        )
        for entity in TRANSACTIONS:
            async for page in transactions(self.world.client, entity, None):
                index.load(entity, page)
        return index

    def _letters(self) -> dict[Place, str]:
        found: dict[Place, str] = {}
        for letter in self.world.dead_letters:
            said = {name: (value or b"").decode() for name, value in letter.headers}
            place = Place(TOPIC, 0, int(said[f"{DEAD_LETTER_PREFIX}offset"]))
            found[place] = said[f"{DEAD_LETTER_PREFIX}reason-code"]
        return found

    async def invoice(self) -> dict[str, Any]:
        """The invoice of the order."""
        (row,) = self.world.held("Invoice")
        return row


def differing(report: Report) -> list[Document]:
    """The documents that are named as differences."""
    return [each for each in report.documents if each.verdict in DIFFERS]
