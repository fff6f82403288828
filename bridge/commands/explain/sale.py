"""Which documents are one sale: an order or charge, its money, refunds and disputes, and its payouts. Pure.

The record of Ids says it of what is booked; of everything else the event says it itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache

from bridge.commands.contents import EventContent
from bridge.commands.explain.known import Knowledge
from bridge.commands.explain.question import ident_of
from bridge.index.payment_links import read_note
from bridge.index.posted import order_named
from bridge.journal.entries import VERSION
from bridge.journal.versions import read_version
from contracts.keys import SourceKey
from contracts.records import Place

PAYOUT = "payout"


@cache
def key_of(document: str) -> SourceKey | None:
    """The source key that a document is, None for the place of a record of which nobody knows the document."""
    try:
        return SourceKey.parse(document)
    except ValueError:
        return None


class SaleLinks:
    """What belongs to which sale, as far as `known` says."""

    def __init__(self, known: Knowledge) -> None:
        self._known = known
        self._ids = known.ids
        self._read: dict[Place, EventContent] = {**known.events, **known.waiting}
        self._letters = {each.letter.origin: each for each in known.letters}
        self._said: dict[str, Mapping[str, str]] = {}
        self._linked = dict(_links_in(known))

    def sale_of(self, document: str) -> str:
        """The order or charge that a document belongs to, itself where nothing says more."""
        return self._sale_of(document, self._said_of(ident_of(document)))

    def _sale_of(self, document: str, said: Mapping[str, str]) -> str:
        key = key_of(document)
        if key is None or key.kind == PAYOUT:
            return document
        for entity in self._ids.types_of(key):
            identity = self._ids.of(entity, key)
            if identity is not None and (sale := order_named(key, identity.fields)) != key:
                return str(sale)
        if key.kind == "payment":
            return str(order_named(key, {}))
        return self._linked.get(document) or said.get(document, document)

    def _said_of(self, ident: str) -> Mapping[str, str]:
        """The sale of each document by the events that may name `ident`: all those that are about it or its parts."""
        if ident not in self._said:
            letters = {place: each.content for place, each in self._letters.items() if each.may_name(ident)}
            contents = {**self._read, **letters}.values()
            self._said[ident] = {str(each.document): str(each.sale) for each in contents if each.document and each.sale}
        return self._said[ident]

    def _content_at(self, place: Place) -> EventContent | None:
        letter = self._letters.get(place)
        return letter.content if letter is not None else self._read.get(place)

    def members(self, sale: str) -> list[str]:
        """Every document of a sale that anything names, the sale itself first."""
        key = key_of(sale)
        recorded = {str(each) for _, each in self._ids.of_sale(key)} if key is not None else set()
        lines, attempts = self._known.lines, self._known.trail.attempts.values()
        named = {line.document for line in lines} | {each.document for each in attempts} | self._known.asked
        said = self._said_of(ident_of(sale))
        named |= said.keys() | self._linked.keys()
        may_belong = [each for each in named if key_of(each) and self._sale_of(each, said) == sale]
        # because another event of the document, which does not name this sale, may be the newer one
        found = recorded | {each for each in may_belong if each not in said or self.sale_of(each) == sale}
        if key is not None and key.kind != PAYOUT:
            found |= self._charges_of(found | {sale})
        return [sale, *sorted(found - {sale})]

    def paid_by(self, documents: Iterable[str]) -> list[str]:
        """The payouts whose rows name any of these documents, of those whose events were read."""
        keys = {key for each in documents if (key := key_of(each)) is not None}
        contents = {each: self._content_at(place) for each, place in newest_payouts(self._known).items()}
        return sorted(each for each, content in contents.items() if content is not None and content.refers & keys)

    def _charges_of(self, documents: Collection[str]) -> set[str]:
        """The processor's charges behind the money of a sale, as far as anything is known of them."""
        about = {line.about for line in self._known.lines if line.document in documents}
        contents = [content for place in about if (content := self._content_at(place)) is not None]
        named = {str(key) for content in contents for key in content.refers}
        return named & {line.document for line in self._known.lines}


def newest_payouts(known: Knowledge) -> dict[str, Place]:
    """The newest event of each payout that has booked anything or could not."""
    letters = {each.letter.origin for each in known.letters}
    payouts = (line for line in known.lines if f":{PAYOUT}:" in line.document)
    return {line.document: line.about for line in payouts if line.is_booked or line.about in letters}


def _links_in(known: Knowledge) -> Iterable[tuple[str, str]]:
    """What charges and payment intents are part of, by the journal."""
    for key, value in known.trail.live.items():
        if VERSION.holds(key) and (wholes := read_note(read_version(key, value))):
            yield VERSION.name(key), str(min(wholes))
