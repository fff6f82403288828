"""The story of a sale, of what is known of it and of what the books show. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bridge.commands.explain.entity_state import PEOPLE, EntityState, link_to, live_state
from bridge.commands.explain.known import Knowledge, KnownLetter
from bridge.commands.explain.question import Question, ident_of
from bridge.commands.explain.sale import SaleLinks, key_of
from bridge.commands.explain.story import Attempt, PublishedResult, attempts_of, meant
from bridge.journal.redrives import read_redrive
from bridge.journal.versions import read_version, version_key
from contracts.entities import NAME_LISTS, Entity
from contracts.errors import BridgeError
from contracts.opening import BEFORE_BOOKS_START, OF_EARLIER_BOOKS
from contracts.posting import Version
from contracts.records import Place
from contracts.results import Reason, ResultStatus
from mappings.start import SAID

EntityId = tuple[str, str]
NAMED_MAX = 12
"""How many sales are named where several may be meant."""


@dataclass(frozen=True, slots=True)
class BooksNow:
    """Rows by type and Id, when QuickBooks deleted others, and why it was not asked (None: it was)."""

    rows: Mapping[EntityId, Entity] = field(default_factory=dict)
    deleted_at: Mapping[EntityId, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RedrivenLetter:
    """A dead letter, and where it was redriven to."""

    known: KnownLetter
    redriven_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One company's part of what is known of a sale.

    `problem` is why the books could not be asked (None: they were). `left_out` has why nothing was booked of a
    document, by the record of Ids, `ignored` why nothing was booked of the sale itself, by its newest result, which is
    `dated` that day.
    """

    company: str
    asked: str
    document: str
    published: Sequence[PublishedResult]
    payouts: Sequence[str]
    entities: Sequence[EntityState]
    problem: str | None
    letters: Sequence[RedrivenLetter]
    attempts: Sequence[Attempt]
    waiting: Sequence[Place]
    version: str | None
    left_out: Mapping[str, str]
    ignored: Reason | None = None
    dated: date | None = None

    @property
    def is_empty(self) -> bool:
        """True where this company knows nothing of it."""
        return not (self.published or self.attempts or self.letters or self.entities or self.waiting or self.left_out)


def the_sale(text: str, known: Sequence[Knowledge]) -> str:
    """The one sale that is meant. BridgeError for none or several."""
    found: set[str] = set()
    documents = meant(text, [document for each in known for document in each.asked])
    for each in known:
        links = SaleLinks(each)
        found |= {links.sale_of(document) for document in documents if document in each.asked}
    if not found:
        raise BridgeError(f"Nothing is known of {text}: {_looked_at(known)}. {Question.read(text).hint}".rstrip())
    if len(found) > 1:
        named, more = sorted(found)[:NAMED_MAX], len(found) - NAMED_MAX
        rest = f" and {more} more" if more > 0 else ""
        raise BridgeError(f"{text} may be {', '.join(named)}{rest}; name one of them.")
    return found.pop()


def _looked_at(known: Iterable[Knowledge]) -> str:
    """Since when nothing names it: what retention has removed nobody can look through."""
    oldest: dict[str, datetime] = {}
    for each in known:
        for topic, moment in each.oldest.items():
            oldest[topic] = min(moment, oldest.get(topic, moment))
    since = ", ".join(f"{topic} since {moment:%Y-%m-%d %H:%M}Z" for topic, moment in sorted(oldest.items()))
    where = f" (looked through: {since})" if since else ""
    return f"no result, dead letter, journal entry or recorded Id names it{where}"


def documents_of(known: Knowledge, sale: str) -> tuple[list[str], list[str]]:
    """The documents of a sale, and the payouts that paid it."""
    links = SaleLinks(known)
    members = links.members(sale)
    return members, [each for each in links.paid_by(members) if each not in members]


def entities_of(
    known: Knowledge, documents: Iterable[str], published: Iterable[PublishedResult]
) -> dict[EntityId, str]:
    """The transactions of these documents with the document of each: recorded ones, and those that results name."""
    found: dict[EntityId, str] = {}
    for document in documents:
        key = key_of(document)
        recorded = known.recorded.get(key) if key is not None else None
        for entity, identity in recorded.entities.items() if recorded is not None else ():
            found.setdefault((entity, identity.id), document)
    for each in published:
        for posted in each.result.entities:
            if posted.entity not in NAME_LISTS and posted.id:
                found.setdefault((posted.entity, posted.id), each.document)
    return found


def compose(
    known: Knowledge,
    sale: str,
    published: Sequence[PublishedResult],
    now: BooksNow,
    documents: tuple[list[str], list[str]],
    *,
    asked: str,
    environment: str,
) -> Story:
    """The story of `sale`: `published` are the results of its documents and payouts, `now` what the books show.

    `documents` are those of the sale, and the payouts that paid it.
    """
    members, payouts = documents
    own = [each for each in published if each.document not in payouts]
    key = version_key(sale)
    version = read_version(key, known.trail.live[key]) if key in known.trail.live else None
    entities = entities_of(known, [*members, *payouts], published)
    return Story(
        company=known.company,
        asked=asked,
        document=sale,
        published=own,
        payouts=payouts,
        entities=[_state(known, place, document, now, environment) for place, document in entities.items()],
        problem=now.problem if entities else None,
        letters=_letters(known, {*members, *payouts}, published),
        attempts=[attempt for each in members for attempt in attempts_of(each, known.trail, published)],
        waiting=_waiting(known, members, own),
        version=str(version) if version and not _is_of_earlier_books(version) else None,
        left_out=_left_out(known, members),
        ignored=None if sale in entities.values() else _ignored(own, sale, version),
        dated=_dated(known, sale),
    )


def _is_of_earlier_books(version: Version) -> bool:
    return version.content == OF_EARLIER_BOOKS.content


def _ignored(own: Iterable[PublishedResult], sale: str, version: Version | None) -> Reason | None:
    """Why nothing stands in the books for the sale itself, whatever was booked of money that moved for it."""
    if version is not None and _is_of_earlier_books(version):
        return Reason(code=BEFORE_BOOKS_START, message=SAID)
    results = [each.result for each in own if sale in (each.document, str(each.place))]
    return results[-1].reason if results and results[-1].status is ResultStatus.IGNORED else None


def _dated(known: Knowledge, sale: str) -> date | None:
    """The day of the sale, as an event says it that was read."""
    # because reading every dead letter to find those of one sale takes longer than all else
    letters = [each for each in known.letters if each.may_name(ident_of(sale)) or str(each.letter.origin) == sale]
    contents = {**known.events, **known.waiting, **{each.letter.origin: each.content for each in letters}}
    found = (each.dated for place, each in contents.items() if sale in (str(each.document), str(place)))
    return next((each for each in found if each is not None), None)


def _state(known: Knowledge, place: EntityId, document: str, now: BooksNow, environment: str) -> EntityState:
    entity, ident = place
    row = now.rows.get(place)
    if row is not None:
        key = known.ids.key_of(entity, ident)
        return live_state(document, entity, row, known.ids.of(entity, key) if key else None, environment)
    return EntityState(
        document=document,
        entity=entity,
        id=ident,
        state="unknown" if now.problem else "deleted",
        link=link_to(entity, ident, environment),
        changed_by=None if now.problem else PEOPLE,
        changed_at=now.deleted_at.get(place) or None,
    )


def _letters(
    known: Knowledge, documents: Collection[str], published: Iterable[PublishedResult]
) -> list[RedrivenLetter]:
    """The dead letters of these documents, by the records that results are about, or by what they hold."""
    places = {each.place for each in published}
    found = []
    for each in known.letters:
        origin = each.letter.origin
        if origin in places or str(origin) in documents or _is_about(each, documents):
            redrive = read_redrive(known.trail.live, each.letter.place)
            found.append(RedrivenLetter(each, str(redrive.to) if redrive is not None else None))
    return found


def _is_about(letter: KnownLetter, documents: Iterable[str]) -> bool:
    return any(letter.may_name(ident_of(each)) and str(letter.content.document) == each for each in documents)


def _waiting(known: Knowledge, members: Collection[str], own: Iterable[PublishedResult]) -> list[Place]:
    places = {each.place for each in own}
    places |= {place for place, content in known.waiting.items() if str(content.document) in members}
    return known.trail.waiting(sorted(places))


def _left_out(known: Knowledge, members: Iterable[str]) -> dict[str, str]:
    keys = {each: key for each in members if (key := key_of(each)) is not None}
    recorded = {each: known.recorded.get(key) for each, key in keys.items()}
    return {each: found.left_out for each, found in recorded.items() if found is not None and found.left_out}
