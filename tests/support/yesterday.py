"""What `verify` says of a span that ended, in a world whose topic goes on after it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from bridge.books.books import SKEW
from bridge.commands.sides import read_books, read_company, recorded_index, unused_customers
from bridge.commands.verify.command import Report
from bridge.commands.verify.days import by_day
from bridge.commands.verify.verdicts import BothReadings, Outcomes, customers_left, documents_of
from bridge.decoding.decision import EventMapper
from bridge.index.index import Index
from bridge.journal.waiting import waiting_places
from bridge.kafka.range import TimeSpan
from bridge.reconciliation.documents import DIFFERS, Document
from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.records import InboundRecord, Place
from contracts.results import ResultStatus
from tests.support.assembly import COMPANY, router_of
from tests.support.seals import SEAL
from tests.support.world import World

SPAN, AFTER = 1_000, 2_000
TOPIC = "shopify.events"


@dataclass(slots=True)
class Yesterday:
    """A world with a span that ended: `records` are all events, `consumed` the first offset that was not."""

    world: World
    records: list[InboundRecord] = field(default_factory=list)
    dismissed: set[Place] = field(default_factory=set)
    """The records of dead letters that a person dismissed."""

    held: list[InboundRecord] | None = None
    """What is delivered while nobody consumes; None while somebody does."""

    async def deliver(self, *bodies: object, at: int = SPAN) -> None:
        """One micro-batch of events of this moment."""
        made = self.told(*bodies, at=at)
        if self.held is None:
            await self.world.process(made)
        else:
            self.held += made

    def told(self, *bodies: object, at: int = SPAN) -> tuple[InboundRecord, ...]:
        """Events that lie on the topic and that nobody has consumed yet."""
        made = tuple(replace(record, timestamp_ms=at) for record in self.world.records(*bodies))
        self.records += made
        return made

    async def report(
        self, *, consumed: int | None = None, since: int | None = None, until: int = AFTER, zone: tzinfo = UTC
    ) -> Report:
        """What verify says of the span, which begins at `since` and ends at `until`, as the command finds it."""
        end = len(self.records) if consumed is None else consumed
        readings = BothReadings.of(TimeSpan(since, until), {(TOPIC, 0): end})
        mapper = EventMapper(COMPANY, router_of(self.world.rules), self.world.rules)
        read = [each for each in self.records if since is None or each.timestamp_ms >= since]
        mapped = [mapper.map_record(each) for each in read]
        readings.add(read, [each for each in mapped if each is not None])
        client, rules = self.world.client, self.world.rules
        oldest = (readings.consumed.events.earliest_created_at or self.world.clock.now()) - SKEW
        books = await read_books(client, await read_company(client, rules), await self._record(oldest), oldest)
        unused = await unused_customers(client, customers_left(readings, books, rules))
        waiting = waiting_places(await self.world.journal.read())
        letters = {place: code for place, code in self._letters().items() if place not in self.dismissed}
        ignored = self._ignored() | dict.fromkeys(self.dismissed, "dismissed")
        outcomes = Outcomes(letters=letters, waiting=waiting, ignored=ignored)
        found = documents_of(readings, books, outcomes, rules, unused)
        return Report(
            events=readings.consumed.events,
            documents=found,
            unread=(),
            reads=0,
            days=by_day(found, readings.consumed.times_ms, zone),
            not_reached=readings.consumed.not_reached,
        )

    async def _record(self, oldest: datetime) -> Index:
        journal = self.world.journal
        ids = {key.removeprefix(f"{COMPANY}:"): value for key, value in (await journal.ids.read()).items()}
        return recorded_index(SEAL, oldest, ids, await journal.read())

    def _ignored(self) -> dict[Place, str]:
        last = {offset: results[-1] for offset, results in self.world.results.items()}
        return {
            Place(TOPIC, 0, offset): result.reason.code
            for offset, result in last.items()
            if result.status is ResultStatus.IGNORED and result.reason is not None
        }

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
