"""The record of Ids: which document of QBO is which source document of ours, whatever its memo says by now. Pure.

A signed marker proves that the bridge wrote it once, not that it stands where it was written: people copy documents
with their memos, clear memos and edit them. What the bridge wrote, or adopted, is known here by Id, and so are the
pairs that it wrote. A marker decides only where nothing is recorded for its document yet, or where it says what was
sent in a request that nobody has settled.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from bridge.index.money_names import names_in
from bridge.index.packed import LATELY, PlacesOfSales, entity_at, id_at, key_as_bytes, key_at, place_at, read_key
from bridge.index.posted import Posted, order_named
from contracts.keys import SourceKey
from contracts.marker import MarkerField

Known = tuple[str, SourceKey]
"""An entity of ours: its type, and the source document that it stands for."""
NOT_READ = "-1"
"""The SyncToken of what is recorded and was not read: every row of QBO is newer."""
KEPT = (
    MarkerField.TOTAL,
    MarkerField.CUSTOMER,
    MarkerField.SALE,
    MarkerField.ADOPTED,
    MarkerField.STANDS_FOR,
    MarkerField.SOURCE_EVENT,
    MarkerField.VERSION,
    MarkerField.CONTENT,
    MarkerField.APPLIED,
    MarkerField.RECEIVED,
    MarkerField.INTENT,
    MarkerField.CHARGED,
    MarkerField.CHANGE,
    MarkerField.SHOWN,
    MarkerField.GIFT_CARDS,
    MarkerField.SHIPMENTS,
)
"""The pairs that are recorded, those first without which the least is known."""
MAY_BE_MISSING = frozenset({MarkerField.SHIPMENTS})
"""No money depends on them, and absent means as before: the next parcel says them again."""


def digest_of(fields: Mapping[str, str]) -> str:
    """Eight hexadecimal digits of the pairs that money depends on, to know them again in a marker."""
    named = (f"{name}={fields[name]}" for name in KEPT if name in fields and name not in MAY_BE_MISSING)
    return hashlib.sha256(" ".join(named).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Identity:
    """One entity of ours: its Id, and the pairs of the marker that was written last.

    `complete` is false where the record has no room for all pairs that money depends on; `digest` is of all of them.
    `proven` is false for one that only its marker has shown to be ours: the pairs are what its memo said then.
    """

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    digest: str = ""
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one source document: its entities by type, or the reason code why it was left out."""

    entities: Mapping[str, Identity] = field(default_factory=dict)
    left_out: str | None = None


NOTHING = Recorded()
_standing_of = attrgetter("complete", "digest", "proven")


class Identities:
    """What is recorded of all source documents of a company, and which of them changed since they were taken."""

    def __init__(self) -> None:
        self._recorded: dict[bytes, bytes] = {}
        self._key_of: dict[bytes, bytes] = {}
        self._by_sale = PlacesOfSales()
        self._by_money = PlacesOfSales()
        self._sent: dict[Known, list[Mapping[str, str]]] = {}
        self._changed: set[SourceKey] = set()

    def __len__(self) -> int:
        return len(self._recorded)

    def restore(self, recorded: Iterable[tuple[SourceKey, Recorded]]) -> None:
        """Take in what earlier owners have recorded."""
        for key, each in recorded:
            self.replace(key, each)

    def replace(self, key: SourceKey, recorded: Recorded | None) -> None:
        """Take in what an owner has recorded of `key` instead of what it had before; None: nothing any more."""
        before, named = self._of(key), key_as_bytes(key)
        for entity, identity in before.entities.items():
            if self._key_of.get(id_at(entity, identity.id)) == named:
                del self._key_of[id_at(entity, identity.id)]
        if recorded is None:
            self._recorded.pop(named, None)
            return
        self._recorded[named] = _packed(recorded)
        for entity, identity in recorded.entities.items():
            self._key_of[id_at(entity, identity.id)] = named
            self._note_place(entity, key, identity)

    def copy(self) -> Identities:
        """The same, to be changed on its own; nothing in it counts as changed."""
        copied = Identities()
        copied._recorded = dict(self._recorded)
        copied._key_of = dict(self._key_of)
        copied._by_sale = self._by_sale.copy()
        copied._by_money = self._by_money.copy()
        return copied

    def key_of(self, entity: str, ident: str) -> SourceKey | None:
        """The source document that this Id of QBO stands for; None for what is not recorded as ours."""
        found = self._key_of.get(id_at(entity, ident))
        return None if found is None else read_key(found)

    def of(self, entity: str, key: SourceKey) -> Identity | None:
        """The entity of this type that stands for `key`; None where none is recorded."""
        return self._of(key).entities.get(entity)

    def of_sale(self, sale: SourceKey) -> Collection[Known]:
        """The payments, credits and refunds that are recorded for a sale."""
        return [(entity_at(place), key_at(place)) for place in self._by_sale.of(key_as_bytes(sale))]

    def with_money(self, name: SourceKey) -> Collection[Known]:
        """What is recorded with this transaction or refund of the source as its money, by what was written last."""
        own = [(entity, name) for entity in self.types_of(name)]
        others = [(entity_at(place), key_at(place)) for place in self._by_money.of(key_as_bytes(name))]
        return own + [(entity, key) for entity, key in others if name in self._names_of(entity, key)]

    def _names_of(self, entity: str, key: SourceKey) -> Collection[SourceKey]:
        identity = self.of(entity, key)
        return () if identity is None else set(names_in(key, identity.fields))

    def documents(self) -> Iterator[SourceKey]:
        """Every source document of which something is recorded."""
        return map(read_key, self._recorded)

    def types_of(self, key: SourceKey) -> Collection[str]:
        """The types of the entities that are recorded for `key`."""
        return self._of(key).entities.keys()

    def own(
        self,
        entity: str,
        ident: str,
        key: SourceKey,
        fields: Mapping[str, str],
        *,
        complete: bool = True,
        proven: bool = True,
    ) -> None:
        """Note that this Id stands for `key` from now on, and none other of its type does.

        `fields` are the pairs that were written last; `complete` is false for some of them, `proven` for those that
        only a memo says.
        """
        before, there = self.key_of(entity, ident), self.of(entity, key)
        if before is not None and before != key:
            self._take_out(entity, before)
        if there is not None and there.id != ident:
            self._key_of.pop(id_at(entity, there.id), None)
        written = Identity(ident, dict(fields), complete, proven=proven)
        if there != written:
            self._put(entity, key, written)
        self._key_of[id_at(entity, ident)] = key_as_bytes(key)
        self._sent.pop((entity, key), None)

    def expect(self, entity: str, key: SourceKey, fields: Mapping[str, str]) -> None:
        """Note the pairs of a marker that was sent: nobody knows whether QBO has taken it, or will."""
        self._sent.setdefault((entity, key), []).append(dict(fields))

    def was_sent(self, entity: str, key: SourceKey, fields: Mapping[str, str]) -> bool:
        """True for a marker that an unsettled request holds, pair by pair."""
        return dict(fields) in self._sent.get((entity, key), ())

    def written(self, entity: str, key: SourceKey, fields: Mapping[str, str]) -> tuple[Mapping[str, str], bool]:
        """The pairs that were written last on what is recorded for `key`, and whether these are all.

        Its memo says `fields`.
        KeyError for what is not recorded.
        """
        identity = self._of(key).entities[entity]
        # because a signature proves the key only: any other pair may have been typed by a person
        if identity.complete:
            return {**{str(name): fields[name] for name in MAY_BE_MISSING if name in fields}, **identity.fields}, True
        if digest_of(fields) == identity.digest:
            return fields, True
        return identity.fields, False

    def disown(self, entity: str, key: SourceKey) -> None:
        """The bridge itself has deleted it: nothing stands for `key` any more."""
        identity = self.of(entity, key)
        if identity is not None:
            self._key_of.pop(id_at(entity, identity.id), None)
            self._take_out(entity, key)

    def leave_out(self, key: SourceKey, code: str) -> None:
        """Nothing was booked for `key`, for this reason; what is booked already says more."""
        recorded = self._of(key)
        if not recorded.entities and recorded.left_out != code:
            self._recorded[key_as_bytes(key)] = _packed(Recorded(left_out=code))
            self._changed.add(key)

    def take_changed(self) -> dict[SourceKey, Recorded | None]:
        """What changed since this was asked last; None for what is recorded no more."""
        changed, self._changed = self._changed, set()
        return {key: self._of(key) if key_as_bytes(key) in self._recorded else None for key in changed}

    def placeholder(self, entity: str, key: SourceKey) -> Posted | None:
        """What is recorded as if it had been read: it says which document it is and what was written, nothing newer."""
        identity = self.of(entity, key)
        if identity is None:
            return None
        return Posted(
            entity=entity,
            key=key,
            id=identity.id,
            sync_token=NOT_READ,
            total=Decimal(0),
            currency=None,
            customer_id=None,
            marker_fields=identity.fields,
            marker_known=identity.complete,
            proven=identity.proven,
            is_current=False,
            marked=False,
        )

    def _put(self, entity: str, key: SourceKey, identity: Identity) -> None:
        self._recorded[key_as_bytes(key)] = _packed(Recorded({**self._of(key).entities, entity: identity}))
        self._note_place(entity, key, identity)
        self._changed.add(key)

    def _take_out(self, entity: str, key: SourceKey) -> None:
        left = {name: identity for name, identity in self._of(key).entities.items() if name != entity}
        if left:
            self._recorded[key_as_bytes(key)] = _packed(Recorded(left))
        else:
            self._recorded.pop(key_as_bytes(key), None)
        self._changed.add(key)

    def _note_place(self, entity: str, key: SourceKey, identity: Identity) -> None:
        for name in names_in(key, identity.fields):
            if name != key:
                self._by_money.add(key_as_bytes(name), place_at(entity, key))
        if key.kind == "payment" or MarkerField.SALE in identity.fields:
            self._by_sale.add(key_as_bytes(order_named(key, identity.fields)), place_at(entity, key))

    def _of(self, key: SourceKey) -> Recorded:
        row = self._recorded.get(key_as_bytes(key))
        return NOTHING if row is None else _unpacked(row)


def _packed(recorded: Recorded) -> bytes:
    """In an eighth of the room, until somebody asks for it."""
    rows = [
        (entity, each.id, {str(name): text for name, text in each.fields.items()}, *_standing_of(each))
        for entity, each in recorded.entities.items()
    ]
    return pickle.dumps((recorded.left_out, *rows), pickle.HIGHEST_PROTOCOL)


@lru_cache(maxsize=LATELY)
def _unpacked(row: bytes) -> Recorded:
    left_out, *rows = pickle.loads(row)  # noqa: S301 - bytes that this process has made, and that never leave it
    return Recorded({entity: Identity(*values) for entity, *values in rows}, left_out)
