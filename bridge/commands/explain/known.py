"""What the bus knows of the documents of one company, as `explain` looks through it. Pure.

Of each result only what leads to a sale is kept: a topic may hold millions, and those of one sale are read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from bridge.commands.contents import NOTHING_READ, EventContent
from bridge.commands.dead_letters.recorded import RecordedLetter
from bridge.commands.explain.question import Question
from bridge.commands.explain.story import Trail
from bridge.commands.glance import ResultGlance
from bridge.commands.needle import is_opaque, may_hold
from bridge.index.identities import Identities, Recorded
from contracts.keys import SourceKey
from contracts.records import InboundRecord, Place


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One result: the document and the record that it is about, and where it `lies` itself."""

    document: str
    about: Place
    lies: Place
    is_booked: bool


@dataclass(frozen=True)
class KnownLetter(RecordedLetter):
    """One dead letter that may have to do with what is asked."""

    def may_name(self, ident: str) -> bool:
        """False where its event certainly does not name `ident`, the id of a document or a name, without reading it."""
        return may_hold(self.record.value or b"", ident, opaque=self._is_opaque)

    @cached_property
    def _is_opaque(self) -> bool:
        return is_opaque(self.record.value or b"")


@dataclass(slots=True, kw_only=True)
class Knowledge:
    """One company's part of results, dead letters, journal and record of Ids.

    `ids` are what is `recorded`, to be asked by Id and by sale. `asked` are the documents that the question names,
    `oldest` has when the oldest record of each topic was written, `events` what the events are about that were read
    again.
    """

    company: str
    trail: Trail
    recorded: Mapping[SourceKey, Recorded]
    ids: Identities
    waiting: Mapping[Place, EventContent] = field(default_factory=dict)
    lines: list[ResultLine] = field(default_factory=list)
    letters: list[KnownLetter] = field(default_factory=list)
    events: dict[Place, EventContent] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    oldest: dict[str, datetime] = field(default_factory=dict)

    def note_time(self, topic: str, moment: datetime | None) -> None:
        """Note when a record of a topic that was looked through was written."""
        if moment is not None:
            self.oldest[topic] = min(moment, self.oldest.get(topic, moment))

    def take_result(self, result: ResultGlance, record: InboundRecord, question: Question) -> None:
        """Take in a result of this company, which this record of the results topic holds."""
        self.lines.append(ResultLine(result.document, result.place, record.place, bool(result.entities)))
        if question.may_mean(record.value or b"") and question.names_result(result):
            self.asked.add(result.document or str(result.place))

    def ask(self, question: Question) -> None:
        """Note what the question names beside results; everything is read by now."""
        documents = {line.about: line.document for line in self.lines if line.document}
        for each in self.letters:
            content = each.content if each.may_name(question.ident) else NOTHING_READ
            if question.names_letter(each.letter, each.headers, content):
                origin = each.letter.origin
                self.asked.add(documents.get(origin) or str(each.content.document or origin))
        for place, content in self.waiting.items():
            if question.names_event(place, content):
                self.asked.add(documents.get(place) or str(content.document or place))
        self.asked |= {each.document for each in self.trail.attempts.values() if question.names_attempt(each)}
        self.asked |= {str(key) for key in self.recorded if question.names_document(str(key))}
        if question.entity is not None and (found := self.ids.key_of(*question.entity)) is not None:
            self.asked.add(str(found))

    @property
    def unbooked(self) -> dict[Place, str]:
        """The records of which nothing was booked, each with its document: their results repeat no name."""
        return {line.about: line.document for line in self.lines if not line.is_booked}

    def ask_events(self, question: Question, contents: Mapping[Place, EventContent]) -> None:
        """Note what the question names among the events of which nothing was booked; those are kept."""
        unbooked = self.unbooked
        for place, content in contents.items():
            if question.names_event(place, content):
                self.asked.add(unbooked.get(place) or str(content.document or place))
                self.events[place] = content
