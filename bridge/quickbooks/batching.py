"""Steps in, requests out, and the way back. Pure: the same steps always make the same bytes.

A step alone goes as a single request, several go as batches. Inside a batch QBO keeps no order and no atomicity, so a
wave holds only steps that do not need each other, and answers are matched by `bId`, never by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.quickbooks import faults, wire
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Disposition, Fault, classify
from bridge.quickbooks.requests import Batch, BatchItem, Operation, Request, Single, require_voidable
from contracts.entities import Entity
from contracts.keys import batch_item_id, batch_request_id

ITEMS_MAX = 30
"""Intuit's recommended maximum of items in one batch (limits-and-throttles)."""
BODY_BYTES_MAX = 1_000_000
"""Our own bound on a batch body: far below any that was seen refused, far above 30 ordinary invoices."""

_FRAME = b'{"BatchItemRequest":['
_OPERATIONS: dict[Operation, str] = {
    "create": "create",
    "update": "update",
    "sparse_update": "update",
    "void": "update",
    "delete": "delete",
}


_PRESSING = (
    Action.THROTTLED,
    Action.REFRESH_TOKEN,
    Action.RECONNECT,
    Action.BLOCKED,
    Action.RETRY_SAME,
    Action.REJECT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireStep:
    """One write, its references bound. `body` is the bare entity; `request_id` is the step's own, of 50 characters.

    The body's texts are made legal here, before it is encoded and before an answer is compared with it.
    """

    entity: str
    operation: Operation
    body: Mapping[str, Any]
    request_id: str

    def __post_init__(self) -> None:
        """An answer repeats what was sent: a text that changes on the way would look like another document's."""
        object.__setattr__(self, "body", wire.legal(self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer:
    """What came back for one request: the decoded object, or the fault of the whole call."""

    body: Mapping[str, Any]
    fault: Fault | None
    http_status: int
    intuit_tid: str | None
    attempts: int = 1


StepAnswer = Entity | Fault
"""What QBO answered to a step: the entity as it stands in the books now, or why not."""


def pack(
    steps: Sequence[WireStep], *, items_max: int = ITEMS_MAX, body_bytes_max: int = BODY_BYTES_MAX, alone: int = 0
) -> tuple[Request, ...]:
    """Requests for `steps` in their order: the last `alone` by themselves, the others as few as the bounds allow.

    ValueError for two steps of one request id, and for a void of what QBO cannot void; TypeError for a body that is
    not exact JSON. A step that alone exceeds the bound goes alone.
    """
    if len({step.request_id for step in steps}) != len(steps):
        raise ValueError("two steps of one wave have the same request id")
    groups: list[list[tuple[WireStep, bytes]]] = []
    size = 0
    for number, step in enumerate(steps, start=1):
        encoded = _item_bytes(step)
        goes_alone = number > len(steps) - alone
        full = not groups or len(groups[-1]) >= items_max or size + len(encoded) > body_bytes_max
        if full or goes_alone:
            groups.append([])
            size = len(_FRAME) + 2
        groups[-1].append((step, encoded))
        size += len(encoded) + 1
    return tuple(_single(group[0][0]) if len(group) == 1 else _batch(group) for group in groups)


def pack_batch(steps: Sequence[WireStep]) -> Batch:
    """One batch for `steps`, also for a step alone."""
    return _batch((step, _item_bytes(step)) for step in steps)


def unpack(request: Request, answer: CallAnswer) -> dict[str, StepAnswer]:
    """The answer to each step of `request`, by the step's own request id; every step has one.

    A step that the answer does not mention has the fault `unreadable`, whose disposition is to send the same again.
    """
    if isinstance(request, Single):
        return {request.request_id: answer.fault or _entity(answer.body, request.entity, answer)}
    if answer.fault is not None:
        return {item.request_id: answer.fault for item in request.items}
    found = items_by_b_id(answer.body)
    return {item.request_id: _item_answer(found.get(item.b_id, {}), item, answer) for item in request.items}


def bodies(request: Request) -> dict[str, Mapping[str, Any]]:
    """The entity that each step of `request` sends, by the step's own request id; read from the bytes."""
    body = wire.loads(request.body) or {}
    if isinstance(request, Single):
        return {request.request_id: body}
    found = {item["bId"]: item for item in body["BatchItemRequest"]}
    return {item.request_id: found[item.b_id][item.entity] for item in request.items}


def split(batch: Batch) -> tuple[Single, ...]:
    """The items of `batch` as requests alone, each under its step's own request id."""
    sent = bodies(batch)
    return tuple(
        Single(
            entity=item.entity,
            operation=item.operation,
            body=wire.dumps(sent[item.request_id]),
            request_id=item.request_id,
        )
        for item in batch.items
    )


def open_question(request: Request, answer: CallAnswer) -> Disposition | None:
    """What is still unknown about `request` after `answer`, as the most pressing disposition; None when nothing is.

    A batch is as unknown as its least known item. Items that fail in a generic way are only suspects while QBO has
    a certain answer for another item; when all of them do, it is QBO that fails.
    """
    open_ones = [
        still_open(classify(item)) if isinstance(item, Fault) else None for item in unpack(request, answer).values()
    ]
    found = [disposition for disposition in open_ones if disposition is not None]
    if not found:
        return None
    worst = min(found, key=lambda disposition: _PRESSING.index(disposition.action))
    if worst.suspect and isinstance(request, Batch) and len(found) == len(open_ones):
        return replace(worst, action=Action.RETRY_SAME)
    return worst


def still_open(disposition: Disposition) -> Disposition | None:
    """`disposition` when it leaves the outcome open, None when it is certain: then it is a value for the caller."""
    certain = disposition.action not in _PRESSING or (disposition.action is Action.REJECT and not disposition.suspect)
    return None if certain else disposition


def merged(request: Request, answer: CallAnswer, known: dict[str, Mapping[str, Any]]) -> CallAnswer:
    """`answer` with what `known` holds from earlier answers to the same batch; successes of now are added to it.

    A success stays one: that the same item is refused on a resend (its name is taken: by itself) is no news.
    """
    if isinstance(request, Single) or answer.fault is not None:
        return answer
    now = items_by_b_id(answer.body)
    for item in request.items:
        if isinstance(now.get(item.b_id, {}).get(item.entity), Mapping):
            known[item.b_id] = now[item.b_id]
    return replace(answer, body={**answer.body, "BatchItemResponse": list({**now, **known}.values())})


def items_by_b_id(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The items of a batch answer by their bId; whatever is not an item is left out."""
    items = body.get("BatchItemResponse")
    listed = items if isinstance(items, list) else []
    return {str(item["bId"]): item for item in listed if isinstance(item, Mapping) and "bId" in item}


def _single(step: WireStep) -> Single:
    body = wire.dumps(_body(step))
    return Single(entity=step.entity, operation=step.operation, body=body, request_id=step.request_id)


def _batch(group: Iterable[tuple[WireStep, bytes]]) -> Batch:
    pairs = tuple(group)
    items = tuple(
        BatchItem(
            b_id=batch_item_id(step.request_id),
            entity=step.entity,
            operation=step.operation,
            request_id=step.request_id,
        )
        for step, _ in pairs
    )
    body = _FRAME + b",".join(encoded for _, encoded in pairs) + b"]}"
    return Batch(items=items, body=body, request_id=batch_request_id(item.request_id for item in items))


def _item_bytes(step: WireStep) -> bytes:
    item: dict[str, Any] = {"bId": batch_item_id(step.request_id), "operation": _OPERATIONS[step.operation]}
    if step.operation == "void":
        item["optionsData"] = "void"  # Intuit blog 2023-07-19, "batch without a scratch"
    return wire.dumps({**item, step.entity: _body(step)})


def _body(step: WireStep) -> Mapping[str, Any]:
    """The entity as QBO wants it for the operation: sparse updates and all voids but an Invoice's say `sparse`."""
    if step.operation == "void":
        require_voidable(step.entity)
    sparse = step.operation == "sparse_update" or (step.operation == "void" and step.entity != "Invoice")
    return {**step.body, "sparse": True} if sparse else step.body


def _item_answer(item: Mapping[str, Any], asked: BatchItem, answer: CallAnswer) -> StepAnswer:
    fault = faults.in_body(item, http_status=answer.http_status)
    return replace(fault, intuit_tid=answer.intuit_tid) if fault else _entity(item, asked.entity, answer)


def _entity(body: Mapping[str, Any], entity: str, answer: CallAnswer) -> StepAnswer:
    found = body.get(entity)
    if isinstance(found, Mapping):
        return found
    return Fault(code=faults.UNREADABLE, http_status=answer.http_status, intuit_tid=answer.intuit_tid)
