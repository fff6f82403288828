"""Which document an entity stood for that QBO only names by its Id any more, recollected from what was published. Pure.

Change data capture tells a deletion by its Id. While a company has an owner, the owner knows the document; for what a
person deleted between two owners the results topic is the only place that does. A result names its own document, so a
payment of an order's event is taken for the one that the order's body told of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from contracts.entities import Entity
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import Marker, MarkerField
from contracts.marker_seal import MarkerSeal
from contracts.results import PostedEntity, Result

EntityId = tuple[str, str]
"""Type and Id of an entity."""
ResultLookup = Callable[[Collection[EntityId]], Awaitable[Mapping[EntityId, Entity]]]
"""Looks up what the results say of these entities; who is not in them is not ours."""


class PublishedDocuments:
    """Collects rows, as QBO would have shown them, for the entities in `wanted`."""

    def __init__(self, wanted: Collection[EntityId], seal: MarkerSeal) -> None:
        self._seal = seal
        self._wanted = frozenset(wanted)
        self._written: dict[EntityId, tuple[SourceKey, PostedEntity]] = {}
        self._orders: dict[EntityId, str] = {}

    def may_name(self, value: bytes) -> bool:
        """False for a result that cannot be about any of them: most need not be parsed."""
        return any(f'"{ident}"'.encode() in value for _, ident in self._wanted)

    def add(self, result: Result, company: str) -> None:
        """Take in one result, in their order; another company's is passed over."""
        if result.company != company or result.source.document is None:
            return
        document = SourceKey.parse(result.source.document)
        for entity in result.entities:
            entity_id = (entity.entity, entity.id)
            if entity_id not in self._wanted:
                continue
            if document.kind == "order":
                self._orders[entity_id] = document.id
            if entity.operation != "none":
                self._written[entity_id] = (self._key(entity_id, document), entity)

    def rows(self) -> dict[EntityId, Entity]:
        """A row for each that was written by us and not deleted by us."""
        written = self._written.items()
        return {
            entity_id: self._row(entity_id, *known) for entity_id, known in written if known[1].operation != "delete"
        }

    def _key(self, entity_id: EntityId, document: SourceKey) -> SourceKey:
        if entity_id[0] != "Payment" or document.kind != "order":
            return document
        known = self._written.get(entity_id)
        return known[0] if known is not None else SourceKey(document.system, BODY_MONEY, document.id)

    def _row(self, entity_id: EntityId, key: SourceKey, entity: PostedEntity) -> Entity:
        order = self._orders.get(entity_id)
        marker_fields: dict[str, str] = {}
        if order is not None and key.kind == "transaction":
            marker_fields[MarkerField.SALE] = order
        if entity.total is not None:
            marker_fields[MarkerField.TOTAL] = entity.total
        row = {"Id": entity.id, "SyncToken": entity.sync_token, "DocNumber": entity.doc_number}
        currency = {"CurrencyRef": {"value": entity.currency}} if entity.currency else {}
        return {**row, **currency, "PrivateNote": self._seal.line(entity.entity, Marker(key, marker_fields))}
