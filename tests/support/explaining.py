"""What `explain` says of a sale in a world, as the command says it of an installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.commands.contents import content_of
from bridge.commands.dead_letters.redriving import read_letter
from bridge.commands.explain.books import read_rows
from bridge.commands.explain.composing import BooksNow, Story, compose, documents_of, entities_of, the_sale
from bridge.commands.explain.known import Knowledge, KnownLetter
from bridge.commands.explain.question import Question
from bridge.commands.explain.story import PublishedResult, read_trail
from bridge.commands.glance import glance_at
from bridge.index.identities import Identities
from bridge.journal.identities import read_identities
from bridge.journal.waiting import parked_records
from contracts.records import InboundRecord
from contracts.results import result_record
from tests.support.assembly import COMPANY
from tests.support.desk import consumed
from tests.support.results import NOW
from tests.support.world import World


@dataclass(slots=True)
class Explained:
    """A world whose events are kept, and what is said of them. `without_ids` is a record of Ids that was lost."""

    world: World
    records: list[InboundRecord] = field(default_factory=list)
    without_ids: bool = False

    async def deliver(self, *bodies: object) -> None:
        """One micro-batch of events."""
        records = self.world.records(*bodies)
        self.records += records
        await self.world.process(records)

    async def story(self, text: str) -> Story:
        """What is said of what `text` means. BridgeError for nothing or several."""
        known, published = await self._known(text)
        sale = the_sale(text, [known])
        members, payouts = documents_of(known, sale)
        own = [each for each in published if each.document in {*members, *payouts}]
        rows = await read_rows(self.world.client, entities_of(known, [*members, *payouts], own))
        return compose(known, sale, own, BooksNow(rows), (members, payouts), asked=text, environment="sandbox")

    async def _known(self, text: str) -> tuple[Knowledge, Sequence[PublishedResult]]:
        question, ids = Question.read(text), Identities()
        trail = read_trail((key, value, 0) for key, value in (await self.world.journal.read()).items())
        entries = {} if self.without_ids else await self.world.journal.ids.read()
        recorded = dict(read_identities({key.removeprefix(f"{COMPANY}:"): each for key, each in entries.items()}))
        ids.restore(recorded.items())
        known = Knowledge(
            company=COMPANY,
            trail=trail,
            recorded=recorded,
            ids=ids,
            waiting={each.record.place: content_of(each.record) for each in parked_records(trail.live)},
            events={record.place: content_of(record) for record in self.records},
        )
        for offset, letter in enumerate(self.world.dead_letters):
            record = consumed(letter, offset)
            read = read_letter(record)
            assert read is not None
            known.letters.append(KnownLetter(read, record))
        published = [
            PublishedResult(each, result_record(each, "qbo.results").value or b"", NOW) for each in self.world.told
        ]
        for offset, told in enumerate(self.world.told):
            record = consumed(result_record(told, "qbo.results"), offset)
            glance = glance_at(record)
            assert glance is not None
            known.take_result(glance, record, question)
        known.ask(question)
        if not known.asked:
            contents = {record.place: content_of(record) for record in self.records if record.place in known.unbooked}
            known.ask_events(question, contents)
        return known, published
