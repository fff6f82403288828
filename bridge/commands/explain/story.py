"""Everything that is known of one document: its results, its dead letters, and each attempt to write it. Pure.

Attempts are told from two places. The journal has each request from before it was sent, with the time, until it is
settled; and for about an hour longer, since a compacted topic keeps what was overtaken until it is compacted. Results
keep for good what was written: request id, intuit_tid, and how often QBO refused before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bridge.journal.entries import REQUEST
from bridge.journal.requests import unsettled_requests
from bridge.journal.waiting import waiting_places
from bridge.quickbooks.requests import Batch, Request
from contracts.keys import SourceKey
from contracts.records import Place
from contracts.results import PostedEntity, Result

Entry = tuple[str, bytes | None, int]
"""A record of a company's journal: key, value (None ends the entry), and timestamp in milliseconds."""


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """A result, its bytes, and when it was told."""

    result: Result
    value: bytes
    at: datetime

    @property
    def document(self) -> str:
        """The document, empty when unknown."""
        return self.result.source.document or ""

    @property
    def place(self) -> Place:
        """Where the record lies that it is about."""
        return self.result.source.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request to QBO for one step of a document. `sent_at` is when it was journalled, just before it went out."""

    request_id: str
    document: str
    entity: str
    operation: str
    outcome: str
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    intuit_tid: str | None = None


@dataclass(slots=True)
class Trail:
    """What a company's journal tells: attempts by request id, and the live entries."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    live: dict[str, bytes] = field(default_factory=dict)

    def waiting(self, places: Iterable[Place]) -> list[Place]:
        """Which of these records wait for something."""
        waiting = waiting_places(self.live)
        return [place for place in places if place in waiting]


def meant(text: str, documents: Iterable[str]) -> list[str]:
    """The documents that `text` means: one of that key, else those of that id, else all (known by something else)."""
    found = sorted(set(documents))
    for narrower in ([each for each in found if each == text], [each for each in found if each.endswith(f":{text}")]):
        if narrower:
            return narrower
    return found


def read_trail(entries: Iterable[Entry]) -> Trail:
    """What the records of a company's journal say, in their order."""
    trail = Trail()
    requests: dict[str, list[str]] = {}
    for key, value, timestamp_ms in entries:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)
        if value is None:
            trail.live.pop(key, None)
            for name in requests.get(key, ()):
                trail.attempts[name] = replace(trail.attempts[name], settled_at=moment)
            continue
        trail.live[key] = value
        if REQUEST.holds(key):
            written = list(_attempts(key, value, moment))
            requests[key] = [attempt.request_id for attempt in written]
            trail.attempts |= {attempt.request_id: attempt for attempt in written}
    return trail


def attempts_of(document: str, trail: Trail, published: Sequence[PublishedResult]) -> list[Attempt]:
    """Every attempt to write `document`: those of the journal with what became of them, and those that results name."""
    written = {
        entity.request_id: (each, entity)
        for each in published
        for entity in each.result.entities
        if entity.request_id and entity.operation != "none"
    }
    named = {entity.request_id for each in published for entity in each.result.entities if each.document == document}
    journalled = [each for each in trail.attempts.values() if each.document == document or each.request_id in named]
    found = [_with_outcome(attempt, written.get(attempt.request_id)) for attempt in journalled]
    known = {attempt.request_id for attempt in found}
    for request_id, (each, entity) in written.items():
        if request_id not in known and each.document == document:
            found.append(_answered(document, str(request_id), each, entity))
    return sorted(found, key=lambda each: each.sent_at or each.settled_at or datetime.min.replace(tzinfo=UTC))


def _attempts(key: str, value: bytes, moment: datetime) -> Iterable[Attempt]:
    (unsettled,) = unsettled_requests({key: value})
    for name, request_id in _named(unsettled.request):
        step, operation = unsettled.steps[request_id].step, unsettled.steps[request_id].operation
        yield Attempt(
            request_id=name,
            document=str(_document(step.key)),
            entity=step.entity,
            operation=operation.value,
            outcome=f"given up: {refusal.message}" if (refusal := unsettled.refusal) else "not known yet",
            sent_at=moment,
        )


def _document(key: SourceKey) -> SourceKey:
    """Money that only an order's body tells has the order's id, and no event of its own."""
    return replace(key, kind="order") if key.kind == "payment" else key


def _named(request: Request) -> list[tuple[str, str]]:
    """The request ids as results name them, and as the steps do."""
    if isinstance(request, Batch):
        return [(f"{request.request_id}/{item.b_id}", item.request_id) for item in request.items]
    return [(request.request_id, request.request_id)]


def _with_outcome(attempt: Attempt, written: tuple[PublishedResult, PostedEntity] | None) -> Attempt:
    if written is not None:
        published, entity = written
        return replace(attempt, outcome=_outcome(entity), settled_at=published.at, intuit_tid=entity.intuit_tid)
    return replace(attempt, outcome="refused") if attempt.settled_at else attempt


def _answered(document: str, request_id: str, published: PublishedResult, entity: PostedEntity) -> Attempt:
    return Attempt(
        request_id=request_id,
        document=document,
        entity=entity.entity,
        operation=entity.operation,
        outcome=_outcome(entity),
        settled_at=published.at,
        intuit_tid=entity.intuit_tid,
    )


def _outcome(entity: PostedEntity) -> str:
    return f"written as {entity.entity} {entity.id}"
