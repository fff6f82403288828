"""Documents of the books in a few hundred bytes each: what an index keeps of a hundred thousand of them. Pure.

A `Posted` with its key, marker and lines is some fifty objects and about 2 KB. Here it lies as bytes until somebody
asks for it; what was asked for lately is kept as it is. What goes in comes out equal, 5 and 5.00 apart.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any

from bridge.index.posted import Posted, Shipping
from contracts.keys import SourceKey

Place = bytes
"""The type of an entity and the key of its source document, as text."""
HALVES = "surrogatepass"
"""How half of an emoji is written, which an id may hold."""
LATELY = 4_096
"""Documents that are kept unpacked, over all companies of the process: several micro-batches."""
_AMOUNTS = ("total", "balance", "tax", "applied", "exchange_rate")
_KEY = ("entity", "key")
_ALWAYS = tuple(each.name for each in fields(Posted) if each.default is each.default_factory and each.name not in _KEY)
"""What every document has."""
_DEFAULTS: Mapping[str, object] = {
    each.name: each.default_factory() if each.default_factory is not MISSING else each.default
    for each in fields(Posted)
    if each.name not in {*_KEY, *_ALWAYS}
}
_NAMES = tuple(_DEFAULTS)
_always_of, _others_of = attrgetter(*_ALWAYS), attrgetter(*_DEFAULTS)


def place_at(entity: str, key: SourceKey) -> Place:
    """Where a document lies."""
    return id_at(entity, str(key))


def key_at(place: Place) -> SourceKey:
    """The key of the source document of what lies there."""
    return read_key(place.partition(b":")[2])


def entity_at(place: Place) -> str:
    """The type of the entity that lies there."""
    return place.partition(b":")[0].decode()


def id_at(entity: str, ident: str) -> bytes:
    """The type of an entity and its Id in QuickBooks, as text."""
    return _as_bytes(f"{entity}:{ident}")


def key_as_bytes(key: SourceKey) -> bytes:
    """A key as a table keeps it."""
    return _as_bytes(str(key))


def read_key(kept: bytes) -> SourceKey:
    """The key that `key_as_bytes` wrote."""
    return SourceKey.parse(kept.decode("utf-8", HALVES))


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", HALVES)


class PackedDocuments:
    """Documents by their place."""

    def __init__(self) -> None:
        self._rows: dict[Place, bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Posted]:
        return (_unpacked(place, row) for place, row in self._rows.items())

    def __contains__(self, place: Place) -> bool:
        return place in self._rows

    def get(self, place: Place) -> Posted | None:
        """What lies there, None for nothing."""
        row = self._rows.get(place)
        return None if row is None else _unpacked(place, row)

    def put(self, place: Place, document: Posted) -> None:
        """Lay it there, in the place of what there was."""
        self._rows[place] = _packed(document)

    def pop(self, place: Place) -> Posted | None:
        """Take it away; None where nothing was."""
        row = self._rows.pop(place, None)
        return None if row is None else _unpacked(place, row)


class PlacesOfSales:
    """The places of the documents of each sale; most sales have one of a type."""

    def __init__(self) -> None:
        self._places: dict[Place, Place | tuple[Place, ...]] = {}

    def copy(self) -> PlacesOfSales:
        """The same, to be changed on its own."""
        copied = PlacesOfSales()
        copied._places = dict(self._places)
        return copied

    def of(self, sale: Place) -> tuple[Place, ...]:
        """All that were added and not taken out, in no order."""
        found = self._places.get(sale, ())
        return (found,) if isinstance(found, bytes) else found

    def add(self, sale: Place, place: Place) -> None:
        """Once, however often it is added."""
        self._set(sale, (*(each for each in self.of(sale) if each != place), place))

    def discard(self, sale: Place, place: Place) -> None:
        """Take it out where it is in."""
        self._set(sale, tuple(each for each in self.of(sale) if each != place))

    def _set(self, sale: Place, places: tuple[Place, ...]) -> None:
        if places:
            self._places[sale] = places[0] if len(places) == 1 else places
        else:
            self._places.pop(sale, None)


def _packed(document: Posted) -> bytes:
    """What every document has, then what is no default, each behind its number."""
    row: list[object] = [_text(value) for value in _always_of(document)]
    others = zip(_DEFAULTS.items(), _others_of(document), strict=True)
    for number, ((name, default), value) in enumerate(others):
        # because 0.00 is not the 0 that is left out
        if value is not default and (value != default or name in _AMOUNTS):
            row += (number, _plain(name, value))
    return pickle.dumps(tuple(row), pickle.HIGHEST_PROTOCOL)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _plain(name: str, value: Any) -> object:
    """Without the classes, whose names are longer than what they hold."""
    if name in _AMOUNTS:
        return _text(value)
    if name == "txn_date":
        return value.toordinal()
    if name == "marker_fields":
        return {str(each): text for each, text in value.items()}
    return tuple(value) if name == "shipping" else value


@lru_cache(maxsize=LATELY)
def _unpacked(place: Place, row: bytes) -> Posted:
    values = pickle.loads(row)  # noqa: S301 - bytes that this process has made, and that never leave it
    others = zip(islice(values, len(_ALWAYS), None, 2), islice(values, len(_ALWAYS) + 1, None, 2), strict=True)
    read = dict(zip(_ALWAYS, values, strict=False)) | {_NAMES[number]: value for number, value in others}
    named: dict[str, Any] = {name: _full(name, value) for name, value in read.items()}
    return Posted(entity=entity_at(place), key=key_at(place), **named)


def _full(name: str, value: Any) -> object:
    if value is None:
        return None
    if name in _AMOUNTS:
        return Decimal(value)
    if name == "txn_date":
        return date.fromordinal(value)
    return Shipping(*value) if name == "shipping" else value
