"""Requests are written to the journal before they go out, and taken out of it when their outcome is settled.

After a crash the next owner sends what is unsettled again, byte for byte and under the same request id, because QBO
answers a request that it has seen with its first answer. Bodies are stored compressed, so that a large order fits
where records are limited.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.journal.entries import REQUEST, Journal
from bridge.planning.steps import StepId
from bridge.quickbooks.requests import Batch, BatchItem, Request, Single
from contracts.keys import SourceKey
from contracts.posting import Operation


@dataclass(frozen=True, slots=True)
class Written:
    """What one request id does: a step of a plan, and how."""

    step: StepId
    operation: Operation


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A journalled request whose outcome nobody has settled: its key, its bytes, and its steps by request id."""

    key: str
    request: Request
    steps: Mapping[str, Written]


class WriteAhead:
    """The unsettled requests of one company. `append` is what the poster needs."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unsettled: list[str] = []
        self._sent = 0

    async def append(self, requests: Sequence[Request], steps: Mapping[str, Written]) -> None:
        """Write the requests down, and which step each of their request ids stands for.

        They may be sent only after this has returned.
        """
        entries: list[tuple[str, bytes | None]] = []
        for request in requests:
            self._sent += 1
            entries.append((REQUEST.key(request.request_id), _encode(request, steps, self._sent)))
        await self._journal.append(entries)
        self._unsettled += [key for key, _ in entries]

    def tombstones(self) -> list[tuple[str, None]]:
        """What takes the settled requests out of the journal; goes into the transaction that settles them."""
        return [(key, None) for key in dict.fromkeys(self._unsettled)]

    def clear(self) -> None:
        """The tombstones are written."""
        self._unsettled = []


def unsettled_requests(journal: Mapping[str, bytes]) -> list[Unsettled]:
    """The requests in a journal, in the order in which they were written down. UnreadableJournal for another format."""
    found = REQUEST.read_all(journal, lambda name, entry: (int(entry["n"]), _decode(REQUEST.key(name), entry)))
    return [unsettled for _, unsettled in sorted(found, key=lambda each: each[0])]


def _encode(request: Request, steps: Mapping[str, Written], number: int) -> bytes:
    ids = [item.request_id for item in request.items] if isinstance(request, Batch) else [request.request_id]
    entry: dict[str, Any] = {
        "steps": {
            each: [*map(str, steps[each].step[:2]), steps[each].step.part, steps[each].operation] for each in ids
        },
        "n": number,
        "request_id": request.request_id,
        "body": base64.b64encode(zlib.compress(request.body)).decode(),
    }
    if isinstance(request, Single):
        entry |= {"entity": request.entity, "operation": request.operation}
    else:
        entry["items"] = [[item.b_id, item.entity, item.operation, item.request_id] for item in request.items]
    return REQUEST.value(entry)


def _decode(key: str, entry: Mapping[str, Any]) -> Unsettled:
    steps = {
        request_id: Written(StepId(entity, SourceKey.parse(source), part), Operation(operation))
        for request_id, (entity, source, part, operation) in entry["steps"].items()
    }
    return Unsettled(key, _request(entry), steps)


def _request(entry: Mapping[str, Any]) -> Request:
    body = zlib.decompress(base64.b64decode(entry["body"]))
    if "items" not in entry:
        return Single(entity=entry["entity"], operation=entry["operation"], body=body, request_id=entry["request_id"])
    items = tuple(
        BatchItem(b_id=b_id, entity=entity, operation=operation, request_id=request_id)
        for b_id, entity, operation, request_id in entry["items"]
    )
    return Batch(items=items, body=body, request_id=entry["request_id"])
