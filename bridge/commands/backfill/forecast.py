"""One line per document: what a run would do with it, folded from the results that it would publish. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from contracts.entities import NAME_LISTS
from contracts.records import Place
from contracts.results import POSSIBLE_DUPLICATE, PostedEntity, Result, ResultStatus

Would = Literal["create", "adopt", "update", "skip", "ask", "wait", "dead letter"]

_ABOUT_MONEY = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Deposit", "Payment", "JournalEntry")
"""Whose total a document's line shows: the first of these that it has."""


@dataclass(slots=True)
class Forecast:
    """What would happen to one document. `why` says why nothing (or not all) would."""

    document: str
    _changes: dict[tuple[str, str], str] = field(default_factory=dict)
    _entities: dict[tuple[str, str], PostedEntity] = field(default_factory=dict)
    _reasons: dict[ResultStatus, str] = field(default_factory=dict)
    _waits: dict[str, str] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """One more result of the document; of a record that had waited, its terminal one."""
        for entity in result.entities:
            name = (entity.entity, entity.id)
            self._entities[name] = entity
            if entity.operation != "none":
                self._changes.setdefault(name, entity.operation)
        self._waits.pop(result.result_id, None)
        said = f"{result.reason.code}: {result.reason.message}" if result.reason else ""
        if result.status is ResultStatus.WAITING:
            self._waits[result.result_id] = said
        else:
            self._reasons[result.status] = said

    @property
    def would(self) -> Would:
        """What happens to the document itself counts more than what happens to its customer and items."""
        own = [operation for (entity, _), operation in self._changes.items() if entity not in NAME_LISTS]
        if own:
            return _first_of(own)
        if ResultStatus.DEAD_LETTERED in self._reasons:
            return "ask" if self._reasons[ResultStatus.DEAD_LETTERED].startswith(POSSIBLE_DUPLICATE) else "dead letter"
        if self._waits:
            return "wait"
        if self._changes:
            return _first_of(self._changes.values())
        return "skip"

    @property
    def why(self) -> str:
        """Why it would be skipped or wait; a dead letter is named beside a change too."""
        if ResultStatus.DEAD_LETTERED in self._reasons:
            return self._reasons[ResultStatus.DEAD_LETTERED]
        if self._waits:
            return next(iter(self._waits.values()))
        if self.would != "skip":
            return ", ".join(f"{operation} {entity}" for (entity, _), operation in self._changes.items())
        for status in (ResultStatus.IGNORED, ResultStatus.SUPERSEDED):
            if self._reasons.get(status):
                return self._reasons[status]
        return "already in the books"

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What it is in QuickBooks, by entity and Id; the Id of what a plan would create is the rehearsal's own."""
        return list(self._entities)

    @property
    def changed(self) -> list[tuple[str, str]]:
        """Those of them that would be written."""
        return list(self._changes)

    @property
    def sync_tokens(self) -> dict[tuple[str, str], str]:
        """The SyncTokens of those that would not be written, as far as anybody said them."""
        kept = {key: posted.sync_token for key, posted in self._entities.items() if key not in self._changes}
        return {key: token for key, token in kept.items() if token is not None}

    @property
    def total(self) -> tuple[str, str]:
        """Amount and currency of the document, both empty for one without."""
        for kind in _ABOUT_MONEY:
            for (entity, _), posted in self._entities.items():
                if entity == kind and posted.total is not None:
                    return posted.total, posted.currency or ""
        return "", ""


def _first_of(operations: Collection[str]) -> Would:
    """An adopted document stays what it is, whatever of its money is still to be created."""
    if "adopt" in operations:
        return "adopt"
    return "create" if "create" in operations else "update"


class Forecasts:
    """All documents of a run, in the order in which they came up."""

    def __init__(self) -> None:
        self._documents: dict[str, Forecast] = {}
        self._places: dict[Place, str] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Forecast]:
        return iter(self._documents.values())

    def add(self, results: Iterable[Result]) -> None:
        """Take in what one micro-batch would publish; a record without a document stands for itself."""
        for result in results:
            source = result.source
            name = source.document or f"{source.topic}/{source.partition}/{source.offset}"
            self._documents.setdefault(name, Forecast(name)).add(result)
            self._places[source.place] = name

    @property
    def places(self) -> Mapping[Place, str]:
        """The document that each record tells of."""
        return self._places

    def places_of(self, documents: Collection[str]) -> frozenset[Place]:
        """Where the records lie that tell of these documents."""
        return frozenset(place for place, document in self._places.items() if document in documents)
