"""The lines of a plan that is kept: what would be done with each document, so that one can say whether it still would.

The digest of a document covers what would happen to it and the bodies that would be sent for it. An Id that only the
rehearsal has given stands in it by what it is for, so two rehearsals of the same range on the same books agree. No
customer and no item is a part of it where there is anything else: whichever document needs one first makes it. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import orjson

from bridge.commands.backfill.forecast import Forecast, Forecasts
from contracts.entities import NAME_LISTS
from contracts.money import written_out
from contracts.rehearsal import RehearsedWrite, is_rehearsed

_NEW_IDS = re.compile(r"\b1[0-9]{15}\b")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDocument:
    """One line: the document, what would happen to it and why, and what that rests on.

    `entities` are `invoice/145`, of what would be created `invoice/new`; `sync_tokens` are those of entities that are
    in the books.
    """

    document: str
    would: str
    entities: tuple[str, ...]
    total: str | None
    currency: str | None
    why: str
    digest: str
    sync_tokens: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """The line as it is kept."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal came to: its lines by document, and which documents need each other."""

    lines: Mapping[str, PlannedDocument]
    together: Sequence[frozenset[str]]
    """Documents that share a transaction of the books, or one that would be created."""

    def with_others(self, documents: Collection[str]) -> set[str]:
        """These documents, and all that cannot be done as planned without them."""
        found = set(documents)
        grown = True
        while grown:
            wider = found.union(*(each for each in self.together if each & found))
            grown, found = wider != found, wider
        return found


def planned_documents(forecasts: Forecasts, writes: Iterable[RehearsedWrite]) -> Rehearsed:
    """The lines of a rehearsal, from what would be published and what would be sent."""
    by_entity: dict[Key, list[RehearsedWrite]] = defaultdict(list)
    tokens: dict[str, str] = {}
    names: dict[str, str] = {}
    for write in writes:
        by_entity[write.place].append(write)
        if is_rehearsed(write.ident):
            names.setdefault(write.ident, write.name)
        elif write.rests_on is not None:
            tokens.setdefault(entity_name(write.place), write.rests_on)
    lines: dict[str, PlannedDocument] = {}
    sharing: dict[Key, set[str]] = defaultdict(set)
    for each in forecasts:
        own = [write for key in each.changed for write in by_entity[key]]
        lines[each.document] = _line(each, own, tokens, names)
        for key in _shared(each, own, by_entity.keys()):
            sharing[key].add(each.document)
    return Rehearsed(lines, [frozenset(found) for found in sharing.values() if len(found) > 1])


def _line(
    forecast: Forecast, writes: Sequence[RehearsedWrite], tokens: Mapping[str, str], names: Mapping[str, str]
) -> PlannedDocument:
    amount, currency = forecast.total
    return PlannedDocument(
        document=forecast.document,
        would=forecast.would,
        entities=tuple(dict.fromkeys(entity_name(key) for key in forecast.keys)),
        total=amount or None,
        currency=currency or None,
        why=forecast.why,
        digest=_digest(forecast.would, writes, names),
        sync_tokens=_tokens(forecast, writes, tokens),
    )


def _digest(would: str, writes: Sequence[RehearsedWrite], names: Mapping[str, str]) -> str:
    """Sixteen hex digits of SHA-256; the order in which writes go out is no part of it."""
    own = [write for write in writes if write.entity not in NAME_LISTS] or writes
    said = [_dumped([write.name, write.operation, write.sent]) for write in own]
    named = sorted(_NEW_IDS.sub(lambda found: names.get(found[0], found[0]), each) for each in said)
    return hashlib.sha256("\n".join([would, *named]).encode()).hexdigest()[:16]


def _tokens(forecast: Forecast, writes: Sequence[RehearsedWrite], first: Mapping[str, str]) -> dict[str, str]:
    """Of everything in the books that the document names, or that its money goes on: the SyncToken before the run."""
    known = {**forecast.sync_tokens}
    for write in writes:
        if write.sale is not None:
            known.setdefault(write.sale[:2], write.sale[2])
    shown = {entity_name(key): token for key, token in known.items() if not is_rehearsed(key[1])}
    shown |= {name: first[name] for write in writes if (name := entity_name(write.place)) in first}
    return dict(sorted({name: first.get(name, token) for name, token in shown.items()}.items()))


def _shared(forecast: Forecast, writes: Sequence[RehearsedWrite], written: Collection[Key]) -> set[Key]:
    """The transactions that the document is, and those that would be created which its bodies name."""
    new = {ident: (entity, ident) for entity, ident in written if entity not in NAME_LISTS}
    named = {found for write in writes for found in _NEW_IDS.findall(_dumped(write.sent))}
    own = {key for key in forecast.keys if key[0] not in NAME_LISTS}
    return own | {new[ident] for ident in named & new.keys()}


def entity_name(key: Key) -> str:
    """An entity as a line names it: `invoice/145`, or `invoice/new`."""
    return f"{key[0].lower()}/{'new' if is_rehearsed(key[1]) else key[1]}"


def _dumped(value: object) -> str:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return written_out(value.normalize())
    raise TypeError(type(value).__name__)
