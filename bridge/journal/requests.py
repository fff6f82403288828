"""Requests are written to the journal before they go out, and taken out of it when their outcome is settled.

After a crash the next owner sends what is unsettled again, byte for byte and under the same request id, because QBO
answers a request that it has seen with its first answer. A request that QBO fails at by itself stays here when its
record is settled: QBO has been seen to apply writes hours later, so whoever redrives the record sends the same bytes.
Bodies are stored compressed, so that a large order fits where records are limited.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from bridge.journal.entries import REQUEST, Journal
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Request, Single
from contracts.keys import SourceKey
from contracts.posting import Operation, Version


@dataclass(frozen=True, slots=True)
class JournalledWrite:
    """What one request id does: a step of a plan, how, and the total that QBO must answer, where it has one.

    `notes` are versions of other documents that hold once it is written: whoever owns the company then notes them.
    """

    step: StepId
    operation: Operation
    total: Decimal | None = None
    notes: Mapping[SourceKey, Version] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a journalled request is not to be resent: the reason code of its record, QBO's own code, and a sentence."""

    code: str
    fault_code: str | None
    message: str
    intuit_tid: str | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A journalled request whose outcome nobody has settled: its key, its bytes, and its steps by request id.

    With `refusal` it is not to be resent, because what became of it is known; `is_published` once its record has a
    result that says so. `tries` is how often it went out and QBO failed at it.
    """

    key: str
    request: Request
    steps: Mapping[str, JournalledWrite]
    refusal: Refusal | None = None
    is_published: bool = True
    tries: int = 0


class WriteAhead:
    """The unsettled requests of one company, which the sender writes down before it sends them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unsettled: list[str] = []
        self._refused: dict[str, bytes] = {}
        self._sent = 0

    async def append(
        self, requests: Sequence[Request], steps: Mapping[str, JournalledWrite], *, instead_of: Request | None = None
    ) -> None:
        """Write the requests down, and which step each of their request ids stands for.

        They may be sent only after this has returned. `instead_of` ends with that: it is never sent again.
        """
        entries: list[tuple[str, bytes | None]] = []
        for request in requests:
            self._sent += 1
            entries.append((REQUEST.key(request.request_id), _encode(request, steps, self._sent)))
        added = [key for key, _ in entries]
        if instead_of is not None:
            # because the next owner would send the batch as well as its parts, and QBO would do both
            entries.append((REQUEST.key(instead_of.request_id), None))
        await self._journal.append(entries)
        self._unsettled += added

    async def note_tries(self, request: Request, steps: Mapping[str, JournalledWrite], tries: int) -> None:
        """Write down how often QBO has failed at a request: the next owner goes on counting."""
        self._sent += 1
        key = REQUEST.key(request.request_id)
        await self._journal.append([(key, _encode(request, steps, self._sent, tries=tries))])
        self._unsettled.append(key)

    async def refuse(self, request: Single, written: JournalledWrite, refusal: Refusal) -> None:
        """Note what became of a request: it is never resent, and its entry stays until `end`, over all settlements."""
        self.publish(request, written, refusal)
        key = REQUEST.key(request.request_id)
        entry = _encode(request, {request.request_id: written}, self._sent, refusal, is_published=False)
        await self._journal.append([(key, entry)])

    def publish(self, request: Single, written: JournalledWrite, refusal: Refusal) -> None:
        """The next settlement holds the result that tells of this refusal, and its entry says so from then on."""
        self._sent += 1
        key = REQUEST.key(request.request_id)
        self._refused[key] = _encode(request, {request.request_id: written}, self._sent, refusal)
        self._unsettled = [each for each in self._unsettled if each != key]

    def end(self, key: str) -> None:
        """The next settlement ends this entry."""
        self._unsettled.append(key)

    def tombstones(self) -> list[tuple[str, bytes | None]]:
        """What takes the settled requests out of the journal, or says that a refused one has its result.

        It goes into the transaction that settles them.
        """
        return [*((key, None) for key in dict.fromkeys(self._unsettled)), *self._refused.items()]

    def clear(self) -> None:
        """The tombstones are written."""
        self._unsettled = []
        self._refused = {}


def unsettled_requests(journal: Mapping[str, bytes]) -> list[Unsettled]:
    """The requests in a journal, in the order in which they were written down. UnreadableJournal for another format."""
    found = REQUEST.read_all(journal, lambda name, entry: (int(entry["n"]), _decode(REQUEST.key(name), entry)))
    return [unsettled for _, unsettled in sorted(found, key=lambda each: each[0])]


def _encode(
    request: Request,
    steps: Mapping[str, JournalledWrite],
    number: int,
    refusal: Refusal | None = None,
    *,
    is_published: bool = True,
    tries: int = 0,
) -> bytes:
    ids = [item.request_id for item in request.items] if isinstance(request, Batch) else [request.request_id]
    entry: dict[str, Any] = {
        "steps": {
            each: [*map(str, steps[each].step[:2]), steps[each].step.part, steps[each].operation] for each in ids
        },
        "n": number,
        "request_id": request.request_id,
        "body": base64.b64encode(zlib.compress(request.body)).decode(),
    }
    totals = {each: str(total) for each in ids if (total := steps[each].total) is not None}
    if totals:
        entry["totals"] = totals
    notes = {each: _packed_notes(found) for each in ids if (found := steps[each].notes)}
    if notes:
        entry["notes"] = notes
    if tries:
        entry["tries"] = tries
    if refusal is not None:
        entry["refusal"] = asdict(refusal)
    if not is_published:
        entry["unpublished"] = True
    if isinstance(request, Single):
        entry |= {"entity": request.entity, "operation": request.operation}
    else:
        entry["items"] = [[item.b_id, item.entity, item.operation, item.request_id] for item in request.items]
    return REQUEST.value(entry)


def _decode(key: str, entry: Mapping[str, Any]) -> Unsettled:
    totals = {request_id: Decimal(total) for request_id, total in entry.get("totals", {}).items()}
    notes = {request_id: _read_notes(found) for request_id, found in entry.get("notes", {}).items()}
    steps = {
        request_id: JournalledWrite(
            StepId(entity, SourceKey.parse(source), part),
            Operation(operation),
            totals.get(request_id),
            notes.get(request_id, {}),
        )
        for request_id, (entity, source, part, operation) in entry["steps"].items()
    }
    refusal = Refusal(**entry["refusal"]) if "refusal" in entry else None
    is_published = not entry.get("unpublished", False)
    return Unsettled(key, _request(entry), steps, refusal, is_published, int(entry.get("tries", 0)))


def _packed_notes(notes: Mapping[SourceKey, Version]) -> str:
    # because a payout has one for each of its charges, and a record of the journal must fit
    said = {str(document): [each.updated_at, each.rank, each.content] for document, each in notes.items()}
    return base64.b64encode(zlib.compress(orjson.dumps(said))).decode()


def _read_notes(packed: str) -> dict[SourceKey, Version]:
    notes = orjson.loads(zlib.decompress(base64.b64decode(packed)))
    return {
        SourceKey.parse(document): Version(int(at), int(rank), content)
        for document, (at, rank, content) in notes.items()
    }


def _request(entry: Mapping[str, Any]) -> Request:
    body = zlib.decompress(base64.b64decode(entry["body"]))
    if "items" not in entry:
        return Single(entity=entry["entity"], operation=entry["operation"], body=body, request_id=entry["request_id"])
    items = tuple(
        BatchItem(b_id=b_id, entity=entity, operation=operation, request_id=request_id)
        for b_id, entity, operation, request_id in entry["items"]
    )
    return Batch(items=items, body=body, request_id=entry["request_id"])
