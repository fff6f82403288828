"""What a person may have at hand of a document, and what of the bus it fits. Pure.

A source key or its id, the order's name with or without `#`, a number in QuickBooks, a charge, an entity and its Id
(`invoice/145`), a request id, an `intuit_tid`, or the place of a record (`topic/partition/offset`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from bridge.commands.contents import EventContent
from bridge.commands.dead_letters.redriving import Letter
from bridge.commands.explain.story import Attempt
from bridge.commands.glance import ResultGlance
from bridge.commands.needle import is_opaque, may_hold
from contracts.entities import NAME_LISTS, EntityName
from contracts.records import Place

ENTITIES = {name.lower(): name for name in get_args(EntityName)}


def ident_of(document: str) -> str:
    """The id in a document's key; all of a text that is none."""
    return document.split(":", 2)[-1]


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed, and what else it may be: a record's `place`, or an entity of QuickBooks and its Id."""

    text: str
    place: Place | None
    entity: tuple[str, str] | None

    @classmethod
    def read(cls, text: str) -> Question:
        """What `text` may mean; everything may be a name."""
        text = text.strip()
        entity, slash, ident = text.partition("/")
        known = ENTITIES.get(entity.lower()) if slash else None
        try:
            place = Place.parse(text)
        except ValueError:
            place = None
        return cls(text, place, (known, ident) if known and ident else None)

    @property
    def number(self) -> str:
        """The text as QuickBooks has it for a number."""
        return self.text.removeprefix("#").strip()

    @property
    def ident(self) -> str:
        """The id where the text is a document's key, else the number: whatever names the text holds this."""
        return ident_of(self.number)

    def names_document(self, document: str) -> bool:
        """Whether it is the document's key or its id."""
        return bool(document) and self.text in {document, ident_of(document)}

    def may_mean(self, value: bytes) -> bool:
        """False where a result of these bytes is certainly not meant, without looking at what it says."""
        names = [self.ident, *(self.entity[1:] if self.entity is not None else ())]
        return self.place is not None or any(may_hold(value, each, opaque=is_opaque(value)) for each in names)

    def names_result(self, result: ResultGlance) -> bool:
        """Whether it may mean the document that this result is about."""
        return (
            self.names_document(result.document)
            or result.place == self.place
            or any(self._names_entity(each, result.document) for each in result.entities)
        )

    def names_attempt(self, attempt: Attempt) -> bool:
        """Whether it means the document of this request to QuickBooks, or the request itself."""
        ids = {attempt.request_id, *attempt.request_id.split("/", 1)}
        return self.names_document(attempt.document) or self.text in ids or self.text == attempt.intuit_tid

    def names_letter(self, letter: Letter, headers: Mapping[str, str], content: EventContent) -> bool:
        """Whether it means this dead letter, or what its body is about."""
        return (
            self.place in {letter.place, letter.origin}
            or self.text in {headers.get("intuit-tid"), str(content.document), str(content.sale)}
            or self.number in content.names
        )

    def names_event(self, place: Place, content: EventContent) -> bool:
        """Whether it means the event at this place."""
        return place == self.place or str(content.document) == self.text or self.number in content.names

    @property
    def hint(self) -> str:
        """What to ask instead where nothing is known of it; empty where nothing comes to mind."""
        word, _, ident = self.text.partition("/")
        if self.entity is not None and self.entity[0] in NAME_LISTS:
            return f"A {word.lower()} is no sale and may be in many: ask for an order, charge or invoice"
        near = difflib.get_close_matches(word.lower(), ENTITIES, n=1) if ident and self.entity is None else []
        return f"Is {near[0]}/{ident} meant?" if near else ""

    def _names_entity(self, entity: Mapping[str, Any], document: str) -> bool:
        name, request_id = entity.get("entity"), entity.get("request_id") or ""
        if name in NAME_LISTS:
            return False  # because all sales of a buyer share the customer, which means none of them
        said = {entity.get("intuit_tid"), request_id, *request_id.split("/", 1)} - {None, ""}
        # because a number that a stranger's document has is written with the last digits of the order's id
        numbers = {self.number, f"{self.number}-{document[-4:]}"}
        return self.text in said or (name, entity.get("id")) == self.entity or entity.get("doc_number") in numbers
